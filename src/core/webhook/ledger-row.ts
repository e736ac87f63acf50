/**
 * A row of the ledger, one event on its way to one receiver, and what reports of attempts make of it. A row's position
 * is the time it was written, in hundredths of a millisecond, and stands in its id: so a row is found by its id, and a
 * span of time is a span of rows, without an index.
 */
import type { Delivery, DeliveryAttempt, DeliveryStatus, EventType } from "../../contract/webhook.ts";
import { timestamp } from "../job/project.ts";
import { assert } from "../util/assert.ts";
import { fromCrockford, ulid } from "../util/ids.ts";
import { MAX_ATTEMPTS } from "./schedule.ts";
import type { AttemptReport } from "./vocabulary.ts";

/** An attempt as it is kept. */
export type AttemptRow = Omit<AttemptReport, "deliveryId" | "result" | "nextAt">;

export type DeliveryRow = {
  position: number;
  id: string;
  event: { position: number; id: string; type: EventType; jobId: string | null };
  endpointId: string | null;
  url: string;
  /** Whether the project itself keeps to its schedule, not the object of a job. */
  own: boolean;
  /** How the schedule of attempts stands; what is sent by hand beside it can only make it better. */
  status: DeliveryStatus;
  /** When the schedule's next attempt comes. */
  nextAt: number | null;
  /** The number of the attempt by hand that is on its way; null where there is none. */
  byHand: number | null;
  /** Why there will be no further attempt, where no attempt says so. */
  note: string | null;
  /** As they were heard of. */
  attempts: AttemptRow[];
};

/** Attempts that a row keeps: those of the schedule, and the latest by hand. */
const MAX_KEPT = 30;
const STEPS = 100;

/** The position of a row that is written now, behind the last one. */
export const nextPosition = (last: number, now: number): number => Math.max(last + 1, now * STEPS);
/** The first position of a time. */
export const positionAt = (at: number): number => at * STEPS;
export const timeOf = (position: number): number => Math.floor(position / STEPS);

/** The id of a row at this position: a ULID. `random` are 9 bytes. */
export function deliveryIdAt(position: number, random: Uint8Array): string {
  assert(random.length === 9, "nine random bytes beside the position");
  return `dlv_${ulid(timeOf(position), new Uint8Array([position % STEPS, ...random]))}`;
}

/** Where the row of this id is, if there is one; null for what is no id. */
export function positionOf(deliveryId: string): number | null {
  const bytes = deliveryId.startsWith("dlv_") ? fromCrockford(deliveryId.slice(4)) : null;
  if (bytes === null) return null;
  const at = bytes.subarray(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
  const position = at * STEPS + (bytes[6] ?? 0);
  return Number.isSafeInteger(position) ? position : null;
}

/** What is shown: pending as long as anything is on its way. */
export const shownStatus = ({ status, byHand }: Pick<DeliveryRow, "status" | "byHand">): DeliveryStatus =>
  byHand === null ? status : "pending";

/** The number of the next attempt by hand: behind all those of the schedule, so that the two are never mistaken. */
export const nextByHand = ({ attempts }: Pick<DeliveryRow, "attempts">): number =>
  1 + attempts.reduce((most, { attempt }) => Math.max(most, attempt), MAX_ATTEMPTS);

/** The row after a report; null where the report was known. */
export function heardOf(row: DeliveryRow, report: AttemptReport): DeliveryRow | null {
  const { deliveryId: _, result, nextAt, ...attempt } = report;
  if (result === "stopped") return stopped(row, report);
  if (row.attempts.some((known) => known.attempt === attempt.attempt)) return null;
  const attempts = [...row.attempts, attempt];
  if (attempts.length > MAX_KEPT) attempts.splice(MAX_ATTEMPTS, 1);
  const byHand = row.byHand === attempt.attempt ? null : row.byHand;
  if (result === "delivered") return { ...row, attempts, byHand, status: "succeeded", nextAt: null, note: null };
  // What fails by hand ends nothing.
  if (attempt.attempt > MAX_ATTEMPTS) return { ...row, attempts, byHand, note: null };
  // A schedule that has come to its end does not begin again, and an earlier attempt says nothing of the next one.
  const isOld = row.attempts.some((known) => known.attempt > attempt.attempt && known.attempt <= MAX_ATTEMPTS);
  if (row.status !== "pending" || (result === "retry" && isOld)) return { ...row, attempts, byHand };
  const ended = result !== "retry";
  return { ...row, attempts, byHand, status: ended ? "failed" : "pending", nextAt: ended ? null : nextAt, note: null };
}

/** No attempt was made, and none will be: that of the schedule, or that by hand. */
function stopped(row: DeliveryRow, { attempt, reason }: AttemptReport): DeliveryRow | null {
  if (row.byHand === attempt) return { ...row, byHand: null, note: row.status === "succeeded" ? row.note : reason };
  if (row.status !== "pending") return null;
  return { ...row, status: "failed", nextAt: null, note: reason };
}

/** The public document. */
export function deliveryOf(row: DeliveryRow, curl: string | null): Delivery {
  const last = row.attempts.at(-1);
  const pending = shownStatus(row) === "pending";
  return {
    object: "delivery",
    id: row.id,
    event_id: row.event.id,
    type: row.event.type,
    endpoint_id: row.endpointId,
    job_id: row.event.jobId,
    url: row.url,
    status: shownStatus(row),
    attempt: last?.attempt ?? 0,
    http_status: last?.httpStatus ?? null,
    duration_ms: last?.durationMs ?? null,
    error: last?.error ?? null,
    reason: (pending ? null : row.note) ?? last?.reason ?? null,
    response_excerpt: last?.excerpt ?? null,
    next_attempt_at: row.nextAt === null ? null : timestamp(row.nextAt),
    created_at: timestamp(timeOf(row.position)),
    attempts: row.attempts.map(attemptOf),
    curl,
  };
}

const attemptOf = (attempt: AttemptRow): DeliveryAttempt => ({
  attempt: attempt.attempt,
  at: timestamp(attempt.at),
  http_status: attempt.httpStatus,
  duration_ms: attempt.durationMs,
  error: attempt.error,
  reason: attempt.reason,
  response_excerpt: attempt.excerpt,
});
