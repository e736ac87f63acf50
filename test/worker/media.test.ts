import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expiryDay, signMedia } from "../../src/core/artifact/sign.ts";
import { decodePng } from "../../src/fake/media/png.ts";
import { small } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf } from "../support/worker-client.ts";

const SIGNING_SECRET = "0123456789abcdef0123456789abcdef";
const PROMPT = "a prompt that stands in the file";

let worker: TestWorker;
let url: string;
let outputId: string;
let clean: Uint8Array;
beforeAll(async () => {
  worker = await startWorker({ vars: { SIGNING_SECRET } });
  const job = await worker.run({ workflow: "txt2img", inputs: small(PROMPT, { width: 256, height: 192 }) });
  url = job.outputs[0]?.url ?? "";
  outputId = job.outputs[0]?.id ?? "";
  clean = await worker.bytes(url);
});
afterAll(() => worker.close());

const get = (headers: Record<string, string> = {}, query = "") => worker.request(url + query, { key: null, headers });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const zlib = { inflate: async (data: Uint8Array) => inflateSync(data), deflate: async (data: Uint8Array) => data };

describe("a stored picture by its signed link", () => {
  it("[M3] is a whole PNG without prompt and workflow, and says all about itself in headers", async () => {
    const response = await get();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "image/png",
      "content-length": String(clean.length),
      "accept-ranges": "bytes",
      "cache-control": expect.stringMatching(/^private, max-age=\d+, immutable$/),
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "cross-origin",
      "content-disposition": expect.stringMatching(/^inline/),
      "access-control-allow-origin": "*",
    });
    expect(await decodePng(clean, zlib)).toMatchObject({ width: 256, height: 192 });
    expect(Buffer.from(clean).toString("latin1")).not.toMatch(/tEXt|prompt|class_type|KSampler/);
  });

  it("[M5] has the same URL at every poll", async () => {
    const { id } = await worker.createJob({ workflow: "demo", inputs: { width: 64, height: 64 } });
    const job = await worker.ended(id);
    const again = await worker.getJob(job.id);
    expect(again.outputs.map((output) => output.url)).toEqual(job.outputs.map((output) => output.url));
  });

  it("[M4] HEAD tells the same without the bytes", async () => {
    const response = await worker.request(url, { method: "HEAD", key: null });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(clean.length));
    expect((await bytesOf(response)).length).toBe(0);
  });

  it("[M4] a range is a slice of the clean copy, wherever it lies", async () => {
    const size = clean.length;
    const cases: [string, number, number][] = [
      ["bytes=0-0", 0, 1],
      ["bytes=0-99", 0, 100],
      ["bytes=20-60", 20, 61],
      [`bytes=${size - 30}-`, size - 30, size],
      ["bytes=-17", size - 17, size],
      [`bytes=100-${size + 500}`, 100, size],
      [
        `bytes=${Math.floor(size / 2)}-${Math.floor(size / 2) + 1000}`,
        Math.floor(size / 2),
        Math.floor(size / 2) + 1001,
      ],
    ];
    for (const [range, from, to] of cases) {
      const response = await get({ range });
      expect(response.status, range).toBe(206);
      expect(response.headers.get("content-range")).toBe(`bytes ${from}-${Math.min(to, size) - 1}/${size}`);
      expect(await bytesOf(response), range).toEqual(clean.slice(from, to));
    }
  });

  it("a range outside the file is 416 with its length; one that is no range is passed over", async () => {
    const outside = await get({ range: `bytes=${clean.length}-` });
    expect(outside.status).toBe(416);
    expect(outside.headers.get("content-range")).toBe(`bytes */${clean.length}`);
    expect((await problemOf(outside)).code).toBe("range_not_satisfiable");
    expect((await get({ range: "pages=1-2" })).status).toBe(200);
  });

  it("[M4] its ETag holds for it alone: 304, and If-Range", async () => {
    const etag = (await get()).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"/);
    expect((await get({ "if-none-match": etag })).status).toBe(304);
    expect((await get({ "if-none-match": '"another"' })).status).toBe(200);
    expect((await get({ "if-range": etag, range: "bytes=0-9" })).status).toBe(206);
    expect((await get({ "if-range": '"another"', range: "bytes=0-9" })).status).toBe(200);
    const raw = await worker.request(`/v1/outputs/${outputId}/raw`);
    expect(raw.headers.get("etag")).not.toBe(etag);
  });

  it("download gives it a name, its own or the one asked for", async () => {
    const named = await get({}, "?download=lighthouse");
    expect(named.headers.get("content-disposition")).toMatch(/^attachment;.*lighthouse\.png/);
    expect((await get({}, "?download")).headers.get("content-disposition")).toMatch(/^attachment;.*\.png/);
    const nasty = await get({}, `?download=${encodeURIComponent('a"\r\nset-cookie: x=1;/../é')}`);
    expect(nasty.status).toBe(200);
    expect(nasty.headers.get("set-cookie")).toBeNull();
  });

  it("[M5] with a signature that is not ours is 403; with a day that is over, 410", async () => {
    const [, , sig = ""] = new URL(url).pathname.split("/");
    const [day = "", mac = ""] = sig.split(".");
    const tampered = [`${day}.${mac.slice(0, -1)}${mac.endsWith("A") ? "B" : "A"}`, `${day}1.${mac}`, "x", `${day}.`];
    for (const bad of tampered) {
      const response = await worker.request(url.replace(sig, bad), { key: null });
      expect(response.status, bad).toBe(403);
      expect((await problemOf(response)).code).toBe("bad_signature");
    }
    const other = outputId.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    expect((await worker.request(url.replace(outputId, other), { key: null })).status).toBe(403);
    const secret = new TextEncoder().encode(SIGNING_SECRET);
    const expDay = expiryDay(Date.now()) - 3;
    const old = await signMedia(secret, { outputId, variant: "original", epoch: 0, expDay });
    const expired = await worker.request(url.replace(sig, old), { key: null });
    expect(expired.status).toBe(410);
    expect((await problemOf(expired)).code).toBe("media_expired");
  });
});

describe("the untouched original", () => {
  it("[M3] is for the owner alone, with everything in it", async () => {
    const path = `/v1/outputs/${outputId}/raw`;
    const raw = await worker.bytes(path, {});
    expect(Buffer.from(raw).toString("latin1")).toContain(PROMPT);
    expect(raw.length).toBeGreaterThan(clean.length);
    const refused = await worker.request(path, { key: null });
    expect(refused.status).toBe(401);
    expect((await problemOf(refused)).code).toBe("unauthenticated");
    const part = await worker.request(path, { headers: { range: "bytes=8-40" } });
    expect(await bytesOf(part)).toEqual(raw.slice(8, 41));
  });

  it("of an output that is not there says so", async () => {
    const other = outputId.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    const response = await worker.request(`/v1/outputs/${other}/raw`);
    expect([404, 410]).toContain(response.status);
    expect(["not_found", "media_deleted"]).toContain((await problemOf(response)).code);
  });
});
