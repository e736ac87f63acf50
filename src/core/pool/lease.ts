/**
 * Which waiting job gets which backend next: first come, first served, over backends that are not known to be off,
 * the least busy first. Scheduling with fairness and warmth has its place here.
 */
import type { QueueReason } from "../../contract/job.ts";
import type { Backend } from "./backend.ts";
import type { Health } from "./health.ts";

/** A lease lives this long unless renewed: three renewals of a job may fail. */
export const LEASE_MS = 90_000;

/** Waiting jobs that are told of each move of the line. */
export const TOLD_PLACES = 20;

export type HeldLease = { id: string; jobName: string; backendId: string; expiresAt: number };
export type Waiting = { jobName: string; at: number };
export type Grant = { jobName: string; backendId: string };

/** The grants that can be made now, in order. */
export function grants(
  backends: readonly Backend[],
  health: (id: string) => Health,
  held: readonly HeldLease[],
  waiting: readonly Waiting[],
): Grant[] {
  const free = new Map(
    backends
      .filter((backend) => health(backend.id).state !== "offline")
      .map((backend) => [backend.id, backend.slots - held.filter((lease) => lease.backendId === backend.id).length]),
  );
  const load = new Map(
    backends.map((backend) => [backend.id, held.filter((lease) => lease.backendId === backend.id).length]),
  );
  const made: Grant[] = [];
  for (const { jobName } of waiting) {
    const backendId = [...free.entries()]
      .filter(([, slots]) => slots > 0)
      .sort(([a], [b]) => (load.get(a) ?? 0) - (load.get(b) ?? 0))[0]?.[0];
    if (backendId === undefined) break;
    free.set(backendId, (free.get(backendId) ?? 0) - 1);
    load.set(backendId, (load.get(backendId) ?? 0) + 1);
    made.push({ jobName, backendId });
  }
  return made;
}

/** Why jobs wait. */
export function waitReason(backends: readonly Backend[], health: (id: string) => Health): QueueReason {
  return backends.every((backend) => health(backend.id).state === "offline") ? "backend_offline" : "workers_busy";
}
