/**
 * From what the page knows to what it shows: every word, every accessible value, the title. The table "What the live
 * page shows" (api D8) is the spec; components only place what stands here.
 */
import type { JobPhase } from "../contract/job.ts";
import { isLost, type Notice, noticeOf, type Pulse, pulseOf } from "./connection.ts";
import { type Media, mediaOf } from "./media.ts";
import type { Frame, PageState } from "./state.ts";
import type { Words } from "./words.ts";

/** The states of the page that are about the job. How the connection stands is in `notice` and `pulse`. */
export type ViewName =
  | "queued"
  | "loading"
  | "running"
  | "previewing"
  | "arriving"
  | "succeeded"
  | "failed"
  | "canceled"
  | "expired"
  | "media_gone"
  | "ended"
  | "closed";

/** A short figure with its name. */
export type Fact = { name: string; value: string };

export type PageView = {
  name: ViewName;
  title: string;
  headline: string;
  detail: string | null;
  /** The headline is bad news and is said at once. */
  alert: boolean;
  /** The first word from the stream is still awaited. */
  busy: boolean;
  /** Null when there is nothing left to wait for. `value` is 0..1, null when there is no honest number. */
  bar: { value: number | null; percent: string | null; text: string } | null;
  facts: Fact[];
  /** What the polite live region holds; it speaks when this changes. */
  announcement: string;
  pulse: Pulse;
  /** A line over the page while the connection is away. */
  notice: Notice | null;
  picture: { width: number; height: number; frames: Frame[]; alt: string; shimmer: boolean; greyed: boolean };
  media: Media;
  closed: { headline: string; detail: string } | null;
  previewToggle: { on: boolean; label: string } | null;
  shareLabel: string;
};

const PREPARING: ReadonlySet<JobPhase> = new Set<JobPhase>([
  "waiting",
  "assigning",
  "fetching_inputs",
  "loading_model",
]);

/** What `state` looks like in `words`. */
export function viewOf(state: PageState, words: Words): PageView {
  const { job } = state;
  const name = nameOf(state);
  const closed = state.closed && words.closed[state.closed];
  const media = mediaOf(state, words);
  const { headline, detail } = closed ?? sayings(name, state, words);
  // Either a sentence or figures: together they would push down what lies below them.
  const facts = closed || detail ? [] : factsOf(name, state, media, words);
  const value = job.status === "queued" ? null : job.progress.value;
  const waiting = !closed && !job.terminal;
  const percent = waiting && value !== null ? words.percent(value) : null;
  const left = timeLeft(state, words);
  const sentence = [headline, stepOf(state, words), left && words.left(left)].filter(Boolean).join(" · ");
  const hasMedia = media.tiles.some((tile) => tile !== null);
  return {
    name,
    title: [percent, headline].filter(Boolean).join(" · "),
    headline,
    detail,
    alert: name === "failed",
    busy: state.link.type === "connecting",
    bar: waiting
      ? { value, percent, text: detail && name === "queued" ? headline + words.stop + words.gap + detail : sentence }
      : null,
    facts,
    announcement: announcementOf(name, state, headline, words),
    pulse: pulseOf(state, words),
    notice: noticeOf(state, words),
    picture: {
      ...state.shape,
      frames: closed || name === "media_gone" ? [] : state.frames,
      alt: hasMedia ? "" : words.unfinished,
      shimmer: name === "loading" || name === "running",
      greyed: name === "failed" || name === "canceled" || name === "expired",
    },
    media: closed ? { ...media, tiles: [], files: [] } : media,
    closed,
    previewToggle:
      name === "previewing" || (name === "running" && !state.previewsOn)
        ? { on: state.previewsOn, label: words.livePreview }
        : null,
    shareLabel: state.copied ? words.copied : words.share,
  };
}

/** The word for a value of an open enum; null for one that a newer server has added. */
const wordOf = (words: Record<string, string>, value: string): string | null =>
  Object.hasOwn(words, value) ? (words[value] ?? null) : null;

function nameOf({ job, closed, frames }: PageState): ViewName {
  if (closed) return "closed";
  switch (job.status) {
    case "queued":
      return "queued";
    case "running":
    case "canceling":
      if (job.outputs.length > 0) return "arriving";
      if (frames.length > 0) return "previewing";
      return PREPARING.has(job.phase) ? "loading" : "running";
    case "succeeded": {
      const removed = job.outputs.length > 0 && job.outputs.every((output) => !output.url && output.text === null);
      return removed ? "media_gone" : "succeeded";
    }
    case "failed":
    case "canceled":
    case "expired":
      return job.status;
    default:
      return job.terminal ? "ended" : "running";
  }
}

function sayings(name: ViewName, state: PageState, words: Words): { headline: string; detail: string | null } {
  const { job, expected } = state;
  switch (name) {
    case "queued": {
      const { position = null, est_start_ms: startMs = null, reason = null } = job.queue ?? {};
      const start = startMs === null ? null : words.startsIn(words.duration(startMs));
      const why = reason && wordOf(words.reasons, reason);
      const lines = [start, why].filter(Boolean);
      return {
        headline: position === null ? words.waiting : words.place(position),
        detail: lines.length > 0 ? lines.join(words.gap) : null,
      };
    }
    case "loading":
    case "running":
    case "previewing":
    case "arriving": {
      if (job.status === "canceling") return { headline: words.canceling, detail: null };
      const left = timeLeft(state, words);
      const ready =
        name === "arriving"
          ? [words.ready(job.outputs.length, expected), left && words.left(left)].filter(Boolean).join(" · ")
          : null;
      const headline = wordOf(words.phases, job.phase) ?? job.headline;
      const trouble = job.trouble && wordOf(words.troubles, job.trouble);
      if (trouble) return { headline, detail: trouble };
      if (job.phase === "loading_model") return { headline, detail: ready ?? words.firstTakesLonger };
      return { headline, detail: job.phase === "retrying" ? words.retryingDetail : ready };
    }
    case "succeeded": {
      if (job.outputs.length === 0) return { headline: words.nothingToShow, detail: null };
      return {
        headline: job.total_ms === null ? words.done : words.doneIn(words.duration(job.total_ms)),
        detail: null,
      };
    }
    case "media_gone": {
      const removedAt =
        job.outputs.map((output) => output.url_expires_at ?? job.expires_at).sort()[0] ?? job.expires_at;
      return { headline: words.removedOn(words.day(removedAt)), detail: words.removedDetail };
    }
    case "failed": {
      const known = job.failure && wordOf(words.failures, job.failure);
      return { headline: known || job.user_message || words.failed, detail: job.retryable ? words.failedDetail : null };
    }
    case "canceled":
      return { headline: words.canceled, detail: null };
    case "expired":
      return { headline: job.started_at === null ? words.startedTooLate : words.finishedTooLate, detail: null };
    case "ended":
    case "closed":
      return { headline: job.headline, detail: null };
  }
}

const stepOf = ({ job }: PageState, words: Words): string | null =>
  job.progress.step !== null && job.progress.steps !== null && !job.terminal && job.status !== "queued"
    ? words.step(job.progress.step, job.progress.steps)
    : null;

/** A guess the service itself hardly trusts is not shown. */
function timeLeft({ job }: PageState, words: Words): string | null {
  const { eta_ms: etaMs, eta_confidence: confidence } = job.progress;
  if (job.status !== "running" || etaMs === null || confidence === "low") return null;
  return words.duration(etaMs);
}

function factsOf(name: ViewName, state: PageState, media: Media, words: Words): Fact[] {
  const facts: Fact[] = [];
  const add = (factName: string, value: string | null) => {
    if (value !== null) facts.push({ name: factName, value });
  };
  // What comes and goes with each phase stands last, so that the other figure keeps its place.
  const left = timeLeft(state, words);
  add(words.left_, left && words.about(left));
  add(words.step_, stepOf(state, words));
  const [tile] = media.tiles;
  if (name === "succeeded" && tile?.size) add(words.size_, tile.size);
  return facts;
}

/** Changes only at a quarter of the way, a new phase, a new result or an ending, so that it is said only then. */
function announcementOf(name: ViewName, state: PageState, headline: string, words: Words): string {
  const { job } = state;
  if (name === "closed") return headline;
  if (!state.online) return words.offline;
  if (isLost(state)) return words.reconnecting;
  switch (name) {
    case "failed":
      return "";
    case "succeeded":
      return words.done;
    case "queued":
      return words.waiting;
    case "arriving":
      return words.ready(job.outputs.length, state.expected);
    case "loading":
    case "running":
    case "previewing": {
      const quarter = Math.floor((job.progress.value ?? 0) * 4) / 4;
      return quarter > 0 && quarter < 1 ? words.milestone(headline, words.percent(quarter)) : headline;
    }
    default:
      return headline;
  }
}

/** What the tab's icon shows for a view: arguments of `faviconUrl`. */
export function iconOf(view: PageView): [value: number | null, tone: "busy" | "done" | "stopped"] {
  if (view.bar) return [view.bar.value, "busy"];
  return [1, view.name === "succeeded" ? "done" : "stopped"];
}
