import { describe, expect, it } from "vitest";
import { type Job, JobSchema } from "../../../src/contract/job.ts";
import { recordOf } from "../../../src/core/job/record.ts";
import { Driver } from "../../support/job-driver.ts";
import { fileOf, HOUR, START, storedOf, success } from "../../support/job-samples.ts";

const view = { now: START, viewers: { now: 0, peak: 2, total: 3 }, share: null };
const record = (job: Driver) => recordOf(job.state, view);

describe("what the index holds of a job", () => {
  it("[J35] is by what it is found and counted, and no document while it lives", () => {
    const job = new Driver({ user: "u_42", metadata: { screen: "home" } }).to("running");
    expect(record(job)).toEqual({
      jobId: job.state.spec.id,
      user: "u_42",
      workflow: "portrait",
      status: "running",
      terminal: false,
      seq: job.state.seq,
      metadata: { screen: "home" },
      createdAt: START,
      expiresAt: START + 100 * HOUR,
      doc: null,
      removed: null,
      used: null,
    });
    expect(record(new Driver({ workflow: null }).created()).workflow).toBeNull();
  });

  it("[J35] of an ended job is its whole document, without links that end, and what it used", () => {
    const job = new Driver().to("running").sleep(2_000).hint();
    job.found(success(fileOf("9"), fileOf("8"))).store();
    job.send({ type: "output_stored", key: "8/images/0", stored: storedOf("8", { sizeBytes: 32 }) });
    const { doc, used, terminal } = record(job);
    const shown = JobSchema.parse(JSON.parse(doc ?? ""));
    expect([shown.status, shown.outputs.map((output) => output.url)]).toEqual(["succeeded", [null, null]]);
    expect(shown.backend?.worker).toBe("backend-of-lease-1");
    expect([terminal, used]).toEqual([true, { runMs: 2_000, outputBytes: 42 }]);
  });

  it("[J35] of a job that never ran counts no time at a backend", () => {
    expect(record(new Driver().to("queued").cancel()).used).toEqual({ runMs: 0, outputBytes: 0 });
  });

  it("[J36] follows a patch", () => {
    const job = new Driver().to("succeeded");
    const before = record(job);
    job.patch({ metadata: { kept: "yes" }, expiresAt: START + 200 * HOUR });
    const after = record(job);
    expect(after).toMatchObject({ metadata: { kept: "yes" }, expiresAt: START + 200 * HOUR });
    expect(after.seq).toBeGreaterThan(before.seq);
    expect((JSON.parse(after.doc ?? "") as Job).metadata).toEqual({ kept: "yes" });
  });

  it("[J34] of a removed job holds nothing that it said, and has a higher seq than all before", () => {
    const job = new Driver({ metadata: { name: "Ana" } }).to("succeeded");
    const { seq } = record(job);
    const gone = record(job.remove());
    expect(gone).toMatchObject({ removed: "deleted", doc: null, metadata: {}, terminal: true, status: "succeeded" });
    expect(gone.seq).toBeGreaterThan(seq);
    expect(gone.used).toEqual({ runMs: 0, outputBytes: 10 });
  });
});
