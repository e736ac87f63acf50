/** A prompt as a graph: links, and the set of nodes still to run with the order in which ComfyUI picks them (§4). */
import { isList, isObject, type Json, type JsonObject } from "./json.ts";

/** A link to an output of another node. */
export interface Link {
  readonly nodeId: string;
  readonly slot: number;
}

/** The link in an input value, or null if it is a plain value. */
export function linkOf(value: Json | undefined): Link | null {
  if (!isList(value) || value.length !== 2) return null;
  const [nodeId, slot] = value;
  return typeof nodeId === "string" && typeof slot === "number" ? { nodeId, slot } : null;
}

/** The `inputs` of a node. */
export function inputsOf(node: Json | undefined): JsonObject {
  const inputs = isObject(node) ? node.inputs : undefined;
  return isObject(inputs) ? inputs : {};
}

/** The `class_type` of a node. */
export function classOf(node: Json | undefined): string {
  return isObject(node) && typeof node.class_type === "string" ? node.class_type : "";
}

/** What the order depends on. */
export interface GraphView {
  node(id: string): Json | undefined;
  isCached(id: string): boolean;
  isLazy(id: string, input: string): boolean;
  isOutput(id: string): boolean;
  isAsync(id: string): boolean;
}

/** The nodes still to run. A node blocks those that need its result. */
export class PendingGraph {
  readonly #view: GraphView;
  readonly #waitingFor = new Map<string, number>();
  readonly #blocks = new Map<string, Set<string>>();
  /** Async nodes that have been started. */
  readonly #started = new Set<string>();

  constructor(view: GraphView) {
    this.#view = view;
  }

  get isEmpty(): boolean {
    return this.#waitingFor.size === 0;
  }

  /** Adds a node and what it depends on, without crossing cached nodes and lazy inputs. */
  add(id: string): void {
    const links: [from: string, to: string][] = [];
    const stack = [id];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (this.#waitingFor.has(next)) continue;
      this.#waitingFor.set(next, 0);
      this.#blocks.set(next, new Set());
      for (const [name, value] of Object.entries(inputsOf(this.#view.node(next)))) {
        const link = linkOf(value);
        if (link === null || this.#view.isLazy(next, name)) continue;
        if (this.#view.isCached(link.nodeId)) continue;
        stack.push(link.nodeId);
        links.push([link.nodeId, next]);
      }
    }
    for (const [from, to] of links) this.#block(from, to);
  }

  /** Makes `id` wait for `from`, adding it if need be. False if it is cached already. */
  require(from: string, id: string): boolean {
    if (this.#view.isCached(from)) return false;
    this.add(from);
    this.#block(from, id);
    return true;
  }

  #block(from: string, to: string): void {
    const blocked = this.#blocks.get(from);
    if (blocked === undefined || blocked.has(to)) return;
    blocked.add(to);
    this.#waitingFor.set(to, (this.#waitingFor.get(to) ?? 0) + 1);
  }

  /** The next node to call, or null: all wait for async nodes, or for each other. */
  pick(): string | null {
    const ready = [...this.#waitingFor]
      .filter(([id, count]) => count === 0 && !this.#started.has(id))
      .map(([id]) => id);
    const blocked = (id: string): string[] => [...(this.#blocks.get(id) ?? [])];
    const isOutput = (id: string): boolean => this.#view.isOutput(id);
    return (
      ready.find((id) => isOutput(id) || this.#view.isAsync(id)) ??
      ready.find((id) => blocked(id).some(isOutput)) ??
      ready.find((id) => blocked(id).some((next) => blocked(next).some(isOutput))) ??
      ready[0] ??
      null
    );
  }

  /** Nodes that wait for each other when nothing can be picked. */
  get stuck(): readonly string[] {
    return [...this.#waitingFor.keys()];
  }

  /** An async node runs; it is not picked again until it is done. */
  start(id: string): void {
    this.#started.add(id);
  }

  /** Takes a finished node out and frees those that waited for it. */
  finish(id: string): void {
    for (const next of this.#blocks.get(id) ?? []) {
      this.#waitingFor.set(next, (this.#waitingFor.get(next) ?? 1) - 1);
    }
    this.#blocks.delete(id);
    this.#waitingFor.delete(id);
    this.#started.delete(id);
  }
}
