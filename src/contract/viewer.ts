/**
 * Frames between the service and a viewer of one job, protocol `easel.live.v1`.
 *
 * The conversation: the server speaks first with `hello`, which carries the whole job unless the viewer resumed. Then
 * come events in the order of `seq`. `queue`, `progress` and `preview` are conflated: each is complete in itself and
 * may be skipped; `status`, `output`, `warning` and `end` are durable: they are kept and replayed on resume. `viewers`,
 * `ping` and `bye` are ephemeral and have no `seq`. `seq` never falls: it rises with every durable event, and a conflated
 * one has the newest. A resumed viewer's `hello` repeats its own cursor. `end` is the last event of a job, and the socket closes with 1000.
 * The viewer's one rule: replace everything on `hello.data.job`, otherwise apply the event.
 *
 * A binary preview is ComfyUI's own frame type 4: u32be 4 | u32be n | n bytes JSON | image.
 */
import type { Job, JobPhase, JobStatus, Notice, Output, Preview, Progress, PublicJob, Queue, Warning } from "./job.ts";

export const LIVE_PROTOCOL = "easel.live.v1";

/** How a viewer gets previews: bytes in a frame, a URL, base64 in the event, or not at all. */
export const PREVIEW_MODES = ["binary", "url", "inline", "none"] as const;
export type PreviewMode = (typeof PREVIEW_MODES)[number];

type AnyJob = Job | PublicJob;

export type ViewerEventData<J extends AnyJob = AnyJob> = {
  hello: {
    protocol: typeof LIVE_PROTOCOL;
    role: "owner" | "viewer";
    resumed: boolean;
    replayed: number;
    heartbeat_ms: number;
    max_session_ms: number;
    server_time_ms: number;
    previews: PreviewMode;
    job: J | null;
  };
  status: {
    status: JobStatus;
    previous: JobStatus;
    phase: JobPhase;
    terminal: boolean;
    attempt: number;
    headline: string;
    notice: Notice | null;
  };
  queue: Queue & { headline: string };
  progress: Progress & { phase: JobPhase; headline: string };
  preview: Preview & { data_base64: string | null };
  output: { output: Output; index: number; expected: number | null };
  warning: Warning;
  viewers: { now: number; peak: number; total: number };
  ping: { seq: number };
  end: { status: JobStatus; job: J };
  bye: { reason: string; reconnect: boolean; retry_ms: number };
};
export type ViewerEventType = keyof ViewerEventData;

/** One envelope for a WebSocket text frame, an SSE `data:` line and a page item. */
export type ViewerEvent<J extends AnyJob = AnyJob> = {
  [T in ViewerEventType]: { type: T; seq: number | null; at: string; job_id: string; data: ViewerEventData<J>[T] };
}[ViewerEventType];

/** JSON head of a binary preview frame. */
export type PreviewFrameHeader = {
  seq: number;
  rev: number;
  node_id: string | null;
  prompt_id: string;
  image_type: string;
  width: number | null;
  height: number | null;
  step: number | null;
  steps: number | null;
};

/** What a viewer may say. `ping` is literal text, answered `pong` by the runtime without waking the object. */
export type ViewerMessage =
  | { type: "ready"; rev: number }
  | { type: "configure"; previews?: PreviewMode }
  | { type: "visible"; value: boolean }
  | { type: "cancel" };

/** Close codes of a viewer's socket, and what the client does. */
export const CLOSE_CODES = {
  done: 1000, // after `end`: stop
  badMessage: 4400, // stop: a bug in the client
  unauthenticated: 4401, // get a token, reconnect once
  forbidden: 4403, // stop
  unknown: 4404, // stop
  stalled: 4408, // reconnect
  gone: 4410, // job deleted, share revoked or expired: stop and say so
  tooMany: 4429, // poll instead
  internal: 4500, // reconnect, then poll
} as const;
