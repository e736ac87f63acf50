import { describe, expect, it } from "vitest";
import { Driver, REACHABLE } from "../../support/job-driver.ts";
import { fileOf, HOUR, START, success } from "../../support/job-samples.ts";

const LIVING = REACHABLE.filter((stage) => stage !== "succeeded");

describe("deadlines", () => {
  it.each([
    ["queued", "expired", "start_timeout"],
    ["connecting", "expired", "start_timeout"],
    ["submitted", "expired", "start_timeout"],
  ] as const)("[J22] start_by ends a job that is %s", (stage, end, code) => {
    const job = new Driver().to(stage).sleep(HOUR).send({ type: "alarm" });
    expect([job.stage, job.failure?.code]).toEqual([end, code]);
  });

  it.each(["running", "collecting"] as const)("[J22] start_by is over once it has begun (%s)", (stage) => {
    expect(new Driver().to(stage).sleep(HOUR).send({ type: "alarm" }).stage).toBe(stage);
  });

  it("[J22] start_by is over too when the beginning was seen only in the history", () => {
    const job = new Driver()
      .to("submitted")
      .cut()
      .found(success(fileOf("9")))
      .sleep(HOUR)
      .send({ type: "alarm" });
    expect(job.stage).toBe("collecting");
  });

  it.each(LIVING)("[J22] finish_by ends a job that is %s, however late the alarm", (stage) => {
    const job = new Driver({ startBy: null })
      .to(stage)
      .sleep(9 * HOUR)
      .send({ type: "alarm" });
    expect(job.stage).toBe("expired");
    const started = ["running", "collecting"].includes(stage);
    expect(job.failure?.code).toBe(started ? "run_timeout" : "start_timeout");
    expect(job.invariants.releases("lease-1")).toBe(stage === "queued" ? 0 : 1);
  });

  it.each(LIVING)("[J22] a prompt that may still be at the backend is canceled when its job expires (%s)", (stage) => {
    const job = new Driver({ startBy: null })
      .to(stage)
      .sleep(9 * HOUR)
      .send({ type: "alarm" });
    const there = ["posting", "unknown", "submitted", "running"].includes(stage);
    expect(job.wishes("cancel_run")).toHaveLength(there ? 1 : 0);
  });

  it("[J22] a second attempt has the same deadlines, less the one to start", () => {
    const job = new Driver().to("running").cut().found({ type: "absent" }).sleep(600).found({ type: "absent" });
    expect(job.state.deadlines).toEqual({ finish_by: START + 2 * HOUR });
  });
});

describe("a wait in line", () => {
  const FIVE_MINUTES_MS = 300_000;

  it("[J31] is asked about again every five minutes, for a grant may have been lost", () => {
    const job = new Driver({ startBy: null }).to("queued").send({ type: "pool_answered", effect: "lease", ok: true });
    expect(job.wishes("request_lease")).toHaveLength(0);
    job.sleep(FIVE_MINUTES_MS).send({ type: "alarm" });
    expect(job.wishes("request_lease")).toHaveLength(1);
  });

  it("[J31] is over with the grant", () => {
    const job = new Driver().to("queued").send({ type: "pool_answered", effect: "lease", ok: true }).to("connecting");
    expect(job.state.deadlines.ask).toBeUndefined();
  });
});

describe("a restart", () => {
  it("[J25] in line changes nothing", () => {
    const job = new Driver().to("queued");
    const before = job.state;
    expect(job.crash().state).toEqual(before);
  });

  it("[J25] while connecting dials anew, under another client id", () => {
    const job = new Driver().to("connecting");
    const { clientId } = job.wish("dial");
    job.crash();
    expect([job.wish("dial").connection, job.wish("dial").clientId === clientId]).toEqual([2, false]);
    expect(job.open().stage).toBe("submitted");
  });

  it("[J25] while the POST was under way does not send it again before it was looked for", () => {
    const job = new Driver().to("posting").crash();
    expect([job.wished, job.run.submission]).toEqual([["dial", "look"], "unknown"]);
    expect(job.found({ type: "running" }).stage).toBe("running");
  });

  it.each(["submitted", "running"] as const)(
    "[J25] while %s looks at once and dials under the same client id",
    (stage) => {
      const job = new Driver().to(stage);
      const { clientId } = job.run;
      job.crash();
      expect([job.wished, job.wish("dial").clientId, job.wish("look").afterMs]).toEqual([
        ["dial", "look"],
        clientId,
        0,
      ]);
      expect(job.found(success(fileOf("9"))).store().stage).toBe("succeeded");
    },
  );

  it("[J25] while collecting goes on storing, and posts nothing though the POST was never answered", () => {
    const job = new Driver()
      .to("posting")
      .start()
      .hint()
      .found(success(fileOf("9")))
      .crash();
    expect(job.wished).toEqual(["release:lease-1", "store:9/images/0"]);
    expect(job.store().stage).toBe("succeeded");
  });

  it("[J25] forgets how long the backend was silent before it: that was another time", () => {
    const unreachable = { type: "unreachable", fault: { kind: "timeout" } } as const;
    const job = new Driver().to("running").cut().found(unreachable).sleep(HOUR).crash().found(unreachable);
    expect(job.stage).toBe("running");
  });

  it("[J26] after the end does the cleaning up that is left, and nothing else", () => {
    const job = new Driver().to("succeeded").crash();
    expect(job.wished).toEqual(["release:lease-1"]);
    expect([job.poolHears("release:lease-1").wished, job.persisted]).toEqual([[], false]);
    // One write for all of it, when nothing is left to be done.
    expect([job.indexHears().state.effects, job.persisted]).toEqual([{}, true]);
    expect(job.crash().state.effects).toEqual({});
  });
});

describe("after the end", () => {
  it("[J26] a job is removed when its time is over, and the alarm does not spin until then or after", () => {
    const job = new Driver().to("succeeded").poolHears("release:lease-1").indexHears();
    expect(job.state.deadlines).toEqual({ expire: START + 100 * HOUR });
    job.wait(100 * HOUR);
    expect([job.state.removal?.why, job.state.deadlines, job.persisted]).toEqual(["expired", {}, true]);
    const { state } = job.indexHears().discarded();
    expect(Object.keys(state.effects)).toEqual(["erase"]);
    expect(job.send({ type: "alarm" }).state).toEqual(state);
  });

  it("[J26] the last stay is remembered", () => {
    expect(new Driver().to("succeeded").state.lastRun).toEqual({ backendId: "backend-of-lease-1", promptId: "uuid-2" });
  });
});
