/**
 * Results of earlier prompts, found by what a node is and depends on, never by its id (protocol §4). As with the default
 * flags, a prompt keeps only what it can use itself.
 */
import { classOf, inputsOf, linkOf } from "./graph.ts";
import { type Json, type JsonObject, printJson } from "./json.ts";
import type { NodeClass, NodeEnvironment } from "./nodes/node-class.ts";
import type { Value } from "./nodes/value.ts";
import { fingerprint } from "./random.ts";

/** The result of a node. */
export interface CachedResult {
  readonly outputs: readonly Value[];
  readonly ui: JsonObject | null;
  /** Identity of the node that reported the UI data, as history's `meta` shows it. */
  readonly meta: Json;
}

/** The key of each node of a prompt; null for nodes that never match. Follows links to other nodes by their keys. */
export class NodeKeys {
  readonly #keys = new Map<string, string | null>();
  readonly #prompt: JsonObject;
  readonly #classes: ReadonlyMap<string, NodeClass>;
  readonly #environment: NodeEnvironment;

  constructor(prompt: JsonObject, classes: ReadonlyMap<string, NodeClass>, environment: NodeEnvironment) {
    this.#prompt = prompt;
    this.#classes = classes;
    this.#environment = environment;
  }

  keyOf(id: string): string | null {
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    this.#keys.set(id, null);
    const key = this.#compute(id);
    this.#keys.set(id, key);
    return key;
  }

  #compute(id: string): string | null {
    const node = this.#prompt[id];
    const nodeClass = this.#classes.get(classOf(node));
    if (nodeClass === undefined) return null;
    const inputs = inputsOf(node);
    const changed = nodeClass.isChanged === undefined ? "" : nodeClass.isChanged(inputs, this.#environment);
    if (changed === null) return null;
    const parts: Json[] = [nodeClass.name, changed];
    if (Object.values(nodeClass.inputs(this.#environment).hidden ?? {}).includes("UNIQUE_ID")) parts.push(id);
    for (const name of Object.keys(inputs).sort()) {
      const value = inputs[name] ?? null;
      const link = linkOf(value);
      if (link === null) {
        parts.push([name, value]);
        continue;
      }
      const key = this.keyOf(link.nodeId);
      if (key === null) return null;
      parts.push([name, key, link.slot]);
    }
    return fingerprint(printJson(parts));
  }
}

/** Results by key. */
export class ResultCache {
  readonly #results = new Map<string, CachedResult>();

  get(key: string | null): CachedResult | undefined {
    return key === null ? undefined : this.#results.get(key);
  }

  set(key: string | null, result: CachedResult): void {
    if (key !== null) this.#results.set(key, result);
  }

  /** Drops what the prompt with these keys cannot use. */
  keepOnly(keys: ReadonlySet<string | null>): void {
    for (const key of this.#results.keys()) if (!keys.has(key)) this.#results.delete(key);
  }

  clear(): void {
    this.#results.clear();
  }
}
