/**
 * A ComfyUI graph in API format (protocol §1.2): what it is and how to walk it. Graphs are never changed in place.
 * Everything here expects a graph that `parseGraph` has accepted: links lead to nodes that exist, no cycles, no names
 * that objects inherit. Checking foreign input is parse-graph.ts; what ComfyUI does with a graph is not known here.
 */

/** One node. A value in `inputs` is a literal, or a link `["node id", output slot]`: every list is a link. */
export type ApiNode = { class_type: string; inputs: Record<string, unknown>; _meta?: { title?: string } };

/** Node id → node. Integers beyond 2^53-1 are `bigint` (see exact-json.ts). */
export type ApiGraph = Record<string, ApiNode>;

/** Where an input takes its value from: an output slot of another node. */
export type Link = { input: string; nodeId: string; slot: number };

/** A place in a graph: node id and input name. */
export type Slot = readonly [nodeId: string, input: string];

/** Whether ComfyUI takes this value for a link. */
export function isLink(value: unknown): value is [nodeId: string, slot: number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number";
}

/** The links into a node, in the order of its inputs. */
export function links(node: ApiNode): Link[] {
  return Object.entries(node.inputs).flatMap(([input, value]) =>
    isLink(value) ? [{ input, nodeId: value[0], slot: value[1] }] : [],
  );
}

/** The node with this id, or undefined. Ids come from the wire too, so inherited names must not be found. */
export function nodeOf(graph: ApiGraph, nodeId: string): ApiNode | undefined {
  return Object.hasOwn(graph, nodeId) ? graph[nodeId] : undefined;
}

/** The given nodes and all they depend on. Ids that are not in the graph are left out. */
export function closure(graph: ApiGraph, nodeIds: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const pending = [...nodeIds];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const node = nodeOf(graph, id);
    if (node === undefined || found.has(id)) continue;
    found.add(id);
    for (const link of links(node)) pending.push(link.nodeId);
  }
  return found;
}

/** Ids of the nodes that no other node reads from, in graph order. Output nodes of unknown packs are among them. */
export function sinks(graph: ApiGraph): string[] {
  const read = new Set(Object.values(graph).flatMap((node) => links(node).map((link) => link.nodeId)));
  return Object.keys(graph).filter((id) => !read.has(id));
}

/** What to call a node in front of a person: the title its author gave it, or its class. */
export function titleOf(node: ApiNode): string {
  return node._meta?.title || node.class_type;
}

/** The same graph with some inputs set. Slots of nodes that are not in the graph are ignored. */
export function withInputs(graph: ApiGraph, values: Iterable<readonly [slot: Slot, value: unknown]>): ApiGraph {
  const changed = { ...graph };
  for (const [[nodeId, input], value] of values) {
    const node = nodeOf(changed, nodeId);
    if (node !== undefined) changed[nodeId] = { ...node, inputs: { ...node.inputs, [input]: value } };
  }
  return changed;
}
