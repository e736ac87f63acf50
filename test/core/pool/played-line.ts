/** A line to which anything may happen, with its rows as storage would have them. */
import fc from "fast-check";
import type { Priority } from "../../../src/contract/job-requests.ts";
import { groupOf } from "../../../src/core/pool/groups.ts";
import { type LeaseRequest, Line, type Waiting } from "../../../src/core/pool/line.ts";

export const request = (owner: string, rest: Partial<LeaseRequest> = {}): LeaseRequest => ({
  shape: "a shape",
  owner,
  priority: "normal",
  maxRunning: null,
  ...rest,
});

/** A line of jobs named by owner and number: `["b", "a", "a"]` is b0, a0, a1. */
export function lineOf(owners: readonly string[], rest: Partial<LeaseRequest> = {}): Line {
  const line = new Line();
  const counts: Record<string, number> = {};
  for (const owner of owners) {
    const number = counts[owner] ?? 0;
    counts[owner] = number + 1;
    line.join(`${owner}${number}`, request(owner, rest));
  }
  return line;
}

/** Serves whoever is next; null where nobody may be served. */
export function serveNext(line: Line): Waiting | null {
  const job = line.next();
  if (job) line.serve(job.jobName);
  return job;
}

/** Serves all that can be served, no lease ending. */
export function serveAll(line: Line): Waiting[] {
  const jobs: Waiting[] = [];
  for (let job = serveNext(line); job; job = serveNext(line)) jobs.push(job);
  return jobs;
}

/** What may befall a line; `which` picks among what there is. */
export type Action =
  | { type: "join"; owner: string; priority: Priority; maxRunning: number | null }
  | { type: "serve" }
  | { type: "end"; which: number }
  | { type: "withdraw"; which: number }
  | { type: "change"; which: number; owner: string | null; priority: Priority }
  | { type: "limit"; group: string; groupMax: number | null };

/** The limits of groups; null, or none, for no limit. */
export type GroupLimits = Readonly<Record<string, number | null>>;

const groupMax = fc.option(fc.integer({ min: 0, max: 3 }), { freq: 3 });
export const groupLimits: fc.Arbitrary<GroupLimits> = fc.record({ p: groupMax, q: groupMax, r: groupMax });

const priority = fc.constantFrom<Priority>("low", "normal", "high");
const maxRunning = fc.option(fc.integer({ min: 0, max: 3 }), { freq: 2 });
const which = fc.nat({ max: 50 });
const one = <T extends Action["type"]>(type: T) => fc.constant(type);

const actionsOf = (owners: readonly string[], limitWeight: number): fc.Arbitrary<Action[]> => {
  const owner = fc.constantFrom(...owners);
  const group = fc.constantFrom(...owners.map(groupOf));
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: one("join"), owner, priority, maxRunning }) },
      { weight: 4, arbitrary: fc.record({ type: one("serve") }) },
      { weight: 3, arbitrary: fc.record({ type: one("end"), which }) },
      { weight: 1, arbitrary: fc.record({ type: one("withdraw"), which }) },
      { weight: 1, arbitrary: fc.record({ type: one("change"), which, owner: fc.option(owner), priority }) },
      { weight: limitWeight, arbitrary: fc.record({ type: one("limit"), group, groupMax }) },
    ),
    { maxLength: 60, size: "max" },
  );
};

/** Owners without a group in common. */
export const actions = actionsOf(["a", "b", "c", "d", "e"], 0);

const MEMBERS = ["p/a", "p/b", "p/c", "q/a", "q/b", "r/a"];
/** Owners of three groups, whose limits stay as they are. */
export const groupActions = actionsOf(MEMBERS, 0);
/** Owners of three groups, whose limits change for the jobs that come after. */
export const limitActions = actionsOf(MEMBERS, 1);

export class PlayedLine {
  readonly line = new Line();
  readonly #rows = new Map<number, Waiting>();
  readonly #held: { owner: string; group: string }[] = [];
  #limits: GroupLimits;
  #made = 0;

  constructor(limits: GroupLimits = {}) {
    this.#limits = limits;
  }

  /** All who wait, oldest first, as they were written. */
  waiting(): Waiting[] {
    return [...this.#rows.values()].sort((a, b) => a.place - b.place);
  }

  held(owner: string): number {
    return this.#held.filter((one) => one.owner === owner).length;
  }

  heldByGroup(group: string): number {
    return this.#held.filter((one) => one.group === group).length;
  }

  /** The owners of the leases that are held, oldest lease first. */
  holders(): readonly string[] {
    return this.#held.map(({ owner }) => owner);
  }

  /** Does it; the job that was served, if one was. */
  play(action: Action): Waiting | null {
    switch (action.type) {
      case "join":
        this.#made += 1;
        this.#write([
          this.line.join(`job${this.#made}`, request(action.owner, { ...action, ...this.#of(action.owner) })),
        ]);
        return null;
      case "serve": {
        const job = this.line.next();
        if (!job) return null;
        this.#rows.delete(job.place);
        this.#write(this.line.serve(job.jobName));
        this.#held.push({ owner: job.owner, group: job.group });
        return job;
      }
      case "end": {
        const [lease] = this.#held.splice(action.which % Math.max(1, this.#held.length), 1);
        if (lease) this.line.giveBack(lease.owner, lease.group);
        return null;
      }
      case "withdraw": {
        const job = this.#pick(action.which);
        if (!job) return null;
        this.#rows.delete(job.place);
        this.#write(this.line.leave(job.jobName));
        return null;
      }
      case "change": {
        const job = this.#pick(action.which);
        if (!job) return null;
        const { priority, owner } = action;
        const moved = owner === null ? {} : { owner, ...this.#of(owner) };
        this.#write(this.line.change(job.jobName, { ...job, priority, ...moved }));
        return null;
      }
      case "limit":
        this.#limits = { ...this.#limits, [action.group]: action.groupMax };
        return null;
    }
  }

  /** The line as it is built after a restart, of those jobs that are to be in it. */
  rebuilt(isIn: (job: Waiting) => boolean = () => true): Line {
    const line = new Line();
    for (const { owner, group } of this.#held) line.hold(owner, group);
    for (const row of this.waiting().filter(isIn)) line.join(row.jobName, row, row);
    return line;
  }

  #of(owner: string) {
    const group = groupOf(owner);
    return { group, groupMax: this.#limits[group] ?? null };
  }

  #pick(which: number): Waiting | undefined {
    return this.waiting()[which % Math.max(1, this.#rows.size)];
  }

  #write(rows: readonly Waiting[]): void {
    for (const row of rows) this.#rows.set(row.place, row);
  }
}
