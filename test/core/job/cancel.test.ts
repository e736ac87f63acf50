import { describe, expect, it } from "vitest";
import { CANCEL_AGAIN_MS, CANCEL_GIVE_UP_MS } from "../../../src/core/job/timing.ts";
import { Driver } from "../../support/job-driver.ts";
import { endedBy, failureOf, fileOf, success } from "../../support/job-samples.ts";

const image = { name: "image", uploadId: "upl_1", contentType: "image/png", slots: [] };

describe("a cancel where nothing of the job is at a backend", () => {
  it("[J14] in line ends the job at once and withdraws it from the line", () => {
    const job = new Driver().created().cancel();
    expect([job.stage, job.wished, job.persisted]).toEqual(["canceled", ["withdraw"], true]);
  });

  it("[J14] while connecting ends the job at once; the lease goes back unused", () => {
    const job = new Driver().to("connecting").cancel();
    expect([job.stage, job.wished]).toEqual(["canceled", ["release:lease-1"]]);
    expect(job.wish("release_lease").outcome).toEqual({ type: "unused" });
  });

  it("[J14] while inputs are sent ends the job at once", () => {
    const job = new Driver({ images: [image] }).to("posting").cancel();
    expect([job.stage, job.wishes("upload")]).toEqual(["canceled", []]);
  });

  it("[J14] while results are stored ends the job at once; what is stored stays", () => {
    const job = new Driver()
      .to("running")
      .hint()
      .found(success(fileOf("9"), fileOf("8")))
      .store()
      .cancel();
    expect([job.stage, job.state.outputs.length, job.wished]).toEqual(["canceled", 1, ["discard", "release:lease-1"]]);
  });

  it.each(["succeeded"] as const)("[J26] after the end (%s) changes nothing", (stage) => {
    const job = new Driver().to(stage);
    const before = job.state;
    expect(job.cancel().state).toEqual(before);
  });

  it("[J14] asked for twice is one", () => {
    const job = new Driver().to("running").cancel();
    const before = job.state;
    expect(job.cancel().state).toEqual(before);
  });
});

describe("a cancel of a prompt at the backend", () => {
  it.each(["posting", "unknown", "submitted", "running"] as const)(
    "[J14] while %s is a row first, then an order to the backend",
    (stage) => {
      const job = new Driver().to(stage);
      const before = job.stage;
      job.cancel();
      expect([job.stage, job.persisted, job.state.cancel?.by]).toEqual([before, true, "user"]);
      expect(job.wish("cancel_run")).toMatchObject({ promptId: job.run.promptId, afterMs: 0 });
      expect(job.changes.at(-1)).toEqual({ type: "status", previous: before });
    },
  );

  it("[J14] is sent again every second while the prompt is seen, and ends with it", () => {
    const job = new Driver().to("running").cancel();
    for (let time = 0; time < 5; time += 1) {
      expect(job.cancelTried().wish("look").afterMs).toBe(0);
      expect(job.found({ type: "running" }).wish("cancel_run").afterMs).toBe(CANCEL_AGAIN_MS);
    }
    job.cancelTried().found(endedBy("interrupted"));
    expect([job.stage, job.wished, job.state.cancel?.by]).toEqual(["canceled", ["release:lease-1"], "user"]);
  });

  it("[J14] that waits to be sent again is not put off by looks in between", () => {
    const job = new Driver().to("running").cancel().cancelTried().found({ type: "running" });
    const waiting = job.wish("cancel_run");
    job.cut().found({ type: "running" });
    expect(job.wish("cancel_run")).toBe(waiting);
  });

  it("[J14] of a prompt in line there is over once it is nowhere to be seen", () => {
    const job = new Driver().to("submitted").cancel().cancelTried().found({ type: "absent" });
    expect(job.stage).toBe("canceled");
  });

  it("[J14] while the POST is under way is sent again when it is answered", () => {
    const job = new Driver().to("posting").cancel().cancelTried().found({ type: "absent" });
    expect(job.stage).toBe("submitted");
    expect(job.accept().wish("cancel_run").afterMs).toBe(0);
    expect(job.cancelTried().found({ type: "absent" }).stage).toBe("canceled");
  });

  it("[J15] ends as canceled, whatever the end turns out to be", () => {
    const ends: ((job: Driver) => void)[] = [
      (job) => job.found(success(fileOf("9"))),
      (job) => job.found(endedBy("error", failureOf())),
      (job) => job.found(endedBy("unknown")),
    ];
    for (const end of ends) {
      const job = new Driver().to("running").cancel().cancelTried();
      end(job);
      expect(job.stage).toBe("canceled");
    }
    const refused = new Driver().to("posting").cancel().answer({ type: "rejected", failure: failureOf() });
    expect(refused.stage).toBe("canceled");
    const partial = new Driver().to("posting").cancel().accept(failureOf());
    expect([partial.stage, partial.wishes("cancel_run").length]).toEqual(["canceled", 1]);
    const late = new Driver()
      .to("running")
      .sleep(3 * 3_600_000)
      .cancel()
      .send({ type: "alarm" });
    expect(late.stage).toBe("canceled");
  });

  it("[J14] that is never confirmed is declared after 30 s, and still sent a few times", () => {
    const job = new Driver().to("running").cancel().wait(CANCEL_GIVE_UP_MS);
    expect([job.stage, job.state.warnings.at(-1)?.code]).toEqual(["canceled", "cancel_unconfirmed"]);
    job.cancelTried().cancelTried();
    expect(job.wish("cancel_run").tries).toBe(2);
    expect(job.cancelTried().wishes("cancel_run")).toEqual([]);
    expect(job.poolHears("release:lease-1").indexHears().persisted).toBe(true);
  });

  it("[J14] survives a restart", () => {
    const job = new Driver().to("running").cancel().cancelTried().crash();
    expect(job.wishes("look")).toHaveLength(1);
    expect(job.found({ type: "running" }).wishes("cancel_run")).toHaveLength(1);
  });
});
