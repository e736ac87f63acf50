/** One prompt from `execution_start` to its history entry: the events of protocol §2.6 in their order. */
import { type CachedResult, NodeKeys, type ResultCache } from "./cache.ts";
import { DynamicPrompt } from "./dynamic-prompt.ts";
import { describeFailure, Interrupted, RuntimeCycle, ServerStopped } from "./failure.ts";
import { linkOf, PendingGraph } from "./graph.ts";
import type { HistoryEntry } from "./history.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { gatherInputs, NodeCalls, type RunHost } from "./node-calls.ts";
import type { NodeResult } from "./nodes/node-class.ts";
import { jsonValue } from "./nodes/node-class.ts";
import type { Inputs, Value } from "./nodes/value.ts";
import { ProgressRegistry } from "./progress.ts";
import type { QueueItem } from "./queue.ts";
import { since } from "./version.ts";

/** An exception outside of any node ends the worker thread (protocol P2). */
export class WorkerDeath extends Error {}

/** What a run needs from the server. */
export interface ExecutionHost extends RunHost {
  readonly cache: ResultCache;
}

/** A cycle found at run time is recorded as a success without `execution_success` (protocol §1.5). */
type RunEnd = "done" | "failed" | "cycle";

/** Runs one prompt. */
export class Execution {
  readonly #host: ExecutionHost;
  readonly #item: QueueItem;
  /** Who gets the events; null is broadcast mode (protocol §2.5). */
  readonly #owner: string | null;
  readonly #prompt: DynamicPrompt;
  readonly #graph: PendingGraph;
  readonly #progress: ProgressRegistry;
  readonly #calls: NodeCalls;
  readonly #messages: (readonly [string, JsonObject])[] = [];
  readonly #results = new Map<string, CachedResult>();
  readonly #reported = new Map<string, CachedResult>();
  readonly #executed: string[] = [];
  readonly #expanded = new Map<string, readonly Json[]>();
  /** Lazy nodes that have said what they need. */
  readonly #asked = new Set<string>();
  readonly #async = new Map<string, Promise<void>>();
  #asyncFailure: { id: string; error: unknown } | null = null;
  #keys: NodeKeys;

  constructor(host: ExecutionHost, item: QueueItem, owner: string | null) {
    this.#host = host;
    this.#item = item;
    this.#owner = owner;
    this.#prompt = new DynamicPrompt(item.prompt, host.classes);
    this.#keys = new NodeKeys(item.prompt, host.classes, host.environment);
    this.#graph = new PendingGraph(this.#prompt.view((id) => this.#resultOf(id) !== undefined));
    this.#progress = new ProgressRegistry(item.promptId, (id) => this.#prompt.identity(id));
    this.#calls = new NodeCalls(host, item, owner, this.#prompt, this.#progress);
  }

  /** Runs to the end, whatever it is; rejects only with `ServerStopped` and `WorkerDeath`. */
  async run(): Promise<HistoryEntry> {
    const { prompt, promptId } = this.#item;
    this.#record("execution_start", { prompt_id: promptId });
    const ids = Object.keys(prompt);
    if (ids.some((id) => !hasInputs(prompt[id]))) throw new WorkerDeath();
    this.#host.cache.keepOnly(new Set(ids.map((id) => this.#keys.keyOf(id))));
    const cached = ids.filter((id) => this.#resultOf(id) !== undefined);
    this.#record("execution_cached", { nodes: cached, prompt_id: promptId });
    for (const id of this.#item.outputs) this.#graph.add(id);
    const end = await this.#runGraph();
    if (end === "done") {
      this.#replayIntermediates(cached);
      this.#host.atEnd();
      this.#record("execution_success", { prompt_id: promptId });
    }
    return this.#entry(end !== "failed", cached);
  }

  async #runGraph(): Promise<RunEnd> {
    while (!this.#graph.isEmpty) {
      const id = this.#graph.pick();
      try {
        if (this.#asyncFailure !== null) throw this.#asyncFailure.error;
        if (id === null) {
          if (this.#async.size === 0) throw new RuntimeCycle();
          await Promise.race(this.#async.values());
          continue;
        }
        await this.#step(id);
      } catch (error) {
        if (error instanceof ServerStopped) throw error;
        return this.#fail(error, this.#asyncFailure?.id ?? id ?? this.#graph.stuck[0] ?? "");
      }
    }
    return "done";
  }

  async #step(id: string): Promise<void> {
    const cached = this.#resultOf(id);
    if (cached !== undefined) return this.#replay(id, cached);
    const links = this.#expanded.get(id);
    if (links !== undefined) return this.#complete(id, { outputs: links.map((link) => this.#resolve(link)) });
    const nodeClass = this.#prompt.classOf(id);
    if (nodeClass === undefined) throw new Error(`Node ${id} does not exist`);
    this.#calls.announce(id);
    const hidden = this.#asked.has(id) ? [] : (nodeClass.lazyInputs ?? []);
    const inputs = gatherInputs(this.#prompt, id, hidden, (link) => this.#resolve(link));
    const needed = this.#asked.has(id) ? [] : (nodeClass.needs?.(inputs) ?? []);
    if (needed.length > 0) return this.#ask(id, needed);
    const call = this.#calls.call(id, nodeClass, inputs, this.#executed);
    if (nodeClass.isAsync !== true) return this.#complete(id, await call);
    this.#graph.start(id);
    const done = call
      .then((result) => this.#complete(id, result))
      .catch((error) => {
        this.#asyncFailure ??= { id, error };
      })
      .finally(() => this.#async.delete(id));
    this.#async.set(id, done);
  }

  /** A lazy node wants inputs: it is called again when they are there, even if they were cached all along. */
  #ask(id: string, names: readonly string[]): void {
    this.#asked.add(id);
    for (const name of names) {
      const link = linkOf(this.#prompt.inputsOf(id)[name]);
      if (link !== null) this.#graph.require(link.nodeId, id);
    }
  }

  #complete(id: string, result: NodeResult): void {
    if (result.expand !== undefined) {
      this.#expand(id, result.expand.graph, result.expand.results);
      return;
    }
    const { display, parent, real } = this.#prompt.identity(id);
    const entry: CachedResult = {
      outputs: result.outputs ?? [],
      ui: result.ui ?? null,
      meta: { node_id: id, display_node: display, parent_node: parent, real_node_id: real },
    };
    this.#results.set(id, entry);
    this.#host.cache.set(this.#keys.keyOf(id), entry);
    this.#executed.push(id);
    if (entry.ui !== null) this.#report(id, entry);
    this.#progress.finish(id);
    this.#calls.publishProgress();
    this.#graph.finish(id);
  }

  #expand(id: string, graph: JsonObject, results: readonly Json[]): void {
    for (const [inner, node] of Object.entries(graph)) {
      const display = isObject(node) && typeof node.display_node === "string" ? node.display_node : null;
      this.#prompt.addNode(inner, node, id, display);
    }
    this.#keys = new NodeKeys(this.#prompt.all(), this.#host.classes, this.#host.environment);
    this.#expanded.set(id, results);
    for (const inner of Object.keys(graph)) {
      if (this.#prompt.classOf(inner)?.isOutput === true) this.#graph.require(inner, id);
    }
    for (const link of results.map(linkOf)) if (link !== null) this.#graph.require(link.nodeId, id);
  }

  #replay(id: string, result: CachedResult): void {
    if (this.#owner !== null) this.#calls.publishExecuted(id, result.ui);
    if (this.#keepsReplayed && result.ui !== null) this.#reported.set(id, result);
    this.#progress.finish(id);
    this.#calls.publishProgress();
    this.#graph.finish(id);
  }

  #replayIntermediates(cached: readonly string[]): void {
    for (const id of cached) {
      const result = this.#resultOf(id);
      const nodeClass = this.#prompt.classOf(id);
      if (nodeClass?.hasIntermediateOutput !== true || result === undefined || result.ui === null) continue;
      if (!since(this.#host.environment.options.version, "0.23.0") || this.#reported.has(id)) continue;
      if (this.#keepsReplayed) this.#report(id, result);
    }
  }

  /** Whether history gets outputs that come from the cache: not without a client until after 0.27 (protocol §0). */
  get #keepsReplayed(): boolean {
    return this.#owner !== null || since(this.#host.environment.options.version, "0.28.0");
  }

  #report(id: string, result: CachedResult): void {
    this.#reported.set(id, result);
    if (this.#owner !== null) this.#calls.publishExecuted(id, result.ui);
  }

  #resultOf(id: string): CachedResult | undefined {
    return this.#results.get(id) ?? this.#host.cache.get(this.#keys.keyOf(id));
  }

  #resolve(value: Json): Value {
    const link = linkOf(value);
    if (link === null) return jsonValue(value);
    return this.#resultOf(link.nodeId)?.outputs.at(link.slot) ?? jsonValue(null);
  }

  #fail(error: unknown, id: string): RunEnd {
    this.#host.atEnd();
    const real = this.#prompt.identity(id).real;
    const about = {
      prompt_id: this.#item.promptId,
      node_id: real,
      node_type: this.#prompt.classOf(real)?.name ?? "",
      executed: [...this.#executed],
    };
    if (error instanceof Interrupted) {
      this.#record("execution_interrupted", about, true);
      return "failed";
    }
    const inputs: Inputs | null = this.#calls.inputsOf(id);
    const current_outputs = Object.keys(this.#item.prompt);
    this.#record("execution_error", { ...about, ...describeFailure(error, inputs), current_outputs });
    return error instanceof RuntimeCycle ? "cycle" : "failed";
  }

  #record(type: string, data: JsonObject, broadcast = false): void {
    const stamped = { ...data, timestamp: this.#host.environment.ports.now() };
    this.#messages.push([type, stamped]);
    if (this.#owner !== null || broadcast) this.#host.sockets.publishEvent(type, stamped, this.#owner);
  }

  #entry(succeeded: boolean, cached: readonly string[]): HistoryEntry {
    const reported = new Map(this.#reported);
    if (!since(this.#host.environment.options.version, "0.3.68")) {
      for (const id of cached) {
        const result = this.#resultOf(id);
        if (result !== undefined && result.ui !== null) reported.set(id, result);
      }
    }
    return {
      item: this.#item,
      outputs: new Map([...reported].map(([id, { ui }]) => [id, ui])),
      meta: new Map([...reported].map(([id, { meta }]) => [id, meta])),
      succeeded,
      messages: this.#messages,
    };
  }
}

/** An unconnected node without `inputs` passes validation and then breaks the run. */
function hasInputs(node: Json | undefined): boolean {
  return isObject(node) && isObject(node.inputs);
}
