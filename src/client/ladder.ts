/**
 * When to connect, how, and what an ending means: the client's schedule as pure functions (api D4 "Client schedule").
 * One number is the whole memory: how often in a row a connection ended before it was healthy. It chooses the
 * transport and the delay. Nothing here waits or connects.
 */
// Numbers stand first: the bundler puts them in their places then.
const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;
const MIN_POLL_MS = 1_000;
const MAX_POLL_MS = 30_000;
const DEFAULT_POLL_MS = 5_000;
const HIDDEN_POLL_MS = 15_000;

/** The ways to follow a job, best first. `long_poll` asks the server to hold its answer until the job changes. */
export const TRANSPORTS = ["websocket", "sse", "long_poll", "poll"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A transport is given up for the next one after this many quick failures. */
export const FAILURES_PER_TRANSPORT = 2;
/** How long a long poll asks to be held, in seconds. */
export const HOLD_SECONDS = 20;
/** A connection that brought something for this long was healthy: its end starts the schedule anew. */
export const HEALTHY_MS = 10_000;
/** The pause between two literal `ping`s of a visible viewer. */
export const BEAT_MS = 10_000;
/** Silence after which a connection counts as dead. */
export const SILENCE_MS = 20_000;
/** Polling ends itself after this long, so that a viewer finds its way back to a stream. */
export const POLL_SESSION_MS = 120_000;

/** The transport to try after `failures` quick failures in a row, of those that the platform has, best first. */
export function transportFor(failures: number, transports: readonly Transport[] = TRANSPORTS): Transport {
  const rung = Math.min(Math.floor(failures / FAILURES_PER_TRANSPORT), transports.length - 1);
  return transports[rung] ?? "poll";
}

/** The failures after which only the last transport is left. */
export const lastRungFailures = (transports: readonly Transport[]): number =>
  FAILURES_PER_TRANSPORT * (transports.length - 1);

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

/** What to do about an ending: try again, poll, or stop. `unauthenticated` is a stop only when it comes twice in a row. */
export type Advice = "reconnect" | "poll" | Exclude<StopReason, "done">;

const ADVICE: Record<number, Advice> = {
  // The stream is over: look at the state.
  204: "poll",
  400: "protocol",
  401: "unauthenticated",
  403: "forbidden",
  404: "unknown",
  410: "gone",
  429: "poll",
};

/** What the status of a failed stream or poll asks of the client. */
export const adviceForStatus = (status: number): Advice => ADVICE[status] ?? "reconnect";

/**
 * What a WebSocket close code asks of the client: those of the protocol are statuses of HTTP, 4000 higher. All others
 * are the network's and mean: again. So does 1000, which without the job's end only says that there was no more to say.
 */
export const adviceForClose = (code: number): Advice => adviceForStatus(code - 4_000);

/** The pause before the next poll: what the job asks for within bounds, spread by a fifth, slower when nobody looks. */
export function pollDelayMs(askedMs: number | null, visible: boolean, random: number): number {
  const wantedMs = Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, askedMs ?? DEFAULT_POLL_MS));
  return Math.round(Math.max(wantedMs, visible ? 0 : HIDDEN_POLL_MS) * (0.9 + 0.2 * random));
}
