/**
 * `FakeComfyObject`: the shell of the built-in fake ComfyUI behind a `fake:` URL, for the demo, a first deploy and play.
 * Everything it holds is in memory: an eviction is to it what a restart is to ComfyUI.
 */
import { DurableObject } from "cloudflare:workers";
import { hex } from "../../core/util/ids.ts";
import type { FakeRequest, FakeResponse } from "../../fake/http.ts";
import { FakeComfy } from "../../fake/server.ts";
import type { SocketSink } from "../../fake/sockets.ts";
import { configOf } from "../config.ts";

export class FakeComfyObject extends DurableObject<Env> {
  readonly #fake: FakeComfy;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#fake = new FakeComfy(configOf(env).fakeOptions, {
      now: () => Date.now(),
      schedule: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      randomHex: (bytes) => hex(crypto.getRandomValues(new Uint8Array(bytes))),
      deflate: (bytes) => pipe(bytes, new CompressionStream("deflate")),
      inflate: (bytes) => pipe(bytes, new DecompressionStream("deflate")),
    });
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    // A real ComfyUI would see its own address here; the stub's made-up one means nothing.
    headers.host = "fake-comfy";
    if (request.headers.get("upgrade") === "websocket") return this.#upgrade(pathname + search, headers);
    const body = request.body ? new Uint8Array(await request.arrayBuffer()) : null;
    const call: FakeRequest = { method: request.method, url: pathname + search, headers, body };
    const answer = await this.#fake.handle(call);
    if (!answer) throw new Error("the fake ComfyUI is down");
    return responseOf(answer);
  }

  #upgrade(url: string, headers: Record<string, string>): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    server.binaryType = "arraybuffer";
    server.accept();
    const sink: SocketSink = {
      sendText: (text) => attempt(() => server.send(text)),
      sendBytes: (bytes) => attempt(() => server.send(bytes)),
      close: (code, reason) => attempt(() => server.close(code, reason)),
      // A pair inside the runtime cannot break off; its peer takes any close for an end.
      terminate: () => attempt(() => server.close(1011, "terminated")),
    };
    const answer = this.#fake.openSocket(url, headers, sink);
    if (answer.type === "down") throw new Error("the fake ComfyUI is down");
    if (answer.type === "refused") return responseOf(answer.response);
    const { socket } = answer;
    server.addEventListener("message", ({ data }) =>
      socket.message(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer)),
    );
    server.addEventListener("close", () => {
      socket.closed();
      attempt(() => server.close());
    });
    server.addEventListener("error", () => socket.closed());
    return new Response(null, { status: 101, webSocket: client });
  }
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The other side has gone.
  }
}

function responseOf({ status, headers, body, delivery }: FakeResponse): Response {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  // Faults of delivery are played on TCP; inside the runtime a cut body is a shorter one.
  const sent = bytes && delivery?.type === "truncate" ? bytes.subarray(0, delivery.afterBytes) : bytes;
  const empty = status === 204 || status === 304;
  return new Response(empty ? null : sent, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}

async function pipe(bytes: Uint8Array, through: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const body = new Response(bytes).body;
  if (!body) return new Uint8Array();
  return new Uint8Array(await new Response(body.pipeThrough(through)).arrayBuffer());
}
