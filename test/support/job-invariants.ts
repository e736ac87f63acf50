/**
 * What must hold of every step of the job machine, whatever the event. Used after each step of the job tests and of
 * the fuzz; says which rule was broken.
 */
import type { Step } from "../../src/core/job/draft.ts";
import type { Change, Effect, JobEvent, JobState } from "../../src/core/job/state.ts";
import { statusOf } from "../../src/core/job/status.ts";

/** Wishes that may be left when a job is over. */
const CLEANING: readonly Effect["type"][] = ["release_lease", "withdraw", "cancel_run", "discard", "index", "erase"];

const isOver = (state: JobState) => "finishedAt" in state.stage;

/** Freezes a state, so that a rule that writes into its input throws. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
  return value;
}

/** What of a job its index holds. */
export type Told = Pick<JobState, "metadata"> & { status: string; removed: string | null };

/** What the index should hold of a job. */
export const reportOf = (state: JobState): Told => ({
  status: statusOf(state),
  metadata: state.metadata,
  removed: state.removal?.why ?? null,
});

/** Follows one job through its steps. */
export class Invariants {
  #ends = 0;
  #removals = 0;
  /** What the index has heard last. */
  told: Told | null = null;
  readonly #released = new Map<string, number>();

  /** Throws if this step broke a rule. */
  check(before: JobState, event: JobEvent, { state: after, changes, persist }: Step, now: number): void {
    const rule = (holds: boolean, words: string) => {
      if (!holds)
        throw new Error(`${words}; event ${JSON.stringify(event)}; ${before.stage.name} -> ${after.stage.name}`);
    };
    const first = before.seq === 0 && after.seq > 0 ? 1 : 0;
    rule(after.seq === before.seq + changes.length + first, "[J29] seq grows by one with each visible change");
    const report = before.effects.index;
    if (event.type === "indexed" && event.ok && report?.type === "index" && report.nonce === event.nonce)
      this.told = reportOf(before);
    this.#removals += changes.filter((change) => change.type === "removed").length;
    rule(this.#removals <= 1, "[J34] a job is removed once");
    this.#ends += changes.filter((change) => change.type === "end").length;
    rule(this.#ends === (isOver(after) ? 1 : 0), "[J26] a job ends once, and says so");
    if (isOver(before)) {
      const patched = changes.every((change) => change.type === "patched" || change.type === "removed");
      rule(patched, "[J26] nothing visible happens after the end, but that it is changed or removed by its owner");
      rule(after.stage === before.stage && after.outputs === before.outputs, "[J26] the end stays as it is");
    }
    if (isOver(after)) {
      const left = Object.values(after.effects).filter((effect) => !CLEANING.includes(effect.type));
      rule(left.length === 0, `[J26] only wishes that clean up outlive a job, not ${JSON.stringify(left)}`);
      rule(
        Object.keys(after.deadlines).every((name) => name === "index" || (name === "expire" && !after.removal)),
        "[J26] only the retention is still due, or a report to an index that does not hear",
      );
    } else if (after.seq > 0) {
      rule(after.deadlines.finish_by !== undefined, "[J22] a job that lives has a deadline");
    }
    if (after.stage.name !== before.stage.name || changes.some((change) => change.type === "output")) {
      rule(persist, "[J29] stages and outputs are durable");
    }
    this.#progress(before, after, rule);
    this.#leases(before, after, rule);
    this.#removal(before, after, changes, rule);
    const told = after.effects.index !== undefined || after.deadlines.index !== undefined;
    const reported = changes.some((change) => change.type === "patched" || change.type === "removed");
    rule(told || (statusOf(before) === statusOf(after) && !reported && first === 0), "[J35] a change is reported");
    if (before.effects.index !== after.effects.index && after.effects.index?.type === "index")
      rule(after.effects.index.nonce <= after.seq, "[J35] a report is of what was visible");
    if (event.type === "alarm") {
      const due = Object.entries(after.deadlines).filter(([, at]) => at <= now);
      rule(due.length === 0, `[J22] an alarm leaves nothing due: ${JSON.stringify(due)}`);
    }
    const storing = Object.values(after.effects).flatMap((effect) =>
      effect.type === "store" ? [effect.wanted.key] : [],
    );
    rule(storing.sort().join() === Object.keys(after.wanted).sort().join(), "[J17] what is wanted is being stored");
    const indices = after.outputs.map((output) => output.index);
    rule(new Set(indices).size === indices.length, "[J17] no two outputs have the same place");
  }

  #removal(before: JobState, after: JobState, changes: Change[], rule: (holds: boolean, words: string) => void): void {
    if (before.removal) {
      rule(after.removal !== null && changes.length === 0, "[J34] nothing is shown of a removed job");
      rule(after.removal?.why === before.removal.why, "[J34] why it was removed stays");
    }
    rule((after.removal === null) === (this.#removals === 0), "[J34] a removal is said");
    if (!after.effects.erase) return;
    rule(after.removal?.told === true, "[J34] the rows go when the index was told");
    rule(after.removal?.cleared === true, "[J34] the rows go when the media are gone");
    const left = Object.keys(after.effects).filter((name) => name !== "erase");
    rule(left.length === 0, `[J34] the rows go last, not before ${left}`);
  }

  #progress(before: JobState, after: JobState, rule: (holds: boolean, words: string) => void): void {
    const [was, is] = [before.progress.shown, after.progress.shown];
    if (before.attempt === after.attempt)
      rule(was === null || (is !== null && is >= was), "[J27] progress never falls");
    rule(is === null || is <= (after.stage.name === "succeeded" ? 1 : 0.99), "[J27] 100 % means stored");
  }

  #leases(before: JobState, after: JobState, rule: (holds: boolean, words: string) => void): void {
    for (const [name, effect] of Object.entries(after.effects)) {
      if (effect.type !== "release_lease" || before.effects[name]) continue;
      this.#released.set(effect.leaseId, (this.#released.get(effect.leaseId) ?? 0) + 1);
    }
    const held = heldLease(after);
    for (const spent of after.spentLeases) rule(spent !== held, "[J23] a lease given back is not held");
    for (const spent of after.spentLeases)
      rule((this.#released.get(spent) ?? 0) >= 1, "[J23] a spent lease was given back");
    if (held !== null) rule(!this.#released.has(held), "[J23] a lease that is held was not given back");
  }

  /** How often a lease was given back so far. */
  releases(leaseId: string): number {
    return this.#released.get(leaseId) ?? 0;
  }
}

/** The lease that a job holds. */
export function heldLease(state: JobState): string | null {
  return "run" in state.stage && !state.stage.run.released ? state.stage.run.lease.id : null;
}
