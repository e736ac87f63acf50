import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { twoSaves } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

describe("a job that is canceled while its results are on their way", () => {
  it("[J33] leaves nothing in the bucket but what it has", async () => {
    // Both files come so slowly that the cancel meets them in mid-air.
    worker.fake.fake.fault({ type: "viewSlow", chunkBytes: 16, everyMs: 60, count: 2 });
    const { id } = await worker.createJob({ graph: twoSaves(2, 5) });
    await worker.until(id, (job) => job.phase === "uploading");
    await worker.request(`/v1/jobs/${id}/cancel`, { method: "POST" });
    const job = await worker.getJob(id);
    expect(job.status).toBe("canceled");
    const has = job.outputs.flatMap((output) => [`o/${output.id}`, `o/${output.id}.facts`]).sort();
    await expect.poll(() => worker.bucketKeys(), { timeout: 10_000, interval: 100 }).toEqual(has);
  });
});
