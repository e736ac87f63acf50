/**
 * When to connect, how, and what an ending means: the client's schedule as pure functions (api D4 "Client schedule").
 * One number is the whole memory: how often in a row a connection ended before it was healthy. It chooses the
 * transport and the delay. Nothing here waits or connects.
 */
import type { CLOSE_CODES } from "../contract/viewer.ts";

/** The ways to follow a job, best first. */
export const TRANSPORTS = ["websocket", "sse", "poll"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A transport is given up for the next one after this many quick failures. */
export const FAILURES_PER_TRANSPORT = 2;
/** From this many failures on, only polling is left. */
export const POLL_FAILURES = FAILURES_PER_TRANSPORT * (TRANSPORTS.length - 1);
/** A connection that brought something for this long was healthy: its end starts the schedule anew. */
export const HEALTHY_MS = 10_000;
/** The pause between two literal `ping`s of a visible viewer. */
export const BEAT_MS = 10_000;
/** Silence after which a connection counts as dead. */
export const SILENCE_MS = 20_000;
/** Polling ends itself after this long, so that a viewer finds its way back to a stream. */
export const POLL_SESSION_MS = 120_000;

const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;

/** The transport to try after `failures` quick failures in a row. */
export function transportFor(failures: number): Transport {
  const rung = Math.min(Math.floor(failures / FAILURES_PER_TRANSPORT), TRANSPORTS.length - 1);
  return TRANSPORTS[rung] ?? "poll";
}

/** The pause before the next try: full jitter, so that a deploy does not bring all viewers back at once. */
export function reconnectDelayMs(failures: number, random: number): number {
  return Math.round(random * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** Math.min(failures, 16)));
}

/** The count after a connection ended which had been healthy for `healthyMs` (null: it never brought anything). */
export function failuresAfterEnd(failures: number, healthyMs: number | null): number {
  return healthyMs !== null && healthyMs >= HEALTHY_MS ? 0 : failures + 1;
}

/** Why following ended for good. `done`: the job did. `protocol`: a fault in this client. */
export type StopReason = "done" | "gone" | "unknown" | "forbidden" | "unauthenticated" | "protocol";

/** What to do about an ending. `reconnect_once` becomes a stop when it comes twice in a row. */
export type Advice =
  | { type: "reconnect" }
  | { type: "reconnect_once"; otherwise: StopReason }
  | { type: "poll" }
  | { type: "stop"; reason: StopReason };

const RECONNECT: Advice = { type: "reconnect" };

const CLOSE_ADVICE: Record<(typeof CLOSE_CODES)[keyof typeof CLOSE_CODES], Advice> = {
  // The job's end stops the client; a 1000 without one only says that the server had no more to say.
  1000: RECONNECT,
  4400: { type: "stop", reason: "protocol" },
  4401: { type: "reconnect_once", otherwise: "unauthenticated" },
  4403: { type: "stop", reason: "forbidden" },
  4404: { type: "stop", reason: "unknown" },
  4408: RECONNECT,
  4410: { type: "stop", reason: "gone" },
  4429: { type: "poll" },
  4500: RECONNECT,
};

/** What a WebSocket close code asks of the client; unknown codes are the network's and mean: again. */
export function adviceForClose(code: number): Advice {
  return (CLOSE_ADVICE as Record<number, Advice | undefined>)[code] ?? RECONNECT;
}

/** What the status of a failed stream or poll asks of the client. 204 means the stream is over: look at the state. */
export function adviceForStatus(status: number): Advice {
  switch (status) {
    case 204:
    case 429:
      return { type: "poll" };
    case 400:
      return { type: "stop", reason: "protocol" };
    case 401:
      return { type: "reconnect_once", otherwise: "unauthenticated" };
    case 403:
      return { type: "stop", reason: "forbidden" };
    case 404:
      return { type: "stop", reason: "unknown" };
    case 410:
      return { type: "stop", reason: "gone" };
    default:
      return RECONNECT;
  }
}

const MIN_POLL_MS = 1_000;
const MAX_POLL_MS = 30_000;
const DEFAULT_POLL_MS = 5_000;
const HIDDEN_POLL_MS = 15_000;

/** The pause before the next poll: what the job asks for within bounds, spread by a fifth, slower when nobody looks. */
export function pollDelayMs(askedMs: number | null, visible: boolean, random: number): number {
  const wantedMs = Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, askedMs ?? DEFAULT_POLL_MS));
  return Math.round(Math.max(wantedMs, visible ? 0 : HIDDEN_POLL_MS) * (0.9 + 0.2 * random));
}
