/** Changing a job after it was made: metadata, retention, and its priority while it waits. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { ticking } from "../support/graphs.ts";
import { asUser, refused, remove, send, stop } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

const DAY_SECONDS = 86_400;

let worker: TestWorker;
beforeAll(async () => {
  // One place, so that what comes second waits.
  worker = await startWorker({ backend: { slots: 1 } });
});
afterAll(() => worker.close());

const demo = (more: Record<string, unknown> = {}) => ({ workflow: "demo", inputs: { width: 64, height: 64 }, ...more });
const patch = (job: { id: string }, body: unknown, client: WorkerClient = worker) =>
  send(client, "PATCH", `/v1/jobs/${job.id}`, body);

/** The job that a patch answered with. */
async function patched(job: { id: string }, body: unknown, client: WorkerClient = worker): Promise<Job> {
  const response = await patch(job, body, client);
  const changed = (await response.json()) as Job;
  expect(response.status, JSON.stringify(changed)).toBe(200);
  expect(response.headers.get("etag")).toBe(`W/"${changed.seq}"`);
  expect(await client.getJob(job.id)).toEqual(changed);
  return changed;
}

const daysKept = (job: Job): number =>
  Math.round((Date.parse(job.expires_at) - Date.parse(job.created_at)) / 1000) / DAY_SECONDS;

describe("a finished job", () => {
  it("[J36, S2] takes new metadata in place of the old, and its ETag changes", async () => {
    const job = await worker.run(demo({ metadata: { screen: "editor", draft: "1" } }));
    const changed = await patched(job, { metadata: { screen: "gallery" } });
    expect(changed).toEqual({ ...job, seq: changed.seq, metadata: { screen: "gallery" } });
    expect(changed.seq).toBeGreaterThan(job.seq);
    expect((await patched(job, { metadata: {} })).metadata).toEqual({});
  });

  it("[J36] is kept longer or shorter, counted from now, and 90 days at most", async () => {
    const job = await worker.run(demo());
    expect(daysKept(job)).toBe(7);
    expect(daysKept(await patched(job, { retention: { expires_in_seconds: 30 * DAY_SECONDS } }))).toBeCloseTo(30, 3);
    expect(daysKept(await patched(job, { retention: { expires_in_seconds: 3_600 } }))).toBeCloseTo(1 / 24, 3);
    expect(daysKept(await patched(job, { retention: { expires_in_seconds: 90 * DAY_SECONDS } }))).toBe(90);
    for (const seconds of [90 * DAY_SECONDS + 1, 3_599, 0, -1, 1.5, "3600"]) {
      const answer = await patch(job, { retention: { expires_in_seconds: seconds } });
      expect(await refused(answer), String(seconds)).toEqual([422, "invalid_inputs"]);
    }
    expect(daysKept(await worker.getJob(job.id))).toBe(90);
  });

  it("[J36] has no place in line to change; nothing of such a patch is done", async () => {
    const job = await worker.run(demo());
    const answer = await patch(job, { priority: "high", metadata: { lost: "yes" } });
    expect(await refused(answer)).toEqual([409, "job_not_queued"]);
    expect(await worker.getJob(job.id)).toEqual(job);
    // What it has already it may be asked for.
    expect(await patched(job, { priority: "normal" })).toMatchObject({ priority: "normal", status: "succeeded" });
  });

  it("[J36] refuses what is no patch and says where; the job stays as it is", async () => {
    const job = await worker.run(demo());
    const wrong: [unknown, string][] = [
      [{ name: "new" }, "#"],
      [{ status: "canceled" }, "#"],
      [{ metadata: { a: 1 } }, "#/metadata/a"],
      [{ metadata: { "": "x" } }, "#/metadata/"],
      [{ metadata: { a: "x".repeat(501) } }, "#/metadata/a"],
      [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, "v"])) }, "#/metadata"],
      [{ priority: "urgent" }, "#/priority"],
      [{ retention: {} }, "#/retention/expires_in_seconds"],
      [[], "#"],
      [null, "#"],
    ];
    for (const [body, pointer] of wrong) {
      const answer = await patch(job, body);
      expect(await answer.json()).toMatchObject({ code: "invalid_inputs", errors: [{ pointer }] });
    }
    expect(await worker.getJob(job.id)).toEqual(job);
  });

  it("[J36] once deleted is patched no more", async () => {
    const job = await worker.run(demo());
    await remove(worker, `/v1/jobs/${job.id}`);
    expect(await refused(await patch(job, { metadata: {} }))).toEqual([410, "job_deleted"]);
  });

  it("[A6] is its user's to patch, but for the priority, and nobody else's", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const job = await ana.run(demo());
    expect((await patched(job, { metadata: { mine: "yes" } }, ana)).metadata).toEqual({ mine: "yes" });
    expect(await refused(await patch(job, { metadata: { mine: "no" } }, ben))).toEqual([404, "not_found"]);
    expect(await refused(await patch(job, { priority: "normal" }, ana))).toEqual([422, "invalid_inputs"]);
    expect((await ana.getJob(job.id)).metadata).toEqual({ mine: "yes" });
  });
});

describe("a running job", () => {
  it("[J36, S2] takes metadata, which a long poll and a viewer see; its priority is settled", async () => {
    const job = await worker.createJob({ graph: ticking(2_000, 20) });
    const running = await worker.until(job.id, (now) => now.status === "running");
    expect(await refused(await patch(job, { priority: "high" }))).toEqual([409, "job_not_queued"]);
    const viewer = await worker.socket(`/v1/jobs/${job.id}/events`);
    await viewer.first("hello");
    const answer = await patch(job, { metadata: { note: "still" }, retention: { expires_in_seconds: 7_200 } });
    expect(((await answer.json()) as Job).seq).toBeGreaterThan(running.seq);
    const seen = await worker.until(job.id, (now) => now.metadata.note === "still");
    expect(seen).toMatchObject({ status: "running", priority: "normal" });
    await stop(worker, job);
    const { data } = await viewer.first("end");
    expect(data.job).toMatchObject({ metadata: { note: "still" } });
    expect(daysKept(data.job)).toBeCloseTo(2 / 24, 3);
  });
});

describe("waiting jobs", () => {
  const placeOf = (job: { id: string }, position: number) =>
    worker.until(job.id, (now) => now.queue?.position === position);

  it("[J36, B7] change places with their priority, and run in that order", async () => {
    const running = await worker.createJob({ graph: ticking(2_000, 20) });
    await worker.until(running.id, (job) => job.status === "running");
    const [first, second, third] = [
      await worker.createJob({ graph: ticking(2_000, 20, 1) }),
      await worker.createJob({ graph: ticking(2_000, 20, 2) }),
      await worker.createJob({ graph: ticking(2_000, 20, 3), priority: "low" }),
    ];
    await placeOf(third, 3);
    const raised = (await (await patch(third, { priority: "high" })).json()) as Job;
    expect(raised).toMatchObject({ priority: "high", status: "queued" });
    expect(raised.seq).toBeGreaterThan(third.seq);
    await Promise.all([placeOf(third, 1), placeOf(first, 2), placeOf(second, 3)]);
    const answer = await patch(first, { priority: "low" });
    expect(await answer.json()).toMatchObject({ priority: "low", status: "queued" });
    await Promise.all([placeOf(third, 1), placeOf(second, 2), placeOf(first, 3)]);

    await stop(worker, running);
    for (const [next, ...waiting] of [[third, second, first], [second, first], [first]]) {
      await worker.until(next?.id ?? "", (job) => job.status === "running");
      for (const { id } of waiting) expect((await worker.getJob(id)).status).toBe("queued");
      await stop(worker, ...(next ? [next] : []));
    }
  });

  it("[J36, J22] keep their deadlines whatever is patched", async () => {
    const running = await worker.createJob({ graph: ticking(2_000, 20) });
    await worker.until(running.id, (job) => job.status === "running");
    const waiting = await worker.createJob(demo({ deadline: { start_within_seconds: 3 } }));
    const changed = await patch(waiting, { priority: "high", retention: { expires_in_seconds: DAY_SECONDS } });
    expect(((await changed.json()) as Job).deadline).toEqual(waiting.deadline);
    expect(await worker.ended(waiting.id)).toMatchObject({ status: "expired", priority: "high" });
    await stop(worker, running);
  });
});
