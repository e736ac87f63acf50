/**
 * The pool's object inside the built Worker, spoken to as jobs speak to it. Jobs named here do not exist: a lease that
 * a call answers with is held until it is given back, one that is granted later goes back at once.
 */
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Host, startHost, WORKER_NAME } from "../../scripts/local/host.ts";
import type { LeaseOutcome, QueuePlace } from "../../src/core/job/state.ts";
import type { Capacity, JobEstimate, LeaseAnswer, PoolOverview } from "../../src/core/pool/answers.ts";
import type { LeaseRequest } from "../../src/core/pool/line.ts";

type PoolCalls = {
  requestLease(jobName: string, request: LeaseRequest): Promise<LeaseAnswer>;
  withdraw(jobName: string): Promise<void>;
  renew(leaseId: string): Promise<boolean>;
  release(leaseId: string, outcome: LeaseOutcome, shape: string, counts: Record<string, number>): Promise<void>;
  overview(): Promise<PoolOverview>;
  capacity(): Promise<Capacity>;
  estimate(shape: string, asker?: Partial<LeaseRequest>): Promise<JobEstimate>;
};

export class TestPool {
  readonly #folder = mkdtempSync(join(tmpdir(), "easelcast-pool-"));
  readonly #vars: Record<string, string>;
  #host: Host | null = null;

  /** `backends` as in COMFY_BACKENDS. */
  constructor(backends: unknown = [{ id: "box", url: "fake:demo", slots: 2 }]) {
    this.#vars = { COMFY_BACKENDS: JSON.stringify(backends), TEST_HOOKS: "on" };
  }

  async start(): Promise<this> {
    this.#host = await startHost({ port: 0, persistTo: this.#folder, vars: this.#vars });
    return this;
  }

  async stop(): Promise<void> {
    await this.#host?.dispose();
    this.#host = null;
  }

  /** Ends the Worker in order and starts it on what it has stored. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async calls(): Promise<PoolCalls> {
    if (!this.#host) throw new Error("The pool is not started.");
    const namespace = await this.#host.miniflare.getDurableObjectNamespace("POOL", WORKER_NAME);
    return namespace.get(namespace.idFromName("main")) as unknown as PoolCalls;
  }

  /** Asks in the name of a job: `a1` is a job of the user `a`, if nothing else is said. */
  async ask(jobName: string, rest: Partial<LeaseRequest> = {}): Promise<LeaseAnswer> {
    const owner = `project/${jobName.replace(/\d+$/, "")}`;
    const request = { shape: "a shape", owner, priority: "normal", maxRunning: null, ...rest } as const;
    return (await this.calls()).requestLease(jobName, request);
  }

  /** Asks, and has to get a lease at once; its id. */
  async hold(jobName: string, rest: Partial<LeaseRequest> = {}): Promise<string> {
    const answer = await this.ask(jobName, rest);
    if (answer.type !== "granted") throw new Error(`${jobName} has to wait: ${JSON.stringify(answer.place)}`);
    return answer.lease.id;
  }

  /** Asks, and has to wait; its place. */
  async wait(jobName: string, rest: Partial<LeaseRequest> = {}): Promise<QueuePlace> {
    const answer = await this.ask(jobName, rest);
    if (answer.type !== "waiting") throw new Error(`${jobName} need not wait.`);
    return answer.place;
  }

  /** Gives a lease back. */
  async release(leaseId: string, outcome: LeaseOutcome = { type: "unused" }, shape = "a shape"): Promise<void> {
    await (await this.calls()).release(leaseId, outcome, shape, {});
  }

  /** What the object has stored; only while the Worker is stopped. */
  rows<T>(read: (db: DatabaseSync) => T): T {
    if (this.#host) throw new Error("The pool is not stopped.");
    const files = globSync("*.sqlite", { cwd: `${this.#folder}/do/${WORKER_NAME}-PoolObject` });
    const [file] = files.filter((name) => name !== "metadata.sqlite");
    if (!file) throw new Error("The pool has stored nothing.");
    const db = new DatabaseSync(`${this.#folder}/do/${WORKER_NAME}-PoolObject/${file}`);
    try {
      return read(db);
    } finally {
      db.close();
    }
  }
}
