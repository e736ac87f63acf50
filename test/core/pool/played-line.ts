/** A line to which anything may happen, with its rows as storage would have them. */
import fc from "fast-check";
import type { Priority } from "../../../src/contract/job-requests.ts";
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
  | { type: "change"; which: number; owner: string | null; priority: Priority };

const owner = fc.constantFrom("a", "b", "c", "d", "e");
const priority = fc.constantFrom<Priority>("low", "normal", "high");
const maxRunning = fc.option(fc.integer({ min: 0, max: 3 }), { freq: 2 });
const which = fc.nat({ max: 50 });
const one = <T extends Action["type"]>(type: T) => fc.constant(type);

export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: one("join"), owner, priority, maxRunning }) },
    { weight: 4, arbitrary: fc.record({ type: one("serve") }) },
    { weight: 3, arbitrary: fc.record({ type: one("end"), which }) },
    { weight: 1, arbitrary: fc.record({ type: one("withdraw"), which }) },
    { weight: 1, arbitrary: fc.record({ type: one("change"), which, owner: fc.option(owner), priority }) },
  ),
  { maxLength: 60, size: "max" },
);

export class PlayedLine {
  readonly line = new Line();
  readonly #rows = new Map<number, Waiting>();
  readonly #held: string[] = [];
  #made = 0;

  /** All who wait, oldest first, as they were written. */
  waiting(): Waiting[] {
    return [...this.#rows.values()].sort((a, b) => a.place - b.place);
  }

  held(owner: string): number {
    return this.#held.filter((one) => one === owner).length;
  }

  /** The owners of the leases that are held, oldest lease first. */
  holders(): readonly string[] {
    return this.#held;
  }

  /** Does it; the job that was served, if one was. */
  play(action: Action): Waiting | null {
    switch (action.type) {
      case "join":
        this.#made += 1;
        this.#write([this.line.join(`job${this.#made}`, request(action.owner, action))]);
        return null;
      case "serve": {
        const job = this.line.next();
        if (!job) return null;
        this.#rows.delete(job.place);
        this.#write(this.line.serve(job.jobName));
        this.#held.push(job.owner);
        return job;
      }
      case "end": {
        const [owner] = this.#held.splice(action.which % Math.max(1, this.#held.length), 1);
        if (owner !== undefined) this.line.giveBack(owner);
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
        this.#write(this.line.change(job.jobName, { ...job, priority, owner: owner ?? job.owner }));
        return null;
      }
    }
  }

  /** The line as it is built after a restart. */
  rebuilt(): Line {
    const line = new Line();
    for (const owner of this.#held) line.hold(owner);
    for (const row of this.waiting()) line.join(row.jobName, row, row);
    return line;
  }

  #pick(which: number): Waiting | undefined {
    return this.waiting()[which % Math.max(1, this.#rows.size)];
  }

  #write(rows: readonly Waiting[]): void {
    for (const row of rows) this.#rows.set(row.place, row);
  }
}
