/** JSON bodies as attackers write them, on every route that takes one: deep, crowded, long, doubled, and with odd names. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { codeOf, leaked } from "../support/attacks.ts";
import { expectNothingCreated, JSON_TYPE, post } from "../support/bad-input.ts";
import { type Operation, operations } from "../support/openapi.ts";
import { asUser, makeKey } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { CallInit } from "../support/worker-client.ts";

/** No refusal is longer, whatever it refuses. */
const MAX_ANSWER_CHARS = 20_000;
const DEEP = 10_000;

let worker: TestWorker;
/** Ids of keys and jobs to put into paths. */
let ids: { key: string; job: string };
beforeAll(async () => {
  worker = await startWorker();
  ids = { key: (await makeKey(worker, ["jobs:read"])).key.id, job: "job_00000000000000000000000000" };
});
afterAll(() => worker.close());

const takingJson = operations().filter(({ example }) => example !== undefined);
const title = ({ method, path }: Operation) => `${method} ${path}`;

const send = ({ method, path }: Pick<Operation, "method" | "path">, body: CallInit["body"], headers = {}) => {
  const address = path.replace(/\{\w+\}/g, path.startsWith("/v1/keys") ? ids.key : ids.job);
  return worker.request(address, { method, body: body ?? null, headers: { ...JSON_TYPE, ...headers } });
};

/** A refusal of the caller, short, and complete as every error is. */
async function expectShortRefusal(response: Response, what: string): Promise<string> {
  const text = await response.text();
  expect(response.status, `${what}: ${text.slice(0, 300)}`).toBeGreaterThanOrEqual(400);
  expect(response.status, `${what}: ${text.slice(0, 300)}`).toBeLessThan(500);
  expect(response.headers.get("content-type"), what).toBe("application/problem+json");
  expect(text.length, what).toBeLessThan(MAX_ANSWER_CHARS);
  return (JSON.parse(text) as { code: string }).code;
}

const lists = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
/** The example with one field in place of another. */
const withField = (example: unknown, name: string, json: string) => {
  const { [name]: _, ...others } = example as Record<string, unknown>;
  return `${JSON.stringify(others).replace(/}$/, Object.keys(others).length > 0 ? "," : "")}"${name}":${json}}`;
};
const crowd = (count: number) => `{${Array.from({ length: count }, (_, n) => `"${n.toString(36)}":0`).join()}}`;

describe.each(takingJson.map((operation) => [title(operation), operation] as const))("%s", (_, operation) => {
  const fields = Object.keys(operation.example as Record<string, unknown>);

  it("[S3, S4] refuses ten thousand lists or objects in each other, as its body and in each of its fields", async () => {
    for (const json of [lists(DEEP), objects(DEEP), `${lists(DEEP).slice(0, -1)},12345678901234567890]`]) {
      await expectShortRefusal(await send(operation, json), "the body");
      for (const name of [...fields, "unknown"])
        await expectShortRefusal(await send(operation, withField(operation.example, name, json)), name);
    }
  });

  it("[S3, S4] refuses a crowd of keys, or a very long one, in a short answer", async () => {
    for (const body of [crowd(20_000), `{"${"k".repeat(100_000)}":1}`])
      await expectShortRefusal(await send(operation, body), body.slice(0, 20));
  });

  it("[S3, S5] refuses what is no JSON text in UTF-8, or does not say that it is JSON", async () => {
    const text = JSON.stringify(operation.example);
    const bytes = (...parts: (string | number[])[]) =>
      new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : part)));
    const bodies: [string, Uint8Array<ArrayBuffer>][] = [
      ["UTF-16", new Uint8Array(Buffer.from(text, "utf16le"))],
      ["UTF-16 with a mark", new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"))],
      ["an overlong slash", bytes('{"a":"', [0xc0, 0xaf], '"}')],
      ["half a pair in bytes", bytes('{"a":"', [0xed, 0xa0, 0x80], '"}')],
      ["a character beyond Unicode", bytes('{"a":"', [0xf4, 0x90, 0x80, 0x80], '"}')],
      ["a bare NUL", bytes('{"a":"', [0], '"}')],
      ["a NUL at the end", bytes(text, [0])],
      ["two texts", bytes(text, text)],
      ["a comment", bytes("/**/", text)],
      ["a trailing comma", bytes(text.replace(/}$/, ",}"))],
      ["gzip", new Uint8Array(gzipSync(text))],
    ];
    for (const [what, body] of bodies) {
      const headers = what === "gzip" ? { "content-encoding": "gzip" } : {};
      expect(await expectShortRefusal(await send(operation, body, headers), what)).toBe("invalid_json");
    }
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"]) {
      const response = await send(operation, text, { "content-type": type });
      expect(await expectShortRefusal(response, type)).toBe("unsupported_media_type");
    }
  });
});

it("[S5] none of this created anything, and none of it was a failure of ours", async () => {
  await expectNothingCreated(worker);
  expect(worker.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

const jobs = { method: "POST", path: "/v1/jobs" };
const asJob = async (response: Response) => {
  const job = (await response.json()) as Job;
  expect(response.status, JSON.stringify(job)).toBeLessThan(300);
  return job;
};
const project = (json: string) => send({ method: "PATCH", path: "/v1/project" }, json);

it("[S3, S4] a job with as many keys as a body holds, apart or all of one name, is refused in a short answer", async () => {
  const same = `{${Array.from({ length: 200_000 }, () => '"":0').join()}}`;
  const long = `{"${"k".repeat(1_100_000)}":"x"}`;
  for (const keys of [crowd(120_000), same, long]) {
    await expectShortRefusal(await send(jobs, keys), "the body");
    for (const name of ["inputs", "metadata"])
      await expectShortRefusal(await send(jobs, `{"workflow":"txt2img","${name}":${keys}}`), name);
    await expectShortRefusal(await send(jobs, `{"graph":${keys}}`), "graph");
  }
});

const LONG_NUMBERS = Array(50_000).fill("1234567890123456789").join();
const NO_TEXT = '{"toString":1,"valueOf":1}';

describe("numbers", () => {
  it.each([
    ["a seed of 64 bits as a time", '{"workflow":"demo","deadline":{"finish_within_seconds":12345678901234567890}}'],
    ["more than a number holds", '{"workflow":"demo","deadline":{"finish_within_seconds":1e400}}'],
    ["a fraction of a second", '{"workflow":"demo","deadline":{"finish_within_seconds":60.5}}'],
    ["a number in quotes", '{"workflow":"demo","deadline":{"finish_within_seconds":"60"}}'],
    ["a number for a text", '{"workflow":"demo","metadata":{"n":12345678901234567890}}'],
    ["a million digits", `{"workflow":"txt2img","inputs":{"prompt":"x","seed":${"1".repeat(1_100_000)}}}`],
    ["a seed below zero", `{"workflow":"txt2img","inputs":{"prompt":"x","seed":-${"1".repeat(39)}}}`],
    ["fifty thousand long ones", `{"workflow":"txt2img","inputs":{"prompt":[${LONG_NUMBERS}]}}`],
    ["what cannot be written out", `{"workflow":"txt2img","inputs":{"prompt":[${NO_TEXT}${",1".repeat(3_000)}]}}`],
    ["an object with a toString", `{"workflow":"txt2img","inputs":{"prompt":"x","steps":${NO_TEXT}}}`],
  ])("[S3, S4] out of bounds or out of place are refused in a short answer: %s", async (what, body) => {
    expect(await expectShortRefusal(await send(jobs, body), what)).toBe("invalid_inputs");
  });
});

describe("names that objects have", () => {
  it("[S3] in metadata are data, and __proto__ is left out", async () => {
    const metadata = '{"constructor":"b","prototype":"c","toString":"d","hasOwnProperty":"e","__proto__":"a"}';
    const job = await asJob(await send(jobs, `{"workflow":"demo","metadata":${metadata}}`));
    const kept = { constructor: "b", prototype: "c", toString: "d", hasOwnProperty: "e" };
    expect(job.metadata).toEqual(kept);
    const found = async (query: string) => {
      const { data } = (await (await worker.request(`/v1/jobs?${query}`)).json()) as { data: Job[] };
      return data.map(({ id }) => id);
    };
    expect(await found("metadata[constructor]=b&metadata[toString]=d")).toEqual([job.id]);
    for (const name of ["__proto__", "valueOf", "isPrototypeOf"])
      expect(await found(`metadata[${name}]=a`)).toEqual([]);
    await worker.ended(job.id);
  });

  it("[S3] elsewhere are refused or left out, and change nothing of anything", async () => {
    const evil = '{"polluted":"yes","user":"eve","priority":"high","scopes":["projects:write"]}';
    for (const name of ["__proto__", "constructor", "toString"]) {
      await expectShortRefusal(await send(jobs, `{"workflow":"demo","${name}":${evil}}`), name);
      await expectShortRefusal(await send(jobs, `{"graph":{"${name}":{"class_type":"X","inputs":${evil}}}}`), name);
      const graph = `{"1":{"class_type":"EmptyImage","inputs":{"${name}":${evil}}},"2":{"class_type":"SaveImage","inputs":{"images":["1",0]}}}`;
      await expectShortRefusal(await send(jobs, `{"graph":${graph}}`), name);
      await expectShortRefusal(await project(`{"limits":{"${name}":1}}`), name);
      await expectShortRefusal(await project(`{"${name}":${evil}}`), name);
      const issuer = `{"issuer":"https://id.example.com","audience":"a","${name}":${evil}}`;
      await expectShortRefusal(await project(`{"issuers":[${issuer}]}`), name);
      await expectShortRefusal(await send(jobs, `{"workflow":"${name}"}`), name);
      const plan = await send(
        { ...jobs, path: "/v1/jobs?validate_only=true" },
        `{"workflow":"demo","inputs":{"${name}":${evil}}}`,
      );
      expect([200, 422]).toContain(plan.status);
      expect(await plan.text()).not.toContain("polluted");
    }
    const job = await asJob(await send(jobs, '{"workflow":"demo"}'));
    expect(job).toMatchObject({ user: null, priority: "normal", metadata: {} });
    const me = await (await worker.request("/v1/me")).text();
    const described = await (await worker.request("/v1/project")).text();
    expect(leaked([JSON.stringify(job), me, described], ["polluted"])).toEqual([]);
    await worker.ended(job.id);
  });

  it("[A6, A8] as names of users are users like others: own jobs alone, and revoked when revoked", async () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      const [user, neighbour] = [await asUser(worker, name), await asUser(worker, `${name}2`)];
      const job = await user.run({ workflow: "demo" });
      expect(job.user).toBe(name);
      expect((await neighbour.request(`/v1/jobs/${job.id}`)).status).toBe(404);
      await worker.request(`/v1/users/${name}/tokens`, { method: "DELETE" });
      expect(await codeOf(await user.request("/v1/me"))).toBe("token_revoked");
      expect((await neighbour.request("/v1/me")).status).toBe(200);
    }
  });
});

describe("text", () => {
  it("[S3] with half a surrogate pair is refused everywhere: most readers of JSON choke on it", async () => {
    const graph =
      '{"1":{"class_type":"EmptyImage","inputs":{}},"2":{"class_type":"SaveImage","inputs":{"images":["1",0],"filename_prefix":"\\udc80"}}}';
    const bodies: [Pick<Operation, "method" | "path">, string][] = [
      [jobs, '{"workflow":"txt2img","inputs":{"prompt":"a\\ud800b"}}'],
      [jobs, '{"workflow":"demo","metadata":{"a":"\\ud800"}}'],
      [jobs, '{"workflow":"demo","metadata":{"\\udc00":"a"}}'],
      [jobs, '{"workflow":"demo","share":{"label":"\\ud800"}}'],
      [jobs, `{"graph":${graph}}`],
      [{ method: "POST", path: "/v1/keys" }, '{"name":"\\ud800","scopes":["jobs:read"]}'],
      [{ method: "PATCH", path: "/v1/project" }, '{"name":"\\ud800"}'],
    ];
    for (const [operation, body] of bodies) await expectShortRefusal(await send(operation, body), body);
  });

  it("[S3] with a byte order mark, NULs, line breaks and characters that reorder text is kept as it is, as data", async () => {
    const metadata = {
      nul: "a\u0000b",
      lines: "a\r\nset-cookie: x=1",
      hidden: "\u202egnp.exe",
      mark: "\ufeff",
      "": "",
    };
    const { "": _, ...kept } = metadata;
    const response = await send(jobs, `\ufeff${JSON.stringify({ workflow: "demo", metadata: kept })}`);
    expect(response.headers.get("set-cookie")).toBeNull();
    const job = await asJob(response);
    expect((await worker.ended(job.id)).metadata).toEqual(kept);
    const list = await worker.request("/v1/jobs?metadata[nul]=a%00b");
    expect(((await list.json()) as { data: Job[] }).data.map(({ id }) => id)).toEqual([job.id]);
    expect((await worker.request("/v1/jobs", post({ workflow: "demo", metadata }))).status).toBe(422);
  });

  it("[S1, S3] with a key named twice counts the last one, for all who read it", async () => {
    const ana = await asUser(worker, "ana");
    const twice = '{"workflow":"nope","workflow":"demo","user":"ana","user":"eve"}';
    const refused = await ana.post("/v1/jobs", twice);
    expect(await expectShortRefusal(refused, twice)).toBe("invalid_inputs");
    const key = { "idempotency-key": "twice" };
    const first = await asJob(await ana.post("/v1/jobs", '{"workflow":"nope","workflow":"demo"}', key));
    const again = await ana.post("/v1/jobs", '{"workflow":"demo"}', key);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect((await asJob(again)).id).toBe(first.id);
    await worker.ended(first.id);
  });
});
