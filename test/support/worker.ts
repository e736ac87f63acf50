/**
 * The built Worker in Miniflare with the fake ComfyUI on real TCP, and the calls tests make of them. State lies in a
 * folder of its own, so that the Worker can be stopped or killed and started again on what it had stored.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeComfy } from "../../scripts/fake-server.ts";
import { type Host, startHost, WORKER_NAME } from "../../scripts/local/host.ts";
import { freshOwner } from "../../scripts/local/settings.ts";
import type { Health } from "../../src/contract/api.ts";
import { jobObjectName } from "../../src/core/auth/share-token.ts";
import type { JobSpec } from "../../src/core/job/spec.ts";
import type { LeaseRequest } from "../../src/core/pool/line.ts";
import type { FakeOptions } from "../../src/fake/options.ts";
import { WorkerClient } from "./worker-client.ts";

export type StartOptions = {
  fake?: Partial<FakeOptions>;
  /** Variables over the usual ones. */
  vars?: Record<string, string>;
  /** Fields of the one backend over `{id, url}`. */
  backend?: Record<string, unknown>;
};

/** Fast enough for tests, slow enough to be seen: a run of 20 steps takes a fifth of a second. */
const FAST_FAKE: Partial<FakeOptions> = { stepMs: 10, nodeMs: 2 };

export type TestWorker = WorkerClient & {
  /** The project of the worker's key. */
  readonly project: string;
  readonly fake: Awaited<ReturnType<typeof startFakeComfy>>;
  /** Structured log lines so far. */
  readonly logs: string[];
  /** All keys in the bucket. */
  bucketKeys(): Promise<string[]>;
  /** Keys of stored results, without the facts beside them. */
  outputKeys(): Promise<string[]>;
  /** Deletes a key, as a lifecycle rule would. */
  removeFromBucket(key: string): Promise<void>;
  /** What the pool holds. */
  queue(): Promise<{ waiting: number; leased: number }>;
  /** The job's object dies as in a crash; the next call or alarm starts it anew. */
  abortJob(jobId: string): Promise<void>;
  /** R2 fails the next `count` writes of the job's results. */
  failWrites(jobId: string, count: number): Promise<void>;
  /** Creates a job as the Worker does once it has accepted a request; for what no request may ask for. */
  createFromSpec(spec: Omit<JobSpec, "project">, graph: unknown): Promise<void>;
  /** Asks the pool for a place in the name of a job that does not exist. */
  requestLeaseFor(jobName: string): Promise<void>;
  /** Arms a point at which the object dies, once. */
  dieAt(object: { job: string } | { tenant: string }, point: string): Promise<void>;
  /** Ends the Worker in order and starts it on what it has stored; `vars` change the configuration. */
  restart(vars?: Record<string, string>): Promise<void>;
  /** SIGKILL of workerd, then, once `meanwhile` is over, a start on what it has stored. */
  killAndStart(meanwhile?: () => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
};

/** Starts both. The caller closes them. */
export async function startWorker(options: StartOptions = {}): Promise<TestWorker> {
  const fake = await startFakeComfy({ ...FAST_FAKE, ...options.fake });
  const folder = mkdtempSync(join(tmpdir(), "easelcast-test-"));
  const { project, key, vars: owner } = await freshOwner("test");
  const logs: string[] = [];
  const vars: Record<string, string> = {
    COMFY_BACKENDS: JSON.stringify([{ id: "box", url: fake.url, ...options.backend }]),
    ...owner,
    ALLOW_LOCAL_URLS: "on",
    TEST_HOOKS: "on",
    ...options.vars,
  };
  let runtimePids: number[] = [];
  const start = async (port: number): Promise<Host> => {
    const before = runtimes();
    const started = await startHost({ port, persistTo: folder, vars, onLog: (line) => logs.push(line) });
    runtimePids = runtimes().filter((pid) => !before.includes(pid));
    return started;
  };
  let host = await start(0);
  const { url } = host;
  const port = Number(new URL(url).port);
  const client = new WorkerClient(url, key);
  const bucket = () => host.miniflare.getR2Bucket("MEDIA", WORKER_NAME);
  const object = async <T>(binding: string, name: string): Promise<T> => {
    const namespace = await host.miniflare.getDurableObjectNamespace(binding, WORKER_NAME);
    return namespace.get(namespace.idFromName(name)) as unknown as T;
  };
  const bucketKeys = async () => (await (await bucket()).list()).objects.map((object) => object.key).sort();
  return Object.assign(client, {
    project,
    fake,
    logs,
    bucketKeys,
    outputKeys: async () => (await bucketKeys()).filter((name) => name.startsWith("o/") && !name.endsWith(".facts")),
    removeFromBucket: async (name: string) => (await bucket()).delete(name),
    queue: async () => {
      const { queue } = (await (await client.request("/v1/health")).json()) as Health;
      return queue ?? { waiting: -1, leased: -1 };
    },
    abortJob: async (jobId: string) => {
      const stub = await object<{ abort(): Promise<void> }>("JOBS", await jobObjectName(project, jobId));
      // The call itself dies with the object.
      await stub.abort().catch(() => {});
    },
    failWrites: async (jobId: string, count: number) => {
      type Failing = { failWrites(count: number): Promise<void> };
      const stub = await object<Failing>("JOBS", await jobObjectName(project, jobId));
      await stub.failWrites(count);
    },
    createFromSpec: async (given: Omit<JobSpec, "project">, graph: unknown) => {
      const spec = { ...given, project };
      type Creator = { create(spec: JobSpec, graph: string, share: null): Promise<unknown> };
      const stub = await object<Creator>("JOBS", await jobObjectName(project, spec.id));
      await stub.create(spec, JSON.stringify(graph), null);
    },
    requestLeaseFor: async (jobName: string) => {
      type Pool = { requestLease(name: string, request: LeaseRequest): Promise<unknown> };
      const stub = await object<Pool>("POOL", "main");
      await stub.requestLease(jobName, { shape: "a shape", owner: "nobody/", priority: "normal", maxRunning: null });
    },
    dieAt: async (target: { job: string } | { tenant: string }, point: string) => {
      type Mortal = { dieAt(point: string): Promise<void> };
      const stub =
        "job" in target
          ? await object<Mortal>("JOBS", await jobObjectName(project, target.job))
          : await object<Mortal>("TENANTS", target.tenant);
      await stub.dieAt(point);
    },
    restart: async (changed: Record<string, string> = {}) => {
      await host.dispose();
      Object.assign(vars, changed);
      host = await start(port);
    },
    killAndStart: async (meanwhile = async () => {}) => {
      if (runtimePids.length === 0) throw new Error("There is no workerd to kill.");
      for (const pid of runtimePids) process.kill(pid, "SIGKILL");
      await host.dispose();
      await meanwhile();
      host = await start(port);
    },
    close: async () => {
      await host.dispose();
      await fake.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** Process ids of the workerd processes that this process has started. */
function runtimes(): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" });
  return table.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === process.pid && command?.includes("workerd") ? [Number(pid)] : [];
  });
}
