/**
 * Which steps of an outbox begin now, and when to look again. A receiver's host has few lanes and no receiver has all
 * of them, so one that is slow delays nobody but itself.
 */
import type { OutboxStep } from "./outbox-rows.ts";

/** How many sends may be under way: in all, and to one host. */
export type Lanes = { atOnce: number; perHost: number };

/** A step that could not be taken since the project did not answer: not before `at` again. Lives in memory alone. */
export type Hold = { tries: number; at: number };

/** Waits before a project that does not answer is asked again. */
const HOLD_MS = [500, 2_000, 10_000, 60_000, 300_000] as const;

/** The step's next hold. */
export function heldAgain(hold: Hold | undefined, now: number): Hold {
  const tries = (hold?.tries ?? 0) + 1;
  return { tries, at: now + (HOLD_MS[Math.min(tries, HOLD_MS.length) - 1] ?? 0) };
}

/**
 * `start`: the steps to begin now. `nextAt`: when the next one is due that is neither begun nor waits for a lane, which
 * the end of another step gives; null where there is none.
 */
export type Plan = { start: OutboxStep[]; nextAt: number | null };

/** Plans from all that is left to do, soonest first, and what is under way, by its key. */
export function planned(
  steps: readonly OutboxStep[],
  underWay: ReadonlyMap<string, OutboxStep>,
  holds: ReadonlyMap<string, Hold>,
  lanes: Lanes,
  now: number,
): Plan {
  const waiting = steps.filter(({ key }) => !underWay.has(key));
  const dueAt = ({ key, at }: OutboxStep) => Math.max(at, holds.get(key)?.at ?? at);
  const later = waiting.map(dueAt).filter((at) => at > now);
  const busy = [...underWay.values()].filter((step) => step.type === "attempt");
  const start: OutboxStep[] = [];
  for (const step of firstTriesFirst(waiting.filter((one) => dueAt(one) <= now))) {
    if (step.type === "attempt") {
      if (!hasLane(step, busy, lanes)) continue;
      busy.push(step);
    }
    start.push(step);
  }
  return { start, nextAt: later.length === 0 ? null : Math.min(...later) };
}

type AttemptStep = Extract<OutboxStep, { type: "attempt" }>;

/** A receiver that has failed may do so again, slowly: it never gets the last lane of all. */
function hasLane(step: AttemptStep, busy: readonly AttemptStep[], { atOnce, perHost }: Lanes): boolean {
  if (busy.filter(({ host }) => host === step.host).length >= perHost) return false;
  return busy.length < (step.attempt > 1 ? Math.max(1, atOnce - 1) : atOnce);
}

const firstTriesFirst = (due: readonly OutboxStep[]): OutboxStep[] =>
  [...due].sort((a, b) => attemptOf(a) - attemptOf(b) || a.at - b.at);

const attemptOf = (step: OutboxStep): number => (step.type === "attempt" ? step.attempt : 0);
