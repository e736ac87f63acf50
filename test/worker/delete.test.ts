import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { CLOSE_CODES } from "../../src/contract/viewer.ts";
import { ulid } from "../../src/core/util/ids.ts";
import { ticking, twoSaves } from "../support/graphs.ts";
import { asUser } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

let colour = 1_000;
const fresh = () => ++colour;
const inMidRun = (job: Job) => job.status === "running" && (job.progress.step ?? 0) > 2;
const path = (id: string, rest = "") => `/v1/jobs/${id}${rest}`;
const remove = (id: string, client: WorkerClient = worker) => client.request(path(id), { method: "DELETE" });

async function codeOf(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as { code: string }).code];
}

/** What each way to a job answers. */
function everyWay(id: string, client: WorkerClient = worker): Promise<[number, string][]> {
  const stream = { headers: { accept: "text/event-stream" } };
  const patch = { method: "PATCH", body: "{}", headers: { "content-type": "application/json" } };
  return Promise.all(
    [
      client.request(path(id)),
      client.request(path(id), patch),
      client.request(path(id, "/events"), stream),
      client.request(path(id, "/preview")),
      client.request(path(id, "/shares")),
      client.request(path(id, "/graph")),
      client.post(path(id, "/shares"), {}),
      client.post(path(id, "/cancel"), {}),
      client.post(path(id, "/rerun"), {}),
      client.post("/v1/tickets", { job_id: id }),
    ].map(async (answer) => codeOf(await answer)),
  );
}

const GONE = Array.from({ length: 10 }, () => [410, "job_deleted"]);

async function changed(): Promise<{ jobs: string[]; deleted: string[] }> {
  const page = (await (await worker.request("/v1/changes?limit=100")).json()) as { jobs: Job[]; deleted: string[] };
  return { jobs: page.jobs.map((job) => job.id), deleted: page.deleted };
}

describe("a job that is deleted", () => {
  it("[J34] answers as deleted on every way to it, at once, and its media and links are gone", async () => {
    const before = await worker.bucketKeys();
    const job = await worker.run({ graph: twoSaves(3, 5, fresh()) });
    const link = await worker.share(job.id);
    expect((await worker.bucketKeys()).length).toBe(before.length + 4);

    expect((await remove(job.id)).status).toBe(204);
    expect(await everyWay(job.id)).toEqual(GONE);
    for (const rest of ["", "/state", "/events", `/m/${job.outputs[0]?.id}/original`]) {
      const answer = await worker.request(`${link.url}${rest}`, {
        key: null,
        headers: { accept: "text/event-stream" },
      });
      expect(answer.status, rest).toBe(410);
    }
    await expect.poll(() => worker.bucketKeys(), { timeout: 20_000 }).toEqual(before);
    expect(await codeOf(await worker.request(job.outputs[0]?.url ?? "", { key: null }))).toEqual([
      410,
      "media_deleted",
    ]);
    expect((await worker.request(`/v1/outputs/${job.outputs[0]?.id}/raw`)).status).toBe(404);
    // Its rows are gone by now, and the answers are the same.
    await expect.poll(async () => (await changed()).deleted, { timeout: 20_000 }).toContain(job.id);
    expect(await everyWay(job.id)).toEqual(GONE);
    expect((await remove(job.id)).status).toBe(204);
    expect((await changed()).jobs).not.toContain(job.id);
    expect((await worker.request(link.url, { key: null })).status).toBe(410);
  });

  it("[J34] in mid-run is stopped at ComfyUI, gives its place back, and sends its viewers away", async () => {
    const before = await worker.bucketKeys();
    const { id } = await worker.createJob({ graph: twoSaves(2_000, 20, fresh()) });
    await worker.until(id, (job) => inMidRun(job) && job.outputs.length === 1);
    const link = await worker.share(id);
    const owner = await worker.socket(path(id, "/events"));
    const viewer = await worker.socket(`${link.url}/events`, { key: null });
    await Promise.all([owner.first("hello"), viewer.first("hello")]);
    const waiting = worker.request(path(id), { headers: { prefer: "wait=20" } });

    expect((await remove(id)).status).toBe(204);
    expect(await Promise.all([owner.closed(), viewer.closed()])).toEqual([CLOSE_CODES.gone, CLOSE_CODES.gone]);
    expect([owner.types, viewer.types].flat()).not.toContain("end");
    expect(await codeOf(await waiting)).toEqual([410, "job_deleted"]);
    // The backend is free for the next one, long before this run would have ended.
    expect((await worker.run({ graph: ticking(3, 5, fresh()) })).status).toBe("succeeded");
    await expect.poll(() => worker.queue(), { timeout: 20_000 }).toEqual({ waiting: 0, leased: 0 });
    await expect.poll(async () => (await worker.bucketKeys()).length, { timeout: 20_000 }).toBe(before.length + 2);
    expect(await everyWay(id)).toEqual(GONE);
  });

  it("[J34] in line leaves it", async () => {
    const blockers = await Promise.all([1, 2].map(() => worker.createJob({ graph: ticking(40, 20, fresh()) })));
    const { id } = await worker.createJob({ graph: ticking(3, 5, fresh()) });
    await worker.until(id, (job) => job.queue?.position === 1);
    expect((await remove(id)).status).toBe(204);
    await expect.poll(async () => (await worker.queue()).waiting, { timeout: 20_000 }).toBe(0);
    await Promise.all(blockers.map((job) => worker.ended(job.id)));
  });

  it("[J34] is not made again by a repeated request, and its id is not free for another", async () => {
    const body = { id: `job_${ulid(Date.now(), randomBytes(10))}`, workflow: "demo", inputs: { seed: "1" } };
    await worker.createJob(body);
    await remove(body.id);
    for (const moment of ["while it is being removed", "afterwards"]) {
      expect(await codeOf(await worker.post("/v1/jobs", body)), moment).toEqual([410, "job_deleted"]);
      const other = { ...body, inputs: { seed: "2" } };
      expect(await codeOf(await worker.post("/v1/jobs", other)), moment).toEqual([409, "id_conflict"]);
      await expect.poll(async () => (await changed()).deleted, { timeout: 20_000 }).toContain(body.id);
    }
  });

  it("[A6] is its user's, or a server's to delete, and for other users it never was", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const { id } = await ana.createJob({ workflow: "demo", inputs: {} });
    const unknown = Array.from({ length: 10 }, () => [404, "not_found"]);
    expect(await codeOf(await remove(id, ben))).toEqual([404, "not_found"]);
    const others = (await everyWay(id, ben)).filter(([, code]) => code !== "scope_missing");
    expect(others).toEqual(unknown.slice(0, others.length));
    expect((await worker.until(id, () => true)).id).toBe(id);

    expect((await remove(id, ana)).status).toBe(204);
    expect(await codeOf(await ana.request(path(id)))).toEqual([410, "job_deleted"]);
    expect(await codeOf(await remove(id, ben))).toEqual([404, "not_found"]);
    await expect.poll(async () => (await changed()).deleted, { timeout: 20_000 }).toContain(id);
    expect(await codeOf(await ana.request(path(id)))).toEqual([410, "job_deleted"]);
    expect(await codeOf(await ben.request(path(id)))).toEqual([404, "not_found"]);
  });
});

describe("an object that dies while its job is removed", () => {
  const POINTS = ["remove:before-index", "remove:after-index", "remove:after-media", "remove:after-rows"] as const;

  it("[J34] goes on by its alarm, whichever step it died at, and nobody need ask", async () => {
    const before = await worker.bucketKeys();
    const jobs = await Promise.all(POINTS.map(() => worker.run({ graph: ticking(2, 5, fresh()) })));
    expect((await worker.bucketKeys()).length).toBe(before.length + 2 * POINTS.length);
    for (const [at, point] of POINTS.entries()) {
      const id = jobs[at]?.id ?? "";
      await worker.dieAt({ job: id }, point);
      // The answer may die with the object: asked again, it is the same.
      await remove(id).catch(() => {});
    }
    await expect.poll(() => worker.bucketKeys(), { timeout: 40_000, interval: 500 }).toEqual(before);
    const ids = jobs.map((job) => job.id);
    const resumed = worker.logs.filter((line) => line.includes('"job_resumed"') && line.includes('"removing":true'));
    expect(ids.map((id) => resumed.some((line) => line.includes(id)))).toEqual([true, true, true, false]);
    await expect.poll(async () => (await changed()).deleted, { timeout: 40_000 }).toEqual(expect.arrayContaining(ids));
    for (const id of ids) {
      expect((await remove(id)).status).toBe(204);
      expect(await everyWay(id)).toEqual(GONE);
    }
  });

  it("[J34] in mid-run has its prompt dropped and its place given back all the same", async () => {
    const { id } = await worker.createJob({ graph: ticking(2_000, 20, fresh()) });
    await worker.until(id, inMidRun);
    await worker.dieAt({ job: id }, "remove:before-index");
    await remove(id).catch(() => {});
    expect((await worker.run({ graph: ticking(3, 5, fresh()) })).status).toBe("succeeded");
    await expect.poll(() => worker.queue(), { timeout: 40_000 }).toEqual({ waiting: 0, leased: 0 });
    expect(await codeOf(await worker.request(path(id)))).toEqual([410, "job_deleted"]);
  });

  it("[J34] is remembered over a restart of everything", async () => {
    const job = await worker.run({ graph: ticking(2, 5, fresh()) });
    await remove(job.id);
    await expect.poll(async () => (await changed()).deleted, { timeout: 20_000 }).toContain(job.id);
    await worker.killAndStart();
    expect(await everyWay(job.id)).toEqual(GONE);
  });
});
