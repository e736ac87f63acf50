/**
 * The door of a job: who finds it, and what those are told who do not. The one place that decides, so that no way in can
 * forget whose job it is, or that it was removed.
 */
import { mayReach, type Reader } from "../../core/job/reader.ts";
import type { JobState, Removal } from "../../core/job/state.ts";
import type { Absent, FirstRequest } from "./job-answers.ts";
import type { JobStore } from "./job-store.ts";

export type { FirstRequest } from "./job-answers.ts";

/** What a create finds under its id. */
export type Known = { type: "replay" } | { type: "conflict" } | { type: "removed"; why: Removal["why"] };

export class JobAccess {
  readonly #store: JobStore;
  readonly #state: () => JobState | null;

  constructor(store: JobStore, state: () => JobState | null) {
    this.#store = store;
    this.#state = state;
  }

  /** The job that is there for everybody who may reach it; null once its removal has begun. */
  get open(): JobState | null {
    const state = this.#state();
    return state && !state.removal ? state : null;
  }

  /** Why the job is gone; null where it is not, or never was. */
  get gone(): Removal["why"] | null {
    const state = this.#state();
    return state ? (state.removal?.why ?? null) : (this.#store.tombstone()?.why ?? null);
  }

  /** Does something with the job for a caller who reaches it; others learn what they may. */
  within<T>(reader: Reader, act: (state: JobState) => T): T | Absent {
    const state = this.#state();
    const owner = state?.spec ?? this.#store.tombstone();
    if (!owner || !mayReach(owner, reader)) return { type: "unknown" };
    const { open, gone } = this;
    if (open) return act(open);
    return { type: gone === "deleted" ? "deleted" : "erased" };
  }

  /** What a create of this fingerprint finds; null where it is the first. */
  known(fingerprint: string): Known | null {
    const found = this.#state()?.spec ?? this.#store.tombstone();
    if (!found) return null;
    if (found.fingerprint !== fingerprint) return { type: "conflict" };
    const { gone } = this;
    return gone === null ? { type: "replay" } : { type: "removed", why: gone };
  }
}

/** What a job was asked to do, as it would be asked for again. */
export function firstRequestOf(state: JobState, graph: () => string): FirstRequest {
  const { spec } = state;
  return {
    type: "found",
    workflow: spec.workflow && `${spec.workflow.id}@${spec.workflow.version}`,
    // A workflow's parameters are literals, all of them.
    inputs: spec.inputs as FirstRequest["inputs"],
    graph: spec.workflow ? null : graph(),
    keepTemporary: spec.keepTemporary,
    metadata: state.metadata,
    priority: state.priority,
    user: spec.user,
    terminal: "finishedAt" in state.stage,
  };
}
