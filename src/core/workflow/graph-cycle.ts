/** Finds nodes that wait for each other. ComfyUI 0.20 and later refuse these, earlier ones answer 400 without a word. */
import { type ApiGraph, links } from "./graph.ts";

/** The ids of one cycle in the order of the links, or null. Linear, and without recursion: chains may be long. */
export function findCycle(graph: ApiGraph): string[] | null {
  const done = new Set<string>();
  for (const start of Object.keys(graph)) {
    const path: { id: string; pending: string[] }[] = [];
    const onPath = new Set<string>();
    const enter = (id: string) => {
      path.push({ id, pending: sourcesOf(graph, id) });
      onPath.add(id);
    };
    if (!done.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.pending.pop();
      if (next === undefined) {
        path.pop();
        onPath.delete(top.id);
        done.add(top.id);
      } else if (onPath.has(next)) {
        return path.slice(path.findIndex((step) => step.id === next)).map((step) => step.id);
      } else if (!done.has(next)) {
        enter(next);
      }
    }
  }
  return null;
}

function sourcesOf(graph: ApiGraph, id: string): string[] {
  const node = graph[id];
  return node === undefined ? [] : links(node).map((link) => link.nodeId);
}
