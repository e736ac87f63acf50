/** What the pool answers to those who call it. */
import type { BackendHealth } from "../../contract/api.ts";
import type { Learned, Lease, QueuePlace } from "../job/state.ts";
import type { CapacityState } from "./capacity.ts";
import type { RunTimes } from "./learn.ts";

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

/** What a job would meet: ms until its run begins, ms that it runs. Null where nothing was learned to tell it from. */
export type JobEstimate = { startMs: number | null; runMs: RunTimes | null };

/** The pool for those who may see no backend. `workersReady` counts backends, `estStartMs` is that of a new user's job. */
export type Capacity = {
  state: CapacityState;
  queueDepth: number;
  workersReady: number;
  estStartMs: number | null;
};
