/**
 * A faithful ComfyUI without a GPU: HTTP routes, sockets, queue and a worker that paints. Pure: time, timers, randomness
 * and compression come through `FakePorts`, and a shell (Node, a Durable Object) does the network. Written from ComfyUI's
 * behaviour (protocol document §6), not from any client. Under `/fake/…` are two routes of its own for manual use.
 */
import { assertNever } from "../core/util/assert.ts";
import { bigFrame, garbageFrames, oddFrames } from "./fault-frames.ts";
import { readFault } from "./fault-json.ts";
import { Faults } from "./fault-store.ts";
import type { FakeFault, InstantFault } from "./faults.ts";
import { FileStore } from "./files.ts";
import {
  type Call,
  emptyResponse,
  type FakeRequest,
  type FakeResponse,
  framed,
  jsonResponse,
  readCall,
  textResponse,
} from "./http.ts";
import { NODE_CLASSES } from "./nodes/index.ts";
import { DEFAULT_OPTIONS, type FakeOptions, type FakePorts } from "./options.ts";
import { isForbidden, withCors } from "./origin.ts";
import { ServerProcess } from "./process.ts";
import { readJson } from "./routes/prompt.ts";
import { answer } from "./routes/table.ts";
import type { OpenSocket, SocketSink } from "./sockets.ts";

/** What `openSocket` gives: the server's end, or the answer to the upgrade request. */
export type SocketAnswer =
  | { readonly type: "open"; readonly socket: OpenSocket }
  | { readonly type: "refused"; readonly response: FakeResponse }
  /** The process is down: the connection ends without an answer. */
  | { readonly type: "down" };

/** The fake. Output and input files live as long as it does; the rest as long as the process it plays. */
export class FakeComfy {
  readonly options: FakeOptions;
  readonly files = new FileStore();
  readonly #ports: FakePorts;
  readonly #faults = new Faults((fault) => this.#perform(fault));
  #process: ServerProcess | null = null;
  #revival: (() => void) | null = null;
  /** Resolves when a frozen loop goes on. */
  #thaw: Promise<void> | null = null;

  /** Starts the process. Settings that are not given come from `DEFAULT_OPTIONS`. */
  constructor(options: Partial<FakeOptions>, ports: FakePorts) {
    this.options = { ...DEFAULT_OPTIONS, ...options };
    this.#ports = ports;
    this.start();
    for (const fault of this.options.faults) this.fault(fault);
  }

  /** Whether the process runs. */
  get up(): boolean {
    return this.#process !== null;
  }

  /** Starts the process if it is down: empty queue and history, no temp files, counter 0. */
  start(): void {
    this.#revival?.();
    this.#revival = null;
    if (this.#process !== null) return;
    this.files.clearTemp();
    const environment = { options: this.options, ports: this.#ports, files: this.files };
    this.#process = new ServerProcess(environment, NODE_CLASSES, this.#faults, () => this.kill());
    this.#ports.listening?.(true);
  }

  /** Ends the process as SIGKILL does: sockets see 1006, calls get no answer, until `start()`. */
  kill(): void {
    const ended = this.#process;
    this.#process = null;
    ended?.stop();
    this.#ports.listening?.(false);
  }

  /** Ends everything, planned revivals too. */
  dispose(): void {
    this.#revival?.();
    this.#revival = null;
    if (this.#process !== null) this.kill();
  }

  /** Makes something go wrong, now or at its trigger. */
  fault(fault: FakeFault): void {
    this.#faults.add(fault);
  }

  /** Forgets all faults that have not struck. */
  clearFaults(): void {
    this.#faults.clear();
  }

  /** Answers a request, or null: the connection ends without an answer. */
  async handle(request: FakeRequest): Promise<FakeResponse | null> {
    const call = readCall(request);
    if (call.path.startsWith("/fake/")) return framed(call, this.#control(call));
    const refused = this.#faults.onCall(call, "call");
    if (refused !== null) return framed(call, textResponse(refused, `error code: ${refused}`));
    await this.#thaw;
    const server = this.#process;
    if (server === null) return null;
    const response = await this.#respond(call, server);
    await this.#thaw;
    return server.stopped || response === null ? null : framed(call, response);
  }

  /** Answers a WebSocket upgrade of `/ws` or `/api/ws`; `url` is path and query. */
  openSocket(url: string, headers: Readonly<Record<string, string>>, sink: SocketSink): SocketAnswer {
    const call = readCall({ method: "GET", url, headers, body: null });
    const refused = this.#faults.onCall(call, "upgrade");
    if (refused !== null) return { type: "refused", response: textResponse(refused, "") };
    if (this.#process === null) return { type: "down" };
    if (call.path !== "/ws") return { type: "refused", response: emptyResponse(404) };
    if (isForbidden(headers, this.options)) return { type: "refused", response: emptyResponse(403) };
    const clientId = call.query.get("clientId") || this.#ports.randomHex(16);
    return { type: "open", socket: this.#process.sockets.connect(clientId, sink) };
  }

  async #respond(call: Call, server: ServerProcess): Promise<FakeResponse | null> {
    if (isForbidden(call.headers, this.options)) return emptyResponse(403);
    if (call.body.length > this.options.maxUploadBytes) {
      return textResponse(413, `Maximum request body size ${this.options.maxUploadBytes} exceeded`);
    }
    const isSubmit = call.path === "/prompt" && call.method === "POST";
    if (isSubmit && this.#faults.take("postTwice") !== null) await answer(call, server);
    const response = withCors(call, await answer(call, server), this.options);
    return isSubmit ? this.#postFaults(response, server) : response;
  }

  async #postFaults(response: FakeResponse, server: ServerProcess): Promise<FakeResponse | null> {
    if (this.#faults.take("postDrop") !== null) return null;
    if (this.#faults.take("post500") !== null) return textResponse(500, "500 Internal Server Error");
    const delay = this.#faults.take("postDelay");
    if (delay !== null) await server.sleep(delay.ms).catch(() => {});
    return response;
  }

  /** POST /fake/faults takes a fault as JSON; GET /fake/state tells how things are. Not part of ComfyUI. */
  #control(call: Call): FakeResponse {
    if (call.path === "/fake/faults" && call.method === "POST") {
      const fault = readFault(readJson(call) ?? null);
      if (typeof fault === "string") return jsonResponse({ error: fault }, 400);
      this.fault(fault);
      return jsonResponse({ faults: this.#faults.names });
    }
    if (call.path === "/fake/faults" && call.method === "DELETE") {
      this.clearFaults();
      return jsonResponse({ faults: [] });
    }
    if (call.path !== "/fake/state") return emptyResponse(404);
    const server = this.#process;
    return jsonResponse({
      version: this.options.version,
      up: this.up,
      sockets: server?.sockets.count ?? 0,
      running: server?.queue.running?.promptId ?? null,
      pending: server?.queue.pending.map(({ promptId }) => promptId) ?? [],
      faults: this.#faults.names,
    });
  }

  #perform(fault: InstantFault): void {
    const server = this.#process;
    switch (fault.type) {
      case "restart":
        this.kill();
        this.#revival?.();
        this.#revival = this.#ports.schedule(fault.downMs, () => this.start());
        break;
      case "kill":
        this.kill();
        break;
      case "cut":
        server?.sockets.terminateAll();
        break;
      case "silent":
        server?.sockets.mute();
        break;
      case "halfOpen":
        server?.sockets.stall();
        break;
      case "garbage":
        this.#sendRaw(garbageFrames());
        break;
      case "oddFrames":
        this.#sendRaw(oddFrames());
        break;
      case "bigFrame":
        this.#sendRaw([bigFrame(fault.bytes)]);
        break;
      case "workerDeath":
        server?.killWorker();
        break;
      case "freeze":
        this.#freeze(fault.ms);
        this.#hold(server, fault.ms);
        break;
      case "stall":
        this.#hold(server, fault.ms);
        break;
      case "deleteJob":
        server?.queue.delete(fault.promptId ?? server.queue.pending[0]?.promptId ?? "");
        break;
      case "loseHistory":
        if (fault.promptId === undefined) server?.history.clear();
        else server?.history.delete(fault.promptId);
        break;
      case "interrupt":
        server?.interrupt(null);
        break;
      case "emit":
        server?.sockets.publishEvent(fault.event, fault.data, null);
        break;
      default:
        assertNever(fault);
    }
  }

  #freeze(ms: number): void {
    this.#thaw = new Promise((resolve) => {
      this.#ports.schedule(ms, () => {
        this.#thaw = null;
        resolve();
      });
    });
  }

  #hold(server: ServerProcess | null, ms: number): void {
    server?.sockets.hold();
    server?.after(ms, () => server.sockets.release());
  }

  #sendRaw(frames: readonly (string | Uint8Array)[]): void {
    for (const frame of frames) this.#process?.sockets.publish({ type: "garbage", frame, to: null });
  }
}
