/** Nodes that no ComfyUI has: each shows one behaviour that custom packs can show. All names start with `Probe`. */
import { isObject, type JsonObject, PyFloat } from "../json.ts";
import type { InputSpec, NodeClass, NodeContext, NodeResult } from "./node-class.ts";
import { jsonValue } from "./node-class.ts";
import { writeFiles } from "./saving.ts";
import { type Inputs, NodeFailure } from "./value.ts";

const IMAGE_IN = { images: ["IMAGE"] } as const satisfies Readonly<Record<string, InputSpec>>;

interface ProbeShape {
  readonly required?: Readonly<Record<string, InputSpec>>;
  readonly outputs?: NodeClass["outputs"];
  readonly isOutput?: true;
  readonly isAsync?: true;
  readonly ownTime?: true;
  readonly lazyInputs?: readonly string[];
  readonly needs?: (inputs: Inputs) => readonly string[];
  readonly run: (inputs: Inputs, context: NodeContext) => Promise<NodeResult>;
}

function probe(name: string, title: string, shape: ProbeShape): NodeClass {
  const { required = IMAGE_IN, outputs = [], ...rest } = shape;
  return { name, title: `Probe: ${title}`, category: "probe", inputs: () => ({ required }), outputs, ...rest };
}

function passImages(inputs: Inputs): NodeResult {
  return { outputs: [inputs.value("images")] };
}

function fails(name: string, exceptionType: string, message: string): NodeClass {
  return probe(name, `raises ${exceptionType}`, {
    outputs: [["IMAGE", "IMAGE"]],
    run: async () => {
      throw new NodeFailure(exceptionType, message);
    },
  });
}

const TICKS: Readonly<Record<string, InputSpec>> = {
  ...IMAGE_IN,
  steps: ["INT", { default: 4, min: 1, max: 10000 }],
  step_ms: ["INT", { default: 50, min: 0, max: 600000 }],
};

async function tickAlong(inputs: Inputs, context: NodeContext): Promise<NodeResult> {
  const steps = inputs.number("steps");
  for (let step = 1; step <= steps; step++) {
    await context.pause(inputs.number("step_ms"));
    context.progress(step, steps);
  }
  return passImages(inputs);
}

/** A node whose UI data is one file under a key of its own. */
function savesUnder(name: string, key: string, extension: string, more: JsonObject = {}): NodeClass {
  return probe(name, `output under ${key}`, {
    required: { ...IMAGE_IN, filename_prefix: ["STRING", { default: "probe" }] },
    isOutput: true,
    async run(inputs, context) {
      const bytes = new TextEncoder().encode(`${key} probe\n`);
      const prefix = inputs.text("filename_prefix");
      const files = await writeFiles(context, "output", prefix, extension, [async () => bytes]);
      return { ui: { [key]: files.filter(isObject).map((file) => ({ ...file, ...more })) } };
    },
  });
}

/** Node ids under a parent: `<parent>.<call>.<graph>.<n>`. */
function inner(context: NodeContext, n: number): string {
  return `${context.nodeId}.0.0.${n}`;
}

/** Replaces itself by two inner nodes: an inversion (or, if asked for, a node that raises) and another inversion. */
const expands = probe("ProbeExpand", "node expansion", {
  required: { ...IMAGE_IN, fail: ["BOOLEAN", { default: false }] },
  outputs: [["IMAGE", "IMAGE"]],
  async run(inputs, context) {
    const from = context.written.images ?? null;
    const first: JsonObject =
      inputs.json("fail") === true
        ? { class_type: "ProbeError", inputs: { images: from } }
        : { class_type: "ImageInvert", inputs: { image: from } };
    const graph: JsonObject = {
      [inner(context, 1)]: first,
      [inner(context, 2)]: { class_type: "ImageInvert", inputs: { image: [inner(context, 1), 0] } },
    };
    return { expand: { graph, results: [[inner(context, 2), 0]] } };
  },
});

/** Each turn adds a copy of a visible node and of itself; the copy shows as that node, with this one as real node. */
const loops = probe("ProbeLoop", "loop by expansion", {
  required: { ...IMAGE_IN, turns: ["INT", { default: 3, min: 1, max: 100 }], body: ["STRING", { default: "" }] },
  outputs: [["IMAGE", "IMAGE"]],
  async run(inputs, context) {
    const turns = inputs.number("turns");
    const { images = null, body = "" } = context.written;
    if (turns <= 1) return passImages(inputs);
    const copy = inner(context, 1);
    const again = `${context.nodeId}.0.0.Recurse`;
    const graph: JsonObject = {
      [copy]: { class_type: "ImageInvert", inputs: { image: images }, display_node: body },
      [again]: { class_type: "ProbeLoop", inputs: { images: [copy, 0], turns: turns - 1, body } },
    };
    return { expand: { graph, results: [[again, 0]] } };
  },
});

/** Expands into nodes that need each other: a cycle that no validation can see. */
const cycles = probe("ProbeCycle", "cycle at run time", {
  outputs: [["IMAGE", "IMAGE"]],
  async run(_, context) {
    const graph: JsonObject = {
      [inner(context, 1)]: { class_type: "ImageInvert", inputs: { image: [inner(context, 2), 0] } },
      [inner(context, 2)]: { class_type: "ImageInvert", inputs: { image: [inner(context, 1), 0] } },
    };
    return { expand: { graph, results: [[inner(context, 2), 0]] } };
  },
});

/** Takes one of two pictures and runs only the branch it takes. */
const lazySwitch = probe("ProbeLazySwitch", "lazy inputs", {
  required: { on_true: ["IMAGE", { lazy: true }], on_false: ["IMAGE", { lazy: true }], switch: ["BOOLEAN", {}] },
  outputs: [["IMAGE", "IMAGE"]],
  lazyInputs: ["on_true", "on_false"],
  needs: (inputs) => [inputs.json("switch") === true ? "on_true" : "on_false"],
  run: async (inputs) => ({ outputs: [inputs.value(inputs.json("switch") === true ? "on_true" : "on_false")] }),
});

const block = probe("ProbeBlock", "execution blocker", {
  required: { ...IMAGE_IN, message: ["STRING", { default: "" }] },
  outputs: [["IMAGE", "IMAGE"]],
  async run(inputs) {
    const message = inputs.text("message");
    return { outputs: [{ type: "blocked", message: message === "" ? null : message }] };
  },
});

const text = probe("ProbeText", "text output", {
  required: { text: ["STRING", { default: "hello" }] },
  outputs: [["STRING", "STRING"]],
  isOutput: true,
  run: async (inputs) => ({ outputs: [jsonValue(inputs.text("text"))], ui: { text: [inputs.text("text")] } }),
});

const notANumber = probe("ProbeNaN", "NaN and Infinity in UI data", {
  isOutput: true,
  run: async () => ({ ui: { scores: [new PyFloat(Number.NaN), new PyFloat(Number.POSITIVE_INFINITY), "NaN"] } }),
});

const silentOutput = probe("ProbeSink", "output node without UI data", { isOutput: true, run: async () => ({}) });

const VIDEO = {
  format: "video/h264-mp4",
  frame_rate: new PyFloat(8),
  workflow: "",
  fullpath: "/comfy/output/probe.mp4",
};
const OUT_OF_MEMORY = "Allocation failed: the node ran out of memory on your GPU.";

/** The classes of this file. */
export const PROBE_NODES: readonly NodeClass[] = [
  probe("ProbeSleep", "ticks", { required: TICKS, outputs: [["IMAGE", "IMAGE"]], ownTime: true, run: tickAlong }),
  probe("ProbeAsyncSleep", "ticks beside other nodes", {
    required: TICKS,
    outputs: [["IMAGE", "IMAGE"]],
    ownTime: true,
    isAsync: true,
    run: tickAlong,
  }),
  fails("ProbeError", "RuntimeError", "boom"),
  fails("ProbeOutOfMemory", "torch.OutOfMemoryError", OUT_OF_MEMORY),
  block,
  text,
  notANumber,
  silentOutput,
  lazySwitch,
  expands,
  loops,
  cycles,
  savesUnder("ProbeAudio", "audio", "flac"),
  savesUnder("Probe3D", "3d", "glb"),
  savesUnder("ProbeGifs", "gifs", "mp4", VIDEO),
];
