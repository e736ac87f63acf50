/**
 * From the private state to what is shown: the job document for its owner (project-public.ts cuts it for viewers).
 * Exhaustive over the stages, so that a new one cannot be forgotten.
 */
import type { Job, JobPhase, Output, Preview, Progress, Queue } from "../../contract/job.ts";
import { runOf } from "./draft.ts";
import { estimate } from "./eta.ts";
import { tallyOf } from "./progress.ts";
import { errorOf, failureOf, metricsOf, pollAfterMs } from "./report.ts";
import type { JobState, Stored } from "./state.ts";
import { statusOf } from "./status.ts";
import { MAX_ATTEMPTS } from "./timing.ts";
import { noticeOf } from "./trouble.ts";
import { phaseOfClass } from "./weights.ts";
import { headline } from "./words.ts";

/** What a projection needs besides the state. URLs differ between the owner and each share link. */
export type View = {
  now: number;
  outputUrl(output: Stored): { url: string; expiresAt: number | null } | null;
  previewUrl(rev: number): string | null;
  viewers: { now: number; peak: number; total: number };
  share: { id: string; url: string | null; expiresAt: number } | null;
};

/** A time as the API writes it: UTC, whole seconds. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const timestampOrNull = (ms: number | null) => (ms === null ? null : timestamp(ms));

/** What is being done, as far as can be told. */
export function phaseOf(state: JobState): JobPhase {
  const { stage } = state;
  switch (stage.name) {
    case "queued":
      return state.attempt > 1 ? "retrying" : "waiting";
    case "connecting":
      return Object.values(stage.run.uploads).some((stored) => stored === null) && stage.run.socket === "open"
        ? "fetching_inputs"
        : "assigning";
    case "submitted":
      return "waiting";
    case "running": {
      const node = currentNode(state);
      return node ? phaseOfClass(node.classType) : "assigning";
    }
    case "collecting":
      return "uploading";
    default:
      return "done";
  }
}

function currentNode(state: JobState) {
  return state.spec.plan.find((node) => node.id === state.progress.current) ?? null;
}

/** The sentence of the moment. */
export function headlineOf(state: JobState, now: number): string {
  return headline({
    status: statusOf(state),
    phase: phaseOf(state),
    attempt: state.attempt,
    ahead: state.queue?.ahead ?? null,
    reason: state.queue?.reason ?? null,
    etaMs: state.stage.name === "running" ? (estimate(state.progress, state.spec.plan, now)?.ms ?? null) : null,
    error: failureOf(state)?.code ?? null,
  });
}

/** The progress of the moment. */
export function progressOf(state: JobState, now: number): Progress {
  const { progress, spec, stage } = state;
  const counts = progress.begun ? tallyOf(progress, spec.plan) : null;
  const node = stage.name === "running" ? currentNode(state) : null;
  const current = node ? progress.nodes[node.id] : undefined;
  const eta = stage.name === "running" ? estimate(progress, spec.plan, now) : null;
  const steps = current?.step != null ? ` ${current.step}/${current.steps}` : "";
  return {
    value: progress.shown,
    kind: progress.shown === null ? "indeterminate" : "determinate",
    step: current?.step ?? null,
    steps: current?.steps ?? null,
    nodes_done: counts?.done ?? null,
    nodes_total: counts?.total ?? null,
    current_node: node?.id ?? null,
    current_node_class: node?.classType ?? null,
    current_node_title: node?.title ?? null,
    message: node ? `${node.title ?? node.classType}${steps}` : null,
    eta_ms: eta?.ms ?? null,
    eta_confidence: eta?.confidence ?? null,
  };
}

/** The place in line, or null when the job does not wait. */
export function queueOf(state: JobState): Queue | null {
  if (statusOf(state) !== "queued") return null;
  const { queue } = state;
  return {
    position: queue?.position ?? null,
    ahead: queue?.ahead ?? null,
    reason: queue?.reason ?? "workers_busy",
    est_start_ms: queue?.estStartMs ?? null,
    est_start_p90_ms: null,
  };
}

/** One result, with the URL that this viewer may use. */
export function outputOf(state: JobState, stored: Stored, view: View): Output {
  const link = stored.text === null ? view.outputUrl(stored) : null;
  return {
    object: "output",
    id: stored.id,
    job_id: state.spec.id,
    index: stored.index,
    node_id: stored.nodeId,
    name: stored.name,
    label: stored.label,
    type: stored.type,
    temporary: stored.temporary,
    content_type: stored.contentType,
    size_bytes: stored.sizeBytes,
    width: stored.width,
    height: stored.height,
    duration_ms: stored.durationMs,
    hash: `sha256:${stored.sha256}`,
    url: link?.url ?? null,
    url_expires_at: timestampOrNull(link?.expiresAt ?? null),
    text: stored.text,
    metadata_stripped: stored.cleanable,
  };
}

/** The preview of the moment; a job that has ended has results instead, and its preview is not kept. */
export function previewOf(state: JobState, view: View): Preview | null {
  const { preview } = state;
  if (!preview || "finishedAt" in state.stage) return null;
  return {
    rev: preview.rev,
    url: view.previewUrl(preview.rev),
    content_type: preview.contentType,
    width: preview.width,
    height: preview.height,
    size_bytes: preview.sizeBytes,
    node_id: preview.nodeId,
    step: preview.step,
    steps: preview.steps,
  };
}

/** How many results are stored or announced. */
export function expectedOf(state: JobState): number | null {
  const count = state.outputs.length + Object.keys(state.wanted).length;
  return count === 0 && !("finishedAt" in state.stage) ? null : count;
}

/** What a user sees of the own job: all but where it runs, which is the app's affair. */
export const userJobOf = (state: JobState, view: View): Job => ({ ...jobOf(state, view), backend: null });

/** The whole document, for the owner. */
export function jobOf(state: JobState, view: View): Job {
  const { spec } = state;
  const self = `${spec.origin}/v1/jobs/${spec.id}`;
  const run = runOf(state);
  const stay = run ? { backendId: run.lease.backendId, promptId: run.promptId } : state.lastRun;
  return {
    object: "job",
    id: spec.id,
    seq: state.seq,
    status: statusOf(state),
    terminal: "finishedAt" in state.stage,
    phase: phaseOf(state),
    headline: headlineOf(state, view.now),
    notice: noticeOf(state),
    workflow: spec.workflow,
    user: spec.user,
    metadata: state.metadata,
    priority: state.priority,
    rerun_of: spec.rerunOf,
    inputs: spec.inputs,
    seed: spec.seed,
    attempt: state.attempt,
    max_attempts: MAX_ATTEMPTS,
    created_at: timestamp(spec.createdAt),
    started_at: timestampOrNull(state.startedAt),
    finished_at: timestampOrNull("finishedAt" in state.stage ? state.stage.finishedAt : null),
    expires_at: timestamp(state.expiresAt),
    deadline: { start_by: timestampOrNull(spec.startBy), finish_by: timestamp(spec.finishBy) },
    queue: queueOf(state),
    progress: progressOf(state, view.now),
    preview: previewOf(state, view),
    outputs: state.outputs.map((stored) => outputOf(state, stored, view)),
    outputs_expected: expectedOf(state),
    error: errorOf(state),
    warnings: state.warnings,
    cancel: state.cancel && {
      requested_at: timestamp(state.cancel.requestedAt),
      by: state.cancel.by,
      reason: state.cancel.reason,
    },
    metrics: metricsOf(state),
    share: view.share && { id: view.share.id, url: view.share.url, expires_at: timestamp(view.share.expiresAt) },
    viewers: view.viewers,
    backend: stay && { kind: "comfyui", worker: stay.backendId, prompt_id: stay.promptId },
    poll_after_ms: pollAfterMs(state),
    links: {
      self,
      events: `${self}/events`,
      websocket: `${self.replace(/^http/, "ws")}/events`,
      cancel: `${self}/cancel`,
      rerun: `${self}/rerun`,
    },
  };
}
