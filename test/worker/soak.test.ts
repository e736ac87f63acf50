import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failuresOf, summaryOf } from "../soak/report.ts";
import { soak } from "../soak/soak.ts";
import { ticking } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

describe("a short soak (npm run soak is the long one)", () => {
  it("[J29] loses, strands and doubles no job, and misleads no viewer, whatever fails", async () => {
    const report = await soak({ seed: 7, jobs: 40 });
    expect(failuresOf(report)).toBe("");
    expect(report.ended, summaryOf(report)).toBe(40);
    // It says little where little happened.
    expect(Object.values(report.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(8);
    expect(report.watched.durable).toBeGreaterThan(100);
    expect(report.restarts).toBeGreaterThanOrEqual(2);
  }, 240_000);
});

describe("what soaks have found", () => {
  let worker: TestWorker;
  beforeAll(async () => {
    worker = await startWorker();
  });
  afterAll(() => worker.close());

  it("[V1] seed 1: a viewer that loses the line between the greeting and the end still gets the end", async () => {
    const { id } = await worker.run({ graph: ticking(2, 5, 1) });
    const path = `/v1/jobs/${id}/events`;
    const greeted = (await (await worker.socket(path)).first("hello")).seq;
    const [socket, stream] = [
      await worker.socket(`${path}?after=${greeted}`),
      await worker.stream(`${path}?after=${greeted}`),
    ];
    for (const viewer of [socket, stream]) {
      await viewer.closed();
      expect(viewer.types).toEqual(["hello", "end"]);
    }
  });

  it("[J27] seed 2: an object that dies in mid-run does not show less than before", async () => {
    const { id } = await worker.createJob({ graph: ticking(100, 20, 2) });
    const viewer = await worker.socket(`/v1/jobs/${id}/events`);
    const shown = () => Math.max(0, ...viewer.all("progress").map(({ data }) => data.value ?? 0));
    await viewer.until(() => shown() > 0.3, "a third of the run");
    await worker.abortJob(id);
    const before = shown();
    expect((await worker.getJob(id)).progress.value).toBeGreaterThanOrEqual(before);
    expect((await worker.ended(id)).status).toBe("succeeded");
  });
});
