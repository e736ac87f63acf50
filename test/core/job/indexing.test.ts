import { describe, expect, it } from "vitest";
import { recordOf } from "../../../src/core/job/record.ts";
import { INDEX_AGAIN_MS } from "../../../src/core/job/timing.ts";
import { Driver } from "../../support/job-driver.ts";
import { fileOf, HOUR, START, success } from "../../support/job-samples.ts";

const view = { now: START, viewers: { now: 0, peak: 0, total: 0 }, share: null };

/** Brings a job to its end and lists the statuses of which the index was told. */
function told(through: (job: Driver) => void): string[] {
  const heard: string[] = [];
  const job = new Driver();
  const original = job.send.bind(job);
  job.send = (event) => {
    original(event);
    for (const { nonce } of job.wishes("index")) {
      heard.push(recordOf(job.state, view).status);
      original({ type: "indexed", nonce, ok: true });
    }
    return job;
  };
  through(job);
  return heard;
}

describe("the index", () => {
  it("[J35] is told of each public status once, and of nothing in between", () => {
    expect(told((job) => job.to("succeeded"))).toEqual(["queued", "running", "succeeded"]);
    const canceled = told((job) =>
      job
        .to("running")
        .cancel()
        .cancelTried()
        .found({ type: "ended", outcome: { result: "interrupted", failure: null, wanted: [] } }),
    );
    expect(canceled).toEqual(["queued", "running", "canceling", "canceled"]);
  });

  it("[J35] is told again of a job that has to wait again", () => {
    const again = told((job) => job.to("running").cut().found({ type: "absent" }).sleep(600).found({ type: "absent" }));
    expect(again).toEqual(["queued", "running", "queued"]);
  });

  it("[J35] hears of a newer change in place of an older one", () => {
    const job = new Driver().created();
    const { nonce } = job.wish("index");
    job.to("running");
    expect(job.wish("index").nonce).toBeGreaterThan(nonce);
    // The older report came through: the newer one is still to be made.
    job.send({ type: "indexed", nonce, ok: true });
    expect(job.wishes("index")).toHaveLength(1);
    expect(job.indexHears().wishes("index")).toEqual([]);
  });

  it("[J35] is told again and again until it has heard, later each time, then by the alarm", () => {
    const job = new Driver().to("queued");
    const waits: number[] = [];
    while (job.wishes("index").length > 0) waits.push(job.indexHears(false).wishes("index")[0]?.afterMs ?? 0);
    expect(waits.at(-1)).toBe(0);
    expect(waits.slice(0, -1)).toEqual([...waits.slice(0, -1)].sort((a, b) => a - b));
    for (let round = 0; round < 3; round += 1) {
      job.wait(INDEX_AGAIN_MS);
      expect(job.wishes("index")).toHaveLength(1);
      // One try each: nothing that waits in memory keeps a job awake that waits in line.
      expect(job.indexHears(false).wishes("index")).toEqual([]);
    }
    expect(job.wait(INDEX_AGAIN_MS).indexHears().state.deadlines.index).toBeUndefined();
  });

  it("[J35] that does not answer holds nothing up: the job runs to its end", () => {
    const job = new Driver().created();
    while (job.wishes("index").length > 0) job.indexHears(false);
    job.to("succeeded");
    expect([job.stage, job.wishes("index").length]).toEqual(["succeeded", 1]);
  });

  it("[J35] costs no write of its own while the job lives, and one when nothing is left to do", () => {
    const job = new Driver().to("running");
    expect([job.indexHears().persisted, job.wishes("index")]).toEqual([false, []]);
    job
      .hint()
      .found(success(fileOf("9")))
      .store()
      .poolHears("release:lease-1");
    expect(job.persisted).toBe(false);
    expect(job.indexHears(false).persisted).toBe(false);
    expect(job.indexHears().persisted).toBe(true);
  });

  it("[J35] is told after a restart what it may not have heard before", () => {
    const job = new Driver().to("succeeded").crash();
    expect(job.wishes("index")).toHaveLength(1);
  });

  it("[J35] that was given up for the moment is told by the alarm even of a job that expires then", () => {
    const job = new Driver({ startBy: START + INDEX_AGAIN_MS / 2 }).to("queued");
    while (job.wishes("index").length > 0) job.indexHears(false);
    job.sleep(HOUR).send({ type: "alarm" });
    expect([job.stage, job.wishes("index").length]).toEqual(["expired", 1]);
  });
});
