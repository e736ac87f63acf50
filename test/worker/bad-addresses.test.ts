import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mintSecretKey } from "../../src/core/auth/secret-key.ts";
import { captured, png } from "../support/artifact-pictures.ts";
import { type Case, chunked, expectNothingCreated, expectRefused, post } from "../support/bad-input.ts";
import { ticking } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { type CallInit, problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const UNKNOWN_JOB = "job_00000000000000000000000000";
const upload = (bytes: Uint8Array | string, type = "image/png", headers: Record<string, string> = {}): CallInit => ({
  method: "POST",
  body: bytes as Uint8Array<ArrayBuffer>,
  headers: { "content-type": type, ...headers },
});

const CASES: Case[] = [
  [
    "a picture that is words",
    "/v1/uploads",
    upload("not a picture at all, but long enough to be read"),
    422,
    "unreadable_image",
  ],
  [
    "a picture that ends early",
    "/v1/uploads",
    () => upload(captured("05-img2img-upload", ".png").slice(0, 400)),
    422,
    "unreadable_image",
  ],
  ["no picture", "/v1/uploads", upload(""), 422, "unreadable_image"],
  ["a page as a picture", "/v1/uploads", upload("<html></html>", "text/html"), 415, "unsupported_media_type"],
  [
    "a form without a file",
    "/v1/uploads",
    upload("--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    400,
    "invalid_parameter",
  ],
  [
    "bytes that are not those of their digest",
    "/v1/uploads",
    () => upload(png(4, 4), "image/png", { "content-digest": `sha-256=:${btoa("0".repeat(32))}:` }),
    422,
    "digest_mismatch",
  ],
  [
    "an upload that is too large",
    "/v1/uploads",
    () => chunked(26 * 1024 * 1024 + 1, { "content-type": "image/png" }),
    413,
    "payload_too_large",
  ],
  ["an unknown upload", "/v1/uploads/upl_00000000000000000000000000", {}, 404, "not_found"],

  ["an unknown job", `/v1/jobs/${UNKNOWN_JOB}`, {}, 404, "not_found"],
  ["an id that cannot be a job's", "/v1/jobs/..%2f..%2fsecret", {}, 404, "not_found"],
  ["canceling an unknown job", `/v1/jobs/${UNKNOWN_JOB}/cancel`, post({}), 404, "not_found"],
  [
    "a reason that is a number",
    `/v1/jobs/${UNKNOWN_JOB}/cancel`,
    post({ reason: 5 }),
    422,
    "invalid_inputs",
    "#/reason",
  ],
  [
    "watching an unknown job",
    `/v1/jobs/${UNKNOWN_JOB}/events`,
    { headers: { accept: "text/event-stream" } },
    404,
    "not_found",
  ],
  ["sharing an unknown job", `/v1/jobs/${UNKNOWN_JOB}/shares`, post({}), 404, "not_found"],
  [
    "a share that reveals the prompt",
    `/v1/jobs/${UNKNOWN_JOB}/shares`,
    post({ reveal: ["prompt"] }),
    422,
    "invalid_inputs",
    "#/reveal/0",
  ],
  ["the links of an unknown job", `/v1/jobs/${UNKNOWN_JOB}/shares`, {}, 404, "not_found"],
  [
    "revoking an unknown link",
    `/v1/jobs/${UNKNOWN_JOB}/shares/shr_00000000000000000000000000`,
    { method: "DELETE" },
    404,
    "not_found",
  ],
  ["the preview of an unknown job", `/v1/jobs/${UNKNOWN_JOB}/preview`, {}, 404, "not_found"],
  ["an unknown workflow to look at", "/v1/workflows/nope", {}, 404, "workflow_not_found"],
  ["a media link that is none", "/m/x/out_1/original.png", { key: null }, 404, "not_found"],
  ["an address that is not there", "/v2/jobs", {}, 404, "not_found"],

  ["no key", "/v1/jobs", { ...post({ workflow: "demo" }), key: null }, 401, "unauthenticated"],
  [
    "a wrong key",
    "/v1/workflows",
    { key: mintSecretKey("test", "prj_01kag3x7p2v9m4t8r6c5n1d0ze", new Uint8Array(32)) },
    401,
    "unauthenticated",
  ],
  ["a key with a typo", "/v1/workflows", { key: "ec_sk_test_oops" }, 401, "unauthenticated"],
  [
    "a key in Basic form",
    "/v1/workflows",
    { key: null, headers: { authorization: "Basic YTpi" } },
    401,
    "unauthenticated",
  ],
  [
    "a key that a browser sends",
    "/v1/workflows",
    { headers: { origin: "https://app.example" } },
    403,
    "secret_key_in_browser",
  ],
];

describe("what is not there, not a picture, or not for you", () => {
  it.each(CASES)("[S3, A4] %s", (...entry) => expectRefused(worker, entry));

  it("[S5] none of this created or lost anything", () => expectNothingCreated(worker));

  it("[S3] a wrong method on a known address", async () => {
    for (const [method, path] of [
      ["PUT", "/v1/jobs"],
      ["DELETE", "/v1/workflows"],
      ["GET", "/v1/uploads"],
    ] as const) {
      const response = await worker.request(path, { method });
      expect(response.headers.get("allow")).toMatch(/^(GET|POST)/);
      expect((await problemOf(response)).code).toBe("method_not_allowed");
    }
  });

  it("[V4] a cursor that is none, a preview mode that is none, and no stream asked for", async () => {
    const { id } = await worker.createJob({ graph: ticking(1000, 20) });
    const events = `/v1/jobs/${id}/events`;
    const sse = { accept: "text/event-stream" };
    for (const query of ["after=latest", "after=-1", "after=1.5", "previews=4k", "previews=binary"]) {
      const problem = await problemOf(await worker.request(`${events}?${query}`, { headers: sse }));
      expect([problem.status, problem.code], query).toEqual([400, "invalid_parameter"]);
    }
    const cursor = await worker.request(events, { headers: { ...sse, "last-event-id": "abc" } });
    expect((await problemOf(cursor)).code).toBe("invalid_parameter");
    const none = await worker.request(events);
    expect(none.status).toBe(426);
    expect((await problemOf(none)).code).toBe("upgrade_required");
    // A cursor from the future is that of another job: the whole job is sent.
    const ahead = await worker.socket(`${events}?after=999999999`);
    expect((await ahead.first("hello")).data).toMatchObject({ resumed: false, job: { id } });
    // Wishes that are not understood are passed over.
    for (const headers of [{ prefer: "wait=soon" }, { prefer: "return=minimal" }, { "if-none-match": "rubbish" }]) {
      const response = await worker.request(`/v1/jobs/${id}`, { headers: headers as Record<string, string> });
      expect(response.status).toBe(200);
    }
    await worker.post(`/v1/jobs/${id}/cancel`, {});
    await worker.ended(id);
  });
});
