/**
 * Calls of the API: the app's token on each, asked for again when it has run out; repeats with full jitter of what may
 * be repeated; every failure as an `EaselError`.
 */
import { type Clock, pause } from "./clock.ts";
import { parseJson } from "./decode.ts";
import { EaselError, errorOf } from "./easel-error.ts";
import { reconnectDelayMs } from "./ladder.ts";
import { CALL_TIMEOUT_MS, MAX_REPEATS, MAX_RETRY_AFTER_MS } from "./limits.ts";

/** `fetch`, as far as it is used here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;
/** Gives the token of the person who is signed in, for each request anew; `refused` is one that has run out. */
export type TokenProvider = (refused?: string) => string | Promise<string>;

/** One call. `repeatable` (true unless told): doing it twice is the same as once, so it is tried again. */
export type Call = {
  json?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  repeatable?: boolean;
  timeoutMs?: number;
  /** The body of each try, where it is no JSON. */
  body?: (attempt: number) => RequestInit;
  fetch?: Fetch | undefined;
};

export type Http = {
  baseUrl: string;
  /** One request with the token, and with a new one if that had run out. Rejects with `network` or the provider's error. */
  request(path: string, init: RequestInit, via?: Fetch): Promise<Response>;
  /** A call to its end: the JSON of its success (undefined for 204). Rejects with `EaselError`. */
  call<T>(method: string, path: string, call?: Call): Promise<T>;
};

export type HttpOptions = {
  baseUrl: string;
  token: TokenProvider;
  fetch: Fetch;
  headers: Record<string, string>;
  clock: Clock;
};

export function createHttp({ baseUrl, token, fetch, headers, clock }: HttpOptions): Http {
  async function request(path: string, init: RequestInit, via = fetch): Promise<Response> {
    const send = (text: string) => {
      const all = { ...headers, ...(init.headers as Record<string, string>), authorization: `Bearer ${text}` };
      return via(baseUrl + path, { ...init, headers: all }).catch(failNetwork);
    };
    const first = await token();
    const response = await send(first);
    if (response.status !== 401) return response;
    const { code } = errorOf(response, await response.clone().text().catch(failNetwork));
    return code === "token_expired" ? send(await token(first)) : response;
  }

  async function call<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const { signal, json } = call;
    for (let attempt = 0; ; attempt += 1) {
      const abort = new AbortController();
      const stop = () => abort.abort();
      const cancelTimeout = clock.after(call.timeoutMs ?? CALL_TIMEOUT_MS, stop);
      signal?.addEventListener("abort", stop);
      try {
        if (signal?.aborted) throw new Error("aborted");
        const typed = json && { "content-type": "application/json" };
        const response = await request(
          path,
          {
            method,
            body: json ? JSON.stringify(json) : null,
            headers: { ...call.headers, ...typed },
            signal: abort.signal,
            ...call.body?.(attempt),
          },
          call.fetch,
        );
        const text = await response.text().catch(failNetwork);
        if (!response.ok) throw errorOf(response, text);
        const value = parseJson(text || "null");
        // A page of the network that asks to sign in comes as a success.
        if (value === undefined) throw new EaselError("unexpected_answer", response.status, true);
        return value as T;
      } catch (error) {
        if (signal?.aborted) throw signal.reason ?? error;
        if (attempt >= MAX_REPEATS || call.repeatable === false || !mayRepeat(error)) throw error;
        await pause(clock, (error.retryAfterMs ?? 0) + reconnectDelayMs(attempt, clock.random()), signal);
      } finally {
        cancelTimeout();
        signal?.removeEventListener("abort", stop);
      }
    }
  }

  return { baseUrl, request, call };
}

/** No answer came, or it broke off. */
function failNetwork(cause: unknown): never {
  throw new EaselError("network", 0, true, undefined, cause);
}

/** Whether a call that ended so is tried again. A conflict goes away when something else ends: the app knows when. */
const mayRepeat = (error: unknown): error is EaselError =>
  error instanceof EaselError &&
  error.retryable &&
  (error.retryAfterMs ?? 0) <= MAX_RETRY_AFTER_MS &&
  (error.status !== 409 || error.code === "idempotency_in_progress");

/** A query string of what is given: lists with commas, undefined left out. */
export const queryOf = (values: object): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value], at) => `${at ? "&" : "?"}${name}=${encodeURIComponent(String(value))}`)
    .join("");
