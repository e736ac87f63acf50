import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Case, expectNothingCreated, expectRefused, graphOf, post } from "../support/bad-input.ts";
import { through, ticking } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const sends = (classType: string, inputs: Record<string, unknown> = {}) =>
  graphOf({
    ...through("ImageInvert", { image: ["1", 0] }),
    7: { class_type: classType, inputs: { images: ["1", 0], ...inputs } },
  });

const manyNodes = () =>
  Object.fromEntries(Array.from({ length: 2001 }, (_, n) => [String(n), { class_type: "EmptyImage", inputs: {} }]));
const UI_GRAPH = { last_node_id: 9, last_link_id: 9, nodes: [{ id: 1, type: "KSampler" }], links: [], version: 0.4 };

const CASES: Case[] = [
  [
    "a graph with a missing link",
    "/v1/jobs",
    graphOf(through("ImageInvert", { image: ["77", 0] })),
    422,
    "invalid_workflow",
    "#/graph/5/inputs/image",
  ],
  [
    "a graph that goes in circles",
    "/v1/jobs",
    graphOf({ ...through("ImageInvert", { image: ["9", 0] }) }),
    422,
    "invalid_workflow",
  ],
  ["a graph without nodes", "/v1/jobs", graphOf({}), 422, "invalid_workflow"],
  [
    "a node without a class",
    "/v1/jobs",
    graphOf({ 1: { inputs: {} } }),
    422,
    "invalid_workflow",
    "#/graph/1/class_type",
  ],
  ["a graph of too many nodes", "/v1/jobs", () => graphOf(manyNodes()), 422, "invalid_workflow"],
  ["a graph in the editor's format", "/v1/jobs", graphOf(UI_GRAPH), 422, "workflow_format_ui"],
  [
    "inputs for a raw graph",
    "/v1/jobs",
    post({ graph: ticking(1, 1), inputs: { prompt: "x" } }),
    422,
    "invalid_inputs",
    "#/inputs",
  ],
  [
    "a node that kills the server",
    "/v1/jobs",
    sends("SendImageOnWebSocket", { event: "x" }),
    403,
    "graph_not_allowed",
    "#/graph/7/class_type",
  ],
  ["another one", "/v1/jobs", sends("SendJsonOnWebSocket"), 403, "graph_not_allowed", "#/graph/7/class_type"],
  [
    "one that kills with JPEG",
    "/v1/jobs",
    sends("ETN_SendImageWebSocket", { format: "JPEG" }),
    403,
    "graph_not_allowed",
    "#/graph/7/class_type",
  ],
  [
    "a graph of more than a megabyte",
    "/v1/jobs",
    () => graphOf(through("CLIPTextEncode", { text: "x".repeat(1_050_000) })),
    413,
    "payload_too_large",
  ],
];

describe("a graph that cannot or may not run", () => {
  it.each(CASES)("[S3] %s", (...entry) => expectRefused(worker, entry));

  it("[S5] none of this created or lost anything", () => expectNothingCreated(worker));
});

describe("what the owner allows", () => {
  it("a direct-send node runs where it is allowed, and its event names its output", async () => {
    const allowing = await startWorker({
      fake: { patchedTensorOps: true },
      vars: { ALLOWED_NODES: "SendImageOnWebSocket" },
    });
    const nodes = {
      1: { class_type: "EmptyImage", inputs: { width: 32, height: 24, batch_size: 1, color: 3 } },
      7: { class_type: "SendImageOnWebSocket", inputs: { images: ["1", 0], event: "thumbnail" } },
    };
    const job = await allowing.run({ graph: nodes });
    expect(job.status).toBe("succeeded");
    expect(job.outputs).toMatchObject([{ label: "thumbnail", node_id: "7", width: 32 }]);
    await allowing.close();
  });
});
