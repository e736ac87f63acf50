import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Case, chunked, expectNothingCreated, expectRefused, JSON_TYPE, post } from "../support/bad-input.ts";
import { ticking } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const txt2img = (inputs: Record<string, unknown>) => post({ workflow: "txt2img", inputs: { prompt: "x", ...inputs } });

const CASES: Case[] = [
  ["JSON that is none", "/v1/jobs", post('{"workflow": '), 400, "invalid_json"],
  [
    "JSON that is not UTF-8",
    "/v1/jobs",
    { ...post(""), body: new Uint8Array([0x7b, 0xff, 0x7d]) },
    400,
    "invalid_json",
  ],
  ["an empty body", "/v1/jobs", post(""), 400, "invalid_json"],
  ["JSON that is no object", "/v1/jobs", post("[1]"), 422, "invalid_inputs", "#"],
  ["JSON nested a hundred thousand deep", "/v1/jobs", post("[".repeat(100_000)), 400, "invalid_json"],
  [
    "a form where JSON is asked for",
    "/v1/jobs",
    post("a=b", { "content-type": "application/x-www-form-urlencoded" }),
    415,
    "unsupported_media_type",
  ],
  [
    "no content type",
    "/v1/jobs",
    { method: "POST", body: new Uint8Array([0x7b, 0x7d]) },
    415,
    "unsupported_media_type",
  ],
  ["neither workflow nor graph", "/v1/jobs", post({}), 422, "invalid_inputs", "#/workflow"],
  [
    "workflow and graph",
    "/v1/jobs",
    post({ workflow: "demo", graph: ticking(1, 1) }),
    422,
    "invalid_inputs",
    "#/workflow",
  ],
  ["an unknown field", "/v1/jobs", post({ workflow: "demo", wehbook: {} }), 422, "invalid_inputs", "#"],
  ["an unknown workflow", "/v1/jobs", post({ workflow: "nope" }), 404, "workflow_not_found"],
  ["an unknown version", "/v1/jobs", post({ workflow: "demo@99" }), 404, "workflow_not_found"],
  ["an unknown parameter", "/v1/jobs", txt2img({ promt: "typo" }), 422, "invalid_inputs", "#/inputs/promt"],
  ["a missing parameter", "/v1/jobs", post({ workflow: "txt2img" }), 422, "invalid_inputs", "#/inputs/prompt"],
  ["a value out of range", "/v1/jobs", txt2img({ steps: 9999 }), 422, "invalid_inputs", "#/inputs/steps"],
  ["a value of another type", "/v1/jobs", txt2img({ steps: "many" }), 422, "invalid_inputs", "#/inputs/steps"],
  ["a value that is no choice", "/v1/jobs", txt2img({ sampler: "eulr" }), 422, "invalid_inputs", "#/inputs/sampler"],
  [
    "a seed of more than 64 bits",
    "/v1/jobs",
    txt2img({ seed: "18446744073709551616" }),
    422,
    "invalid_inputs",
    "#/inputs/seed",
  ],
  [
    "a prompt that is too long",
    "/v1/jobs",
    txt2img({ prompt: "x".repeat(2001) }),
    422,
    "invalid_inputs",
    "#/inputs/prompt",
  ],
  ["a workflow named like one", "/v1/jobs", post({ workflow: "constructor" }), 404, "workflow_not_found"],
  ["an id that is none", "/v1/jobs", post({ workflow: "demo", id: "job_1" }), 422, "invalid_inputs", "#/id"],
  [
    "too much metadata",
    "/v1/jobs",
    post({ workflow: "demo", metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, "v"])) }),
    422,
    "invalid_inputs",
    "#/metadata",
  ],
  [
    "a deadline of no time",
    "/v1/jobs",
    post({ workflow: "demo", deadline: { start_within_seconds: 0 } }),
    422,
    "invalid_inputs",
    "#/deadline/start_within_seconds",
  ],
  [
    "a share that lasts for ever",
    "/v1/jobs",
    post({ workflow: "demo", share: { expires_in_seconds: 1e9 } }),
    422,
    "invalid_inputs",
    "#/share/expires_in_seconds",
  ],
  [
    "an upload that is not there",
    "/v1/jobs",
    post({ workflow: "img2img", inputs: { prompt: "x", image: "upl_00000000000000000000000000" } }),
    422,
    "missing_upload",
    "#/inputs/image",
  ],
  [
    "an upload id that is none",
    "/v1/jobs",
    post({ workflow: "img2img", inputs: { prompt: "x", image: "../etc/passwd" } }),
    422,
    "invalid_inputs",
    "#/inputs/image",
  ],
  [
    "an idempotency key with spaces",
    "/v1/jobs",
    post({ workflow: "demo" }, { "idempotency-key": "a b" }),
    400,
    "invalid_header",
  ],
  ["a huge body", "/v1/jobs", () => post(" ".repeat(1_300_000)), 413, "payload_too_large"],
  ["a huge body of unknown length", "/v1/jobs", () => chunked(4_000_000, JSON_TYPE), 413, "payload_too_large"],
];

describe("a request that asks for no job that could be made", () => {
  it.each(CASES)("[S3, S4] %s", (...entry) => expectRefused(worker, entry));

  it("[S5] none of this created or lost anything", () => expectNothingCreated(worker));
});

describe("a request that is odd", () => {
  it("all faults of a request are told at once", async () => {
    const response = await worker.request("/v1/jobs", txt2img({ steps: 0, cfg: 99, width: 32, typo: 1 }));
    const { errors } = await problemOf(response);
    expect(errors.map((error) => error.pointer).sort()).toEqual([
      "#/inputs/cfg",
      "#/inputs/steps",
      "#/inputs/typo",
      "#/inputs/width",
    ]);
  });

  it("a name from the prototype changes nothing", async () => {
    const body =
      '{"workflow":"txt2img","inputs":{"prompt":"x","steps":2,"width":64,"height":64,"__proto__":{"cfg":9}}}';
    const response = await worker.post("/v1/jobs", body, { prefer: "wait" });
    expect(await response.json()).toMatchObject({ status: "succeeded", inputs: { steps: 2, cfg: 7 } });
  });
});
