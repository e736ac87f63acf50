/** How POST /prompt refuses: the error types and their shapes (protocol §1.2). */
import type { Check } from "../support/check.ts";
import { fits, holds, keys, same } from "../support/expect.ts";
import { flat, type Graph, type GraphNode, preview, through } from "../support/graphs.ts";
import type { NodeErrors } from "../support/http.ts";
import type { ConformanceServer } from "../support/server.ts";

async function errorTypes(server: ConformanceServer): Promise<void> {
  const ask = (body: unknown) => server.call("POST", "/prompt", body);
  for (const body of [{}, []]) {
    const none = (await ask(body)).body;
    const details = "No prompt provided";
    same(none.error, { type: "no_prompt", message: details, details, extra_info: {} }, "no prompt at all");
    same(none.node_errors, {}, "its node_errors");
  }
  for (const prompt of [{}, { "1": flat(1) }]) {
    const { status, body } = await ask({ prompt });
    same([status, body.error.type, body.error.details], [400, "prompt_no_outputs", ""], "a prompt without output");
  }
  const own = (await ask({ prompt: { "1": flat(1), "2": { class_type: "PreviewImage", inputs: {} } } })).body;
  const failed = "prompt_outputs_failed_validation";
  same([own.error.type, own.error.details], [failed, "Required input is missing: images"], "a fault on the output");
  const above = (await ask({ prompt: { "1": wrong(flat(1), { width: -1 }), "2": preview("1") } })).body;
  same([above.error.type, above.error.details, above.error.extra_info], [failed, "", {}], "a fault above the output");
  for (const prompt of [[], "text", { "1": 5 }]) {
    same((await ask({ prompt })).status, 500, `prompt ${JSON.stringify(prompt)}`);
  }
}

function wrong(node: GraphNode, inputs: Record<string, unknown>): GraphNode {
  return { class_type: node.class_type, inputs: { ...node.inputs, ...inputs } };
}

const UPSCALE = { upscale_method: "area", width: 8, height: 8, crop: "disabled" };
const INPUT = ["input_name", "input_config"];
const VALUE = [...INPUT, "received_value"];
const RAISED = ["exception_type", "traceback"];

/** The error type, the node it is found on, its details, the keys of its `extra_info`. */
type Row = readonly [type: string, graph: Graph, node: string, details: RegExp, extra: readonly string[]];

const above = (node: GraphNode): Graph => ({ "1": node, "2": preview("1") });
const scale = (inputs: Record<string, unknown>): Graph => through("ImageScale", { ...UPSCALE, ...inputs }, "image");
const linked = (link: unknown): Graph => ({
  "1": flat(1),
  "2": { class_type: "PreviewImage", inputs: { images: link } },
});

const ROWS: readonly Row[] = [
  ["required_input_missing", through("ImageInvert", {}, "other"), "2", /^image$/, ["input_name"]],
  ["bad_linked_input", linked(["1"]), "2", /^images$/, VALUE],
  [
    "return_type_mismatch",
    { ...linked(["1", 0]), "1": { class_type: "PrimitiveFloat", inputs: { value: 1 } } },
    "2",
    /^images, received_type\(FLOAT\) mismatch input_type\(IMAGE\)$/,
    [...INPUT, "received_type", "linked_node"],
  ],
  [
    "invalid_input_type",
    above(wrong(flat(1), { width: "abc" })),
    "1",
    /^width, abc, invalid literal for int\(\) with base 10: 'abc'$/,
    [...VALUE, "exception_message"],
  ],
  ["value_smaller_than_min", above(wrong(flat(1), { width: -1 })), "1", /^width$/, VALUE],
  ["value_bigger_than_max", above(wrong(flat(1), { batch_size: 4097 })), "1", /^batch_size$/, VALUE],
  [
    "value_not_in_list",
    scale({ upscale_method: "zzz" }),
    "2",
    /^upscale_method: 'zzz' not in \['nearest-exact', /,
    VALUE,
  ],
  [
    "custom_validation_failed",
    { "1": { class_type: "LoadImage", inputs: { image: "no-such-file.png" } }, "2": preview("1") },
    "1",
    /^image - Invalid image file: no-such-file\.png$/,
    ["input_name"],
  ],
  ["exception_during_validation", linked(["77", 0]), "2", /^'77'$/, RAISED],
  ["exception_during_validation", linked(["1", 5]), "2", /^tuple index out of range$/, RAISED],
  [
    "exception_during_inner_validation",
    through("ImageInvert", { image: ["77", 0] }, "image"),
    "2",
    /^'77'$/,
    [...INPUT, "linked_node", "exception_message", ...RAISED],
  ],
];

async function nodeErrorTypes(server: ConformanceServer): Promise<void> {
  for (const [type, prompt, node, details, extra] of ROWS) {
    const { status, body } = await server.call("POST", "/prompt", { prompt });
    same(status, 400, `status of ${type}`);
    checkError(body.node_errors[node], type, details, extra);
  }
  const bare = { "1": { class_type: "PreviewImage" }, "2": flat(1) };
  const naked = (await server.call("POST", "/prompt", { prompt: bare })).body.node_errors["1"];
  checkError(naked, "exception_during_validation", /^'inputs'$/, RAISED);
  await longList(server);
}

function checkError(found: NodeErrors | undefined, type: string, details: RegExp, extra: readonly string[]): void {
  const error = found?.errors.find((each) => each.type === type);
  holds(error !== undefined, `there is a ${type}`, found ?? "no error on the node");
  keys(found, ["errors", "dependent_outputs", "class_type"], "node_errors");
  keys(error, ["type", "message", "details", "extra_info"], type);
  fits(error?.details, details, `details of ${type}`);
  keys(error?.extra_info, extra, `extra_info of ${type}`);
  const traceback = error?.extra_info.traceback;
  if (Array.isArray(traceback))
    holds(traceback.length > 0 && traceback.every(isText), "a traceback of lines", traceback);
}

const isText = (line: unknown): boolean => typeof line === "string";

/** With more than 20 options neither the details nor `input_config` list them. */
async function longList(server: ConformanceServer): Promise<void> {
  const prompt: Graph = {
    "1": { class_type: "KSampler", inputs: { sampler_name: "zzz" } },
    "2": { class_type: "VAEDecode", inputs: { samples: ["1", 0] } },
    "3": preview("2"),
  };
  const { node_errors } = (await server.call("POST", "/prompt", { prompt })).body;
  const error = node_errors["1"]?.errors.find(({ type }) => type === "value_not_in_list");
  fits(error?.details, /^sampler_name: 'zzz' not in \(list of length \d+\)$/, "details of a long list");
  same(error?.extra_info.input_config, null, "input_config of a long list");
}

/** Checks 8 and 9. */
export const REFUSAL_CHECKS: readonly Check[] = [
  { number: 8, title: "Each refusal has its error.type, with details as the rules say", run: errorTypes },
  { number: 9, title: "Each node error has its type and the keys of its extra_info", run: nodeErrorTypes },
];
