/**
 * From the job document and what changed in it to the event that is sent: a cut of the document, never inputs, never
 * more than 20 kB. An event is made once; its text is kept, signed and sent as it is.
 */
import type { Job, JobStatus, Output } from "../../contract/job.ts";
import {
  type EndEventType,
  type EventType,
  type JobEventType,
  MAX_EVENT_BYTES,
  MAX_EVENT_OUTPUTS,
} from "../../contract/webhook.ts";
import type { WebhookEvent, WebhookJob, WebhookOutput } from "../../contract/webhook-bodies.ts";
import { timestamp } from "../job/project.ts";
import { assert, assertNever } from "../util/assert.ts";

/** What changed in a job. `previous` is the public status before. */
export type JobChange =
  | { type: "status"; previous: JobStatus; status: JobStatus }
  | { type: "progress" }
  | { type: "output"; output: Output }
  | { type: "deleted" };

/** What every event has: its id (`evt_…`), when it happened (ms), the project and the mode of the key. */
export type Stamp = { id: string; at: number; project: string; mode: "live" | "test" };

/** The longest texts that an event takes over, in characters; longer ones are cut. */
const MAX_MESSAGE_CHARS = 800;
const MAX_NAME_CHARS = 200;

const encoder = new TextEncoder();

/** The event that a change makes, or null where it makes none: a job that waits or is being stopped is no news. */
export function eventTypeOf(change: JobChange): JobEventType | null {
  switch (change.type) {
    case "progress":
      return "job.progress";
    case "output":
      return "job.output";
    case "deleted":
      return "job.deleted";
    case "status":
      // A run that was lost and is made again starts again.
      if (change.status === "running") return change.previous === "queued" ? "job.started" : null;
      if (change.status === "queued" || change.status === "canceling") return null;
      return change.previous === change.status ? null : `job.${change.status}`;
    default:
      return assertNever(change);
  }
}

/** The event for a change of a job, whose document is the owner's as it is after the change. */
export function jobEvent(change: JobChange, job: Job, stamp: Stamp): WebhookEvent | null {
  const type = eventTypeOf(change);
  const head = { id: job.id, seq: job.seq, status: job.status };
  switch (type) {
    case null:
      return null;
    case "job.started": {
      const { outputs, outputs_truncated, ...started } = cutJob(job, 0, true);
      const fits = bytesOf({ ...frame(stamp, type), data: { job: started } }) <= MAX_EVENT_BYTES;
      return { ...frame(stamp, type), data: { job: fits ? started : { ...started, metadata: null } } };
    }
    case "job.progress":
      return { ...frame(stamp, type), data: { job: head, progress: cutProgress(job) } };
    case "job.output":
      return change.type === "output"
        ? { ...frame(stamp, type), data: { job: head, output: cutOutput(change.output) } }
        : null;
    case "job.deleted":
      return { ...frame(stamp, type), data: { job: { id: job.id } } };
    default:
      return endEvent(type, job, stamp);
  }
}

/** The notice to the project's other endpoints that this one is disabled. `failingSince` in ms, or null. */
export function disabledEvent(
  endpoint: { id: string; url: string },
  reason: string,
  failingSince: number | null,
  stamp: Stamp,
): WebhookEvent {
  return {
    ...frame(stamp, "webhook.disabled"),
    data: {
      endpoint: { id: endpoint.id, url: clip(withoutQuery(endpoint.url), 2 * MAX_MESSAGE_CHARS) },
      reason: clip(reason, MAX_MESSAGE_CHARS),
      failed_since: failingSince === null ? null : timestamp(failingSince),
    },
  };
}

/** The text that is signed and sent. Throws where it is too large, which no event made here is. */
export function eventText(event: WebhookEvent): string {
  const text = JSON.stringify(event);
  assert(encoder.encode(text).length <= MAX_EVENT_BYTES, "events are bounded where they are made");
  return text;
}

/** What stands around the data of every event. */
export function frame<T extends EventType>(stamp: Stamp, type: T) {
  return {
    id: stamp.id,
    type,
    timestamp: timestamp(stamp.at),
    api_version: "v1" as const,
    mode: stamp.mode,
    project: stamp.project,
  };
}

/** With as much as fits: results go first, as the job's page has them all; metadata only where it is large by itself. */
function endEvent(type: EndEventType, job: Job, stamp: Stamp): WebhookEvent {
  const made = (outputs: number, metadata: boolean) => ({
    ...frame(stamp, type),
    data: { job: cutJob(job, outputs, metadata) },
  });
  const withMetadata = bytesOf(made(0, true)) <= MAX_EVENT_BYTES;
  let outputs = Math.min(job.outputs.length, MAX_EVENT_OUTPUTS);
  while (outputs > 0 && bytesOf(made(outputs, withMetadata)) > MAX_EVENT_BYTES) outputs--;
  return made(outputs, withMetadata);
}

function cutJob(job: Job, outputs: number, withMetadata: boolean): WebhookJob {
  const { error, cancel, workflow, user } = job;
  return {
    id: job.id,
    seq: job.seq,
    status: job.status,
    terminal: job.terminal,
    user: user && clip(user, MAX_NAME_CHARS),
    metadata: withMetadata ? job.metadata : null,
    workflow: workflow && {
      id: clip(workflow.id, MAX_NAME_CHARS),
      version: workflow.version,
      name: clip(workflow.name, MAX_NAME_CHARS),
    },
    created_at: job.created_at,
    started_at: job.started_at,
    finished_at: job.finished_at,
    outputs: job.outputs.slice(0, outputs).map(cutOutput),
    outputs_truncated: job.outputs.length > outputs,
    error: error && {
      code: error.code,
      message: clip(error.message, MAX_MESSAGE_CHARS),
      user_message: clip(error.user_message, MAX_NAME_CHARS),
      retryable: error.retryable,
      stage: error.stage,
      node_id: error.node_id && clip(error.node_id, MAX_NAME_CHARS),
      class_type: error.class_type && clip(error.class_type, MAX_NAME_CHARS),
      input: error.input && clip(error.input, MAX_NAME_CHARS),
      doc_url: error.doc_url,
    },
    cancel: cancel && {
      requested_at: cancel.requested_at,
      by: clip(cancel.by, MAX_NAME_CHARS),
      reason: cancel.reason && clip(cancel.reason, MAX_NAME_CHARS),
    },
    metrics: {
      queue_ms: job.metrics.queue_ms,
      load_ms: job.metrics.load_ms,
      run_ms: job.metrics.run_ms,
      total_ms: job.metrics.total_ms,
      gpu_ms: null,
    },
    links: { self: job.links.self },
  };
}

function cutOutput(output: Output): WebhookOutput {
  return {
    id: output.id,
    type: output.type,
    content_type: clip(output.content_type, MAX_NAME_CHARS),
    width: output.width,
    height: output.height,
    size_bytes: output.size_bytes,
    hash: output.hash,
    thumbhash: null,
    url: output.url,
    url_expires_at: output.url_expires_at,
  };
}

function cutProgress({ progress }: Job): Job["progress"] {
  const short = (text: string | null) => text && clip(text, MAX_NAME_CHARS);
  return {
    value: progress.value,
    kind: progress.kind,
    step: progress.step,
    steps: progress.steps,
    nodes_done: progress.nodes_done,
    nodes_total: progress.nodes_total,
    current_node: short(progress.current_node),
    current_node_class: short(progress.current_node_class),
    current_node_title: short(progress.current_node_title),
    message: short(progress.message),
    eta_ms: progress.eta_ms,
    eta_confidence: progress.eta_confidence,
  };
}

/** At most `max` characters, never half of one. */
function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

const bytesOf = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

const withoutQuery = (url: string): string => {
  if (!URL.canParse(url)) return "";
  const { origin, pathname } = new URL(url);
  return origin + pathname;
};
