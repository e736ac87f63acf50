/**
 * An accepted graph → the graph to submit: without nodes that have no part in it. ComfyUI checks the class of every
 * node, so a forgotten one of a missing pack fails the whole prompt, and an unconnected one without `inputs` kills the
 * worker thread (protocol §1.2, §5 P2; `parseGraph` has already given every node its `inputs`).
 */
import { type ApiGraph, links, sinks } from "./graph.ts";
import { isOutputClass } from "./outputs.ts";

/**
 * Drops isolated nodes: no links in or out and no known output class. In a graph without any known output class,
 * isolated nodes that have inputs stay, because one of them may be an output of a pack unknown here. `dropped` names
 * what was left out, for a warning.
 */
export function prepareGraph(graph: ApiGraph): { graph: ApiGraph; dropped: string[] } {
  const unread = new Set(sinks(graph));
  const hasKnownOutput = Object.values(graph).some((node) => isOutputClass(node.class_type));
  const isIdle = (id: string): boolean => {
    const node = graph[id];
    if (node === undefined || !unread.has(id) || links(node).length > 0 || isOutputClass(node.class_type)) return false;
    return hasKnownOutput || Object.keys(node.inputs).length === 0;
  };
  const dropped = Object.keys(graph).filter(isIdle);
  const gone = new Set(dropped);
  return { graph: Object.fromEntries(Object.entries(graph).filter(([id]) => !gone.has(id))), dropped };
}
