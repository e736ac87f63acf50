/**
 * What holds of leases: how long they live, and which backend gives the next one: one that is not known to be off, the
 * least busy first. Who gets it is the line's to say.
 */
import type { Backend } from "./backend.ts";

/** A lease lives this long unless renewed: three renewals of a job may fail. */
export const LEASE_MS = 90_000;

/** A lease that is held. `owner` and `group` are those the line counts it for. */
export type HeldLease = {
  id: string;
  jobName: string;
  owner: string;
  group: string;
  backendId: string;
  shape: string;
  grantedAt: number;
  expiresAt: number;
};

/** The backend with a free slot that gives the next lease, or null. Among equally busy ones the first that is configured. */
export function freeBackend(
  backends: readonly Pick<Backend, "id" | "slots">[],
  isUp: (id: string) => boolean,
  held: (id: string) => number,
): string | null {
  let best: { id: string; load: number } | null = null;
  for (const { id, slots } of backends) {
    const load = held(id);
    if (load < slots && isUp(id) && (best === null || load < best.load)) best = { id, load };
  }
  return best?.id ?? null;
}
