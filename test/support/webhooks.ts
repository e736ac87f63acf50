/**
 * The built Worker with a project that sends webhooks: its endpoints and its ledger by RPC, its jobs over HTTP, and the
 * ways in which its objects can die. State lies in a folder of its own.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { startFakeComfy } from "../../scripts/fake-server.ts";
import { startHost, WORKER_NAME } from "../../scripts/local/host.ts";
import { freshOwner } from "../../scripts/local/settings.ts";
import type { Delivery, WebhookCreate, WebhookEndpoint } from "../../src/contract/webhook.ts";
import type { EventLogEntry } from "../../src/contract/webhook-bodies.ts";
import { jobObjectName } from "../../src/core/auth/share-token.ts";
import { Receiver } from "./receiver.ts";
import { WorkerClient } from "./worker-client.ts";

type Args = readonly unknown[];

export class WebhookWorker extends WorkerClient {
  readonly project: string;
  readonly logs: string[] = [];
  readonly #vars: Record<string, string>;
  readonly #folder = mkdtempSync(join(tmpdir(), "easelcast-webhooks-"));
  readonly #fake: Awaited<ReturnType<typeof startFakeComfy>>;
  readonly #receivers: Receiver[] = [];
  #host: Awaited<ReturnType<typeof startHost>> | null = null;
  #pids: number[] = [];

  private constructor(
    port: number,
    owner: Awaited<ReturnType<typeof freshOwner>>,
    fake: Awaited<ReturnType<typeof startFakeComfy>>,
  ) {
    super(`http://127.0.0.1:${port}`, owner.key);
    this.project = owner.project;
    this.#fake = fake;
    const backends = JSON.stringify([{ id: "box", url: fake.url }]);
    this.#vars = { COMFY_BACKENDS: backends, ...owner.vars, ALLOW_LOCAL_URLS: "on", TEST_HOOKS: "on" };
  }

  /** Starts it. The caller closes it. */
  static async start(): Promise<WebhookWorker> {
    const fake = await startFakeComfy({ stepMs: 10, nodeMs: 2 });
    const worker = new WebhookWorker(await freePort(), await freshOwner("test"), fake);
    await worker.#start();
    return worker;
  }

  /** A receiver that is closed with the Worker. */
  async receiver(): Promise<Receiver> {
    const receiver = await Receiver.start();
    this.#receivers.push(receiver);
    return receiver;
  }

  /** A receiver that is an endpoint of the project, and checks signatures with the endpoint's secret. */
  async endpoint(create: Partial<WebhookCreate> = {}): Promise<{ receiver: Receiver; endpoint: WebhookEndpoint }> {
    const receiver = await this.receiver();
    const endpoint = await this.addEndpoint({ url: receiver.url, ...create });
    receiver.secret = endpoint.secret;
    return { receiver, endpoint };
  }

  async addEndpoint(create: Partial<WebhookCreate> & { url: string }): Promise<WebhookEndpoint> {
    const usual = { events: ["job.*"], description: null, signing: "v1", metadata: {} };
    const made = await this.tenant("createWebhook", { ...usual, ...create }, this.url);
    expect(made).not.toBe("limit");
    return made as WebhookEndpoint;
  }

  removeEndpoint = (id: string) => this.tenant("removeWebhook", id);

  /** A row of the ledger; null where there is none. */
  delivery = async (id: string) => (await this.tenant("getDelivery", id)) as Delivery | null;

  /** The event log's entry of an event; null where there is none. */
  logged = async (eventId: string) => (await this.tenant("getEvent", eventId)) as EventLogEntry | null;

  /** Calls the project's object. */
  tenant = (method: string, ...args: Args) => this.#call("TENANTS", this.project, method, args);

  /** Calls a job's object. */
  async job(id: string, method: string, ...args: Args): Promise<unknown> {
    return this.#call("JOBS", await jobObjectName(this.project, id), method, args);
  }

  /** The job's object dies as in a crash. */
  abortJob = (id: string) => this.job(id, "abort").catch(() => {});

  /** SIGKILL of workerd, then a start on what it has stored. */
  async killAndStart(): Promise<void> {
    for (const pid of this.#pids) process.kill(pid, "SIGKILL");
    await this.#host?.dispose();
    await this.#start();
  }

  async close(): Promise<void> {
    await this.#host?.dispose();
    await this.#fake.close();
    for (const receiver of this.#receivers) await receiver.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const before = runtimes();
    this.#host = await startHost({
      port: Number(new URL(this.url).port),
      persistTo: this.#folder,
      vars: this.#vars,
      onLog: (line) => this.logs.push(line),
    });
    this.#pids = runtimes().filter((pid) => !before.includes(pid));
  }

  async #call(binding: string, name: string, method: string, args: Args): Promise<unknown> {
    if (!this.#host) throw new Error("Not started.");
    const namespace = await this.#host.miniflare.getDurableObjectNamespace(binding, WORKER_NAME);
    const stub = namespace.get(namespace.idFromName(name)) as unknown as Record<string, (...args: Args) => unknown>;
    const answer = await stub[method]?.(...args);
    // Miniflare keeps an object that came by RPC on its own side and reads it field by field.
    return answer === undefined ? undefined : JSON.parse(JSON.stringify(answer));
  }
}

async function freePort(): Promise<number> {
  const probe = await Receiver.start();
  const port = Number(new URL(probe.url).port);
  await probe.close();
  return port;
}

/** Process ids of the workerd processes that this process has started. */
function runtimes(): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" });
  return table.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === process.pid && command?.includes("workerd") ? [Number(pid)] : [];
  });
}
