/** A prompt while it runs: the submitted nodes and those added by node expansion, with who stands for whom (§4). */
import { classOf, type GraphView, inputsOf } from "./graph.ts";
import type { Json, JsonObject } from "./json.ts";
import type { NodeClass } from "./nodes/node-class.ts";
import type { NodeIdentity } from "./progress.ts";

/** Nodes by id, static and added. */
export class DynamicPrompt {
  readonly original: JsonObject;
  readonly #classes: ReadonlyMap<string, NodeClass>;
  readonly #added = new Map<string, { node: Json; parent: string; display: string }>();

  constructor(original: JsonObject, classes: ReadonlyMap<string, NodeClass>) {
    this.original = original;
    this.#classes = classes;
  }

  node(id: string): Json | undefined {
    return this.#added.get(id)?.node ?? this.original[id];
  }

  classOf(id: string): NodeClass | undefined {
    return this.#classes.get(classOf(this.node(id)));
  }

  inputsOf(id: string): JsonObject {
    return inputsOf(this.node(id));
  }

  /** Adds a node that stands in for `parent`; a loop names the visible node of which it is a copy. */
  addNode(id: string, node: Json, parent: string, display: string | null): void {
    this.#added.set(id, { node, parent, display: display ?? this.identity(parent).display });
  }

  identity(id: string): NodeIdentity {
    const added = this.#added.get(id);
    if (added === undefined) return { display: id, parent: null, real: id };
    return { display: added.display, parent: added.parent, real: this.identity(added.parent).real };
  }

  /** All nodes as plain JSON, for cache keys. */
  all(): JsonObject {
    const nodes: JsonObject = Object.assign(Object.create(null), this.original);
    for (const [id, { node }] of this.#added) nodes[id] = node;
    return nodes;
  }

  /** What the order of execution depends on. */
  view(isCached: (id: string) => boolean): GraphView {
    return {
      node: (id) => this.node(id),
      isCached,
      isLazy: (id, input) => this.classOf(id)?.lazyInputs?.includes(input) ?? false,
      isOutput: (id) => this.classOf(id)?.isOutput ?? false,
      isAsync: (id) => this.classOf(id)?.isAsync ?? false,
    };
  }
}
