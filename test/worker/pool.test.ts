import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startFakeComfy } from "../../scripts/fake-server.ts";
import type { Health } from "../../src/contract/api.ts";
import { ticking } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());
afterEach(async () => {
  await expect.poll(() => worker.queue(), { timeout: 20_000 }).toEqual({ waiting: 0, leased: 0 });
});

let colour = 0;
const graph = (steps: number) => ({ graph: ticking(steps, 20, ++colour) });
/** Creates jobs one after another, each in its place before the next one comes. */
async function inTurn(count: number, steps: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const { id } = await worker.createJob(graph(steps));
    await worker.until(id, (job) => job.backend !== null || job.queue?.position != null);
    ids.push(id);
  }
  return ids;
}

/** More than any test waits: such a run ends by being canceled. */
const FOR_EVER = 5_000;

const cancel = async (ids: readonly string[]) => {
  for (const id of ids) await worker.post(`/v1/jobs/${id}/cancel`, {});
  return Promise.all(ids.map((id) => worker.ended(id)));
};
const prompts = async () => {
  const queue = (await (await fetch(`${worker.fake.url}/queue`)).json()) as Record<string, unknown[]>;
  return [queue.queue_running?.length, queue.queue_pending?.length];
};

describe("one backend with two places", () => {
  it("[B3] serves first come first, tells each its place, and every job succeeds", async () => {
    const blockers = await inTurn(2, FOR_EVER);
    const ids = await inTurn(3, 3);
    const waiting = await Promise.all(ids.map((id) => worker.getJob(id)));
    expect(waiting.map((job) => [job.queue?.position, job.queue?.ahead, job.queue?.reason])).toEqual([
      [1, 0, "workers_busy"],
      [2, 1, "workers_busy"],
      [3, 2, "workers_busy"],
    ]);
    expect(waiting[2]?.headline).toContain("2 ahead");
    expect(await worker.queue()).toEqual({ waiting: 3, leased: 2 });
    // One to run and one to wait: ComfyUI never has more.
    await expect.poll(prompts).toEqual([1, 1]);
    const last = await worker.stream(`/v1/jobs/${ids[2]}/events`);
    await cancel(blockers);
    const jobs = await Promise.all(ids.map((id) => worker.ended(id)));
    expect(jobs.map((job) => job.status)).toEqual(Array(3).fill("succeeded"));
    const history = (await (await fetch(`${worker.fake.url}/history`)).json()) as Record<string, unknown>;
    expect(Object.keys(history).slice(-3)).toEqual(jobs.map((job) => job.backend?.prompt_id));
    await last.closed();
    const places = last.all("queue").flatMap(({ data }) => data.position ?? []);
    expect(places).toEqual(places.toSorted((a, b) => b - a));
  });

  it("who leaves the line lets the others move up", async () => {
    const ids = await inTurn(5, FOR_EVER);
    const [, , first = "", second = "", third = ""] = ids;
    await cancel([first]);
    await worker.until(third, (job) => job.queue?.position === 2);
    await worker.until(second, (job) => job.queue?.position === 1);
    await cancel([second]);
    await worker.until(third, (job) => job.queue?.position === 1);
    expect((await cancel(ids)).map((job) => job.status)).toEqual(Array(5).fill("canceled"));
  });

  it("a place given to a job that does not exist is given on at once", async () => {
    const blockers = await inTurn(2, FOR_EVER);
    await worker.requestLeaseFor("nobody");
    const { id } = await worker.createJob(graph(2));
    await worker.until(id, (job) => job.queue?.position === 2);
    await cancel(blockers);
    expect((await worker.ended(id)).status).toBe("succeeded");
  });

  it("tells what it has learned: a second job of a kind knows how long it takes", async () => {
    for (let n = 0; n < 2; n++) await worker.run(graph(30));
    const { id } = await worker.createJob(graph(30));
    const viewer = await worker.socket(`/v1/jobs/${id}/events`);
    const first = await viewer.until(() => viewer.all("progress").find(({ data }) => data.eta_ms !== null), "an ETA");
    expect(first.data.eta_ms).toBeGreaterThan(50);
    expect(first.data.eta_ms).toBeLessThan(5_000);
    await worker.ended(id);
  });
});

describe("two backends", () => {
  it("share the work, and when one is off the other does it all", async () => {
    const other = await startFakeComfy({ stepMs: 10, nodeMs: 2 });
    const backends = JSON.stringify([
      { id: "one", url: worker.fake.url, slots: 1 },
      { id: "two", url: other.url, slots: 1 },
    ]);
    const two = await startWorker({ vars: { COMFY_BACKENDS: backends } });
    const pair = await Promise.all([1, 2].map(() => two.createJob(graph(20))));
    const done = await Promise.all(pair.map((job) => two.ended(job.id)));
    expect(done.map((job) => job.backend?.worker).sort()).toEqual(["one", "two"]);
    await other.kill();
    const rest = await Promise.all([1, 2, 3].map(async () => two.run(graph(5))));
    expect(rest.map((job) => [job.status, job.backend?.worker])).toEqual(Array(3).fill(["succeeded", "one"]));
    const health = (await (await two.request("/v1/health")).json()) as Health;
    expect(health.status).toBe("ok");
    expect(health.backends?.map(({ id, state }) => [id, state])).toEqual([
      ["one", "ready"],
      ["two", "offline"],
    ]);
    await two.close();
    await other.close();
  });

  it("a run lost with its backend is made on the other one", async () => {
    const other = await startFakeComfy({ stepMs: 10, nodeMs: 2 });
    const backends = JSON.stringify([
      { id: "two", url: other.url },
      { id: "one", url: worker.fake.url },
    ]);
    const two = await startWorker({ vars: { COMFY_BACKENDS: backends } });
    const { id } = await two.createJob(graph(100));
    await two.until(id, (job) => job.status === "running");
    other.fake.fault({ type: "restart", downMs: 100 });
    const job = await two.ended(id);
    expect(job).toMatchObject({ status: "succeeded", attempt: 2 });
    expect(job.outputs).toHaveLength(1);
    await two.close();
    await other.close();
  });
});
