/** What of a job may be changed after its creation: metadata and retention at any time, priority while it waits. */
import type { JobPatch } from "../../contract/job-requests.ts";
import { type Draft, isTerminal } from "./draft.ts";
import type { JobEvent, JobState } from "./state.ts";

/** Longest time from the creation of a job to its removal. */
const MAX_RETENTION_MS = 90 * 86_400_000;

/** Whether its place in line can still be changed: nothing was given to it, and nobody wants its end. */
const mayReorder = (state: JobState): boolean => state.stage.name === "queued" && !state.cancel;

type Patched = Extract<JobEvent, { type: "patched" }>;

/** What a patch means for this job: the event to apply, nothing at all, or that its priority no longer counts. */
export function patchOf(
  state: JobState,
  patch: JobPatch,
  now: number,
): Patched | { type: "nothing" } | { type: "not_queued" } {
  const { retention } = patch;
  const [metadata, priority] = [patch.metadata ?? null, patch.priority ?? null];
  // Asked for what it has already, a job that runs has done as it was told.
  if (priority !== null && priority !== state.priority && !mayReorder(state)) return { type: "not_queued" };
  const keptMs = retention === undefined ? null : retention.expires_in_seconds * 1000;
  if (metadata === null && priority === null && keptMs === null) return { type: "nothing" };
  const latest = state.spec.createdAt + MAX_RETENTION_MS;
  return { type: "patched", metadata, priority, expiresAt: keptMs === null ? null : Math.min(now + keptMs, latest) };
}

/** Takes a patch over; what it may not change stays. */
export function patched(d: Draft, { metadata, priority, expiresAt }: Patched) {
  if (d.state.removal) return;
  if (metadata !== null) d.patch({ metadata });
  if (priority !== null && priority !== d.state.priority && mayReorder(d.state)) {
    d.patch({ priority });
    // Asked again, the pool moves the job in its line. A wait that protects an ill backend goes on.
    const asking = d.state.effects.lease;
    const afterMs = asking?.type === "request_lease" ? asking.afterMs : 0;
    d.wish("lease", { type: "request_lease", tries: 0, afterMs });
  }
  if (expiresAt !== null) {
    d.patch({ expiresAt });
    if (isTerminal(d.state.stage)) d.deadline("expire", expiresAt);
  }
  d.show({ type: "patched" });
  d.tellIndex();
}
