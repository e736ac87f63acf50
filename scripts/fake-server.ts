/**
 * The Node shell of the fake ComfyUI: real TCP, real WebSockets. For tests, benches and local play; the engine is in
 * `src/fake`.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { deflate, gunzipSync, inflate } from "node:zlib";
import { type WebSocket, WebSocketServer } from "ws";
import type { FakeResponse } from "../src/fake/http.ts";
import type { FakeOptions, FakePorts } from "../src/fake/options.ts";
import { FakeComfy } from "../src/fake/server.ts";
import type { SocketSink } from "../src/fake/sockets.ts";

const deflateBytes = promisify<Uint8Array, Uint8Array>(deflate);
const inflateBytes = promisify<Uint8Array, Uint8Array>(inflate);

/** A fake on a TCP port. */
export interface RunningFake {
  /** `http://127.0.0.1:<port>`, the same over all restarts. */
  readonly url: string;
  readonly port: number;
  readonly fake: FakeComfy;
  /** SIGKILL: sockets end with 1006, the port refuses. */
  kill(): Promise<void>;
  /** Starts again on the same port with the same output and input files. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

/** Settings of the shell beside those of the engine. */
export interface ShellOptions {
  /** 0 (the default) takes any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Replaces time and timers, for tests that step by hand. */
  readonly clock?: Pick<FakePorts, "now" | "schedule">;
}

const REAL_CLOCK: Pick<FakePorts, "now" | "schedule"> = {
  now: () => Date.now(),
  schedule: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Starts a fake and resolves when it accepts connections. */
export async function startFakeComfy(
  options: Partial<FakeOptions> = {},
  { port = 0, host = "127.0.0.1", clock = REAL_CLOCK }: ShellOptions = {},
): Promise<RunningFake> {
  const http = createServer();
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024 });
  let boundPort = port;
  let change: Promise<void> = Promise.resolve();
  const setListening = (accepting: boolean): void => {
    change = change.then(() => (accepting ? listen() : refuse()));
  };
  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      http.once("error", reject);
      http.listen(boundPort, host, () => {
        http.off("error", reject);
        boundPort = (http.address() as AddressInfo).port;
        resolve();
      });
    });
  const refuse = (): Promise<void> =>
    new Promise((resolve) => {
      http.close(() => resolve());
      http.closeAllConnections();
    });
  const fake = new FakeComfy(options, {
    ...clock,
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
    deflate: (bytes) => deflateBytes(bytes),
    inflate: (bytes) => inflateBytes(bytes),
    listening: setListening,
  });
  http.on("request", (request, response) => void handle(fake, request, response));
  http.on("upgrade", (request, socket, head) => upgrade(fake, upgrades, request, socket, head));
  await change;
  return {
    url: `http://${host}:${boundPort}`,
    port: boundPort,
    fake,
    kill: () => {
      fake.kill();
      return change;
    },
    revive: () => {
      fake.start();
      return change;
    },
    close: () => {
      fake.dispose();
      return change;
    },
  };
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}

async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= limit + 1) chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

async function handle(fake: FakeComfy, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await readBody(request, fake.options.maxUploadBytes);
    const { method = "GET", url = "/" } = request;
    const answer = await fake.handle({ method, url, headers: headersOf(request), body });
    if (answer === null) request.socket.destroy();
    else await send(answer, response);
  } catch {
    request.socket.destroy();
  }
}

async function send(answer: FakeResponse, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, answer.headers.flat());
  const { delivery } = answer;
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  if (body === null || delivery === undefined) {
    response.end(body ?? undefined);
    return;
  }
  if (delivery.type === "truncate") {
    response.write(body.subarray(0, delivery.afterBytes), () => response.destroy());
    return;
  }
  for (let at = 0; at < body.length && !response.destroyed; at += delivery.chunkBytes) {
    response.write(body.subarray(at, at + delivery.chunkBytes));
    await new Promise((resolve) => setTimeout(resolve, delivery.everyMs));
  }
  response.end();
}

function upgrade(
  fake: FakeComfy,
  upgrades: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  let client: WebSocket | null = null;
  const early: (string | Uint8Array)[] = [];
  const sink: SocketSink = {
    sendText: (text) => (client === null ? early.push(text) : client.send(text)),
    sendBytes: (bytes) => (client === null ? early.push(bytes) : client.send(bytes)),
    close: (code, reason) => client?.close(code, reason),
    terminate: () => (client === null ? socket.destroy() : client.terminate()),
    stall: () => (client === null ? socket.pause() : client.pause()),
  };
  const answer = fake.openSocket(request.url ?? "/", headersOf(request), sink);
  if (answer.type === "down") {
    socket.destroy();
    return;
  }
  if (answer.type === "refused") {
    const { status, headers } = answer.response;
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.end(`HTTP/1.1 ${status} Refused\r\n${lines}content-length: 0\r\nconnection: close\r\n\r\n`);
    return;
  }
  const { socket: server } = answer;
  socket.once("error", () => server.closed());
  upgrades.handleUpgrade(request, socket, head, (accepted) => {
    client = accepted;
    accepted.on("message", (data, isBinary) => {
      const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
      server.message(isBinary ? bytes : bytes.toString("utf8"));
    });
    accepted.on("close", () => server.closed());
    accepted.on("error", () => server.closed());
    for (const frame of early) accepted.send(frame);
  });
}
