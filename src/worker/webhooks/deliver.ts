/**
 * One POST to a receiver, and what came of it. Nothing that a receiver does makes this throw, last longer than its time
 * or take more than its first kilobyte into memory.
 */
import { connect } from "cloudflare:sockets";
import { MAX_EXCERPT_BYTES } from "../../contract/webhook-limits.ts";
import { excerptOf, type Facts, failureOfThrown, type Outcome } from "../../core/webhook/outcome.ts";
import { checkTarget, type TargetRules } from "../../core/webhook/target.ts";

/** `timeoutMs`: for headers and body together. */
export type SendRules = TargetRules & { timeoutMs: number };
export type Sent = { outcome: Outcome; durationMs: number };

/** How long it may take to find out why a send failed. */
const FACTS_TIMEOUT_MS = 2_000;

/** Sends the body once. The URL is checked anew: what may be called can have changed since it was saved. */
export async function deliver(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  rules: SendRules,
): Promise<Sent> {
  const target = checkTarget(url, rules);
  if (!target.ok) return { outcome: { type: "unsafe_url", detail: target.error }, durationMs: 0 };
  const began = Date.now();
  // One limit for all: a receiver that drips its answer has no more time than one that says nothing.
  const { signal, clear } = timeLimit(rules.timeoutMs);
  try {
    const request = { method: "POST", headers: { ...headers }, body, redirect: "manual", signal } as const;
    const response = await fetch(target.value.href, request);
    const excerpt = excerptOf(await firstBytes(response, signal));
    const header = (name: string) => response.headers.get(name);
    const answer = { retryAfter: header("retry-after"), location: header("location"), excerpt };
    return { outcome: { type: "answered", status: response.status, ...answer }, durationMs: Date.now() - began };
  } catch (thrown) {
    const durationMs = Date.now() - began;
    if (signal.aborted) return { outcome: { type: "failed", failure: "timeout" }, durationMs };
    const failure = failureOfThrown(thrown, await factsOf(target.value, rules));
    return { outcome: { type: "failed", failure }, durationMs };
  } finally {
    clear();
  }
}

/** A signal that aborts after a time unless it is cleared: a timer that is left over would keep the object awake. */
function timeLimit(ms: number): { signal: AbortSignal; clear(): void } {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new DOMException("Too late.", "TimeoutError")), ms);
  return { signal: abort.signal, clear: () => clearTimeout(timer) };
}

/** One byte more than is kept, to tell that there was more. */
async function firstBytes(response: Response, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_EXCERPT_BYTES + 1);
  let length = 0;
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array();
  try {
    while (length < bytes.length) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, bytes.length - length);
      bytes.set(part, length);
      length += part.length;
    }
  } catch (thrown) {
    // The status came, so the receiver has it: that the rest was cut off changes nothing, that it does not end does.
    if (signal.aborted) throw thrown;
  } finally {
    reader.cancel().catch(() => {});
  }
  return bytes.subarray(0, length);
}

/** What a failed fetch does not say. Asked only after a failure; each answer is null where it cannot be had in time. */
async function factsOf(url: URL, { allowLocal }: SendRules): Promise<Facts> {
  const [connects, resolves] = await Promise.all([takesConnections(url), allowLocal ? null : hasAddress(url.hostname)]);
  return { https: url.protocol === "https:", resolves, connects };
}

async function takesConnections({ hostname, port, protocol }: URL): Promise<boolean | null> {
  const { signal, clear } = timeLimit(FACTS_TIMEOUT_MS);
  try {
    const socket = connect({ hostname, port: Number(port) || (protocol === "https:" ? 443 : 80) });
    // Rejects when the connection is closed or fails; nobody else listens.
    socket.closed.catch(() => {});
    const answer = await new Promise<boolean | null>((resolve) => {
      signal.addEventListener("abort", () => resolve(null));
      socket.opened.then(
        () => resolve(true),
        () => resolve(false),
      );
    });
    socket.close().catch(() => {});
    return answer;
  } catch {
    return null;
  } finally {
    clear();
  }
}

async function hasAddress(hostname: string): Promise<boolean | null> {
  const { signal, clear } = timeLimit(FACTS_TIMEOUT_MS);
  try {
    const url = `https://cloudflare-dns.com/dns-query?type=A&name=${encodeURIComponent(hostname)}`;
    const answer = await fetch(url, { headers: { accept: "application/dns-json" }, signal });
    const { Status: status } = await answer.json<{ Status?: unknown }>();
    // 3 is NXDOMAIN. A name with IPv6 addresses alone answers 0.
    return typeof status === "number" ? status !== 3 : null;
  } catch {
    return null;
  } finally {
    clear();
  }
}
