/** What POST /prompt accepts: numbers, targets, values, ids (protocol §1.2). */
import type { Check } from "../support/check.ts";
import { has, hasKeys, same } from "../support/expect.ts";
import { flat, type Graph, preview } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

async function numbers(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const first = await client.submit(server.quick());
  const from = first.body.number;
  same(first.body, { prompt_id: client.submitted[0], number: from, node_errors: {} }, "the answer to a good prompt");
  same((await client.submit({})).status, 400, "an empty prompt");
  same((await client.submit(server.quick())).body.number, from + 2, "the number after a refusal");
  const own = await client.submit(server.quick(), { number: 1_000_000 });
  same(own.body.number, 1_000_000, "a number of its own");
  same((await server.call("POST", "/prompt", '{"prompt":')).status, 500, "malformed JSON");
  for (const number of [null, "many"]) {
    same((await client.submit(server.quick(), { number })).status, 500, `number ${number}`);
  }
  const front = await client.submit(server.quick(), { front: true });
  same(front.body.number, -(from + 3), "the number of a prompt for the front");
  await client.until(() => client.ended === 4, "the end of all");
}

async function partlyValid(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const bad = { ...flat(1), inputs: { ...flat(1).inputs, width: -1 } };
  const graph: Graph = { ...server.quick(), "4": bad, "5": preview("4") };
  const { status, body } = await client.submit(graph);
  same(status, 200, "a prompt of which one output is valid");
  same(Object.keys(body.node_errors), ["4"], "nodes with errors");
  has(body.node_errors["4"], { dependent_outputs: ["5"], class_type: "EmptyImage" }, "node_errors");
  await client.until(() => client.ended === 1, "the end");
  same(
    client.dataOf("executed").map(({ node }) => node),
    ["3"],
    "outputs that ran",
  );
}

async function targets(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const graph: Graph = { ...server.quick(), "4": preview("1") };
  for (const partial_execution_targets of [[], ["99"], ["1"]]) {
    const { status, body } = await client.submit(graph, { partial_execution_targets });
    const what = `targets ${JSON.stringify(partial_execution_targets)}`;
    same([status, body.error?.type], [400, "prompt_no_outputs"], what);
  }
  const ran = () => client.dataOf("executed").map(({ node }) => node);
  const one = await client.run(graph, { partial_execution_targets: ["4"] });
  same(ran(), ["4"], "outputs that ran with one target");
  same((await server.history(one))?.prompt[4], ["4"], "outputs_to_execute in history");
  client.forget();
  await client.run(graph, { partial_execution_targets: null });
  same(ran().sort(), ["3", "4"], "outputs that ran with null");
}

async function coercions(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const values: readonly (readonly [classType: string, given: unknown, stored: unknown])[] = [
    ["PrimitiveBoolean", "false", true],
    ["PrimitiveBoolean", "", false],
    ["PrimitiveFloat", "0.5", 0.5],
    ["PrimitiveStringMultiline", 5, "5"],
    ["PrimitiveStringMultiline", true, "True"],
  ];
  const picture = flat(server.colour());
  Object.assign(picture.inputs, { width: "64", height: 64.9, color: { __value__: 5 }, no_such_input: 1 });
  const graph: Graph = { "1": picture, "2": preview("1") };
  values.forEach(([class_type, value], i) => {
    graph[`${10 + i}`] = { class_type, inputs: { value } };
    graph[`${20 + i}`] = { class_type: "PreviewAny", inputs: { source: [`${10 + i}`, 0] } };
  });
  const prompt = (await server.history(await client.run(graph)))?.prompt[2];
  has(prompt?.["1"]?.inputs, { width: 64, height: 64, color: 5, no_such_input: 1 }, "values as they ran");
  values.forEach(([classType, given, stored], i) => {
    same(prompt?.[`${10 + i}`]?.inputs.value, stored, `${classType} given ${JSON.stringify(given)}`);
  });
}

async function promptIds(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const prompt_id = crypto.randomUUID();
  const first = await client.submit(server.quick(), { prompt_id });
  await client.until(() => client.ended === 1, "first end");
  const second = await client.submit(server.quick(), { prompt_id });
  await client.until(() => client.ended === 2, "second end");
  same([first.body.prompt_id, second.body.prompt_id], [prompt_id, prompt_id], "ids of two prompts under one id");
  same((await server.history(prompt_id))?.prompt[0], second.body.number, "the entry that is left");
  const ask = async (id: unknown) => server.submit(server.quick(), { prompt_id: id });
  if (!server.since("0.25.0")) {
    const word = `conformance-${server.colour()}`;
    same((await ask(word)).body.prompt_id, word, "any word as id");
    same((await ask(null)).body.prompt_id, "None", "null as id");
    return same((await ask(12)).body.prompt_id, "12", "a number as id");
  }
  for (const id of ["job-1", prompt_id.toUpperCase(), prompt_id.replaceAll("-", ""), 12]) {
    const { status, body } = await ask(id);
    same([status, body.error?.type, body.node_errors], [400, "invalid_prompt_id", {}], `id ${id}`);
  }
  same((await ask(null)).body.prompt_id.length, 36, "length of the id given for null");
}

async function missingClass(server: ConformanceServer): Promise<void> {
  const graph: Graph = { ...server.quick(), "8": { class_type: "NoSuchClass", inputs: {}, _meta: { title: "Mine" } } };
  const { status, body } = await server.submit(graph);
  const extra = { node_id: "8", class_type: "NoSuchClass", node_title: "Mine" };
  const expected = server.since("0.12.0")
    ? { type: "missing_node_type", details: "Node ID '#8'", extra_info: extra }
    : { type: "invalid_prompt", details: "Node ID '#8'", extra_info: {} };
  same([status, body.node_errors], [400, {}], "a class that is not installed, on an unused node");
  has(body.error, expected, "its error");
  const nameless = await server.call("POST", "/prompt", { prompt: { "8": { inputs: {} } } });
  same(nameless.body.error?.type, expected.type, "a node without class_type");
  const loop = server.quick();
  Object.assign(loop["2"]?.inputs ?? {}, { image: ["2", 0] });
  const cycle = await server.submit(loop);
  same(cycle.body.error?.type, "prompt_outputs_failed_validation", "a node linked to itself");
  if (!server.since("0.20.0")) return same(cycle.body.node_errors, {}, "its node errors");
  const error = cycle.body.node_errors["2"]?.errors[0];
  same([error?.type, error?.details], ["dependency_cycle", "2 (ImageInvert) -> 2 (ImageInvert)"], "its node error");
  hasKeys(error?.extra_info, ["node_id", "cycle_nodes"], "its extra_info");
}

/** Checks 7 and 10 to 14. */
export const PROMPT_CHECKS: readonly Check[] = [
  { number: 7, title: "The counter counts refusals too; number wins, front negates", run: numbers },
  { number: 10, title: "A partly valid prompt is accepted with node_errors; good outputs run", run: partlyValid },
  { number: 11, title: "Targets choose outputs: null is all, empty or unknown are none", run: targets },
  { number: 12, title: "Values are coerced as Python does, and echoed so", run: coercions },
  { number: 13, title: "prompt_id is free before 0.25 and a canonical UUID after; history overwrites", run: promptIds },
  { number: 14, title: "A missing class and a static cycle are named as the release does", run: missingClass },
];
