/**
 * Single HTTP exchanges with a ComfyUI, byte for byte: any header (Host and Origin too), any body, nothing followed or
 * retried.
 */
import * as http from "node:http";
import * as https from "node:https";
import type { EventData } from "./events.ts";
import { parseLoosely } from "./events.ts";
import { encodeForm } from "./form.ts";
import type { Graph } from "./graphs.ts";

/** Where a ComfyUI is, without a trailing slash, and the headers that every request to it needs. */
export interface Endpoint {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long to wait for what is expected to happen; 3 s if not given. */
  readonly patienceMs?: number;
}

/** A file as outputs name it. */
export interface OutputFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** A prompt in GET /queue. */
export type QueueTuple = readonly [number, string, Graph, Record<string, unknown>, readonly string[]];

/** The fields of all JSON answers that are read here; each route has some of them. */
export interface Answer {
  readonly prompt_id: string;
  readonly number: number;
  readonly error: { readonly type: string; readonly details: string; readonly extra_info: Record<string, unknown> };
  readonly node_errors: Record<string, NodeErrors>;
  readonly queue_running: readonly QueueTuple[];
  readonly queue_pending: readonly QueueTuple[];
  readonly exec_info: { readonly queue_remaining: number };
  readonly system: { readonly comfyui_version: string };
  readonly name: string;
  readonly subfolder: string;
  readonly status: string;
  readonly jobs: readonly Answer[];
  readonly pagination: Record<string, unknown>;
  readonly id: string;
  readonly priority: number;
  readonly execution_error: EventData;
  readonly outputs: Record<string, unknown>;
  readonly cancelled: boolean;
  readonly max_upload_size: number;
}

/** What is wrong with a node of a refused prompt. */
export interface NodeErrors {
  readonly errors: readonly {
    readonly type: string;
    readonly message: string;
    readonly details: string;
    readonly extra_info: Record<string, unknown>;
  }[];
  readonly dependent_outputs: readonly string[];
  readonly class_type: string;
}

/** An entry of GET /history. */
export interface Entry {
  readonly prompt: QueueTuple;
  readonly outputs: Record<string, Record<string, readonly OutputFile[]>>;
  readonly status: {
    readonly status_str: string;
    readonly completed: boolean;
    readonly messages: readonly (readonly [string, EventData])[];
  };
  readonly meta: Record<string, unknown>;
}

/** What came back. `body` is the parsed JSON, or null if it is none. */
export interface Reply<T = Answer> {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  readonly body: T;
}

/** What is sent; an object as `json` is printed, a string goes out as it is. */
export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: Uint8Array | FormData | null;
}

// A connection per exchange: an idle one could belong to a server that was killed meanwhile.
const AGENTS = { "http:": new http.Agent(), "https:": new https.Agent() };

async function bodyOf({ json, body = null }: Sending): Promise<[Uint8Array | null, Record<string, string>]> {
  if (json !== undefined) return [Buffer.from(typeof json === "string" ? json : JSON.stringify(json)), {}];
  if (!(body instanceof FormData)) return [body, {}];
  const encoded = await encodeForm(body);
  return [encoded.body, { "content-type": encoded.contentType }];
}

/** One exchange. Rejects if the connection is refused or ends before the whole answer is there. */
export async function exchange<T = Answer>(to: Endpoint, path: string, sending: Sending = {}): Promise<Reply<T>> {
  const url = new URL(to.url + path);
  const [body, type] = await bodyOf(sending);
  const { method = body === null ? "GET" : "POST" } = sending;
  const length = body === null ? {} : { "content-length": String(body.length) };
  const headers = { ...to.headers, ...type, ...length, ...sending.headers };
  const secure = url.protocol === "https:";
  const options = { method, headers, agent: AGENTS[secure ? "https:" : "http:"], path: url.pathname + url.search };
  const reply = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = (secure ? https : http).request(url, options, resolve);
    request.on("error", reject);
    request.end(body ?? undefined);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString("utf8");
  const isJson = reply.headers["content-type"]?.startsWith("application/json") === true && method !== "HEAD";
  const parsed = (isJson ? parseLoosely(text) : null) as T;
  return { status: reply.statusCode ?? 0, headers: reply.headers, bytes, text, body: parsed };
}

/** An exchange in which only method, path and JSON matter. */
export function call<T = Answer>(to: Endpoint, method: string, path: string, json?: unknown): Promise<Reply<T>> {
  return exchange<T>(to, path, { method, json });
}

/** The history entry of a prompt, if there is one. */
export async function historyOf(to: Endpoint, promptId: string): Promise<Entry | undefined> {
  return (await call<Record<string, Entry>>(to, "GET", `/history/${promptId}`)).body[promptId];
}
