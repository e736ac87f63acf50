import { describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { ticking, twoSaves } from "../support/graphs.ts";
import { startHttpOnlyProxy } from "../support/http-only-proxy.ts";
import { type StartOptions, startWorker, type TestWorker } from "../support/worker.ts";

/** These wait for the machine's own patience, so they wait side by side, each with a Worker of its own. */
async function withWorker(options: StartOptions, act: (worker: TestWorker) => Promise<void>): Promise<void> {
  const worker = await startWorker(options);
  try {
    await act(worker);
  } finally {
    await worker.close();
  }
}

function expectDone(job: Job, outputs = 1): void {
  expect(job, JSON.stringify(job.error)).toMatchObject({ status: "succeeded", attempt: 1, progress: { value: 1 } });
  expect(job.outputs).toHaveLength(outputs);
}

describe.concurrent("a backend that is silent, off, or only half there", () => {
  it("the socket stays open and says nothing any more: looking finishes the job", () =>
    withWorker({}, async (worker) => {
      const { id } = await worker.createJob({ graph: ticking(100, 20) });
      await worker.until(id, (job) => (job.progress.step ?? 0) > 2);
      worker.fake.fake.fault({ type: "silent" });
      expectDone(await worker.ended(id));
    }));

  it("an end that is never announced is found", () =>
    withWorker({}, async (worker) => {
      for (const event of ["execution_success", "executing", "executed", "status", "progress_state"]) {
        worker.fake.fake.fault({ type: "drop", event, count: 50 });
      }
      expectDone(await worker.run({ graph: ticking(3, 5) }));
    }));

  it("a backend whose address lets no WebSocket through: the job is done by polling, and the owner is told", () =>
    withWorker({}, async (worker) => {
      const proxy = await startHttpOnlyProxy(worker.fake.url);
      await worker.restart({ COMFY_BACKENDS: proxy.url });
      const { id } = await worker.createJob({ graph: twoSaves(20, 20) });
      const job = await worker.ended(id);
      expectDone(job, 2);
      expect(job.warnings).toMatchObject([{ code: "no_websocket" }]);
      const stream = await worker.run({
        workflow: "stream",
        inputs: { prompt: "needs a socket" },
        deadline: { start_within_seconds: 2 },
      });
      expect(["failed", "expired"]).toContain(stream.status);
      await proxy.close();
    }));

  it("ComfyUI is down: the job waits and says so, and runs when it is back", () =>
    withWorker({}, async (worker) => {
      await worker.fake.kill();
      const { id } = await worker.createJob({ graph: ticking(3, 5) });
      const waiting = await worker.until(id, (job) => job.queue?.reason === "backend_offline");
      expect(waiting).toMatchObject({ status: "queued", terminal: false, attempt: 1 });
      expect(waiting.headline).toContain("offline");
      await worker.fake.revive();
      expectDone(await worker.ended(id));
    }));

  it("ComfyUI's tunnel answers 401: the job waits, health says why, and it runs when we are let in", ({ expect }) =>
    withWorker({}, async (worker) => {
      worker.fake.fake.fault({ type: "refuse", status: 401, count: 1000 });
      const { id } = await worker.createJob({ graph: ticking(3, 5) });
      await worker.until(id, (job) => job.queue?.reason === "backend_offline");
      await expect
        .poll(async () => (await worker.request("/v1/health")).json(), { timeout: 20_000 })
        .toMatchObject({
          status: "degraded",
          backends: [{ state: "offline", reason: expect.stringContaining("401") }],
        });
      worker.fake.fake.clearFaults();
      expectDone(await worker.ended(id));
    }));

  it("a job that does not start within its deadline expires, and leaves the line", ({ expect }) =>
    withWorker({}, async (worker) => {
      await worker.fake.kill();
      const { id } = await worker.createJob({ graph: ticking(3, 5), deadline: { start_within_seconds: 2 } });
      const job = await worker.ended(id);
      expect(job).toMatchObject({ status: "expired", error: { code: "start_timeout", retryable: true } });
      await expect.poll(() => worker.queue(), { timeout: 20_000 }).toEqual({ waiting: 0, leased: 0 });
    }));
});
