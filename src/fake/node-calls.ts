/** Calling one node of a running prompt: what it is announced with, what it may do, what blocks it. */
import type { DynamicPrompt } from "./dynamic-prompt.ts";
import { JPEG_CODE, PNG_CODE } from "./encode.ts";
import { Interrupted } from "./failure.ts";
import { linkOf } from "./graph.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import type { NodeClass, NodeContext, NodeEnvironment, NodeResult, ProgressPicture } from "./nodes/node-class.ts";
import { jsonValue } from "./nodes/node-class.ts";
import { Inputs, type Value } from "./nodes/value.ts";
import type { ProgressRegistry } from "./progress.ts";
import type { QueueItem } from "./queue.ts";
import type { Sockets } from "./sockets.ts";
import { since } from "./version.ts";

/** What running nodes need from the server. */
export interface RunHost {
  readonly environment: NodeEnvironment;
  readonly classes: ReadonlyMap<string, NodeClass>;
  readonly sockets: Sockets;
  isInterrupted(): boolean;
  /** Resolves after a delay; rejects with `ServerStopped` when the process ends. */
  sleep(ms: number): Promise<void>;
  /** A node was announced: faults may strike, one of them being an exception in this node. */
  atNode(id: string): Error | null;
  /** A tick was sent; counts from 1 in each prompt. */
  atStep(step: number): void;
  /** All nodes have run (or one has failed); the event that says so comes next. */
  atEnd(): void;
  setRunningNode(displayId: string): void;
  crash(): void;
}

/** The values of a node's inputs, without those named in `hidden`. */
export function gatherInputs(
  prompt: DynamicPrompt,
  id: string,
  hidden: readonly string[],
  resolve: (link: Json) => Value,
): Inputs {
  const values = new Map<string, Value>();
  for (const [name, value] of Object.entries(prompt.inputsOf(id))) {
    if (linkOf(value) === null) values.set(name, jsonValue(value));
    else if (!hidden.includes(name)) values.set(name, resolve(value));
  }
  return new Inputs(values);
}

/** The calls of one prompt. */
export class NodeCalls {
  readonly #host: RunHost;
  readonly #item: QueueItem;
  readonly #owner: string | null;
  readonly #prompt: DynamicPrompt;
  readonly #progress: ProgressRegistry;
  readonly #inputs = new Map<string, Inputs>();
  readonly #lastTick = new Map<string, { at: number; value: number }>();
  #steps = 0;

  constructor(host: RunHost, item: QueueItem, owner: string | null, prompt: DynamicPrompt, progress: ProgressRegistry) {
    this.#host = host;
    this.#item = item;
    this.#owner = owner;
    this.#prompt = prompt;
    this.#progress = progress;
  }

  inputsOf(id: string): Inputs | null {
    return this.#inputs.get(id) ?? null;
  }

  /** `progress_state` with the node running, then `executing`. */
  announce(id: string): void {
    this.#progress.start(id);
    this.publishProgress();
    if (this.#owner === null) return;
    const display = this.#prompt.identity(id).display;
    this.#host.setRunningNode(display);
    this.#publish("executing", { node: id, display_node: display, prompt_id: this.#item.promptId });
  }

  publishProgress(): void {
    this.#publish("progress_state", this.#progress.toJson());
  }

  publishExecuted(id: string, output: JsonObject | null): void {
    const display = this.#prompt.identity(id).display;
    this.#publish("executed", { node: id, display_node: display, output, prompt_id: this.#item.promptId });
  }

  /** Runs the node, unless an input is blocked. Rejects with what the node raised. */
  async call(id: string, nodeClass: NodeClass, inputs: Inputs, executed: readonly string[]): Promise<NodeResult> {
    this.#inputs.set(id, inputs);
    const fault = this.#host.atNode(id);
    if (this.#host.isInterrupted()) throw new Interrupted();
    const context = this.#context(id);
    if (nodeClass.ownTime !== true && this.#host.environment.options.nodeMs > 0) {
      await context.pause(this.#host.environment.options.nodeMs);
    }
    if (fault !== null) throw fault;
    for (const value of inputs.entries.values()) {
      if (value.type === "blocked") return this.#block(id, nodeClass, value.message, executed);
    }
    return nodeClass.run(inputs, context);
  }

  #block(id: string, nodeClass: NodeClass, message: string | null, executed: readonly string[]): NodeResult {
    if (message !== null) {
      this.#publish("execution_error", {
        prompt_id: this.#item.promptId,
        node_id: id,
        node_type: nodeClass.name,
        executed: [...executed],
        exception_message: `Execution Blocked: ${message}`,
        exception_type: "ExecutionBlocked",
        traceback: [],
        current_inputs: [],
        current_outputs: [],
      });
    }
    return { outputs: nodeClass.outputs.map(() => ({ type: "blocked", message: null })) };
  }

  #context(id: string): NodeContext {
    const host = this.#host;
    const { extraData } = this.#item;
    const extra = extraData?.extra_pnginfo;
    let mark = host.environment.ports.now();
    return {
      ...host.environment,
      nodeId: id,
      written: this.#prompt.inputsOf(id),
      prompt: this.#item.prompt,
      extraPngInfo: isObject(extra) ? extra : null,
      previews: this.#previews(extraData?.preview_method),
      progress: (value, max, picture) => this.#tick(id, value, max, picture),
      pause: async (ms) => {
        const now = host.environment.ports.now();
        mark = Math.max(mark + ms, now);
        await host.sleep(mark - now);
      },
      sendFrame: (bytes) => host.sockets.publishBytes(bytes, this.#owner),
      sendEvent: (type, data) => this.#publish(type, data),
      sendText: (text) => host.sockets.publishText(id, text),
      crashServer: () => host.crash(),
    };
  }

  #previews(wanted: Json | undefined): boolean {
    const { version, previewMethod } = this.#host.environment.options;
    if (since(version, "0.5.0")) {
      if (wanted === "none") return false;
      if (wanted === "auto" || wanted === "latent2rgb" || wanted === "taesd") return true;
    }
    return previewMethod !== "none";
  }

  #tick(id: string, value: number, max: number, picture?: ProgressPicture): void {
    if (this.#host.isInterrupted()) throw new Interrupted();
    this.#steps++;
    if (picture !== undefined || !this.#isThrottled(id, value, max)) this.#publishTick(id, value, max, picture);
    this.#host.atStep(this.#steps);
  }

  /** From 0.9.2: first and last always, else at least 100 ms and 0.5 % apart. */
  #isThrottled(id: string, value: number, max: number): boolean {
    const now = this.#host.environment.ports.now();
    const last = this.#lastTick.get(id);
    if (since(this.#host.environment.options.version, "0.9.2") && last !== undefined && value < max) {
      if (now - last.at < 100 || Math.abs(value - last.value) / max < 0.005) return true;
    }
    this.#lastTick.set(id, { at: now, value });
    return false;
  }

  #publishTick(id: string, value: number, max: number, picture?: ProgressPicture): void {
    const { sockets } = this.#host;
    const promptId = this.#item.promptId;
    const withMetadata = picture !== undefined && sockets.wantsMetadata(this.#owner);
    this.#progress.update(id, value, max);
    this.publishProgress();
    if (withMetadata) {
      const { display, parent, real } = this.#prompt.identity(id);
      const metadata = {
        node_id: id,
        prompt_id: promptId,
        display_node_id: display,
        parent_node_id: parent,
        real_node_id: real,
        image_type: picture.format === "PNG" ? "image/png" : "image/jpeg",
      };
      sockets.publishPreviewWithMetadata(metadata, picture.bytes, this.#owner);
    }
    this.#publish("progress", { value, max, prompt_id: promptId, node: id });
    if (picture !== undefined && !withMetadata) {
      sockets.publishPreview(picture.format === "PNG" ? PNG_CODE : JPEG_CODE, picture.bytes, this.#owner);
    }
  }

  #publish(type: string, data: Json): void {
    this.#host.sockets.publishEvent(type, data, this.#owner);
  }
}
