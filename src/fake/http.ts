/** Requests and answers as the fake sees them, and the answers that ComfyUI's web framework gives by itself (§1.0). */
import { type Json, printJson } from "./json.ts";

/** An HTTP request with its body read (and decompressed) by the shell. Header names are lower-case. */
export interface FakeRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** A fault in how the body goes out: cut off after some bytes, or drop by drop. */
export type Delivery =
  | { readonly type: "truncate"; readonly afterBytes: number }
  | { readonly type: "trickle"; readonly chunkBytes: number; readonly everyMs: number };

/** An HTTP answer. */
export interface FakeResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | string | null;
  readonly delivery?: Delivery;
}

/** A request with its URL taken apart. `path` has no `/api` prefix; `underApi` tells whether it had. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly underApi: boolean;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const PLAIN = ["content-type", "text/plain; charset=utf-8"] as const;

/** A JSON answer. */
export function jsonResponse(value: Json, status = 200): FakeResponse {
  return { status, headers: [["content-type", "application/json; charset=utf-8"]], body: printJson(value) };
}

/** An answer without body. */
export function emptyResponse(status = 200): FakeResponse {
  return { status, headers: [], body: null };
}

/** A plain text answer. */
export function textResponse(status: number, body: string, ...headers: (readonly [string, string])[]): FakeResponse {
  return { status, headers: [PLAIN, ...headers], body };
}

/** What an exception in a handler gives. */
export function serverError(): FakeResponse {
  const text = "500 Internal Server Error\n\nServer got itself in trouble";
  return textResponse(500, text, ["connection", "close"]);
}

/** What the static file route answers for GET on anything unknown. */
export function notFound(): FakeResponse {
  return { status: 404, headers: [["content-type", "application/octet-stream"]], body: null };
}

/** What any other method on a path without such a route gets. */
export function methodNotAllowed(): FakeResponse {
  return textResponse(405, "405: Method Not Allowed", ["allow", "GET,HEAD"]);
}

/** The call in a request. */
export function readCall(request: FakeRequest): Call {
  const [target = "/", ...rest] = request.url.split("?");
  const underApi = target.startsWith("/api/");
  return {
    method: request.method.toUpperCase(),
    path: underApi ? target.slice(4) : target,
    underApi,
    query: new URLSearchParams(rest.join("?")),
    headers: request.headers,
    body: request.body ?? new Uint8Array(0),
  };
}

/** The response as it goes out: with its length, without a body for HEAD. */
export function framed(call: Call, response: FakeResponse): FakeResponse {
  const body = typeof response.body === "string" ? new TextEncoder().encode(response.body) : response.body;
  const headers = response.status === 304 ? response.headers : [...response.headers, length(body)];
  return { ...response, headers, body: call.method === "HEAD" ? null : body };
}

function length(body: Uint8Array | null): [string, string] {
  return ["content-length", String(body?.length ?? 0)];
}
