/**
 * When a delivery is tried again, and when it is given up: ten attempts over about 42 hours, each wait counted from the
 * failure before. What the receiver asks for (Retry-After) can make a wait longer, never shorter.
 */
import { DELIVERY_TIMEOUT_MS } from "../../contract/webhook-limits.ts";
import { isDelivered, type Outcome } from "./outcome.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The wait before the second attempt, the third and so on. The first is made at once. */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  24 * HOUR_MS,
];
export const MAX_ATTEMPTS = RETRY_DELAYS_MS.length + 1;
/** Waits differ by up to this share, so that what failed together does not come back together. */
export const JITTER = 0.2;
/** A longer Retry-After counts as this. */
export const MAX_RETRY_AFTER_MS = HOUR_MS;

const HEEDED = new Set([429, 502, 503, 504]);

/** The longest time from a delivery's first attempt to the end of its last one: rows have to be kept so long. */
export const LONGEST_DELIVERY_MS = RETRY_DELAYS_MS.reduce(
  (sum, ms) => sum + Math.max(ms, MAX_RETRY_AFTER_MS) * (1 + JITTER) + DELIVERY_TIMEOUT_MS,
  DELIVERY_TIMEOUT_MS,
);

/** What follows from an attempt. */
export type Verdict =
  | { type: "delivered" }
  | { type: "retry"; at: number }
  /** Given up; only a hand brings it back. */
  | { type: "dead" }
  /** The receiver wants no more: its endpoint is disabled, the webhook of a single job stops. */
  | { type: "gone" };

/**
 * What follows from the outcome of the attempt of this number (1 for the first), which ended at `now`. `jitter` is a
 * random number from 0 up to 1. An attempt beyond the schedule, made by hand, is its delivery's last unless it succeeds.
 */
export function verdictOf(outcome: Outcome, attempt: number, now: number, jitter: number): Verdict {
  if (isDelivered(outcome)) return { type: "delivered" };
  if (outcome.type === "answered" && outcome.status === 410) return { type: "gone" };
  const delayMs = RETRY_DELAYS_MS[attempt - 1];
  if (delayMs === undefined) return { type: "dead" };
  const waitMs = delayMs * (1 - JITTER + 2 * JITTER * jitter);
  // Never before the asked-for time, and spread out behind it.
  const askedMs = askedWaitMs(outcome, now) * (1 + JITTER * jitter);
  return { type: "retry", at: now + Math.round(Math.max(waitMs, askedMs)) };
}

function askedWaitMs(outcome: Outcome, now: number): number {
  if (outcome.type !== "answered" || !HEEDED.has(outcome.status)) return 0;
  return Math.min(retryAfterMs(outcome.retryAfter, now) ?? 0, MAX_RETRY_AFTER_MS);
}

const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The wait that a Retry-After header asks for, in seconds or as a date; null where it asks for none. */
export function retryAfterMs(header: string | null, now: number): number | null {
  const text = header?.trim() ?? "";
  if (/^\d{1,10}$/.test(text)) return Number(text) * SECOND_MS;
  if (!HTTP_DATE.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
