/**
 * What the live page knows, and how each thing it hears changes that: pure, so that every state of the page can be
 * made in a test. How the state looks is view.ts; time comes in with the events.
 */
import type { StopReason } from "../client/ladder.ts";
import type { LiveUpdate } from "../client/live.ts";
import type { PublicJob } from "../contract/job.ts";
import type { ViewerEvent } from "../contract/viewer.ts";
import { type ShownJob, showJob, showOutput, showProgress, showQueue } from "./shown-job.ts";

/** One preview that can be put on the screen: a path or an object URL whose image is decoded. */
export type Frame = { rev: number; src: string };

/** How the page hears of the job. `none`: rendered by the server, or nothing more to hear. */
export type LinkState =
  | { type: "none" }
  | { type: "connecting" }
  | { type: "live" }
  | { type: "lost"; sinceMs: number; heardAtMs: number | null };

export type PageState = {
  job: ShownJob;
  /** The shape of the picture area. It is settled once and never changes, so that nothing moves on the page. */
  shape: { width: number; height: number };
  link: LinkState;
  online: boolean;
  /** When the newest update came; null before the first. */
  heardAtMs: number | null;
  /** The clock as of the last tick; only differences to other times of this state mean something. */
  nowMs: number;
  /** The newest frames, oldest first: the last is shown, the one before it lies beneath while they cross-fade. */
  frames: Frame[];
  /** Results the job will have, once that is known. */
  expected: number | null;
  /** Ids of results that came while the page was open: they fade in, the others are simply there. */
  fresh: string[];
  previewsOn: boolean;
  copied: boolean;
  /** Why nothing of the job may be shown any more; null while it may. */
  closed: ClosedKind | null;
};

/** Why a link shows nothing. */
export type ClosedKind = "unknown" | "revoked" | "expired";

/** What can happen to the page. */
export type PageEvent =
  | { type: "update"; update: LiveUpdate<PublicJob>; nowMs: number }
  | { type: "frame"; frame: Frame }
  | { type: "frame_failed"; rev: number }
  | { type: "online"; value: boolean }
  | { type: "tick"; nowMs: number }
  | { type: "previews"; on: boolean }
  | { type: "copied"; value: boolean };

/** The state as the server renders it and the browser starts with: nothing is claimed about the connection. */
export function initialState(job: ShownJob, previewSrc: (rev: number) => string): PageState {
  return {
    job,
    shape: shapeOf(job),
    link: { type: "none" },
    online: true,
    heardAtMs: null,
    nowMs: 0,
    frames: job.preview ? [{ rev: job.preview.rev, src: previewSrc(job.preview.rev) }] : [],
    expected: job.expected,
    fresh: [],
    previewsOn: true,
    copied: false,
    closed: null,
  };
}

/** What the job says, else the first thing known of it, else a square. */
function shapeOf(job: ShownJob): PageState["shape"] {
  for (const size of [job.aspect, job.preview, ...job.outputs]) {
    if (size?.width && size.height) return { width: size.width, height: size.height };
  }
  return { width: 1, height: 1 };
}

/** The state after `event`. Returns the same object when nothing changed. */
export function nextState(state: PageState, event: PageEvent): PageState {
  switch (event.type) {
    case "update":
      return afterUpdate({ ...state, nowMs: event.nowMs }, event.update);
    case "frame": {
      const shown = state.frames.at(-1);
      if (shown && event.frame.rev < shown.rev) return state;
      const beneath = shown && shown.rev !== event.frame.rev ? [shown] : [];
      return { ...state, frames: [...beneath, event.frame] };
    }
    case "frame_failed":
      return { ...state, frames: state.frames.filter((frame) => frame.rev !== event.rev) };
    case "online":
      return { ...state, online: event.value };
    case "tick":
      return { ...state, nowMs: event.nowMs };
    case "previews":
      return { ...state, previewsOn: event.on };
    case "copied":
      return { ...state, copied: event.value };
  }
}

function afterUpdate(state: PageState, update: LiveUpdate<PublicJob>): PageState {
  switch (update.type) {
    case "link":
      if (update.link.type === "live") return { ...state, link: { type: "live" }, heardAtMs: state.nowMs };
      if (state.link.type === "none") return { ...state, link: { type: "connecting" } };
      if (update.link.type === "connecting" || state.link.type === "lost") return state;
      return { ...state, link: { type: "lost", sinceMs: state.nowMs, heardAtMs: state.heardAtMs } };
    case "stopped":
      return { ...state, link: { type: "none" }, closed: closedBy(update.reason) };
    case "job":
      return withJob({ ...state, heardAtMs: state.nowMs }, update.job);
    case "frame":
      // Bytes become a `frame` event once the browser has decoded them.
      return { ...state, heardAtMs: state.nowMs };
    case "event":
      return afterViewerEvent({ ...state, heardAtMs: state.nowMs }, update.event);
  }
}

function closedBy(reason: StopReason): ClosedKind | null {
  switch (reason) {
    case "gone":
    case "forbidden":
    case "unauthenticated":
      return "revoked";
    case "unknown":
      return "unknown";
    case "done":
    case "protocol":
      return null;
  }
}

function withJob(state: PageState, job: PublicJob): PageState {
  const shown = showJob(job);
  const known = new Set(state.job.outputs.map((output) => output.id));
  const arrived = shown.outputs.filter((output) => !known.has(output.id)).map((output) => output.id);
  return { ...state, job: shown, fresh: [...state.fresh, ...arrived] };
}

function afterViewerEvent(state: PageState, event: ViewerEvent<PublicJob>): PageState {
  const { job } = state;
  const seq = Math.max(job.seq, event.seq ?? 0);
  switch (event.type) {
    case "hello":
      return event.data.job ? withJob(state, event.data.job) : state;
    case "end":
      return withJob(state, event.data.job);
    case "status": {
      const { status, phase, terminal, headline, notice } = event.data;
      const queue = status === "queued" ? job.queue : null;
      return {
        ...state,
        job: { ...job, seq, status, phase, terminal, headline, queue, trouble: notice?.code ?? null },
      };
    }
    case "queue":
      return { ...state, job: { ...job, seq, queue: showQueue(event.data), headline: event.data.headline } };
    case "progress": {
      const { phase, headline } = event.data;
      return { ...state, job: { ...job, seq, phase, headline, progress: showProgress(event.data) } };
    }
    case "output": {
      if (event.data.output.temporary) return state;
      const output = showOutput(event.data.output);
      const others = job.outputs.filter((other) => other.id !== output.id);
      const outputs = [...others, output].sort((a, b) => a.index - b.index);
      const fresh = others.length < job.outputs.length ? state.fresh : [...state.fresh, output.id];
      return { ...state, job: { ...job, seq, outputs }, fresh, expected: event.data.expected ?? state.expected };
    }
    case "viewers":
      return { ...state, job: { ...job, watching: event.data.now } };
    default:
      // Pings, warnings, byes, previews (they come back decoded), and whatever a newer server adds.
      return state;
  }
}
