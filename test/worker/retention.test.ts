import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobSpec } from "../../src/core/job/spec.ts";
import { ulid } from "../../src/core/util/ids.ts";
import { ticking } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

/** A job that is kept for `keptMs`; a request may ask for no less than an hour. */
const specFor = (keptMs: number): JobSpec => {
  const now = Date.now();
  return {
    id: `job_${ulid(now, randomBytes(10))}`,
    project: worker.project,
    user: null,
    rerunOf: null,
    concurrent: null,
    projectConcurrent: null,
    priority: "normal",
    fingerprint: "0".repeat(64),
    origin: worker.url,
    workflow: null,
    inputs: null,
    seed: null,
    metadata: {},
    images: [],
    plan: ["1", "5", "9"].map((id) => ({ id, classType: "Any", title: null, units: 1 })),
    socketNodes: [],
    labels: {},
    keepTemporary: false,
    aspect: null,
    shape: "retention",
    createdAt: now,
    startBy: null,
    finishBy: now + 60_000,
    expiresAt: now + keptMs,
  };
};

describe("when its time is over", () => {
  it("a job goes with its media, its links and its secrets, and is remembered as gone", async () => {
    const kept = await worker.run({ graph: ticking(2, 5, 1) });
    const before = await worker.bucketKeys();
    const spec = specFor(2_500);
    await worker.createFromSpec(spec, ticking(2, 5, 2));
    const job = await worker.ended(spec.id);
    const link = await worker.share(spec.id);
    expect(Date.parse(link.expires_at)).toBeLessThanOrEqual(spec.expiresAt);
    expect((await worker.request(link.url, { key: null })).status).toBe(200);
    const url = job.outputs[0]?.url ?? "";
    expect((await worker.bytes(url)).length).toBeGreaterThan(50);

    await expect.poll(() => worker.bucketKeys(), { timeout: 20_000 }).toEqual(before);
    for (const path of ["", "/cancel", "/events", "/shares"]) {
      const method = path === "/cancel" ? "POST" : "GET";
      const gone = await worker.request(`/v1/jobs/${spec.id}${path}`, {
        method,
        headers: { accept: "text/event-stream" },
      });
      expect([gone.status, (await problemOf(gone)).code], path).toEqual([410, "job_expired"]);
    }
    const file = await worker.request(url, { key: null });
    expect([file.status, (await problemOf(file)).code]).toEqual([410, "media_deleted"]);
    expect([404, 410]).toContain((await worker.request(link.url, { key: null })).status);
    const taken = await worker.post("/v1/jobs", { id: spec.id, workflow: "demo" });
    expect((await problemOf(taken)).code).toBe("id_conflict");
    expect((await worker.getJob(kept.id)).outputs).toEqual(kept.outputs);
  });

  it("a job whose object was killed meanwhile goes all the same", async () => {
    const before = await worker.bucketKeys();
    const spec = specFor(2_500);
    await worker.createFromSpec(spec, ticking(2, 5, 3));
    await worker.ended(spec.id);
    await worker.abortJob(spec.id);
    await expect.poll(() => worker.bucketKeys(), { timeout: 20_000 }).toEqual(before);
  });
});
