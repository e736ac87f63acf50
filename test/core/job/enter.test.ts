import { describe, expect, it } from "vitest";
import { MAX_FRUITLESS_LEASES } from "../../../src/core/job/timing.ts";
import { Driver } from "../../support/job-driver.ts";
import { fileOf, HOUR, START, success } from "../../support/job-samples.ts";

const image = {
  name: "image",
  uploadId: "upl_1",
  contentType: "image/png",
  slots: [["5", "image"]] as [string, string][],
};

describe("a new job", () => {
  it("[J1] asks for a place and arms both deadlines, durably", () => {
    const job = new Driver().created();
    expect(job.wished).toEqual(["lease"]);
    expect(job.state.deadlines).toEqual({ start_by: START + HOUR, finish_by: START + 2 * HOUR });
    expect([job.state.seq, job.persisted]).toEqual([1, true]);
  });

  it("[J1] is set going once, however often it is told, and by a restart if it never was", () => {
    expect(new Driver().created().created().state.seq).toBe(1);
    expect(new Driver().crash().wished).toEqual(["lease"]);
  });

  it("[J1] shows its place in line when it changes, and only then", () => {
    const place = { position: 2, ahead: 1, reason: "workers_busy", estStartMs: null } as const;
    const job = new Driver()
      .to("queued")
      .send({ type: "queue_place", place })
      .send({ type: "queue_place", place: { ...place } });
    expect(job.changes).toEqual([{ type: "queue" }]);
    job.send({ type: "queue_place", place: { ...place, ahead: 0 } });
    expect(job.changes).toHaveLength(2);
    job.grant().send({ type: "queue_place", place });
    expect(job.state.queue).toBeNull();
  });

  it("[J1] asks the pool again, later each time, until it is heard", () => {
    const job = new Driver().created();
    const waits = [1, 2, 3, 4, 5].map(() => {
      job.send({ type: "pool_answered", effect: "lease", ok: false });
      return job.wish("request_lease").afterMs;
    });
    expect(waits).toEqual([200, 1000, 5000, 15000, 15000]);
    expect(job.poolHears("lease").wished).toEqual([]);
  });
});

describe("a grant", () => {
  it("[J2] leads to a dial, durably", () => {
    const job = new Driver().to("connecting");
    expect(job.wished).toEqual(["dial"]);
    expect(job.persisted).toBe(true);
  });

  it("[J2] that comes twice changes nothing but its expiry", () => {
    const job = new Driver().to("running").sleep(1000).grant("lease-1");
    expect([job.stage, job.invariants.releases("lease-1")]).toEqual(["running", 0]);
    expect(job.run.lease.expiresAt).toBe(job.now + 90_000);
  });

  it.each(["connecting", "submitted", "running", "collecting", "succeeded"] as const)(
    "[J2] of a second lease goes straight back while %s",
    (stage) => {
      const job = new Driver().to(stage).grant("lease-2");
      expect(job.stage).toBe(stage);
      expect(job.state.effects["release:lease-2"]).toMatchObject({ outcome: { type: "unused" } });
    },
  );

  it("[J2] of a lease already given back is not taken up, and does not change what the pool is told of it", () => {
    const job = new Driver().to("connecting").noSocket(false).noSocket(false);
    expect(job.stage).toBe("queued");
    job.grant("lease-1");
    expect(job.stage).toBe("queued");
    expect(job.state.effects["release:lease-1"]).toMatchObject({ outcome: { type: "unreachable" } });
    job.poolHears("lease").poolHears("release:lease-1").grant("lease-1");
    expect([job.stage, job.wished]).toEqual(["queued", ["lease", "release:lease-1"]]);
  });

  it("[J24] that is lost before the POST makes room for another one", () => {
    const job = new Driver().to("connecting").send({ type: "lease_lost", leaseId: "lease-1" });
    expect([job.stage, job.wish("request_lease").afterMs]).toEqual(["queued", 1000]);
  });

  it("[J24] that is lost after the POST is no reason to leave the prompt alone; it is renewed no more", () => {
    const job = new Driver().to("running").send({ type: "lease_lost", leaseId: "lease-1" });
    expect([job.stage, job.state.deadlines.renew]).toEqual(["running", undefined]);
    expect(
      job
        .hint()
        .found(success(fileOf("9")))
        .store().stage,
    ).toBe("succeeded");
  });

  it("[J23] is renewed every 30 s until it is given back", () => {
    const job = new Driver().to("submitted");
    const renewedAt: number[] = [];
    for (let second = 1; second <= 100; second += 1) {
      job.wait(1000);
      if (job.wishes("renew_lease").length > 0) {
        renewedAt.push(second);
        job.poolHears("renew");
      }
    }
    expect(renewedAt).toEqual([30, 60, 90]);
    job
      .start()
      .hint()
      .found(success(fileOf("9")));
    expect([job.stage, job.state.deadlines.renew, job.wishes("renew_lease")]).toEqual(["collecting", undefined, []]);
  });
});

describe("dialing", () => {
  it("[J4] tries twice, each time under a client id of its own, before HTTP alone has to do", () => {
    const job = new Driver().to("connecting");
    const first = job.wish("dial");
    job.noSocket(true);
    const second = job.wish("dial");
    expect([second.connection, second.afterMs, second.clientId === first.clientId]).toEqual([2, 100, false]);
    expect(job.stage).toBe("connecting");
    job.noSocket(true);
    expect(job.stage).toBe("submitted");
    expect(job.state.warnings.map((warning) => warning.code)).toEqual(["no_websocket"]);
    expect(job.wish("submit").clientId).toBe(job.wish("dial").clientId);
  });

  it("[J4] a run without a socket is said so once, and its uploads are not begun again by each failed dial", () => {
    const job = new Driver({ images: [image] }).to("connecting").noSocket(true).noSocket(true);
    const upload = job.wish("upload");
    job.noSocket(true).noSocket(true);
    expect(job.wish("upload")).toBe(upload);
    expect(job.state.warnings).toHaveLength(1);
    expect(job.send({ type: "uploaded", name: "image", storedName: "a.png" }).stage).toBe("submitted");
  });

  it("[J4] pictures that come by socket cannot be had without one", () => {
    const job = new Driver({ socketNodes: ["9"] }).to("connecting").noSocket(true).noSocket(true);
    expect([job.stage, job.wishes("submit")]).toEqual(["queued", []]);
    expect(job.state.effects["release:lease-1"]).toMatchObject({ outcome: { type: "unused" } });
  });

  it("[J11] a lost socket is dialed again with growing waits until our prompt is heard", () => {
    const job = new Driver().to("running");
    const { clientId } = job.run;
    const waits = [1, 2, 3].map(() => {
      job.cut();
      const { afterMs } = job.wish("dial");
      job.open();
      return afterMs;
    });
    expect(waits).toEqual([100, 500, 1000]);
    expect([job.run.clientId, job.run.trusted]).toEqual([clientId, false]);
    job.report();
    expect(job.run.trusted).toBe(true);
    expect(job.cut().wish("dial").afterMs).toBe(100);
  });

  it("[J11] a socket said to be open twice is no other one", () => {
    const job = new Driver().to("submitted").open();
    expect([job.run.unbroken, job.run.trusted, job.wished]).toEqual([true, true, []]);
  });

  it("[J28] an older connection has no say", () => {
    const job = new Driver().to("running").cut();
    const before = job.state;
    job
      .send({ type: "socket_opened", connection: 1, comfyVersion: null })
      .send({ type: "socket_closed", connection: 1 });
    expect(job.state).toEqual(before);
  });
});

describe("a backend that does not answer", () => {
  it("[J5] gets its lease back, told as unreachable; the next is asked for later each time, and at last the job fails", () => {
    const job = new Driver().created();
    const waits: number[] = [];
    for (let lease = 1; job.stage === "queued"; lease += 1) {
      job.grant(`lease-${lease}`).noSocket(false).noSocket(false);
      expect(job.state.effects[`release:lease-${lease}`]).toMatchObject({ outcome: { type: "unreachable" } });
      waits.push(...job.wishes("request_lease").map((wish) => wish.afterMs));
    }
    expect(waits).toEqual([1000, 5000, 15000, 60000]);
    expect(job.state.spentLeases).toHaveLength(MAX_FRUITLESS_LEASES);
    expect([job.stage, job.failure?.code]).toEqual(["failed", "backend_unreachable"]);
  });

  it("[J5] a refusal names the headers as what to look at", () => {
    const job = new Driver().created();
    for (let lease = 1; job.stage === "queued"; lease += 1) {
      job.grant(`lease-${lease}`).noSocket(false);
      const fault = { kind: "refused", status: 403 } as const;
      job.send({ type: "socket_failed", connection: job.run.connection, fault, httpAnswers: false });
    }
    expect(job.failure).toMatchObject({ code: "backend_refused", detail: expect.stringContaining("403") });
  });
});
