/** Errors of nodes, blocked branches, and what the cache does between prompts (protocol §2.4, §2.6, §4). */
import type { Check } from "../support/check.ts";
import { fits, has, holds, keys, same } from "../support/expect.ts";
import { type Graph, preview, renumbered, through } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

const ABOUT = ["prompt_id", "node_id", "node_type", "executed"];
const CAUSE = ["exception_message", "exception_type", "traceback", "current_inputs", "current_outputs"];

async function errorFields(server: ConformanceServer): Promise<void> {
  const load = await server.brokenLoad();
  const client = await server.play({ "1": load, "2": preview("1") });
  const [error] = client.dataOf("execution_error");
  keys(error, [...ABOUT, ...CAUSE, "timestamp"], "execution_error");
  has(error, { node_id: "1", node_type: "LoadImage", executed: [] }, "execution_error");
  fits(error?.exception_message, /\n$/, "its message ends in a newline");
  fits(error?.exception_type, /UnidentifiedImageError$/, "its type");
  holds((error?.traceback.length ?? 0) > 0, "its traceback has lines", error?.traceback);
  has(error, { current_inputs: { image: [load.inputs.image] } }, "its inputs");
  if (server.fake === null) return;
  await client.run(through("ProbeOutOfMemory"));
  const memory = client.dataOf("execution_error").at(-1);
  same(memory?.exception_type, "torch.OutOfMemoryError", "the type of out of memory");
  fits(memory?.exception_message, /ran out of memory on your GPU[\s\S]*\n$/, "its message");
  same(memory?.executed, ["1"], "what was executed before");
}

async function blocked(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const id = await client.run(through("ProbeBlock", { message: "nothing to do" }));
  const [error] = client.dataOf("execution_error");
  keys(error, [...ABOUT, ...CAUSE], "execution_error without timestamp");
  has(error, { node_id: "3", exception_type: "ExecutionBlocked", current_inputs: [], traceback: [] }, "the error");
  same(error?.exception_message, "Execution Blocked: nothing to do", "its message");
  same(client.types.slice(-3), ["execution_success", "status", "executing"], "the end");
  same(client.dataOf("progress_state").at(-1)?.nodes["3"]?.state, "finished", "the state of the blocked node");
  const entry = await server.history(id);
  const messages = entry?.status.messages.map(([type]) => type);
  same([messages?.includes("execution_error"), entry?.outputs], [false, {}], "an error and outputs in history");
  await client.run(through("ProbeBlock", { message: "" }));
  same(client.dataOf("execution_error").length, 1, "errors after a silent blocker");
}

async function cacheKeys(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const graph = server.quick();
  const cached = () => Object.keys(client.dataOf("execution_cached").at(-1)?.nodes ?? {}).length;
  const counts: number[] = [];
  for (const each of [graph, renumbered(graph), server.quick(), graph]) {
    await client.run(each);
    counts.push(cached());
  }
  same(counts, [0, 3, 0, 0], "cached nodes of A, A renumbered, B, A");
  await client
    .run({ ...graph, "3": { class_type: "LoadImage", inputs: { image: "no-such-file.png" } } })
    .catch(() => {});
  await client.run({ ...graph, "4": preview("1") });
  same(cached(), 3, "cached nodes after a refused prompt");
}

async function intermediate(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const box = { class_type: "PrimitiveBoundingBox", inputs: { x: 0, y: 0, width: 8, height: 8 } };
  const crop = { class_type: "ImageCropV2", inputs: { image: ["1", 0], crop_region: ["5", 0] } };
  const graph: Graph = { ...server.quick(), "2": crop, "5": box };
  await client.run(graph);
  client.forget();
  const id = await client.run(graph);
  const end = client.types.indexOf("execution_success");
  same(client.types.slice(end - 3, end), ["executed", "progress_state", "executed"], "the events before success");
  const outputs = client.dataOf("executed").map(({ node }) => node);
  same(outputs, ["3", "2"], "the nodes that report");
  same(
    client.dataOf("executing").map(({ node }) => node),
    [null],
    "nodes that ran",
  );
  keys((await server.history(id))?.outputs, ["2", "3"], "outputs in history");
}

/** Checks 42, 43, 65 and 67. */
export const ERROR_CHECKS: readonly Check[] = [
  { number: 42, title: "execution_error has its fields and a newline; out of memory its words", run: errorFields },
  { number: 43, title: "A blocked branch is an error that ends nothing", needs: "probe", run: blocked },
  { number: 65, title: "A renumbered graph is cached; A, B, A runs A again", run: cacheKeys },
  {
    number: 67,
    title: "A cached node with intermediate output reports right before success",
    since: ["0.23.0", "no core node has an intermediate output before 0.23"],
    run: intermediate,
  },
];
