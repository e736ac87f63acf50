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
} from "../../src/core/job/state.ts";
import { freeze, Invariants } from "./job-invariants.ts";
import { fileOf, type ProgressNodes, START, specOf, storedOf, success } from "./job-samples.ts";

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
    return Object.values(this.state.effects).filter(
      (effect): effect is Extract<Effect, { type: T }> => effect.type === type,
    );
  }

  wish<T extends Effect["type"]>(type: T): Extract<Effect, { type: T }> {
    const [wish] = this.wishes(type);
    if (!wish) throw new Error(`nothing wished of type ${type}: ${Object.keys(this.state.effects)}`);
    return wish;
  }

  /** The names of all that is wished, but for the reports to the index: tests of other things need not know of them. */
  get wished(): string[] {
    return Object.keys(this.state.effects)
      .filter((name) => name !== "index")
      .sort();
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

  /** Deletes the job. */
  remove(): this {
    return this.send({ type: "remove_requested", by: "deleted" });
  }

  patch(part: Partial<Extract<JobEvent, { type: "patched" }>>): this {
    return this.send({ type: "patched", metadata: null, priority: null, expiresAt: null, ...part });
  }

  /** The index answers the report that is outstanding, or cannot be reached. */
  indexHears(ok = true): this {
    return this.send({ type: "indexed", nonce: this.wish("index").nonce, ok });
  }

  /** What was to be removed from storage is gone, or storage fails. */
  discarded(ok = true): this {
    return this.send({ type: "discarded", ok });
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
export const REACHABLE = [
  "queued",
  "connecting",
  "posting",
  "unknown",
  "submitted",
  "running",
  "collecting",
  "succeeded",
] as const;
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
