/**
 * Drives one job machine by hand: keeps its state, clock and ids, checks the invariants after every step, and brings
 * it to a stage in one word. No world behind it: a test says what comes back.
 */
import type { ComfyEvent } from "../../src/core/comfy/events.ts";
import { newJob, step } from "../../src/core/job/machine.ts";
import type { Run } from "../../src/core/job/run.ts";
import type { JobSpec } from "../../src/core/job/spec.ts";
import type {
  Change,
  Effect,
  Failure,
  Found,
  HeldFrame,
  JobEvent,
  JobState,
  Learned,
  RunOutcome,
  Stored,
  Wanted,
} from "../../src/core/job/state.ts";
import { freeze, Invariants } from "./job-invariants.ts";

export const HOUR = 3_600_000;
export const START = 1_763_600_000_000;

/** A text-to-image job of three nodes: `1` loads, `3` samples, `9` saves. */
export function specOf(part: Partial<JobSpec> = {}): JobSpec {
  return {
    id: "job_01kag3000000000000000000aa",
    fingerprint: "f".repeat(64),
    origin: "https://api.example",
    workflow: { id: "portrait", version: 1, name: "Portrait" },
    inputs: { prompt: "a fox" },
    seed: "42",
    metadata: {},
    images: [],
    plan: [
      { id: "1", classType: "CheckpointLoaderSimple", title: null },
      { id: "3", classType: "KSampler", title: "Sampler" },
      { id: "9", classType: "SaveImage", title: null },
    ],
    socketNodes: [],
    labels: {},
    keepTemporary: false,
    aspect: null,
    shape: "portrait@1",
    createdAt: START,
    startBy: START + HOUR,
    finishBy: START + 2 * HOUR,
    expiresAt: START + 100 * HOUR,
    ...part,
  };
}

export const fileOf = (nodeId: string, position = 0, part: Partial<Wanted> = {}): Wanted => ({
  key: `${nodeId}/images/${position}`,
  nodeId,
  position,
  source: { type: "file", filename: `out_${position}.png`, subfolder: "", folder: "output" },
  hint: "image",
  temporary: false,
  ...part,
});

export const storedOf = (nodeId = "9", part: Partial<Stored> = {}): Omit<Stored, "index" | "key"> => ({
  id: "out_01kag3000000000000000000aa",
  nodeId,
  name: "out_0.png",
  label: null,
  type: "image",
  temporary: false,
  contentType: "image/png",
  sizeBytes: 10,
  width: 64,
  height: 64,
  durationMs: null,
  sha256: "0".repeat(64),
  text: null,
  cleanable: true,
  ...part,
});

export const success = (...wanted: Wanted[]): Found => ({
  type: "ended",
  outcome: { result: "success", failure: null, wanted },
});

export const failureOf = (part: Partial<Failure> = {}): Failure => ({
  code: "node_failed",
  detail: "KSampler: boom",
  nodeId: "3",
  classType: "KSampler",
  input: null,
  ...part,
});

export const endedBy = (result: RunOutcome["result"], failure: Failure | null = null, ...wanted: Wanted[]): Found => ({
  type: "ended",
  outcome: { result, failure, wanted },
});

/** A preview frame; without `promptId` it is one that names nothing. */
export const pictureOf = (part: Partial<Extract<ComfyEvent, { type: "preview" }>> = {}): ComfyEvent => ({
  type: "preview",
  nodeId: null,
  displayNodeId: null,
  promptId: null,
  outputId: null,
  imageType: "image/png",
  bytes: new Uint8Array([1, 2, 3]),
  metadata: false,
  ...part,
});

type ProgressNodes = Extract<ComfyEvent, { type: "progressState" }>["nodes"];

export const nodeState = (nodeId: string, value: number, max: number, state = "running"): ProgressNodes[number] => ({
  nodeId,
  value,
  max,
  state,
  displayNodeId: nodeId,
  parentNodeId: null,
  realNodeId: nodeId,
});

export class Driver {
  state: JobState;
  now = START;
  readonly changes: Change[] = [];
  readonly held: HeldFrame[] = [];
  /** Whether the last step had to be stored. */
  persisted = false;
  readonly invariants = new Invariants();
  #ids = 0;

  constructor(part: Partial<JobSpec> = {}) {
    this.state = freeze(newJob(specOf(part)));
  }

  send(event: JobEvent): this {
    const next = step(this.state, event, { now: this.now, uuid: () => `uuid-${++this.#ids}` });
    this.invariants.check(this.state, event, next, this.now);
    this.state = freeze(next.state);
    this.changes.push(...next.changes);
    this.held.push(...next.held);
    this.persisted = next.persist;
    return this;
  }

  /** Lets time pass, and the alarm go off wherever a deadline falls due. */
  wait(ms: number): this {
    const until = this.now + ms;
    for (;;) {
      const next = Math.min(...Object.values(this.state.deadlines));
      if (next > until) break;
      this.now = Math.max(this.now, next);
      this.send({ type: "alarm" });
    }
    this.now = until;
    return this;
  }

  /** Time passes and nobody wakes us: the alarm comes late, or never. */
  sleep(ms: number): this {
    this.now += ms;
    return this;
  }

  /** The object dies and is started again from its stored state. */
  crash(): this {
    this.state = freeze(JSON.parse(JSON.stringify(this.state)) as JobState);
    return this.send({ type: "revived" });
  }

  get stage(): JobState["stage"]["name"] {
    return this.state.stage.name;
  }

  get run(): Run {
    if (!("run" in this.state.stage)) throw new Error(`no run in ${this.stage}`);
    return this.state.stage.run;
  }

  get failure(): Failure | null {
    return "failure" in this.state.stage ? this.state.stage.failure : null;
  }

  wishes<T extends Effect["type"]>(type: T): Extract<Effect, { type: T }>[] {
    return Object.values(this.state.effects).filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type);
  }

  wish<T extends Effect["type"]>(type: T): Extract<Effect, { type: T }> {
    const [wish] = this.wishes(type);
    if (!wish) throw new Error(`nothing wished of type ${type}: ${Object.keys(this.state.effects)}`);
    return wish;
  }

  /** The names of all that is wished. */
  get wished(): string[] {
    return Object.keys(this.state.effects).sort();
  }

  created(): this {
    return this.send({ type: "created" });
  }

  grant(id = "lease-1", learned: Learned | null = null): this {
    const lease = { id, backendId: `backend-of-${id}`, expiresAt: this.now + 90_000 };
    return this.send({ type: "lease_granted", lease, learned });
  }

  open(): this {
    return this.send({ type: "socket_opened", connection: this.run.connection, comfyVersion: "0.27.0" });
  }

  noSocket(httpAnswers: boolean): this {
    const fault = { kind: "unreachable", detail: "" } as const;
    return this.send({ type: "socket_failed", connection: this.run.connection, fault, httpAnswers });
  }

  cut(): this {
    return this.send({ type: "socket_closed", connection: this.run.connection });
  }

  accept(nodeErrors: Failure | null = null): this {
    return this.answer({ type: "accepted", nodeErrors });
  }

  answer(reply: Extract<JobEvent, { type: "submit_answered" }>["reply"]): this {
    return this.send({ type: "submit_answered", promptId: this.wish("submit").promptId, reply });
  }

  hear(event: ComfyEvent): this {
    return this.send({ type: "comfy", connection: this.run.connection, event });
  }

  /** Our prompt begins, and node 3 runs. */
  start(): this {
    const promptId = this.run.promptId;
    this.hear({ type: "executionStart", promptId, timestampMs: null });
    this.hear({ type: "executionCached", promptId, nodes: [], timestampMs: null });
    return this.hear({ type: "executing", node: "3", displayNode: "3", promptId });
  }

  report(...nodes: ProgressNodes): this {
    return this.hear({ type: "progressState", promptId: this.run.promptId, nodes });
  }

  hint(): this {
    return this.hear({ type: "executionSuccess", promptId: this.run.promptId, timestampMs: null });
  }

  found(found: Found): this {
    return this.send({ type: "looked", promptId: this.wish("look").promptId, found });
  }

  store(key = "9/images/0"): this {
    return this.send({ type: "output_stored", key, stored: storedOf(key.split("/")[0]) });
  }

  cancel(): this {
    return this.send({ type: "cancel_requested", by: "user", reason: "changed_mind" });
  }

  cancelTried(): this {
    return this.send({ type: "cancel_tried", promptId: this.wish("cancel_run").promptId });
  }

  poolHears(effect: string): this {
    return this.send({ type: "pool_answered", effect, ok: true });
  }

  /** Brings the job, step by step, to a stage. `unknown` is a POST without an answer. */
  to(stage: Reachable): this {
    for (const name of REACHABLE.slice(0, REACHABLE.indexOf(stage) + 1)) STEPS[name](this, stage);
    return this;
  }
}

/** Stages in the order of a life. */
export const REACHABLE = ["queued", "connecting", "posting", "unknown", "submitted", "running", "collecting", "succeeded"] as const;
export type Reachable = (typeof REACHABLE)[number];

const STEPS: Record<Reachable, (driver: Driver, target: Reachable) => void> = {
  queued: (driver) => driver.created().poolHears("lease"),
  connecting: (driver) => driver.grant(),
  posting: (driver) => driver.open(),
  unknown: (driver, target) => target === "unknown" && driver.answer({ type: "unknown", fault: { kind: "timeout" } }),
  submitted: (driver) => driver.accept(),
  running: (driver) => driver.start(),
  collecting: (driver) => driver.hint().found(success(fileOf("9"))),
  succeeded: (driver) => driver.store(),
};
