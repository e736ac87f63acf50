/**
 * One life of the server process: what a restart loses (queue, history, cache, connections, counter) and the worker that
 * runs one prompt after the other.
 */
import { ResultCache } from "./cache.ts";
import { Execution, type ExecutionHost, WorkerDeath } from "./execution.ts";
import { ServerStopped } from "./failure.ts";
import type { Faults } from "./fault-store.ts";
import { History } from "./history.ts";
import { isList, isObject, type Json, type JsonObject } from "./json.ts";
import type { NodeClass, NodeEnvironment } from "./nodes/node-class.ts";
import { PromptQueue, type QueueItem, QueueTieError } from "./queue.ts";
import { Sockets } from "./sockets.ts";
import { since } from "./version.ts";

/** Whom events go to when `client_id` is something no socket can have. */
const NOBODY = "\0";

/** Between a prompt's arrival and its first event: the answer of POST /prompt normally comes first. */
const WAKE_MS = 2;

/** The flags of GET /features and of the `feature_flags` reply. */
export function serverFlags({ options }: NodeEnvironment): JsonObject {
  return {
    supports_preview_metadata: true,
    max_upload_size: options.maxUploadBytes,
    ...(since(options.version, "0.4.0") ? { extension: { manager: { supports_v4: true } } } : {}),
    ...(since(options.version, "0.14.0") ? { node_replacements: true } : {}),
    ...(since(options.version, "0.17.0") ? { assets: false } : {}),
    ...(since(options.version, "0.38.0") ? { supports_model_type_tags: true } : {}),
  };
}

/** The running server. */
export class ServerProcess {
  readonly environment: NodeEnvironment;
  readonly classes: ReadonlyMap<string, NodeClass>;
  readonly faults: Faults;
  readonly history = new History();
  readonly queue: PromptQueue;
  readonly sockets: Sockets;
  readonly #cache = new ResultCache();
  readonly #crash: () => void;
  readonly #cancels = new Set<() => void>();
  /** Requests since the start; also counts rejected ones. */
  #counter = 0;
  #stopped = false;
  #working = false;
  #workerDead = false;
  #interrupted = false;
  #freeMemory = false;
  #client: string | null = null;
  #runningNode: string | null = null;

  constructor(
    environment: NodeEnvironment,
    classes: ReadonlyMap<string, NodeClass>,
    faults: Faults,
    crash: () => void,
  ) {
    this.environment = environment;
    this.classes = classes;
    this.faults = faults;
    this.#crash = crash;
    this.queue = new PromptQueue(() => this.#publishStatus());
    this.sockets = new Sockets({
      serverFlags: () => serverFlags(environment),
      queueRemaining: () => this.queue.remaining,
      runningNodeOf: (clientId) => (clientId === this.#client ? this.#runningNode : null),
      filter: (message, overtaken) => faults.filter(message, overtaken),
      evictionFixed: environment.options.evictionFixed,
    });
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  nextNumber(): number {
    return this.#counter++;
  }

  /** Queues a prompt and wakes the worker. Throws `QueueTieError` with the prompt queued but the worker not woken. */
  submit(item: QueueItem): void {
    this.queue.put(item);
    this.wake();
  }

  /** Sets the interrupt flag: of whatever runs, or only if `promptId` runs. */
  interrupt(promptId: string | null): boolean {
    if (promptId !== null && this.queue.running?.promptId !== promptId) return false;
    if (this.faults.take("swallowInterrupt") === null) this.#interrupted = true;
    return true;
  }

  /** POST /free: acted on when nothing runs. */
  freeMemory(): void {
    this.#freeMemory = true;
    if (this.queue.running === null) this.#free();
  }

  /** The worker thread dies where it is: what runs now runs for ever. */
  killWorker(): void {
    this.#workerDead = true;
  }

  /** Calls `run` after a delay, unless the process ends first. */
  after(ms: number, run: () => void): void {
    const cancel = this.environment.ports.schedule(ms, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
  }

  /** Rejects with `ServerStopped` if the process has ended; otherwise it may never settle once it ends. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) reject(new ServerStopped());
      else this.after(ms, resolve);
    });
  }

  /** The end of the process. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.sockets.terminateAll();
  }

  wake(): void {
    if (this.#working || this.#workerDead) return;
    this.#working = true;
    this.after(WAKE_MS, () => {
      this.#work().catch((error) => {
        this.#workerDead = true;
        if (!(error instanceof ServerStopped || error instanceof WorkerDeath || error instanceof QueueTieError)) {
          throw error;
        }
      });
    });
  }

  async #work(): Promise<void> {
    while (!this.#workerDead && !this.#stopped) {
      const item = this.queue.take();
      if (item === null) break;
      await this.#run(item);
    }
    this.#working = false;
  }

  async #run(item: QueueItem): Promise<void> {
    if (item.extraData === null) throw new WorkerDeath();
    const client = item.extraData.client_id;
    if (isList(client) || isObject(client)) return this.#crash();
    this.#interrupted = false;
    this.#client = typeof client === "string" ? client : client === undefined || client === null ? null : NOBODY;
    this.#runningNode = null;
    const entry = await new Execution(this.#executionHost(), item, this.#client).run();
    this.#runningNode = null;
    const { historyGapMs } = this.environment.options;
    if (historyGapMs > 0) await this.sleep(historyGapMs);
    if (this.#stopped) throw new ServerStopped();
    const late = this.faults.take("historyLate");
    if (late === null) this.history.write(entry);
    else this.after(late.ms, () => this.history.write(entry));
    this.queue.done();
    const over: Json = { node: null, prompt_id: item.promptId };
    if (this.#client !== null) this.sockets.publishEvent("executing", over, this.#client);
    if (this.#freeMemory) this.#free();
  }

  #executionHost(): ExecutionHost {
    return {
      environment: this.environment,
      classes: this.classes,
      sockets: this.sockets,
      cache: this.#cache,
      isInterrupted: () => this.#interrupted,
      sleep: async (ms) => {
        await this.sleep(ms);
        if (this.#workerDead) await new Promise(() => {});
      },
      atNode: (id) => this.faults.atNode(id),
      atStep: (step) => this.faults.atStep(step),
      atEnd: () => this.faults.atEnd(),
      setRunningNode: (displayId) => {
        this.#runningNode = displayId;
      },
      crash: () => this.#crash(),
    };
  }

  #free(): void {
    this.#freeMemory = false;
    this.#cache.clear();
  }

  #publishStatus(): void {
    const exec_info = { queue_remaining: this.queue.remaining };
    this.sockets.publishEvent("status", { status: { exec_info } }, null);
  }
}
