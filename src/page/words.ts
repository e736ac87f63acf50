/**
 * Every word of the live page. Another language is one more object of type `Words` in LANGUAGES; numbers, places and
 * durations go through Intl in that language. Words are for the person who watches: no node, no model, no machine.
 */
import type { JobPhase, NoticeCode, QueueReason } from "../contract/job.ts";
import type { ClosedKind } from "./state.ts";

/** One language. */
export type Words = {
  lang: string;
  dir: "ltr" | "rtl";
  phases: Record<JobPhase, string>;
  reasons: Record<QueueReason, string>;
  troubles: Record<NoticeCode, string>;
  closed: Record<ClosedKind, { headline: string; detail: string }>;
  percent(share: number): string;
  duration(ms: number): string;
  about(duration: string): string;
  place(position: number): string;
  startsIn(duration: string): string;
  step(step: number, steps: number): string;
  left(duration: string): string;
  fileSize(bytes: number): string;
  day(iso: string): string;
  ready(done: number, total: number | null): string;
  picture(index: number, total: number): string;
  doneIn(duration: string): string;
  removedOn(day: string): string;
  lastUpdate(agoMs: number): string;
  milestone(phase: string, percent: string): string;
  watching(people: number): string;
} & Record<Phrase, string>;

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

const LANG = "en";
const MINUTE_MS = 60_000;

const unit = (value: number, name: string, display: "long" | "short" | "narrow" = "long", digits = 0) =>
  new Intl.NumberFormat(LANG, {
    style: "unit",
    unit: name,
    unitDisplay: display,
    maximumFractionDigits: digits,
  }).format(value);
const ordinals = ["", "", "Second", "Third", "Fourth", "Fifth"];
const suffixes: Record<string, string> = { one: "st", two: "nd", few: "rd", other: "th" };

/** English. */
export const english: Words = {
  lang: LANG,
  dir: "ltr",
  phases: {
    waiting: "Waiting in line",
    assigning: "Getting ready",
    fetching_inputs: "Getting ready",
    loading_model: "Warming up the model",
    encoding: "Reading the idea",
    sampling: "Painting",
    decoding: "Developing the picture",
    saving: "Saving",
    uploading: "Saving",
    retrying: "Trying again",
    done: "Done",
  },
  reasons: {
    your_concurrency: "Another picture by the same creator comes first.",
    workers_busy: "Other pictures are being painted right now.",
    worker_starting: "The studio is just starting up.",
    backend_offline: "The studio is asleep. It goes on as soon as it wakes up.",
    paused: "The line is paused for a moment.",
  },
  troubles: {
    connection_lost: "The line to the studio was cut. The work goes on, and so do we.",
    no_news: "No news from the studio for a moment. We are asking.",
    not_answering: "The studio does not answer. We keep trying.",
    refused: "The studio does not let us in right now. We keep trying.",
  },
  closed: {
    unknown: { headline: "There is nothing here", detail: "Check the link: a part of it may be missing." },
    revoked: { headline: "This link was closed", detail: "The person who shared it has taken it back." },
    expired: { headline: "This link has ended", detail: "Links are open for a while only. Ask for a new one." },
  },
  percent: (share) => new Intl.NumberFormat(LANG, { style: "percent" }).format(Math.floor(share * 100) / 100),
  duration(ms) {
    const seconds = Math.max(1, Math.round(ms / 1000));
    if (seconds < 60) return unit(seconds, "second");
    const minutes = Math.floor(seconds / 60);
    if (minutes >= 60) return unit(ms / (60 * MINUTE_MS), "hour", "long", 1);
    return minutes < 5 && seconds % 60 > 0
      ? `${unit(minutes, "minute", "short")} ${unit(seconds % 60, "second", "short")}`
      : unit(Math.round(seconds / 60), "minute");
  },
  about: (duration) => `about ${duration}`,
  place(position) {
    if (position <= 1) return "Next in line";
    const number = new Intl.NumberFormat(LANG).format(position);
    const rule = new Intl.PluralRules(LANG, { type: "ordinal" }).select(position);
    return `${ordinals[position] ?? `${number}${suffixes[rule]}`} in line`;
  },
  startsIn: (duration) => `Starts in about ${duration}`,
  step: (step, steps) => `${step} of ${steps}`,
  left: (duration) => `about ${duration} left`,
  fileSize: (bytes) =>
    bytes < 1e6
      ? unit(Math.max(1, Math.round(bytes / 1e3)), "kilobyte", "short")
      : unit(bytes / 1e6, "megabyte", "short", 1),
  day: (iso) =>
    new Intl.DateTimeFormat(LANG, { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(iso)),
  ready: (done, total) => (total === null ? `${done} ready` : `${done} of ${total} ready`),
  picture: (index, total) => (total > 1 ? `Finished picture ${index} of ${total}` : "Finished picture"),
  doneIn: (duration) => `Done in ${duration}`,
  removedOn: (day) => `The picture was removed on ${day}`,
  lastUpdate(agoMs) {
    const seconds = Math.max(1, Math.round(agoMs / 1000));
    const ago = seconds < 90 ? unit(seconds, "second", "narrow") : unit(Math.round(seconds / 60), "minute", "narrow");
    return `Reconnecting… last update ${ago} ago`;
  },
  milestone: (phase, percent) => `${phase}, ${percent}`,
  watching: (people) => `${new Intl.NumberFormat(LANG).format(people)} watching`,
  cardLive: "Watch this picture being made",
  cardDone: "Made with Easelcast",
  cardDescription: "A picture, live from the easel.",
  waiting: "Waiting in line",
  firstTakesLonger: "The first picture after a pause takes a little longer.",
  retryingDetail: "The first try was interrupted. There is nothing you need to do.",
  canceling: "Stopping",
  done: "Finished",
  nothingToShow: "Finished, with nothing to show",
  failed: "This one did not work out.",
  failedDetail: "Another try may well succeed.",
  canceled: "Stopped by the creator",
  startedTooLate: "Took too long to start",
  finishedTooLate: "Took too long to finish",
  removedDetail: "Pictures are kept for a while only.",
  connecting: "Connecting…",
  live: "Live",
  offline: "You are offline",
  reconnecting: "Reconnecting…",
  retry: "Retry now",
  unfinished: "Unfinished preview",
  share: "Share",
  copied: "Link copied",
  download: "Download",
  open: "Open",
  livePreview: "Live preview",
  step_: "Step",
  left_: "Time left",
  size_: "Size",
  results: "Results",
  text: "Text",
  aiGenerated: "AI-generated",
  madeWith: "Made with Easelcast",
};

const LANGUAGES: ReadonlyMap<string, Words> = new Map([["en", english]]);

/** The words for a language tag (BCP 47): the tag itself, else its language, else English. */
export function wordsFor(tag: string): Words {
  const wanted = tag.toLowerCase();
  return LANGUAGES.get(wanted) ?? LANGUAGES.get(wanted.split("-")[0] ?? "") ?? english;
}
