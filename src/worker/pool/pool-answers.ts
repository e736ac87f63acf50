/** What the pool answers to those who call it. */
import type { BackendHealth } from "../../contract/api.ts";
import type { Learned, Lease, QueuePlace } from "../../core/job/state.ts";

/** The pool as its owner sees it. `counters` add up over all runs since the first. */
export type PoolOverview = {
  waiting: number;
  leased: number;
  counters: Record<string, number>;
  backends: BackendHealth[];
};

export type LeaseAnswer =
  | { type: "granted"; lease: Lease; learned: Learned | null }
  | { type: "waiting"; place: QueuePlace };
