/** Whose an upload is, who may use it, and how many bytes a day may be uploaded. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Upload, UploadSchema } from "../../src/contract/api.ts";
import { png, pngChunk } from "../support/artifact-pictures.ts";
import {
  asUser,
  createdBy,
  limited,
  otherProject,
  projectWith,
  quota,
  ratesOf,
  read,
  refused,
  remove,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

let pictures = 0;
/** A picture that nobody has uploaded yet; with `bytes`, of that size. */
function freshPicture(bytes = 0): Uint8Array<ArrayBuffer> {
  const note = (fill: number) => png(8, 8, pngChunk("teXt", `${++pictures}`.padEnd(8) + "x".repeat(fill)));
  const least = note(0).length;
  return new Uint8Array(note(Math.max(0, bytes - least)));
}
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const put = (client: WorkerClient, bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  client.request("/v1/uploads", { method: "POST", body: bytes, headers: { "content-type": "image/png", ...headers } });
const uploadOf = (client: WorkerClient, id: string) => read(client, `/v1/uploads/${id}`, UploadSchema);
const paint = (client: WorkerClient, image: string) =>
  client.post("/v1/jobs", { workflow: "img2img", inputs: { prompt: "dusk", image, steps: 1 } });

describe("an upload", () => {
  it("[A6] is found by its user and by servers, by id and by its bytes, and by nobody else", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const stranger = (await otherProject(worker)).client;
    const bytes = freshPicture();
    const upload = await ana.upload(bytes);
    const byHash = `/v1/uploads/by-hash/${hashOf(bytes)}`;
    expect(await uploadOf(ana, upload.id)).toEqual({ ...upload, expires_at: expect.any(String) });
    expect(await uploadOf(worker, upload.id)).toMatchObject({ id: upload.id });
    expect(await read(ana, byHash, UploadSchema)).toMatchObject({ id: upload.id });
    expect((await ana.request(byHash, { method: "HEAD" })).status).toBe(200);
    for (const client of [ben, stranger]) {
      for (const path of [`/v1/uploads/${upload.id}`, byHash]) {
        expect(await refused(await client.request(path))).toEqual([404, "not_found"]);
      }
      expect((await client.request(byHash, { method: "HEAD" })).status).toBe(404);
      const deleted = await client.request(`/v1/uploads/${upload.id}`, { method: "DELETE" });
      expect(await refused(deleted)).toEqual([404, "not_found"]);
    }
    expect(await uploadOf(ana, upload.id)).toMatchObject({ id: upload.id });
  });

  it("[A6] of the same bytes is another one for another user, who does not learn that they were here", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const bytes = freshPicture();
    const answers = [await put(ana, bytes), await put(ben, bytes), await put(worker, bytes), await put(ana, bytes)];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 200]);
    const ids = await Promise.all(answers.map(async (one) => ((await one.json()) as Upload).id));
    expect(new Set(ids).size).toBe(3);
    expect(ids[3]).toBe(ids[0]);
    await remove(ana, `/v1/uploads/${ids[0]}`);
    expect(await uploadOf(ben, ids[1] ?? "")).toMatchObject({ id: ids[1] });
  });

  it("[A6] is an input of its user's jobs and of servers', of no others'", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const [anas, servers] = [await ana.upload(freshPicture()), await worker.upload(freshPicture())];
    for (const client of [ana, worker]) {
      const { job } = await createdBy(await paint(client, anas.id));
      expect((await client.ended(job.id)).status).toBe("succeeded");
    }
    expect(await refused(await paint(ben, anas.id))).toEqual([422, "missing_upload"]);
    expect(await refused(await paint(ana, servers.id))).toEqual([422, "missing_upload"]);
    const stranger = (await otherProject(worker)).client;
    expect(await refused(await paint(stranger, anas.id))).toEqual([422, "missing_upload"]);
  });

  it("[A7] needs its scope", async () => {
    const reader = await asUser(worker, "ana", { scopes: ["jobs:read", "jobs:create"] });
    expect(await refused(await put(reader, freshPicture()))).toEqual([403, "scope_missing"]);
  });

  it("[S5] whose bytes are not those that were sent is not stored", async () => {
    const bytes = freshPicture();
    const digest = (of: Uint8Array) => `sha-256=:${createHash("sha256").update(of).digest("base64")}:`;
    const damaged = await put(worker, bytes, { "content-digest": digest(freshPicture()) });
    expect(await refused(damaged)).toEqual([422, "digest_mismatch"]);
    expect((await worker.request(`/v1/uploads/by-hash/${hashOf(bytes)}`)).status).toBe(404);
    expect((await put(worker, bytes, { "content-digest": digest(bytes) })).status).toBe(201);
  });
});

describe("bytes a day", () => {
  it("[T3] are held for project, user and token; known bytes are free, and a refusal stores and counts nothing", async () => {
    const project = await projectWith(worker, {
      limits: { upload_bytes_per_day: 3_500 },
      user_limits: { upload_bytes_per_day: 2_000 },
    });
    const ana = await asUser(project, "ana");
    const strict = await asUser(project, "ana", { limits: { upload_bytes_per_day: 1_000 } });
    const first = freshPicture(1_000);
    expect(first.length).toBe(1_000);
    const stored = await put(strict, first);
    expect(stored.status).toBe(201);
    expect(ratesOf(stored)["upload-bytes"]).toMatchObject({ limit: 1_000, remaining: 0 });
    // The same bytes again cost nothing, used up or not.
    expect((await put(strict, first)).status).toBe(200);

    const second = freshPicture(1_000);
    const files = await worker.bucketKeys();
    const { problem, retryAfterSeconds } = await limited(await put(strict, second));
    expect(problem).toMatchObject({ code: "quota_exceeded", detail: expect.stringContaining("of the token") });
    expect(retryAfterSeconds).toBeLessThanOrEqual(86_400);
    expect(await worker.bucketKeys()).toEqual(files);
    expect(await quota(ana, "upload_bytes_per_day", "user")).toMatchObject({ used: 1_000, remaining: 1_000 });
    expect((await put(ana, second)).status).toBe(201);
    expect((await limited(await put(ana, freshPicture()))).problem.detail).toContain("of the user");

    const ben = await asUser(project, "ben");
    expect((await put(ben, freshPicture(1_200))).status).toBe(201);
    expect((await limited(await put(project, freshPicture(1_200)))).problem.detail).toContain("of the project");
    expect(await quota(project, "upload_bytes_per_day")).toMatchObject({ used: 3_200, remaining: 300 });
  });

  it("[T3] are not used up by what is no picture", async () => {
    const project = await projectWith(worker, { limits: { upload_bytes_per_day: 5_000 } });
    expect(await refused(await put(project, new Uint8Array(3_000)))).toEqual([422, "unreadable_image"]);
    expect(await refused(await put(project, freshPicture(3_000).slice(0, 2_900)))).toEqual([422, "unreadable_image"]);
    expect(await quota(project, "upload_bytes_per_day")).toMatchObject({ used: 0 });
  });

  it("[T3] hold under a rush", async () => {
    const project = await projectWith(worker, { limits: { upload_bytes_per_day: 3_000 } });
    const answers = await Promise.all(Array.from({ length: 12 }, () => put(project, freshPicture(1_000))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(9);
  });

  it("[T3] of the same bytes are counted once, at once too, as by a phone that tries again too early", async () => {
    const project = await projectWith(worker, { limits: { upload_bytes_per_day: 1_000_000 } });
    for (let round = 1; round <= 3; round++) {
      const bytes = freshPicture(1_000);
      const answers = await Promise.all(Array.from({ length: 10 }, () => put(project, bytes)));
      expect(answers.every(({ ok }) => ok)).toBe(true);
      expect(await quota(project, "upload_bytes_per_day")).toMatchObject({ used: round * 1_000 });
    }
  });
});
