import { describe, expect, it } from "vitest";
import { patchOf } from "../../../src/core/job/patch.ts";
import { Driver, REACHABLE } from "../../support/job-driver.ts";
import { HOUR, START } from "../../support/job-samples.ts";

const DAY = 24 * HOUR;
/** Does to a job what a request of its owner asks for. */
const ask = (job: Driver, patch: Parameters<typeof patchOf>[1]) => {
  const event = patchOf(job.state, patch, job.now);
  return event.type === "patched" ? job.send(event) : event.type;
};

describe("a patch", () => {
  it.each(REACHABLE)("[J36] replaces the metadata while %s, and is seen: seq grows by one", (stage) => {
    const job = new Driver({ metadata: { a: "1", b: "2" } }).to(stage);
    const { seq, stage: before } = job.state;
    ask(job, { metadata: { c: "3" } });
    expect([job.state.metadata, job.state.seq, job.persisted]).toEqual([{ c: "3" }, seq + 1, true]);
    expect([job.state.stage, job.changes.at(-1)]).toEqual([before, { type: "patched" }]);
    expect(job.wish("index").nonce).toBe(seq + 1);
  });

  it("[J36] of nothing changes nothing", () => {
    expect(ask(new Driver().to("running"), {})).toBe("nothing");
  });

  it("[J36] moves no other promise", () => {
    const job = new Driver().to("running");
    const { deadlines, spec } = job.state;
    ask(job, { metadata: {}, retention: { expires_in_seconds: 3_600 } });
    expect([job.state.deadlines, job.state.spec]).toEqual([deadlines, spec]);
  });
});

describe("the priority", () => {
  it("[J36] moves a job in its line: the pool is asked again", () => {
    const job = new Driver().to("queued");
    expect(job.wishes("request_lease")).toEqual([]);
    ask(job, { priority: "high" });
    expect([job.state.priority, job.wish("request_lease").afterMs]).toEqual(["high", 0]);
  });

  it("[J36] asks anew where an answer is under way: that one was asked with the old priority", () => {
    const job = new Driver().created();
    const before = job.wish("request_lease");
    ask(job, { priority: "low" });
    expect(job.wish("request_lease")).not.toBe(before);
  });

  it("[J36] does not cut short the wait after a lease that was of no use", () => {
    const job = new Driver().to("connecting").noSocket(false).noSocket(false);
    const { afterMs } = job.wish("request_lease");
    expect(afterMs).toBeGreaterThan(0);
    ask(job, { priority: "high" });
    expect(job.wish("request_lease").afterMs).toBe(afterMs);
  });

  it.each(REACHABLE.filter((stage) => stage !== "queued"))("[J36] counts no longer while %s, and says so", (stage) => {
    const job = new Driver().to(stage);
    const { state } = job;
    expect(ask(job, { priority: "high", metadata: { a: "1" } })).toBe("not_queued");
    expect(job.state).toBe(state);
  });

  it("[J36] that a job has already may be asked for at any time: a repeated request is no error", () => {
    const job = new Driver({ priority: "high" }).to("running");
    ask(job, { priority: "high" });
    expect([job.state.priority, job.wishes("request_lease")]).toEqual(["high", []]);
  });
});

describe("the retention", () => {
  it("[J36] is reckoned from now, and moves the removal of a job that has ended", () => {
    const job = new Driver().to("succeeded").sleep(10 * HOUR);
    ask(job, { retention: { expires_in_seconds: (2 * DAY) / 1000 } });
    const expiresAt = START + 10 * HOUR + 2 * DAY;
    expect([job.state.expiresAt, job.state.deadlines.expire]).toEqual([expiresAt, expiresAt]);
    job.wait(2 * DAY - 1);
    expect(job.state.removal).toBeNull();
    expect(job.wait(1).state.removal?.why).toBe("expired");
  });

  it("[J36] of a job that lives counts from its end on", () => {
    const job = new Driver().to("running");
    ask(job, { retention: { expires_in_seconds: 7 * 86_400 } });
    expect(job.state.deadlines.expire).toBeUndefined();
    expect(job.cut().send({ type: "remove_requested", by: "deleted" }).state.deadlines.expire).toBeUndefined();
    const ended = new Driver().to("queued");
    ask(ended, { retention: { expires_in_seconds: 7 * 86_400 } });
    expect(ended.cancel().state.deadlines.expire).toBe(START + 7 * DAY);
  });

  it("[J36] ends 90 days after the creation at the latest", () => {
    const job = new Driver().to("succeeded").sleep(50 * DAY);
    ask(job, { retention: { expires_in_seconds: 90 * 86_400 } });
    expect(job.state.expiresAt).toBe(START + 90 * DAY);
  });
});
