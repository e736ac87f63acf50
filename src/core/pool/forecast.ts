/**
 * In which order the first in line will be served, and when their runs begin: the pool played forward, with every run
 * taking what its shape took before. Where nothing was learned all runs count alike, which still tells the order, and
 * the times are null.
 */
import type { Backend } from "./backend.ts";
import { freeBackend, type HeldLease } from "./lease.ts";
import { type Line, nextOwner } from "./line.ts";

/** The pool as it stands. `runMs` tells how long a run of a shape takes, or null. */
export type PoolNow = {
  now: number;
  backends: readonly Backend[];
  isUp: (backendId: string) => boolean;
  leases: readonly Pick<HeldLease, "owner" | "group" | "backendId" | "shape" | "grantedAt">[];
  runMs: (shape: string) => number | null;
};

/** A job's turn: in how many ms its run begins, or null where that was never learned. */
export type Turn = { jobName: string; startMs: number | null };

/** Stands for a duration that is not known; it orders and is never shown. */
const UNKNOWN_RUN_MS = 30_000;

/** One of the backends, played forward. `lanes` tells when each of the runs that it makes at once ends. */
type Machine = { id: string; slots: number; held: number; lanes: number[] };
type End = { at: number; owner: string; group: string; machine: Machine };

/**
 * The next `limit` turns in order. Fewer come back only where the rest cannot be served whatever ends, because its
 * owners or groups may run nothing. A pool that is off altogether is played as if it were on; the limits of groups as
 * they are now.
 */
export function forecast(line: Line, pool: PoolNow, limit: number): Turn[] {
  const { owners: contenders, groups } = line.contenders(limit);
  const owners = new Map(contenders.map((owner) => [owner.name, owner]));
  const machines = new Map(pool.backends.map(({ id, slots }) => [id, machine(id, slots)]));
  const someUp = pool.backends.some(({ id }) => pool.isUp(id));
  const turns: Turn[] = [];
  let known = pool.leases.every(({ shape }) => pool.runMs(shape) !== null);
  const ends = endsOfHeld(pool, machines);
  let since = Math.max(0, ...[...owners.values()].map((owner) => owner.since));
  for (let now = 0; turns.length < limit; ) {
    const free = freeBackend(
      pool.backends,
      (id) => !someUp || pool.isUp(id),
      (id) => machines.get(id)?.held ?? 0,
    );
    const place = free === null ? undefined : machines.get(free);
    const owner = place && nextOwner(owners.values(), groups);
    const job = owner?.jobs.shift();
    if (place && owner && job) {
      const runMs = pool.runMs(job.shape);
      const { start, end } = occupy(place, now, runMs ?? UNKNOWN_RUN_MS);
      // Nothing has to be learned to tell that a backend stands idle.
      turns.push({ jobName: job.jobName, startMs: known || start === 0 ? Math.round(start) : null });
      known &&= runMs !== null;
      ends.push({ at: end, owner: owner.name, group: job.group, machine: place });
      owner.held += 1;
      groups.hold(job.group);
      since += 1;
      owner.since = since;
    } else {
      const next = takeFirst(ends);
      if (!next) break;
      now = Math.max(now, next.at);
      next.machine.held -= 1;
      groups.giveBack(next.group);
      const other = owners.get(next.owner);
      if (other) other.held -= 1;
    }
  }
  return turns;
}

/** A backend runs one prompt at a time and keeps one waiting; with more slots it is taken to run more at once. */
const machine = (id: string, slots: number): Machine => ({
  id,
  slots,
  held: 0,
  lanes: Array<number>(Math.max(1, slots - 1)).fill(0),
});

/** The ends of the leases that are held, as far as they can be told. */
function endsOfHeld({ now, leases, runMs }: PoolNow, machines: Map<string, Machine>): End[] {
  const newest = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { backendId, grantedAt } of leases) {
    newest.set(backendId, Math.max(newest.get(backendId) ?? 0, grantedAt));
    counts.set(backendId, (counts.get(backendId) ?? 0) + 1);
  }
  const inOrder = [...leases].sort((a, b) => a.grantedAt - b.grantedAt);
  return inOrder.map(({ owner, group, backendId, shape, grantedAt }) => {
    // One that is no longer configured is waited for and gives no more places.
    const place = machines.get(backendId) ?? machine(backendId, 0);
    machines.set(backendId, place);
    const full = (counts.get(backendId) ?? 0) > place.lanes.length;
    // On a full backend a run begins when another ends, which is when the newest lease was given.
    const beganAt = full ? Math.max(grantedAt, newest.get(backendId) ?? 0) : grantedAt;
    const runs = place.held < place.lanes.length;
    const learned = runMs(shape);
    const leftMs = learned === null || !runs ? (learned ?? UNKNOWN_RUN_MS) : Math.max(0, learned - (now - beganAt));
    return { at: occupy(place, 0, leftMs).end, owner, group, machine: place };
  });
}

/** Takes a slot, and the lane that is free first, for a run of that length. */
function occupy(place: Machine, now: number, runMs: number): { start: number; end: number } {
  const lane = place.lanes.indexOf(Math.min(...place.lanes));
  const start = Math.max(now, place.lanes[lane] ?? 0);
  const end = start + runMs;
  place.lanes[lane] = end;
  place.held += 1;
  return { start, end };
}

/** Takes out the end that comes first; of several at once the one that was known first. */
function takeFirst(ends: End[]): End | null {
  let first = 0;
  ends.forEach((end, index) => {
    if (end.at < (ends[first]?.at ?? 0)) first = index;
  });
  return ends.splice(first, 1)[0] ?? null;
}
