/** What somebody who has no job yet is told of the pool. */

/**
 * What a new job would meet. `offline`: nothing runs until a backend is back. `busy`: it has to wait in line.
 * `degraded`: it starts at once, though some backend is off. `ok`: it starts at once.
 */
export type CapacityState = "ok" | "busy" | "degraded" | "offline";

/** The state of a pool with so many backends, so many of them up, and so many free slots on these. */
export function capacityState(pool: { backends: number; up: number; freeSlots: number }): CapacityState {
  if (pool.up === 0) return "offline";
  if (pool.freeSlots === 0) return "busy";
  return pool.up < pool.backends ? "degraded" : "ok";
}
