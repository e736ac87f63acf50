/**
 * The waiting line: whose job is served next. Fair between owners (end users): who holds the fewest places goes first,
 * among equals who has waited for a turn longest, so nobody is passed twice while holding nothing. Within one owner
 * strictly priority, then age: a low job waits for as long as its owner keeps asking for higher ones, and no priority
 * moves anybody else's jobs. An owner at its limit, or whose group is at its limit, is passed over.
 */
import type { Priority } from "../../contract/job-requests.ts";
import { must } from "../util/assert.ts";
import { Groups, groupOf } from "./groups.ts";

/** What a job asks of the pool. */
export type LeaseRequest = {
  /** Groups runs of the same kind for learned durations. */
  shape: string;
  /** Between whom the line is fair: project and user. */
  owner: string;
  priority: Priority;
  /** The job starts only while its owner holds fewer leases than this; null for no limit. */
  maxRunning: number | null;
  /** Whose owners share the limit `groupMax`: the project. Where it is not said, the owner's part before the first "/". */
  group?: string | undefined;
  /** How many leases the group may hold at once; null for no limit. The youngest waiting job's word holds for all. */
  groupMax?: number | null | undefined;
};

/** A request that leaves nothing unsaid. */
export type FullRequest = Omit<LeaseRequest, "group" | "groupMax"> & { group: string; groupMax: number | null };

export const inFull = ({ shape, owner, priority, maxRunning, group, groupMax }: LeaseRequest): FullRequest => ({
  shape,
  owner,
  priority,
  maxRunning,
  group: group ?? groupOf(owner),
  groupMax: groupMax ?? null,
});

/**
 * A job in line. `place` is its age, `turn` carries over a restart since when its owner waits for a turn; both are
 * numbers of one counter, which tells before from after where a clock may stand still.
 */
export type Waiting = Readonly<FullRequest> & {
  readonly jobName: string;
  readonly place: number;
  readonly turn: number;
};

/** An owner who waits or holds a lease. `since` is when its turn was last had, or else when it came to wait. */
export type Owner = { readonly name: string; held: number; since: number; readonly jobs: Waiting[] };

const RANK: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/** The owner to be served next, or null where none may be: O(owners). */
export function nextOwner(owners: Iterable<Owner>, groups: Groups): Owner | null {
  let best: Owner | null = null;
  for (const owner of owners) if ((best === null || isBefore(owner, best)) && mayStart(owner, groups)) best = owner;
  return best;
}

function mayStart({ held, jobs: [head] }: Owner, groups: Groups): boolean {
  return head !== undefined && (head.maxRunning === null || held < head.maxRunning) && groups.hasRoom(head.group);
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
  readonly #groups = new Groups();
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
    const owner = this.#owner(request.owner);
    const place = row?.place ?? this.#counter + 1;
    if (owner.jobs.length === 0) owner.since = row?.turn ?? place;
    else if (row) owner.since = Math.max(owner.since, row.turn);
    const turn = row?.turn ?? owner.since;
    const job: Waiting = { ...inFull(request), jobName, place, turn };
    this.#counter = Math.max(this.#counter, place, turn);
    owner.jobs.splice(indexOf(owner.jobs, job), 0, job);
    this.#groups.join(job);
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
    const job: Waiting = { ...old, ...inFull(request) };
    const { jobs } = this.#owner(job.owner);
    jobs.splice(indexOf(jobs, old), 1);
    jobs.splice(indexOf(jobs, job), 0, job);
    this.#groups.leave(old);
    this.#groups.join(job);
    this.#jobs.set(jobName, job);
    return [job];
  }

  /** Takes a job out; one that does not wait changes nothing. */
  leave(jobName: string): Waiting[] {
    const job = this.job(jobName);
    if (!job) return [];
    this.#jobs.delete(jobName);
    this.#groups.leave(job);
    const owner = this.#owner(job.owner);
    owner.jobs.splice(indexOf(owner.jobs, job), 1);
    this.#drop(owner);
    return job.turn < owner.since || owner.jobs.some(({ turn }) => turn === owner.since) ? [] : this.#carry(owner);
  }

  /** The job that is served next, or null where nobody waits who may be served. */
  next(): Waiting | null {
    return nextOwner(this.#owners.values(), this.#groups)?.jobs[0] ?? null;
  }

  /** The job leaves for a place at a backend: its owner and group hold one more, and its owner had its turn. */
  serve(jobName: string): Waiting[] {
    const job = must(this.job(jobName), "the job in line");
    const owner = this.#owner(job.owner);
    owner.held += 1;
    this.#groups.hold(job.group);
    this.leave(jobName);
    this.#counter += 1;
    owner.since = this.#counter;
    return this.#carry(owner);
  }

  /** The owner, in that group, holds a lease that was given before the line was built. */
  hold(ownerName: string, group = groupOf(ownerName)): void {
    this.#owner(ownerName).held += 1;
    this.#groups.hold(group);
  }

  /** A lease of the owner, given to it in that group, is over. */
  giveBack(ownerName: string, group = groupOf(ownerName)): void {
    this.#groups.giveBack(group);
    const owner = this.#owner(ownerName);
    owner.held = Math.max(0, owner.held - 1);
    this.#drop(owner);
  }

  /** Whether the owner waits only because it, or its group, holds as many leases as it may. */
  isAtLimit(ownerName: string): boolean {
    const owner = this.#owners.get(ownerName);
    return owner !== undefined && owner.jobs.length > 0 && !mayStart(owner, this.#groups);
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

  /**
   * Copies of all owners who can be among the next `limit` to be served, with as many of their jobs, and of what the
   * groups hold: O(owners).
   */
  contenders(limit: number): { owners: Owner[]; groups: Groups } {
    const holding: Owner[] = [];
    const first = new Map<string, Owner[]>();
    for (const owner of this.#owners.values()) {
      const [head] = owner.jobs;
      if (!head) continue;
      if (owner.held > 0) holding.push(owner);
      else if (head.maxRunning !== 0 && this.#groups.mayHold(head.group)) {
        const inGroup = first.get(head.group) ?? [];
        insertBounded(inGroup, owner, limit);
        first.set(head.group, inGroup);
      }
    }
    const groups = [...first.keys()].filter((group) => this.#groups.held(group) > 0);
    // The first of a group that holds nothing is at no limit: as many of them are served before any behind them.
    const heads: Owner[] = [];
    for (const [group, [head]] of first) if (head && this.#groups.held(group) === 0) insertBounded(heads, head, limit);
    groups.push(...heads.flatMap(({ jobs: [head] }) => head?.group ?? []));
    const owners = [...holding, ...groups.flatMap((group) => first.get(group) ?? [])];
    return {
      owners: owners.map((owner) => ({ ...owner, jobs: owner.jobs.slice(0, limit) })),
      groups: this.#groups.copy(),
    };
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
