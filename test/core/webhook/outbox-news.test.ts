import { describe, expect, it } from "vitest";
import { step } from "../../../src/core/job/machine.ts";
import type { JobEvent } from "../../../src/core/job/state.ts";
import { LONGEST_DELIVERY_MS } from "../../../src/core/webhook/schedule.ts";
import { Driver } from "../../support/job-driver.ts";

const ALL = { hooks: ["job.*"] };
const HOUR = 3_600_000;

/** What one more event makes of a job, with attempts to come or without. */
const after = (job: Driver, event: JobEvent, undelivered = false) =>
  step(job.state, event, { now: job.now, uuid: () => "uuid", undelivered });
const typesOf = ({ news }: ReturnType<typeof after>) =>
  news.map((one) => (one.type === "status" ? one.status : one.type));
const indexed = (job: Driver, hooks: readonly string[] | null): JobEvent => ({
  type: "indexed",
  nonce: job.wish("index").nonce,
  ok: true,
  hooks,
});

describe("the news of a job", () => {
  it("[W6] are none where nobody wants any", () => {
    const job = new Driver().to("running");
    expect(typesOf(after(job, { type: "cancel_requested", by: "owner", reason: null }))).toEqual([]);
    expect(typesOf(after(job, { type: "remove_requested", by: "deleted" }))).toEqual([]);
  });

  it("[W6] are what the job's own webhook asks for, and what the project's endpoints ask for", () => {
    for (const part of [
      { webhook: { url: "https://app.dev/x", events: ["job.canceled"] } },
      { hooks: ["job.canceled"] },
    ]) {
      const job = new Driver(part).to("queued");
      const next = after(job, { type: "cancel_requested", by: "owner", reason: null });
      expect(typesOf(next)).toEqual(["canceled"]);
      expect(next.persist).toBe(true);
    }
  });

  it("[W5] carry each its own seq, rising with the change", () => {
    const job = new Driver(ALL).to("queued");
    const { news, state } = after(job, { type: "remove_requested", by: "deleted" });
    expect(news.map(({ type }) => type)).toEqual(["status", "deleted"]);
    expect(Math.max(...news.map(({ seq }) => seq))).toBeLessThanOrEqual(state.seq);
  });

  it("[W6] tell the end to an endpoint of which the report of the end brings word, once", () => {
    const job = new Driver().to("succeeded");
    const heard = after(job, indexed(job, ["job.succeeded"]));
    expect(typesOf(heard)).toEqual(["succeeded"]);
    expect(heard.persist).toBe(true);
    const told = new Driver();
    told.state = heard.state;
    expect(typesOf(after(told, { type: "alarm" }))).toEqual([]);
  });

  it("[W6] tell nothing of an old end to an endpoint that was made after it", () => {
    const job = new Driver().to("succeeded");
    job.send(indexed(job, []));
    job.send({ type: "patched", metadata: { a: "b" }, priority: null, expiresAt: null });
    expect(typesOf(after(job, indexed(job, ["job.*"])))).toEqual([]);
  });

  it.each(["queued", "running", "succeeded"] as const)(
    "[W6] do not change by an index that says nothing, while %s",
    (stage) => {
      const job = new Driver(ALL).to(stage);
      if (job.wishes("index").length === 0) return;
      expect(after(job, indexed(job, null)).state.hooks.wanted).toEqual(["job.*"]);
    },
  );
});

describe("a job with attempts to come", () => {
  const overdue = () => {
    const job = new Driver().to("succeeded").poolHears("release:lease-1").indexHears();
    job.now = job.state.expiresAt;
    return job;
  };

  it("[W13] is not removed when its time is over, and looked at again later", () => {
    const job = overdue();
    const kept = after(job, { type: "alarm" }, true);
    expect(kept.state.removal).toBeNull();
    expect(kept.state.deadlines.expire).toBeGreaterThanOrEqual(job.now + HOUR);
  });

  it("[W13] is removed as soon as there are none", () => {
    const job = overdue();
    const { state } = after(job, { type: "alarm" }, true);
    job.state = state;
    expect(after(job, { type: "delivered" }).state.removal?.why).toBe("expired");
    // One whose time is not over stays.
    const young = new Driver().to("succeeded");
    expect(after(young, { type: "delivered" }).state.removal).toBeNull();
  });

  it("[W13] is kept no longer than attempts can last", () => {
    const job = overdue();
    job.now = job.state.expiresAt + LONGEST_DELIVERY_MS;
    expect(after(job, { type: "alarm" }, true).state.removal?.why).toBe("expired");
  });

  it("[W13] is deleted at once, but its rows stay until all is delivered", () => {
    const job = new Driver().to("succeeded").poolHears("release:lease-1").indexHears();
    job.send({ type: "remove_requested", by: "deleted" });
    job.indexHears();
    const cleared = after(job, { type: "discarded", ok: true }, true);
    expect(cleared.state.removal).toMatchObject({ cleared: true });
    expect(cleared.state.effects.erase).toBeUndefined();
    job.state = cleared.state;
    expect(after(job, { type: "delivered" }).state.effects.erase).toEqual({ type: "erase" });
  });
});
