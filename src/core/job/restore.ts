/** A job out of storage. Rows written by an older version lack what was added since; they get what it would have meant. */
import type { JobSpec } from "./spec.ts";
import type { JobState } from "./state.ts";

type Added = "project" | "user" | "rerunOf" | "concurrent" | "projectConcurrent" | "priority";
type AddedLater = "metadata" | "priority" | "expiresAt" | "removal" | "hooks";

/** A spec as it may lie in storage. */
export type StoredSpec = Omit<JobSpec, Added> & Partial<Pick<JobSpec, Added>>;
/** A state as it may lie in storage, beside its spec. */
export type StoredState = Omit<JobState, "spec" | AddedLater> & Partial<Pick<JobState, AddedLater>>;

/** The job in the present form. */
export function restoredJob(stored: StoredSpec, saved: StoredState): JobState {
  const spec: JobSpec = {
    project: "default",
    user: null,
    rerunOf: null,
    concurrent: null,
    projectConcurrent: null,
    priority: "normal",
    ...stored,
  };
  const { metadata, priority, expiresAt } = spec;
  // Those that ended before there were webhooks tell nobody.
  const hooks = { wanted: [], progressAt: null, endOpen: !("finishedAt" in saved.stage) };
  const state: JobState = { metadata, priority, expiresAt, removal: null, hooks, ...saved, spec };
  if (!state.effects.erase || state.removal) return state;
  // Its time was over, and the older version was about to remove it: the alarm begins that anew.
  const { erase: _old, ...effects } = state.effects;
  return { ...state, effects, deadlines: { ...state.deadlines, expire: expiresAt } };
}
