/** Nodes that are more than they look: lazy, expanding, looping (protocol §2.6, §4). */
import type { Check } from "../support/check.ts";
import type { Client } from "../support/client.ts";
import { has, holds, keys, same } from "../support/expect.ts";
import { flat, type Graph, preview, through } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

function order(client: Client): (string | null)[] {
  return client.dataOf("executing").map(({ node }) => node);
}

async function lazy(server: ConformanceServer): Promise<void> {
  const branches = { on_true: ["1", 0], on_false: ["2", 0], switch: true };
  const graph: Graph = {
    "1": flat(1),
    "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
    "3": { class_type: "ProbeLazySwitch", inputs: branches },
    "4": preview("3"),
  };
  const client = await server.play(graph);
  same(order(client), ["3", "1", "3", "4", null], "executing");
  const node = client.dataOf("progress_state").map(({ nodes }) => nodes["3"]?.value);
  same(node.slice(0, 5), [0, 0, 0, 0, 1], "values of the lazy node");
  keys(client.dataOf("progress_state").at(-1)?.nodes, ["1", "3", "4"], "nodes that ran");
}

async function expansion(server: ConformanceServer): Promise<void> {
  const client = await server.play(through("ProbeExpand", { fail: false }));
  same(order(client), ["1", "2", "2.0.0.1", "2.0.0.2", "3", null], "executing");
  const display = client.dataOf("executing").map((data) => data.display_node);
  same(display.slice(0, 4), ["1", "2", "2", "2"], "display nodes");
  const all = client.dataOf("progress_state").map(({ nodes }) => nodes);
  const inner = { display_node_id: "2", parent_node_id: "2", real_node_id: "2", state: "finished" };
  has(all.at(-1)?.["2.0.0.1"], inner, "an inner node");
  const during = all.filter((nodes) => nodes["2.0.0.2"]?.state === "running").map((nodes) => nodes["2"]?.state);
  same(new Set(during), new Set(["running"]), "the parent while its children run");
  const failing = await server.play(through("ProbeExpand", { fail: true }));
  has(failing.dataOf("execution_error")[0], { node_id: "2", node_type: "ProbeExpand" }, "who is blamed");
}

async function loop(server: ConformanceServer): Promise<void> {
  const graph: Graph = {
    "1": flat(1),
    "6": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
    "7": { class_type: "ProbeLoop", inputs: { images: ["6", 0], turns: 3, body: "6" } },
    "8": preview("7"),
  };
  const client = await server.play(graph);
  const all = client.dataOf("progress_state").map(({ nodes }) => nodes);
  const copies = ["7.0.0.1", "7.0.0.Recurse.0.0.1"];
  const seen = { display_node_id: "6", real_node_id: "7", state: "finished" };
  for (const id of copies) has(all.at(-1)?.[id], seen, `the copy ${id}`);
  same(all.at(-1)?.[copies[1] ?? ""]?.parent_node_id, "7.0.0.Recurse", "the parent of the second copy");
  const announced = client.dataOf("executing").filter((data) => data.display_node === "6");
  const ids = announced.map(({ node }) => node);
  same(ids, ["6", ...copies], "what ran under the display node 6");
  const again = all.some((nodes) => nodes["6"]?.state === "finished" && nodes["7.0.0.1"]?.state === "running");
  holds(again, "the display node runs again after it was finished");
}

/** Checks 48, 49 and 71. */
export const EXPANSION_CHECKS: readonly Check[] = [
  { number: 48, title: "A lazy node is announced twice, its state reset", needs: "probe", run: lazy },
  { number: 49, title: "Expanded nodes name display, parent and real node", needs: "probe", run: expansion },
  { number: 71, title: "In a loop finished display nodes run again as copies", needs: "probe", run: loop },
];
