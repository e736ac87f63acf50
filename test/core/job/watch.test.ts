import { describe, expect, it } from "vitest";
import { BACKEND_GONE_MS, DEAF_SOCKET_MS, POLL_MS, SILENCE_MS } from "../../../src/core/job/timing.ts";
import { Driver } from "../../support/job-driver.ts";
import { fileOf, nodeState, success } from "../../support/job-samples.ts";

describe("with no socket at all", () => {
  it("[J9] polling alone brings a job to its end", () => {
    const job = new Driver().to("connecting").noSocket(true).noSocket(true).accept();
    for (const found of [{ type: "pending", position: 0 }, { type: "running" }, { type: "running" }] as const) {
      job.found(found);
      expect(job.wish("look").afterMs).toBe(POLL_MS);
      job.noSocket(true).sleep(POLL_MS);
    }
    job.found(success(fileOf("9"))).store();
    expect([job.stage, job.state.progress.shown]).toEqual(["succeeded", 1]);
  });

  it("[J9] progress stays without a number where there is no honest one", () => {
    const job = new Driver().to("connecting").noSocket(true).noSocket(true).accept().found({ type: "running" });
    expect([job.stage, job.state.progress.shown]).toEqual(["running", null]);
  });
});

describe("a socket cut in mid-run", () => {
  it("[J9] is polled for at once, and within a second of the end the result is known", () => {
    const job = new Driver().to("running").cut();
    expect(job.wished).toEqual(["dial", "look"]);
    expect(job.wish("look").afterMs).toBe(0);
    expect(job.found({ type: "running" }).wish("look").afterMs).toBeLessThan(1000);
    expect(job.found(success(fileOf("9"))).store().stage).toBe("succeeded");
  });

  it("[J11] is trusted again only when our prompt is named on the new one", () => {
    const job = new Driver().to("running").cut().open();
    job.hear({ type: "executing", node: "3", displayNode: null, promptId: null });
    expect(job.run.trusted).toBe(false);
    expect(job.found({ type: "running" }).wish("look").afterMs).toBe(POLL_MS);
    job.report(nodeState("3", 1, 4));
    expect(job.found({ type: "running" }).wished).toEqual([]);
  });
});

describe("silence", () => {
  it("[J10] of 9 s makes us look, and again until something is heard", () => {
    const job = new Driver().to("running").wait(SILENCE_MS - 1);
    expect(job.wished).toEqual([]);
    expect(job.wait(1).wish("look").afterMs).toBe(0);
    expect(job.found({ type: "running" }).wish("look").afterMs).toBe(2000);
    job.report(nodeState("3", 1, 4)).found({ type: "running" });
    expect(job.wished).toEqual([]);
  });

  it("[J10] is measured from the last word of our prompt: what others are told proves nothing of it", () => {
    const job = new Driver()
      .to("running")
      .report(nodeState("3", 1, 4))
      .wait(5000);
    job.hear({ type: "status", queueRemaining: 1, sid: null }).wait(SILENCE_MS - 5001);
    expect(job.wished).toEqual([]);
    expect(job.wait(1).wished).toEqual(["look"]);
  });

  it("[J10] is noticed within ten seconds, whenever it begins", () => {
    for (let beginsAt = 0; beginsAt < 3 * SILENCE_MS; beginsAt += 500) {
      const job = new Driver().to("running");
      for (let ms = 0; ms < beginsAt; ms += 500) job.wait(500).report(nodeState("3", ms, 60_000));
      expect(job.wait(10_000).wishes("look"), `silent from ${beginsAt} ms on`).toHaveLength(1);
    }
  });

  it("[J10] replaces no socket on which others are heard", () => {
    const job = new Driver().to("running");
    for (let second = 0; second < 60; second += 1) {
      job.wait(1000).hear({ type: "status", queueRemaining: 2, sid: null });
      if (job.wishes("look").length > 0) job.found({ type: "running" });
    }
    expect(job.run.connection).toBe(1);
  });

  it("[J10] [J12] a prompt deleted from the queue of a busy server is missed all the same", () => {
    const job = new Driver().to("submitted");
    for (let second = 0; second < 12 && job.stage === "submitted"; second += 1) {
      job.wait(1000).hear({ type: "status", queueRemaining: 2, sid: null });
      if (job.wishes("look").length > 0) job.found({ type: "absent" });
    }
    expect([job.stage, job.state.attempt]).toEqual(["queued", 2]);
  });

  it("[J10] never makes the alarm spin: each one sets the next seconds ahead", () => {
    const job = new Driver().to("running");
    for (let alarm = 0; alarm < 50; alarm += 1) {
      const at = job.state.deadlines.watch ?? 0;
      expect(at).toBeGreaterThan(job.now + 1000);
      job.wait(at - job.now).poolHears("renew");
    }
  });

  it("[J10] of 30 s replaces the socket, once, under the same client id; the run goes on being polled", () => {
    const job = new Driver().to("running");
    const { clientId } = job.run;
    job.wait(DEAF_SOCKET_MS + SILENCE_MS).found({ type: "running" });
    expect([job.run.connection, job.run.clientId]).toEqual([2, clientId]);
    job
      .open()
      .wait(3 * DEAF_SOCKET_MS)
      .found({ type: "running" });
    expect(job.run.connection).toBe(2);
    expect(job.found(success(fileOf("9"))).stage).toBe("collecting");
  });

  it("[J10] does not cost a job the pictures that only its socket gets", () => {
    const job = new Driver({ socketNodes: ["9"] }).to("running").wait(3 * DEAF_SOCKET_MS);
    expect([job.run.connection, job.run.unbroken, job.run.socket]).toEqual([1, true, "open"]);
  });

  it("[J10] while the prompt waits in line is asked about, and replaces nothing", () => {
    const job = new Driver()
      .to("submitted")
      .wait(3 * DEAF_SOCKET_MS)
      .found({ type: "pending", position: 0 });
    expect([job.stage, job.run.connection]).toEqual(["submitted", 1]);
  });
});

describe("a clock that jumps", () => {
  const HOUR_MS = 3_600_000;

  it("[J29] back: what is heard and found ends the job all the same", () => {
    const job = new Driver()
      .to("running")
      .sleep(-HOUR_MS)
      .report(nodeState("3", 2, 4));
    job.cut().found({ type: "absent" }).sleep(600).found({ type: "running" });
    expect(job.found(success(fileOf("9"))).store().stage).toBe("succeeded");
  });

  it("[J10] [J29] ahead, short of the deadline: one look, and nothing is taken for lost", () => {
    const finishBy = new Driver().now + 3 * HOUR_MS;
    const job = new Driver({ finishBy }).to("running").sleep(HOUR_MS).send({ type: "alarm" });
    expect([job.stage, job.wishes("look").length]).toEqual(["running", 1]);
    job
      .found({ type: "running" })
      .report(nodeState("3", 2, 4))
      .hint();
    expect(job.found(success(fileOf("9"))).store().stage).toBe("succeeded");
  });
});

describe("a prompt that is gone", () => {
  it("[J12] is lost only when two looks, some time apart, found it nowhere", () => {
    const job = new Driver().to("running").cut().found({ type: "absent" });
    expect([job.stage, job.wish("look").afterMs]).toEqual(["running", 600]);
    expect(job.found({ type: "absent" }).stage).toBe("running");
    job.sleep(600).found({ type: "absent" });
    expect([job.stage, job.state.attempt]).toEqual(["queued", 2]);
    expect(job.state.effects["release:lease-1"]).toMatchObject({ outcome: { type: "lost" } });
    expect(job.state.warnings.map((warning) => warning.code)).toContain("attempt_retried");
  });

  it("[J12] is seen once more: then it is not lost", () => {
    const job = new Driver().to("running").cut().found({ type: "absent" }).sleep(600).found({ type: "running" });
    expect(job.sleep(600).found({ type: "absent" }).stage).toBe("running");
  });

  it("[J12] lost a second time, the job fails as lost", () => {
    const job = new Driver().created();
    for (const lease of ["lease-1", "lease-2"]) {
      job.grant(lease).open().accept().start().cut().found({ type: "absent" }).sleep(600).found({ type: "absent" });
    }
    expect([job.stage, job.failure?.code]).toEqual(["failed", "worker_lost"]);
    expect(job.state.progress.shown).toBeLessThan(1);
  });

  it("[J12] results stored before it was lost stay, and are not made double", () => {
    const job = new Driver().to("running");
    const output = { images: [{ filename: "out_0.png", subfolder: "", type: "output" }] };
    job.hear({ type: "executed", node: "9", displayNode: "9", promptId: job.run.promptId, output }).store().cut();
    job.found({ type: "absent" }).sleep(600).found({ type: "absent" });
    job
      .grant("lease-2")
      .open()
      .accept()
      .start()
      .hint()
      .found(success(fileOf("9")));
    expect([job.stage, job.state.outputs.length]).toEqual(["succeeded", 1]);
  });
});

describe("a backend that answers nothing by HTTP", () => {
  const unreachable = { type: "unreachable", fault: { kind: "timeout" } } as const;

  it("[J13] is given up after a minute, and the prompt it may still hold is canceled", () => {
    const job = new Driver().to("running").cut();
    while (job.state.attempt === 1) job.sleep(Math.max(1, job.wish("look").afterMs)).found(unreachable);
    expect(job.now - job.state.spec.createdAt).toBeGreaterThanOrEqual(BACKEND_GONE_MS);
    expect([job.stage, job.wishes("cancel_run").length]).toEqual(["queued", 1]);
  });

  it("[J13] is not gone as long as its socket tells of the run", () => {
    const job = new Driver().to("running").wait(SILENCE_MS);
    for (let second = 0; second < 120; second += 1)
      job
        .sleep(1000)
        .report(nodeState("3", second, 200))
        .found(unreachable);
    expect(job.stage).toBe("running");
  });

  it("[J13] a short fault costs no time: the first looks come soon after each other", () => {
    const job = new Driver().to("running").cut();
    for (let look = 0; look < 30; look += 1) job.found({ type: "running" });
    expect(job.found(unreachable).wish("look").afterMs).toBe(250);
  });

  it("[J9] a look of another prompt takes no look of ours away", () => {
    const job = new Driver().to("running").cut();
    const before = job.state;
    expect(job.send({ type: "looked", promptId: "another", found: { type: "absent" } }).state).toEqual(before);
  });
});
