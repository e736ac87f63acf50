/**
 * What the job document says of a job's failure and of its times: the parts of the projection that look back.
 */
import type { Job, JobError } from "../../contract/job.ts";
import type { Failure, JobState } from "./state.ts";
import { phaseOfClass } from "./weights.ts";
import { isRetryable, userMessage } from "./words.ts";

/** Why the job ended without success; null where it did not. */
export function failureOf(state: JobState): Failure | null {
  return "failure" in state.stage ? state.stage.failure : null;
}

/** The failure as the owner reads it. */
export function errorOf(state: JobState): JobError | null {
  const failure = failureOf(state);
  if (!failure) return null;
  return {
    code: failure.code,
    message: failure.detail,
    user_message: userMessage(failure.code),
    retryable: isRetryable(failure.code),
    stage: null,
    node_id: failure.nodeId,
    class_type: failure.classType,
    input: failure.input,
    doc_url: `${state.spec.origin}/errors/${failure.code}`,
  };
}

/** How long its parts took. */
export function metricsOf(state: JobState): Job["metrics"] {
  const { createdAt } = state.spec;
  const finishedAt = "finishedAt" in state.stage ? state.stage.finishedAt : null;
  const loading = state.spec.plan.filter((node) => phaseOfClass(node.classType) === "loading_model");
  const loaded = loading.flatMap((node) => {
    const run = state.progress.nodes[node.id];
    return run?.finishedAt != null ? [run.finishedAt - run.startedAt] : [];
  });
  return {
    queue_ms: state.startedAt === null ? null : state.startedAt - createdAt,
    load_ms: loaded.length > 0 ? loaded.reduce((sum, ms) => sum + ms, 0) : null,
    run_ms: state.startedAt === null || finishedAt === null ? null : finishedAt - state.startedAt,
    total_ms: finishedAt === null ? null : finishedAt - createdAt,
  };
}

/** How soon polling again makes sense. */
export function pollAfterMs(state: JobState): number | null {
  if ("finishedAt" in state.stage) return null;
  if (state.stage.name !== "queued") return 1_000;
  return Math.min(10_000, 1_000 + 1_000 * (state.queue?.ahead ?? 1));
}
