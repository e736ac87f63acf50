/**
 * What the live page has to say in one language: data only, so that the Worker can hand one language to the script. A
 * total record: a missing sentence does not compile. The sentences are for whoever watches: no node, no model, no machine,
 * and nobody is addressed as the one who asked for the picture.
 */
import type { JobPhase, NoticeCode, QueueReason } from "../../contract/job.ts";
import type { ClosedKind } from "../state.ts";

/** Forms of a phrase with a number by plural category (CLDR); `#` stands for the number. */
export type Plural = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

/** One language. */
export type Sentences = {
  /** BCP 47. */
  lang: string;
  dir: "ltr" | "rtl";
  /** What ends a sentence, and what stands between it and the next one. */
  stop: string;
  gap: string;
  /** Headlines; short enough for one line beside the percentage on a phone, so that nothing moves from one to the next. */
  phases: Record<JobPhase, string>;
  reasons: Record<QueueReason, string>;
  troubles: Record<NoticeCode, string>;
  closed: Record<ClosedKind, { headline: string; detail: string }>;
  /** The first places in line where they have names of their own, from the first on. */
  namedPlaces: readonly [string, ...string[]];
  /** All other places in line, by the ordinal's category. */
  place: Plural;
  /** How many look, from one on. */
  watching: Plural;
} & Record<Phrase | Pattern, string>;

type Phrase =
  | "cardLive"
  | "cardDone"
  | "cardDescription"
  | "waiting"
  | "firstTakesLonger"
  | "retryingDetail"
  | "canceling"
  | "done"
  | "nothingToShow"
  | "failed"
  | "failedDetail"
  | "canceled"
  | "startedTooLate"
  | "finishedTooLate"
  | "removedDetail"
  | "connecting"
  | "live"
  | "offline"
  | "reconnecting"
  | "retry"
  | "unfinished"
  | "onePicture"
  | "share"
  | "copied"
  | "download"
  | "open"
  | "livePreview"
  | "step_"
  | "left_"
  | "size_"
  | "results"
  | "text"
  | "aiGenerated"
  | "madeWith";

/** Phrases with `{places}` to be filled; which ones stand in English is what the others have to have. */
type Pattern =
  /** `{duration}` */
  | "about"
  | "startsIn"
  | "left"
  | "doneIn"
  /** `{step}`, `{steps}` */
  | "step"
  /** `{done}`, `{total}`; and where nobody knows the total */
  | "ready"
  | "readySoFar"
  /** `{index}`, `{total}` */
  | "picture"
  /** `{day}` */
  | "removedOn"
  /** `{ago}` */
  | "lastUpdate"
  /** `{phase}`, `{percent}` */
  | "milestone";
