/** The events of a run in their order (protocol §2.6). */
import type { Check } from "../support/check.ts";
import type { Client } from "../support/client.ts";
import { has, keys, same } from "../support/expect.ts";
import { type Graph, preview } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

/** What comes for a node that runs. */
const NODE = ["progress_state", "executing", "progress_state"];
const START = ["status", "status", "execution_start", "execution_cached"];
const END = ["execution_success", "status", "executing"];

async function order(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  client.forget();
  const id = await client.run(server.quick());
  const saving = ["progress_state", "executing", "executed", "progress_state"];
  same(client.types, [...START, ...NODE, ...NODE, ...saving, ...END], "the events of a run");
  const odd = client.texts.find((text) => !/^\{"type": "[a-z_]+", "data": \{"/.test(text));
  same(odd, undefined, "an event without Python's separators");
  const remaining = client.dataOf("status").map(({ status }) => status.exec_info.queue_remaining);
  same(remaining, [1, 1, 0], "queue_remaining");
  const executing = client.dataOf("executing");
  same(executing[0], { node: "1", display_node: "1", prompt_id: id }, "executing");
  same(executing.at(-1), { node: null, prompt_id: id }, "the last executing");
  keys(client.dataOf("execution_start")[0], ["prompt_id", "timestamp"], "execution_start");
  keys(client.dataOf("execution_cached")[0], ["nodes", "prompt_id", "timestamp"], "execution_cached");
  keys(client.dataOf("execution_success")[0], ["prompt_id", "timestamp"], "execution_success");
  keys(client.dataOf("executed")[0], ["node", "display_node", "output", "prompt_id"], "executed");
  same((await server.history(id)) !== undefined, true, "whether history is there at executing null");
}

/** The last node announced is not shown as finished. */
function neverFinished(client: Client, node: string, what: string): void {
  const states = client.dataOf("progress_state").map(({ nodes }) => nodes[node]?.state);
  const seen = new Set(states.filter((state) => state !== undefined));
  same(seen, new Set(["running"]), `states of ${what}`);
}

async function endings(server: ConformanceServer): Promise<void> {
  const client = await server.play({ "1": await server.brokenLoad(), "2": preview("1") });
  same(client.types.slice(-3), ["execution_error", "status", "executing"], "the end of a failed run");
  neverFinished(client, "1", "the node that failed");
  same(client.dataOf("progress_state").at(-1)?.nodes["2"], undefined, "the state of a node after it");
  await client.run(server.quick());
  same(client.types.slice(-3), END, "the end of a good run");
  const held = await server.hold();
  await held.release();
  same(held.client.types.slice(-3), ["execution_interrupted", "status", "executing"], "the end of an interrupted run");
  neverFinished(held.client, held.client.dataOf("execution_interrupted")[0]?.node_id ?? "", "the interrupted node");
}

async function cachedList(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const graph: Graph = server.quick();
  await client.run(graph);
  same(client.dataOf("execution_cached").at(-1)?.nodes, [], "cached nodes of a fresh prompt");
  const wider = { ...graph, "4": { class_type: "ImageInvert", inputs: { image: ["2", 0] } }, "5": preview("4") };
  const id = await client.run(wider, { partial_execution_targets: ["5"] });
  same(client.dataOf("execution_cached").at(-1)?.nodes, ["1", "2", "3"], "cached nodes of a prompt with one target");
  const ran = client.dataOf("executing").map(({ node }) => node);
  same(ran.slice(4), ["4", "5", null], "nodes that ran");
  const kept = server.since("0.3.68") ? ["5"] : ["3", "5"];
  keys((await server.history(id))?.outputs, kept, "outputs in history, one of them cached and not asked for");
}

async function fullyCached(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const graph: Graph = { ...server.quick(), "4": preview("1") };
  await client.run(graph);
  const files = (at: Client) => new Map(at.dataOf("executed").map(({ node, output }) => [node, output]));
  const first = files(client);
  client.forget();
  await client.run(graph);
  const output = ["executed", "progress_state"];
  same(client.types, [...START, ...output, ...output, ...END], "the events of a cached run");
  same(new Map([...files(client)].sort()), new Map([...first].sort()), "its files");
  same(
    client.dataOf("executing").map(({ node }) => node),
    [null],
    "its executing",
  );
}

async function cachedWithoutUi(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const graph: Graph = { ...server.quick(), "3": { class_type: "ProbeSink", inputs: { images: ["2", 0] } } };
  await client.run(graph);
  same(client.types.includes("executed"), false, "executed in the first run");
  const id = await client.run(graph);
  has(client.dataOf("executed")[0], { node: "3", output: null }, "executed in the second run");
  same((await server.history(id))?.outputs, {}, "outputs in history");
}

/** Checks 37 to 41. */
export const RUN_CHECKS: readonly Check[] = [
  { number: 37, title: "The events of a run come in exactly this order", run: order },
  { number: 38, title: "execution_cached always comes and lists all cached nodes of the prompt", run: cachedList },
  { number: 39, title: "A fully cached run reports its outputs again and announces no node", run: fullyCached },
  { number: 40, title: "A cached output node without UI data reports null", needs: "probe", run: cachedWithoutUi },
  { number: 41, title: "Every end is executing null; a failed node never finishes", run: endings },
];
