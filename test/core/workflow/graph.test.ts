import { describe, expect, it } from "vitest";
import { type ApiGraph, closure, links, nodeOf, sinks, titleOf, withInputs } from "../../../src/core/workflow/graph.ts";
import { executionRoots, outputNodes, websocketOutputNodes } from "../../../src/core/workflow/outputs.ts";
import { prepareGraph } from "../../../src/core/workflow/prepare.ts";

/** A small chain that ends in a file and a preview, an unused loader, and a forgotten note. */
const graph: ApiGraph = {
  "1": { class_type: "EmptyImage", inputs: { width: 64, color: 5 }, _meta: { title: "Ground" } },
  "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "x" } },
  "4": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
  "5": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "a.safetensors" } },
  "6": { class_type: "PackNodeThatIsNotInstalled", inputs: {} },
};

describe("walking a graph", () => {
  it("lists the links of a node, not its literals", () => {
    expect(links({ class_type: "A", inputs: { a: ["1", 2], b: 3, c: "x", d: { __value__: ["1", 0] } } })).toEqual([
      { input: "a", nodeId: "1", slot: 2 },
    ]);
  });

  it("finds what an output depends on, itself included", () => {
    expect([...closure(graph, ["3"])].sort()).toEqual(["1", "2", "3"]);
    expect([...closure(graph, ["4", "3", "nowhere", "constructor"])].sort()).toEqual(["1", "2", "3", "4"]);
  });

  it("finds the nodes nobody reads from", () => {
    expect(sinks(graph)).toEqual(["3", "4", "5", "6"]);
  });

  it("does not find inherited names", () => {
    expect(nodeOf(graph, "toString")).toBeUndefined();
  });

  it("titles a node by its author's words, or its class", () => {
    expect(titleOf({ class_type: "KSampler", inputs: {}, _meta: { title: "Painter" } })).toBe("Painter");
    expect(titleOf({ class_type: "KSampler", inputs: {}, _meta: { title: "" } })).toBe("KSampler");
  });

  it("sets inputs without touching the graph it was given", () => {
    const before = structuredClone(graph);
    const changed = withInputs(graph, [
      [["1", "color"], 7],
      [["1", "width"], 8],
      [["nowhere", "x"], 1],
    ]);
    expect(changed["1"]?.inputs).toEqual({ width: 8, color: 7 });
    expect(changed.nowhere).toBeUndefined();
    expect(graph).toEqual(before);
  });
});

describe("output nodes", () => {
  it("tells files from previews and from frames on the socket", () => {
    expect(outputNodes({ ...graph, "7": { class_type: "SaveImageWebsocket", inputs: { images: ["2", 0] } } })).toEqual([
      { nodeId: "3", type: "image", temporary: false, viaSocket: false },
      { nodeId: "4", type: "image", temporary: true, viaSocket: false },
      { nodeId: "7", type: "image", temporary: false, viaSocket: true },
    ]);
  });

  it("names the nodes whose results only a connected socket gets", () => {
    const senders = ["SaveImageWebsocket", "ETN_SendImageWebSocket", "SaveImage"];
    const all = Object.fromEntries(senders.map((name, index) => [`${index}`, { class_type: name, inputs: {} }]));
    expect(websocketOutputNodes(all)).toEqual(["0", "1"]);
  });

  it("takes sinks for the end where no output class is known", () => {
    expect(executionRoots(graph)).toEqual(["3", "4"]);
    const unknown: ApiGraph = {
      "1": { class_type: "A", inputs: {} },
      "2": { class_type: "B", inputs: { a: ["1", 0] } },
    };
    expect(executionRoots(unknown)).toEqual(["2"]);
  });
});

describe("prepareGraph", () => {
  it("drops isolated nodes, and says which", () => {
    const prepared = prepareGraph(graph);
    expect(prepared.dropped).toEqual(["5", "6"]);
    expect(Object.keys(prepared.graph)).toEqual(["1", "2", "3", "4"]);
  });

  it("keeps a chain that leads nowhere: only isolated nodes are certainly idle", () => {
    const chain: ApiGraph = { ...graph, "8": { class_type: "LoraLoader", inputs: { model: ["5", 0] } } };
    expect(prepareGraph(chain).dropped).toEqual(["6"]);
  });

  it("keeps an isolated node of a known output class", () => {
    const withOutput: ApiGraph = { ...graph, "9": { class_type: "PreviewAny", inputs: { source: "hello" } } };
    expect(prepareGraph(withOutput).graph["9"]).toBeDefined();
  });

  it("keeps an isolated node that may be an unknown pack's output, if there is no other", () => {
    const lone: ApiGraph = { "1": { class_type: "CloudTextToModel", inputs: { prompt: "a chair" } } };
    expect(prepareGraph(lone)).toEqual({ graph: lone, dropped: [] });
  });
});
