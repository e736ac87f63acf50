/**
 * One Worker, one fake ComfyUI and the tunnel between them, on which the rows of a lane are played one after the other;
 * each leaves a clean stage behind. One place at the backend: whoever holds it keeps the others waiting.
 */
import { randomInt } from "node:crypto";
import type { Health } from "../../../src/contract/api.ts";
import type { FakeFault } from "../../../src/fake/faults.ts";
import { type TestGraph, ticking, twoSaves } from "../../support/graphs.ts";
import { startWorker, type TestWorker } from "../../support/worker.ts";
import { Tunnel } from "./tunnel.ts";
import { Watcher } from "./watcher.ts";

/** The usual run: two results, one at its beginning, one at its end, and two seconds of work between them. */
export const RUN = { steps: 80, stepMs: 25 } as const;

const STUCK_MS = 60_000;

/** The stage of a lane; the fields are those of the row that is played now. */
export class Scene {
  readonly tunnel: Tunnel;
  readonly worker: TestWorker;
  /** The job of the row. */
  jobId = "";
  watcher: Watcher | null = null;
  /** When what the fault took away was there again. */
  backAt: number | null = null;
  /** Keys in the bucket before the row. */
  keysBefore: string[] = [];
  graph: TestGraph = {};
  /** Our jobs that keep the row's job waiting. */
  others: string[] = [];
  #lives = 1;
  #undo: (() => void)[] = [];

  private constructor(tunnel: Tunnel, worker: TestWorker) {
    this.tunnel = tunnel;
    this.worker = worker;
  }

  /** Starts all three. The caller closes them. */
  static async open(): Promise<Scene> {
    const tunnel = new Tunnel();
    await tunnel.start();
    const worker = await startWorker({
      backend: { url: tunnel.url, slots: 1 },
      vars: { ALLOWED_NODES: "SendImageOnWebSocket" },
    });
    tunnel.leadTo(worker.fake.port);
    return new Scene(tunnel, worker);
  }

  async close(): Promise<void> {
    this.watcher?.stop();
    await this.tunnel.close();
    await this.worker.close();
  }

  /** A clean stage: nobody runs, nobody waits, and nothing is known of the backend. */
  async clear(): Promise<void> {
    this.watcher?.stop();
    for (const undo of this.#undo.splice(0)) undo();
    const { fake } = this.worker;
    fake.fake.clearFaults();
    this.tunnel.reset();
    for (const id of [...this.others, this.jobId].filter(Boolean)) {
      await this.worker.post(`/v1/jobs/${id}/cancel`, {});
    }
    // A new life of ComfyUI has nothing in its queue, and nobody runs.
    await fake.kill();
    await fake.revive();
    await this.untilIdle();
    this.others = [];
    this.jobId = "";
    this.watcher = null;
    this.backAt = null;
    await this.#forgive();
    this.keysBefore = await this.worker.bucketKeys();
    this.graph = twoSaves(RUN.steps, RUN.stepMs, randomInt(0xffffff));
  }

  /** Under a new name the pool knows nothing of the backend, whatever it had to think of it under the old one. */
  async #forgive(): Promise<void> {
    const { backends } = (await (await this.worker.request("/v1/health")).json()) as Health;
    if (backends?.every(({ state }) => state !== "offline")) return;
    this.#lives += 1;
    await this.worker.restart({
      COMFY_BACKENDS: JSON.stringify([{ id: `box${this.#lives}`, url: this.tunnel.url, slots: 1 }]),
    });
  }

  /** Waits until no lease is held and nobody waits. */
  async untilIdle(limitMs = STUCK_MS): Promise<boolean> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const { waiting, leased } = await this.worker.queue();
      if (waiting === 0 && leased === 0) return true;
      if (Date.now() > deadline) return false;
      await pause(50);
    }
  }

  /** Creates the job of the row and watches it. */
  async start(request: Readonly<Record<string, unknown>>): Promise<Watcher> {
    const { id } = await this.worker.createJob({ graph: this.graph, ...request });
    this.jobId = id;
    this.watcher = this.watch(id);
    return this.watcher;
  }

  watch(jobId: string): Watcher {
    return new Watcher(`${this.worker.url.replace(/^http/, "ws")}/v1/jobs/${jobId}/events`, this.worker.auth);
  }

  /** Another job of ours takes the one place for a while. */
  async occupy(steps: number): Promise<void> {
    const { id } = await this.worker.createJob({ graph: ticking(steps, RUN.stepMs, randomInt(0xffffff)) });
    this.others.push(id);
    await this.worker.until(id, (job) => job.status === "running");
  }

  /** Somebody else's prompt, straight at ComfyUI. */
  async foreignPrompt(graph: TestGraph, more: Record<string, unknown> = {}): Promise<void> {
    const body = JSON.stringify({ prompt: graph, client_id: "somebody", ...more });
    const answer = await fetch(`${this.worker.fake.url}/prompt`, { method: "POST", body });
    if (!answer.ok) throw new Error(`The fake took no foreign prompt: ${answer.status} ${await answer.text()}`);
  }

  /** How many results the row's graph makes. */
  get wantedOutputs(): number {
    return Object.values(this.graph).filter(({ class_type }) => class_type === "SaveImage").length;
  }

  /** ComfyUI and the way to it work again; other jobs that still run are canceled. */
  async mend(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    this.worker.fake.fake.clearFaults();
    this.tunnel.reset();
    await this.worker.fake.revive();
    for (const id of this.others) {
      const { terminal } = await this.worker.getJob(id);
      if (!terminal) await this.worker.post(`/v1/jobs/${id}/cancel`, {});
    }
  }

  fault(...faults: FakeFault[]): void {
    for (const fault of faults) this.worker.fake.fake.fault(fault);
  }

  /** Something that goes on until the row is over. */
  meanwhile(everyMs: number, act: () => void): void {
    const timer = setInterval(act, everyMs);
    this.#undo.push(() => clearInterval(timer));
  }

  /** Somebody who starts ComfyUI again, `downMs` after it has died. */
  supervise(downMs: number): void {
    let diedAt: number | null = null;
    this.meanwhile(20, () => {
      if (this.worker.fake.fake.up) diedAt = null;
      else diedAt ??= Date.now();
      if (diedAt === null || Date.now() - diedAt < downMs) return;
      diedAt = null;
      void this.worker.fake.revive();
      this.backAt = Date.now();
    });
  }

  /** Does something later, unless the row is over by then; what the fault took away is back with it. */
  later(afterMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      act();
      this.backAt = Date.now();
    }, afterMs);
    this.#undo.push(() => clearTimeout(timer));
  }

  /** Ids of the prompts that wait at ComfyUI. */
  async pending(): Promise<string[]> {
    const answer = await fetch(`${this.worker.fake.url}/queue`);
    const { queue_pending } = (await answer.json()) as { queue_pending: [number, string][] };
    return queue_pending.map(([, id]) => id);
  }

  /** When ComfyUI said that a prompt's execution was over, or null where its history does not know. */
  async executionEnd(promptId: string): Promise<number | null> {
    const answer = await fetch(`${this.worker.fake.url}/history/${promptId}`).catch(() => null);
    if (!answer?.ok) return null;
    type Entry = { status: { messages: [string, { timestamp?: number }][] } };
    const history = (await answer.json()) as Record<string, Entry | undefined>;
    const last = history[promptId]?.status.messages.at(-1);
    return last?.[1].timestamp ?? null;
  }
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
