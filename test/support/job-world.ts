/**
 * A world for the job machine: answers its wishes well or badly, and a fair one that answers all of them honestly, in
 * the order in which they fall due. Numbers decide everything, so that fast-check can replay and shrink a run.
 */
import type { ComfyEvent } from "../../src/core/comfy/events.ts";
import type { Effect, Fault, Found, JobEvent, JobState } from "../../src/core/job/state.ts";
import type { Driver } from "./job-driver.ts";
import { endedBy, failureOf, fileOf, nodeState, pictureOf, storedOf, success } from "./job-samples.ts";

/** Picks by number. */
export function pick<T>(choices: readonly T[], number: number): T {
  const choice = choices[Math.abs(number) % choices.length];
  if (choice === undefined) throw new Error("nothing to pick from");
  return choice;
}

const FAULTS: readonly Fault[] = [
  { kind: "unreachable", detail: "" },
  { kind: "refused", status: 403 },
  { kind: "http", status: 500, detail: "" },
  { kind: "timeout" },
  { kind: "not_found" },
  { kind: "too_large", sizeBytes: 1e12 },
  { kind: "storage", detail: "" },
  { kind: "frame_lost" },
  { kind: "input", detail: "bad" },
];

const FOUND: readonly Found[] = [
  { type: "running" },
  { type: "pending", position: 1 },
  { type: "absent" },
  { type: "unreachable", fault: { kind: "timeout" } },
  success(fileOf("9")),
  success(fileOf("9"), fileOf("9", 1), fileOf("3", 0, { temporary: true })),
  success(),
  endedBy("error", failureOf(), fileOf("9")),
  endedBy("interrupted"),
  endedBy("unknown"),
];

/** Any answer that a wish can get; `number` says which. Null for a wish that gets none. */
export function anyAnswer(name: string, effect: Effect, number: number): JobEvent | null {
  const fault = pick(FAULTS, number >> 2);
  const well = number % 2 === 0;
  switch (effect.type) {
    case "request_lease":
    case "withdraw":
    case "release_lease":
    case "renew_lease":
      return { type: "pool_answered", effect: name, ok: well };
    case "dial":
      if (well) return { type: "socket_opened", connection: effect.connection, comfyVersion: null };
      return { type: "socket_failed", connection: effect.connection, fault, httpAnswers: number % 3 === 0 };
    case "upload":
      if (well) return { type: "uploaded", name: effect.name, storedName: "x.png" };
      return { type: "upload_failed", name: effect.name, fault };
    case "submit": {
      const { promptId } = effect;
      const replies = [
        { type: "accepted", nodeErrors: null },
        { type: "unknown", fault },
        { type: "accepted", nodeErrors: null },
        { type: "unknown", fault: { kind: "timeout" } },
        { type: "accepted", nodeErrors: failureOf() },
        { type: "rejected", failure: failureOf() },
      ] as const;
      return { type: "submit_answered", promptId, reply: pick(replies, number) };
    }
    case "look":
      return { type: "looked", promptId: effect.promptId, found: pick(FOUND, number) };
    case "cancel_run":
      return { type: "cancel_tried", promptId: effect.promptId };
    case "store":
      if (well) return { type: "output_stored", key: effect.wanted.key, stored: storedOf(effect.wanted.nodeId) };
      return { type: "output_failed", key: effect.wanted.key, fault };
    case "discard":
      return { type: "discarded", ok: well };
    case "index":
      return { type: "indexed", nonce: effect.nonce, ok: well };
    case "erase":
      return null;
  }
}

/** Any message of a socket: about our prompt, about another, or about nothing. */
export function anyMessage(state: JobState, number: number): ComfyEvent {
  const promptId = pick([promptOf(state), promptOf(state), promptOf(state), "foreign", null], number >> 5);
  const node = pick(["1", "3", "9", "3.0.0.1", "other"], number >> 8);
  const failure = { nodeId: node, nodeType: "X", message: "", exceptionType: "", executed: [], outOfMemory: false };
  const file = { filename: "a.png", subfolder: "", type: pick(["output", "temp", "input"], number >> 11) };
  const images = [file, { source: "websocket", type: "output" }];
  const [value, max] = [(number >> 9) % 9, (number >> 12) % 7];
  const inner = { ...nodeState(node, value, max), realNodeId: "3", displayNodeId: "3" };
  const nodes = [inner, nodeState("1", 1, 1, "finished"), nodeState("3", value, max)];
  return pick<ComfyEvent>(
    [
      { type: "executionStart", promptId, timestampMs: null },
      { type: "executionCached", promptId, nodes: pick([[], ["1"], ["1", "3", "9"]], number >> 3), timestampMs: null },
      { type: "executing", node, displayNode: pick([null, "3"], number >> 4), promptId },
      { type: "executing", node: null, displayNode: null, promptId },
      { type: "progress", promptId, node, value, max },
      { type: "progressState", promptId, nodes },
      {
        type: "executed",
        node,
        displayNode: null,
        promptId,
        output: pick([{ images }, null, { text: ["x"] }], number >> 3),
      },
      { type: "executionSuccess", promptId, timestampMs: null },
      { type: "executionError", promptId, ...failure, blocked: number % 2 === 0, cycle: false },
      { type: "executionInterrupted", promptId, nodeId: node, nodeType: null, executed: [], timestampMs: null },
      pictureOf({ promptId, nodeId: pick([node, null], number >> 6) }),
      { type: "status", queueRemaining: 1, sid: null },
      { type: "undecodable", reason: "malformed" },
      { type: "custom", name: "x", data: null },
    ],
    number,
  );
}

function promptOf(state: JobState): string | null {
  return "run" in state.stage ? state.stage.run.promptId : null;
}

/** How sockets are in a fair world: heard, opened but deaf, or not to be had. */
export type Sockets = "heard" | "deaf" | "none";

/** Answers every wish honestly and lets the alarm go off, until the job is over and nothing is left to do. */
export class FairWorld {
  readonly #driver: Driver;
  readonly #sockets: Sockets;
  readonly #dueAt = new Map<Effect, number>();
  /** How often each prompt was looked for: it runs at the first look, and has ended at the second. */
  readonly #prompts = new Map<string, number>();
  #leases = 0;
  #waitsForGrant = false;
  steps = 0;
  /** The rows of the removed job are gone. */
  erased = false;

  constructor(driver: Driver, sockets: Sockets) {
    this.#driver = driver;
    this.#sockets = sockets;
    // What the pool was asked before and has not answered, it has not forgotten.
    this.#waitsForGrant = driver.stage === "queued";
  }

  /** One thing happens: what is due next. False when there is nothing left but the retention, or no job at all. */
  next(): boolean {
    const { state } = this.#driver;
    if (state.effects.erase) this.erased = true;
    if (this.erased) return false;
    this.steps += 1;
    if (this.#waitsForGrant && state.stage.name === "queued" && !state.effects.lease) {
      this.#waitsForGrant = false;
      this.#driver.grant(`fair-${++this.#leases}`);
      return true;
    }
    const wishes = Object.entries(state.effects).map(([name, effect]) => {
      const at = this.#dueAt.get(effect) ?? this.#driver.now + ("afterMs" in effect ? effect.afterMs : 0);
      this.#dueAt.set(effect, at);
      return { name, effect, at };
    });
    const [wish] = wishes.sort((a, b) => a.at - b.at);
    const { expire: _retention, ...deadlines } = state.deadlines;
    const alarmAt = Math.min(...Object.values(deadlines));
    if (!wish && alarmAt === Number.POSITIVE_INFINITY) return false;
    if (wish && wish.at <= alarmAt) {
      this.#driver.now = Math.max(this.#driver.now, wish.at);
      this.#answer(wish.name, wish.effect);
    } else {
      this.#driver.now = Math.max(this.#driver.now, alarmAt);
      this.#driver.send({ type: "alarm" });
    }
    return true;
  }

  #answer(name: string, effect: Effect): void {
    const job = this.#driver;
    switch (effect.type) {
      case "request_lease":
        this.#waitsForGrant = true;
        job.poolHears(name);
        return;
      case "submit":
        // A prompt whose end was seen before it was answered is over.
        if (job.stage !== "collecting") this.#prompts.set(effect.promptId, 0);
        break;
      case "dial":
        if (this.#sockets === "none") {
          const fault = { kind: "unreachable", detail: "" } as const;
          job.send({ type: "socket_failed", connection: effect.connection, fault, httpAnswers: true });
          return;
        }
        break;
      case "look":
        job.send({ type: "looked", promptId: effect.promptId, found: this.#look(effect.promptId) });
        return;
      case "cancel_run":
        this.#prompts.delete(effect.promptId);
        break;
      default:
        break;
    }
    const answer = anyAnswer(name, effect, 0);
    if (answer) job.send(answer);
    if (effect.type === "submit" && this.#sockets === "heard" && job.stage === "submitted") this.#run(effect.promptId);
  }

  /** Prompts that were taken and that nobody saw through or canceled. */
  get orphans(): string[] {
    return [...this.#prompts].filter(([, looks]) => looks < 2).map(([promptId]) => promptId);
  }

  #look(promptId: string): Found {
    const looks = this.#prompts.get(promptId);
    if (looks === undefined) return { type: "absent" };
    this.#prompts.set(promptId, looks + 1);
    return looks === 0 ? { type: "running" } : success(fileOf("9"));
  }

  #run(promptId: string): void {
    const job = this.#driver;
    if (job.run.socket !== "open") return;
    job.start();
    for (const node of job.state.spec.socketNodes) job.hear(pictureOf({ promptId, nodeId: node }));
    job.hint();
    // Heard to its end: the first look finds it in the history.
    this.#prompts.set(promptId, 1);
  }
}
