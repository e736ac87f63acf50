/** The cut of a job that a share link shows: nothing that only the owner may see (design: nothing leaks). */
import type { Output, Progress, PublicJob } from "../../contract/job.ts";
import { jobOf, type View } from "./project.ts";
import type { JobState } from "./state.ts";

/** What a share link shows: no inputs, no seed, no workflow, no node, no backend (design §8). */
export function publicJobOf(state: JobState, view: View): PublicJob {
  const job = jobOf(state, view);
  const { workflow, user, metadata, priority, rerun_of, inputs, backend, share, links, error, ...shown } = job;
  return {
    ...shown,
    seed: null,
    progress: publicProgress(shown.progress),
    preview: shown.preview && { ...shown.preview, node_id: null },
    outputs: shown.outputs.map(publicOutput),
    warnings: [],
    cancel: shown.cancel && { ...shown.cancel, reason: null },
    aspect: state.spec.aspect,
    error: error && { code: error.code, user_message: error.user_message, retryable: error.retryable },
  };
}

/** Progress without what names a node. */
export function publicProgress(progress: Progress): Progress {
  return { ...progress, current_node: null, current_node_class: null, current_node_title: null, message: null };
}

/** A result without what names a node, and with a name of ours. */
export function publicOutput(output: Output): Output {
  const extension = /\.[a-z0-9]{1,8}$/i.exec(output.name)?.[0] ?? "";
  return { ...output, node_id: "", label: null, hash: null, name: `result-${output.index + 1}${extension}` };
}
