import { describe, expect, it } from "vitest";
import { BACKSTOP_MS, SILENCE_MS } from "../../../src/core/job/timing.ts";
import { wakeOf } from "../../../src/core/job/wake.ts";
import { Driver, REACHABLE } from "../../support/job-driver.ts";
import { HOUR, nodeState, START } from "../../support/job-samples.ts";

const FOLLOWED = ["connecting", "posting", "submitted", "running"] as const;

/** Lives through `ms` as the object does: timers as they fall due, an alarm set only where the standing one is too late. */
function live(job: Driver, ms: number, each: (job: Driver) => void): { alarms: number; latestMs: number } {
  let [alarms, armedAt, latestMs] = [0, Number.POSITIVE_INFINITY, 0];
  const end = job.now + ms;
  while (job.now < end) {
    const { timerAt, alarmAt } = wakeOf(job.state, job.now);
    if (alarmAt !== null && armedAt > alarmAt) {
      armedAt = alarmAt;
      alarms += 1;
    }
    const due = Math.min(...Object.values(job.state.deadlines));
    const next = Math.min(timerAt ?? Number.POSITIVE_INFINITY, armedAt, job.now + 500);
    job.now = Math.max(job.now, next);
    if (next >= armedAt) armedAt = Number.POSITIVE_INFINITY;
    if (due <= job.now) latestMs = Math.max(latestMs, job.now - due);
    if (due <= job.now || armedAt === Number.POSITIVE_INFINITY) job.send({ type: "alarm" });
    each(job);
  }
  return { alarms, latestMs };
}

describe("the alarm", () => {
  it.each(FOLLOWED)("[J25] of a job that is %s stands 5 s ahead at most: a reset object goes on then", (stage) => {
    const job = new Driver().to(stage);
    const { alarmAt } = wakeOf(job.state, job.now);
    expect(alarmAt).toBeLessThanOrEqual(job.now + BACKSTOP_MS);
    expect(BACKSTOP_MS).toBeLessThanOrEqual(5_000);
  });

  it("[J22] of a job that rests stands at its deadline, and there is no timer", () => {
    const queued = new Driver().to("queued").indexHears();
    expect(wakeOf(queued.state, queued.now)).toEqual({ timerAt: null, alarmAt: queued.state.deadlines.ask });
    const ended = new Driver().to("succeeded").poolHears("release:lease-1").indexHears();
    expect(wakeOf(ended.state, ended.now)).toEqual({ timerAt: null, alarmAt: START + 100 * HOUR });
  });

  it.each(REACHABLE)("[J22] is never unset while %s", (stage) => {
    const { state, now } = new Driver().to(stage);
    expect(wakeOf(state, now).alarmAt).not.toBeNull();
  });

  it("[J22] is never later than a deadline that must be kept over a reset", () => {
    const job = new Driver().to("running");
    for (const name of ["start_by", "finish_by", "cancel_give_up"] as const) {
      const state = { ...job.state, deadlines: { ...job.state.deadlines, [name]: job.now + 3_000 } };
      expect(wakeOf(state, job.now).alarmAt).toBe(job.now + 3_000);
    }
  });

  it("[J10] is set once for each backstop in a run of a minute, and no deadline is met late", () => {
    const job = new Driver().to("running");
    let step = 0;
    const { alarms, latestMs } = live(job, 60_000, () => {
      step += 1;
      job.report(nodeState("3", step, 1_000));
      if (job.wishes("renew_lease").length > 0) job.poolHears("renew");
    });
    expect(alarms).toBeLessThanOrEqual(60_000 / BACKSTOP_MS);
    expect(latestMs).toBe(0);
  });

  it("[J10] leaves it to the timer to notice a silence in time", () => {
    const job = new Driver().to("running");
    live(job, SILENCE_MS + 500, () => {});
    expect(job.wishes("look")).toHaveLength(1);
  });
});
