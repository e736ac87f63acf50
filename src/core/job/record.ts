/** The job as its project's index holds it: enough to list it, to count it, and to show it once it has ended. */
import type { JobRecord } from "../tenant/vocabulary.ts";
import { isTerminal } from "./draft.ts";
import { jobOf, type View } from "./project.ts";
import { metricsOf } from "./report.ts";
import type { JobState } from "./state.ts";
import { statusOf } from "./status.ts";

/**
 * The record as of now. Its document carries no URL that ends: whoever shows it signs those of results anew. Nothing of
 * what a removed job said is in its record but what it is found and counted by.
 */
export function recordOf(state: JobState, view: Pick<View, "now" | "viewers" | "share">): JobRecord {
  const { spec, removal } = state;
  const terminal = isTerminal(state.stage);
  const lasting: View = { ...view, outputUrl: () => null, previewUrl: () => null };
  return {
    jobId: spec.id,
    user: spec.user,
    workflow: spec.workflow?.id ?? null,
    status: statusOf(state),
    terminal,
    seq: state.seq,
    metadata: removal ? {} : state.metadata,
    createdAt: spec.createdAt,
    expiresAt: state.expiresAt,
    doc: terminal && !removal ? JSON.stringify(jobOf(state, lasting)) : null,
    removed: removal?.why ?? null,
    used: terminal ? usedBy(state) : null,
  };
}

/** What an ended job used: time at the backend, and bytes that are kept. */
function usedBy(state: JobState): { runMs: number; outputBytes: number } {
  const outputBytes = state.outputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { runMs: metricsOf(state).run_ms ?? 0, outputBytes };
}
