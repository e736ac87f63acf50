/** When a job has to be woken next: by its own timer while it is in memory, and by the alarm in any case. */
import { nextAlarm } from "../clock/deadlines.ts";
import type { JobState } from "./state.ts";
import { BACKSTOP_MS } from "./timing.ts";

/** `timerAt`: null where no timer is needed. `alarmAt`: the latest time at which the alarm may stand; null for none. */
export type Wake = { timerAt: number | null; alarmAt: number | null };

/**
 * A job that stays at a backend is in memory anyway: its deadlines are met by a timer, and the alarm only brings it
 * back after a reset. A job that rests has nothing but the alarm. `webhooksAt` is when the next attempt at one comes.
 */
export function wakeOf(
  { deadlines, effects, stage }: Pick<JobState, "deadlines" | "effects" | "stage">,
  now: number,
  webhooksAt: number | null = null,
): Wake {
  const followed = "run" in stage;
  // After a reset these two can wait for the alarm; a lease lives longer than that.
  const { watch, renew, ...others } = deadlines;
  const backstop = followed || Object.keys(effects).length > 0 ? now + BACKSTOP_MS : null;
  const next = followed ? nextAlarm(deadlines) : null;
  return {
    // What is further away than the alarm is the alarm's.
    timerAt: next !== null && next <= now + BACKSTOP_MS ? next : null,
    alarmAt: nextAlarm(followed ? others : deadlines, [backstop, webhooksAt]),
  };
}
