/**
 * The waiting line: whose job is served next. Fair between owners (end users): who holds the fewest places goes first,
 * among equals who has waited for a turn longest, so nobody is passed twice while holding nothing. Within one owner
 * strictly priority, then age: a low job waits for as long as its owner keeps asking for higher ones, and no priority
 * moves anybody else's jobs. An owner at its limit is passed over.
 */
import type { Priority } from "../../contract/job-requests.ts";
import { must } from "../util/assert.ts";

/** What a job asks of the pool. */
export type LeaseRequest = {
  /** Groups runs of the same kind for learned durations. */
  shape: string;
  /** Between whom the line is fair: project and user. */
  owner: string;
  priority: Priority;
  /** The job starts only while its owner holds fewer leases than this; null for no limit. */
  maxRunning: number | null;
};

/**
 * A job in line. `place` is its age, `turn` carries over a restart since when its owner waits for a turn; both are
 * numbers of one counter, which tells before from after where a clock may stand still.
 */
export type Waiting = Readonly<LeaseRequest> & {
  readonly jobName: string;
  readonly place: number;
  readonly turn: number;
};

/** An owner who waits or holds a lease. `since` is when its turn was last had, or else when it came to wait. */
export type Owner = { readonly name: string; held: number; since: number; readonly jobs: Waiting[] };

const RANK: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/** The owner to be served next, or null where none may be: O(owners). */
export function nextOwner(owners: Iterable<Owner>): Owner | null {
  let best: Owner | null = null;
  for (const owner of owners) if (mayStart(owner) && (best === null || isBefore(owner, best))) best = owner;
  return best;
}

function mayStart({ held, jobs: [head] }: Owner): boolean {
  return head !== undefined && (head.maxRunning === null || held < head.maxRunning);
}

function isBefore(a: Owner, b: Owner): boolean {
  if (a.held !== b.held) return a.held < b.held;
  return a.since === b.since ? a.name < b.name : a.since < b.since;
}

/**
 * The line and what each owner holds. Methods that change it return the rows that have to be written again, beside the
 * one that the caller puts in or takes out.
 */
export class Line {
  readonly #owners = new Map<string, Owner>();
  readonly #jobs = new Map<string, Waiting>();
  #counter = 0;

  get size(): number {
    return this.#jobs.size;
  }

  /** The job as it waits, or null. */
  job(jobName: string): Waiting | null {
    return this.#jobs.get(jobName) ?? null;
  }

  /** Puts a job in that does not wait yet; `row` is what storage has of it. */
  join(jobName: string, request: Readonly<LeaseRequest>, row?: { place: number; turn: number }): Waiting {
    const { shape, owner: name, priority, maxRunning } = request;
    const owner = this.#owner(name);
    const place = row?.place ?? this.#counter + 1;
    if (owner.jobs.length === 0) owner.since = row?.turn ?? place;
    else if (row) owner.since = Math.max(owner.since, row.turn);
    const turn = row?.turn ?? owner.since;
    const job: Waiting = { jobName, shape, owner: name, priority, maxRunning, place, turn };
    this.#counter = Math.max(this.#counter, place, turn);
    owner.jobs.splice(indexOf(owner.jobs, job), 0, job);
    this.#jobs.set(jobName, job);
    return job;
  }

  /** A waiting job asks for something else: it keeps its age, and its owner its turn. */
  change(jobName: string, request: Readonly<LeaseRequest>): Waiting[] {
    const old = must(this.job(jobName), "the job in line");
    if (old.owner !== request.owner) {
      const rows = this.leave(jobName);
      const jobs = this.#owners.get(request.owner)?.jobs ?? [];
      const turn = jobs.length > 0 ? this.#owner(request.owner).since : old.place;
      return [...rows, this.join(jobName, request, { place: old.place, turn })];
    }
    const { shape, owner: name, priority, maxRunning } = request;
    const job: Waiting = { ...old, shape, priority, maxRunning };
    const { jobs } = this.#owner(name);
    jobs.splice(indexOf(jobs, old), 1);
    jobs.splice(indexOf(jobs, job), 0, job);
    this.#jobs.set(jobName, job);
    return [job];
  }

  /** Takes a job out; one that does not wait changes nothing. */
  leave(jobName: string): Waiting[] {
    const job = this.job(jobName);
    if (!job) return [];
    this.#jobs.delete(jobName);
    const owner = this.#owner(job.owner);
    owner.jobs.splice(indexOf(owner.jobs, job), 1);
    this.#drop(owner);
    return job.turn < owner.since || owner.jobs.some(({ turn }) => turn === owner.since) ? [] : this.#carry(owner);
  }

  /** The job that is served next, or null where nobody waits who may be served. */
  next(): Waiting | null {
    return nextOwner(this.#owners.values())?.jobs[0] ?? null;
  }

  /** The job leaves for a place at a backend: its owner holds one more and had its turn. */
  serve(jobName: string): Waiting[] {
    const owner = this.#owner(must(this.job(jobName), "the job in line").owner);
    owner.held += 1;
    this.leave(jobName);
    this.#counter += 1;
    owner.since = this.#counter;
    return this.#carry(owner);
  }

  /** The owner holds a lease that was given before the line was built. */
  hold(ownerName: string): void {
    this.#owner(ownerName).held += 1;
  }

  /** A lease of the owner is over. */
  giveBack(ownerName: string): void {
    const owner = this.#owner(ownerName);
    owner.held = Math.max(0, owner.held - 1);
    this.#drop(owner);
  }

  /** Whether the owner waits only because it holds as many leases as it may. */
  isAtLimit(ownerName: string): boolean {
    const owner = this.#owners.get(ownerName);
    return owner !== undefined && owner.jobs.length > 0 && !mayStart(owner);
  }

  /**
   * How many jobs would be served before this one if no lease ended and nobody were at a limit: O(owners). `alone` says
   * that only its owner waits, which makes the number exact.
   */
  ahead(jobName: string): { count: number; alone: boolean } {
    const job = must(this.job(jobName), "the job in line");
    const mine = this.#owner(job.owner);
    let count = indexOf(mine.jobs, job);
    const level = mine.held + count;
    let alone = true;
    for (const other of this.#owners.values()) {
      if (other === mine || other.jobs.length === 0) continue;
      alone = false;
      // Who comes to a level by being served stands behind those who were on it, in the order of the level below.
      const first = other.held === mine.held ? isBefore(other, mine) : other.held > mine.held;
      count += Math.min(other.jobs.length, Math.max(0, level - other.held + (first ? 1 : 0)));
    }
    return { count, alone };
  }

  /** Copies of all owners who can be among the next `limit` to be served, with as many of their jobs: O(owners). */
  contenders(limit: number): Owner[] {
    const holding: Owner[] = [];
    const first: Owner[] = [];
    for (const owner of this.#owners.values()) {
      if (owner.jobs.length === 0) continue;
      if (owner.held > 0) holding.push(owner);
      else if (mayStart(owner)) insertBounded(first, owner, limit);
    }
    return [...holding, ...first].map((owner) => ({ ...owner, jobs: owner.jobs.slice(0, limit) }));
  }

  /** Writes on the owner's first job since when the owner waits, for the line that is built after a restart. */
  #carry(owner: Owner): Waiting[] {
    const [head] = owner.jobs;
    if (!head) return [];
    const job = { ...head, turn: owner.since };
    owner.jobs[0] = job;
    this.#jobs.set(job.jobName, job);
    return [job];
  }

  #owner(name: string): Owner {
    const known = this.#owners.get(name);
    if (known) return known;
    const owner: Owner = { name, held: 0, since: 0, jobs: [] };
    this.#owners.set(name, owner);
    return owner;
  }

  #drop(owner: Owner): void {
    if (owner.held === 0 && owner.jobs.length === 0) this.#owners.delete(owner.name);
  }
}

/** Where the job stands, or would stand, among the jobs of its owner. */
function indexOf(jobs: readonly Waiting[], job: Waiting): number {
  let low = 0;
  let high = jobs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = must(jobs[middle], "a job of the owner");
    const rank = RANK[other.priority] - RANK[job.priority];
    if (rank < 0 || (rank === 0 && other.place < job.place)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Keeps the `limit` first of those it is called with, in order. */
function insertBounded(first: Owner[], owner: Owner, limit: number): void {
  const last = first[limit - 1];
  if (last && !isBefore(owner, last)) return;
  const index = first.findIndex((other) => isBefore(owner, other));
  first.splice(index < 0 ? first.length : index, 0, owner);
  if (first.length > limit) first.pop();
}
