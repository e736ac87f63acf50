import { describe, expect, it } from "vitest";
import { WorkflowSchema } from "../../src/contract/workflow.ts";
import { bindWorkflow } from "../../src/core/workflow/bind.ts";
import { describeWorkflow } from "../../src/core/workflow/describe.ts";
import { isLink } from "../../src/core/workflow/graph.ts";
import { refusedNodes } from "../../src/core/workflow/guard.ts";
import { isSaveImageWebsocket, websocketOutputNodes } from "../../src/core/workflow/outputs.ts";
import { parseGraph } from "../../src/core/workflow/parse-graph.ts";
import { prepareGraph } from "../../src/core/workflow/prepare.ts";
import { createRegistry } from "../../src/core/workflow/registry.ts";
import { colour, noise, place } from "../../workflows/demo/palette.ts";
import { workflows } from "../../workflows/index.ts";
import { exchangesOf, loadCapture } from "../support/captures.ts";

type InputSpec = [type: string | string[], options?: { min?: number; max?: number; options?: string[] }];
type NodeInfo = { input: { required: Record<string, InputSpec> } };

/** What a real ComfyUI 0.27.0 said about the classes it was asked for. */
const infos = new Map(
  exchangesOf(loadCapture("26-http-catalogue"), "GET", /^\/object_info\/./).flatMap(({ res }) =>
    typeof res === "string" ? Object.entries(JSON.parse(res) as Record<string, NodeInfo>) : [],
  ),
);

const find = createRegistry(workflows).find;
const draw = () => 2n ** 63n + 12345n;

function bind(id: string, inputs: Record<string, unknown> = {}) {
  const workflow = find(id);
  if (workflow === null) throw new Error(`no workflow ${id}`);
  const bound = bindWorkflow(workflow, { ...workflow.example, ...inputs }, draw);
  if (!bound.ok) throw new Error(JSON.stringify(bound.error));
  return bound.value;
}

describe.each(workflows.map((workflow) => [workflow.id, workflow] as const))("workflow %s", (id, workflow) => {
  it("has a graph that ComfyUI can take, with no idle and no dangerous node", () => {
    expect(parseGraph(workflow.graph)).toEqual({ ok: true, value: workflow.graph });
    expect(prepareGraph(workflow.graph).dropped).toEqual([]);
    expect(refusedNodes(workflow.graph)).toEqual([]);
  });

  it("binds its own example to a graph as sound as the original", () => {
    const { graph, outputs } = bind(id);
    expect(parseGraph(graph)).toEqual({ ok: true, value: graph });
    expect(outputs).toHaveLength(1);
  });

  it("changes at least one slot with each parameter, all of them in the graph", () => {
    for (const param of Object.values(workflow.params)) {
      const slots = param.slots.map((binding) => ("slot" in binding ? binding.slot : binding));
      expect(slots.length).toBeGreaterThan(0);
      for (const [nodeId, input] of slots) expect(isLink(workflow.graph[nodeId]?.inputs[input] ?? ["", 0])).toBe(false);
    }
  });

  it("offers no default that its own rules refuse", () => {
    const required = Object.entries(workflow.params).filter(
      ([, param]) => !("default" in param) && param.type !== "seed",
    );
    const least = Object.fromEntries(required.map(([name]) => [name, workflow.example[name]]));
    expect(bindWorkflow(workflow, least, draw)).toMatchObject({ ok: true });
  });

  it("describes itself within the contract", () => {
    expect(WorkflowSchema.safeParse(JSON.parse(JSON.stringify(describeWorkflow(workflow)))).success).toBe(true);
  });

  it("uses the inputs that ComfyUI 0.27.0 declares for the classes on record", () => {
    for (const [nodeId, node] of Object.entries(workflow.graph)) {
      const info = infos.get(node.class_type);
      if (info === undefined) continue;
      expect(Object.keys(node.inputs).sort(), `node ${nodeId}`).toEqual(Object.keys(info.input.required).sort());
    }
  });

  it("needs a model exactly if it loads one", () => {
    const loads = Object.values(workflow.graph).some((node) => node.class_type === "CheckpointLoaderSimple");
    expect(workflow.needsModel).toBe(loads);
  });
});

describe("the parameters of the model workflows", () => {
  const sampler = infos.get("KSampler")?.input.required;

  it.each(["txt2img", "img2img", "stream"])("%s offers the samplers and schedulers of ComfyUI 0.27.0", (id) => {
    const params = find(id)?.params;
    expect(params?.sampler).toMatchObject({ options: sampler?.sampler_name?.[0] });
    expect(params?.scheduler).toMatchObject({ options: sampler?.scheduler?.[0] });
  });

  it("stay within what KSampler takes", () => {
    for (const name of ["steps", "cfg", "denoise"]) {
      const param = find("img2img")?.params[name];
      const limits = sampler?.[name]?.[1];
      if (param === undefined || !("min" in param)) throw new Error(`no numeric parameter ${name}`);
      expect(param.min).toBeGreaterThanOrEqual(limits?.min ?? Number.NaN);
      expect(param.max).toBeLessThanOrEqual(limits?.max ?? Number.NaN);
    }
  });
});

describe("img2img", () => {
  it("reads the upload through LoadImage", () => {
    const { images, aspect } = bind("img2img");
    expect(images.map(({ slots }) => slots)).toEqual([[["10", "image"]]]);
    expect(aspect).toBeNull();
  });
});

describe("stream", () => {
  it("sends its picture over the socket and writes no file", () => {
    const { graph } = bind("stream");
    const senders = websocketOutputNodes(graph);
    expect(senders.map((nodeId) => isSaveImageWebsocket(graph[nodeId]?.class_type ?? ""))).toEqual([true]);
    expect(Object.values(graph).some((node) => node.class_type === "SaveImage")).toBe(false);
  });
});

describe("the demo", () => {
  it("uses only classes that need no model and no pack", () => {
    const classes = new Set(Object.values(bind("demo").graph).map((node) => node.class_type));
    expect([...classes].sort()).toEqual([
      "EmptyImage",
      "ImageBlur",
      "ImageCompositeMasked",
      "ImageQuantize",
      "ImageScale",
      "SaveImage",
    ]);
  });

  it("makes another picture of another seed, and the same of the same", () => {
    const graphOf = (seed: string) => JSON.stringify(bind("demo", { seed }).graph);
    expect(graphOf("1")).toBe(graphOf("1"));
    const graphs = new Set(Array.from({ length: 50 }, (_, seed) => graphOf(`${seed}`)));
    expect(graphs.size).toBe(50);
    expect(graphOf("18446744073709551615")).not.toBe(graphOf("18446744073709551614"));
  });

  it("draws colours and places that ComfyUI takes, for any seed", () => {
    const tones = [
      { hue: 0.3, saturation: 1, lightness: 1 },
      { hue: 0, saturation: 0.5, lightness: 0.22 },
      { hue: 0.9, saturation: 1, lightness: 0 },
    ];
    for (let seed = 0n; seed < 500n; seed++) {
      for (const tone of tones) {
        const value = colour(tone)(seed);
        expect(Number.isInteger(value) && value >= 0 && value <= 0xffffff).toBe(true);
      }
      expect([0, 1, 2, 3]).toContain(place(2, 3)(seed));
      expect(noise(seed, 1)).toBeLessThan(1);
    }
  });

  it("turns hue, saturation and lightness to the right colour", () => {
    const grey = colour({ hue: 0, saturation: 0, lightness: 0.5 })(7n);
    expect(grey).toBe(0x808080);
    expect(colour({ hue: 0.5, saturation: 1, lightness: 1 })(7n)).toBe(0xffffff);
  });

  it("knows its size before it runs", () => {
    expect(bind("demo", { width: 640, height: 360 }).aspect).toEqual({ width: 640, height: 360 });
  });
});
