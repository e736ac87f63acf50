/** Changes of a job as the events that viewers get: which are kept, and how each is written for whom. */
import type { JobStatus } from "../../contract/job.ts";
import type { ViewerEvent, ViewerEventData } from "../../contract/viewer.ts";
import {
  expectedOf,
  headlineOf,
  jobOf,
  outputOf,
  phaseOf,
  previewOf,
  progressOf,
  queueOf,
  timestamp,
  userJobOf,
  type View,
} from "../../core/job/project.ts";
import { publicJobOf, publicOutput, publicProgress } from "../../core/job/project-public.ts";
import type { Change, JobState, Stage } from "../../core/job/state.ts";
import { statusOf } from "../../core/job/status.ts";
import { noticeOf } from "../../core/job/trouble.ts";
import type { EventRow } from "./job-store.ts";

/** What a viewer may see. */
export type Audience = { role: "owner" | "user" | "viewer"; reveal: readonly string[] };

/** The row to keep of a change, or null for one that is complete in itself. */
export function durableEvent(state: JobState, change: Change, seq: number, now: number): EventRow | null {
  const row = (type: string, data: unknown): EventRow => ({ seq, at: now, type, data: JSON.stringify(data) });
  switch (change.type) {
    case "status":
      return row("status", statusData(state, change.previous, now));
    case "output":
      return row("output", { key: change.key });
    case "warning":
      return row("warning", change.warning);
    case "end":
      return row("end", {});
    case "patched":
      // After the end there is nothing but the end to be told again, with the job as it is now.
      return "finishedAt" in state.stage ? row("end", {}) : row("status", statusData(state, state.stage.name, now));
    default:
      return null;
  }
}

function statusData(state: JobState, previous: Stage["name"], now: number): ViewerEventData["status"] {
  return {
    status: statusOf(state),
    previous: publicStatus(previous),
    phase: phaseOf(state),
    terminal: "finishedAt" in state.stage,
    attempt: state.attempt,
    headline: headlineOf(state, now),
    notice: noticeOf(state),
  };
}

/** The public word for a stage that was left; a job never leaves a terminal one. */
const publicStatus = (stage: Stage["name"]): JobStatus =>
  stage === "running" || stage === "collecting" ? "running" : "queued";

/** A change as the event for this audience, or null where it is not for them. Previews are written elsewhere. */
export function eventOf(
  state: JobState,
  change: Change,
  seq: number,
  audience: Audience,
  view: View,
): ViewerEvent | null {
  const row = durableEvent(state, change, seq, view.now);
  if (row) return keptEventOf(state, row, audience, view);
  switch (change.type) {
    case "queue": {
      const queue = queueOf(state);
      return queue && envelope(state, "queue", seq, view.now, { ...queue, headline: headlineOf(state, view.now) });
    }
    case "progress": {
      const progress =
        audience.role === "viewer" ? publicProgress(progressOf(state, view.now)) : progressOf(state, view.now);
      const words = { phase: phaseOf(state), headline: headlineOf(state, view.now) };
      return envelope(state, "progress", seq, view.now, { ...progress, ...words });
    }
    case "preview": {
      const preview = audience.reveal.includes("previews") ? previewOf(state, view) : null;
      const shown = preview && audience.role === "viewer" ? { ...preview, node_id: null } : preview;
      return shown && envelope(state, "preview", seq, view.now, { ...shown, data_base64: null });
    }
    default:
      return null;
  }
}

/** A kept row as the event for this audience, drawn from the job as it is now. */
export function keptEventOf(state: JobState, row: EventRow, audience: Audience, view: View): ViewerEvent | null {
  const owner = audience.role !== "viewer";
  const data = JSON.parse(row.data);
  switch (row.type) {
    case "status":
      return envelope(state, "status", row.seq, row.at, data);
    case "warning":
      return owner ? envelope(state, "warning", row.seq, row.at, data) : null;
    case "output": {
      const stored = state.outputs.find((output) => output.key === data.key);
      if (!stored || !audience.reveal.includes("outputs")) return null;
      const output = outputOf(state, stored, view);
      const expected = expectedOf(state);
      return envelope(state, "output", row.seq, row.at, {
        output: owner ? output : publicOutput(output),
        index: stored.index,
        expected,
      });
    }
    case "end":
      return envelope(state, "end", row.seq, row.at, { status: statusOf(state), job: shownJob(state, audience, view) });
    default:
      return null;
  }
}

/** The whole job for this audience. */
export function shownJob(state: JobState, audience: Audience, view: View) {
  if (audience.role === "owner") return jobOf(state, view);
  if (audience.role === "user") return userJobOf(state, view);
  const job = publicJobOf(state, view);
  return {
    ...job,
    preview: audience.reveal.includes("previews") ? job.preview : null,
    outputs: audience.reveal.includes("outputs") ? job.outputs : [],
  };
}

/** One event in the common envelope. */
export function envelope<T extends keyof ViewerEventData>(
  state: JobState,
  type: T,
  seq: number | null,
  at: number,
  data: ViewerEventData[T],
): ViewerEvent {
  return { type, seq, at: timestamp(at), job_id: state.spec.id, data } as ViewerEvent;
}
