/**
 * What is used, counted by day (UTC), user and workflow. All counts of a job go to the day it was created on, so that
 * they add up whenever its end is heard of.
 */
import type { UsageRow } from "../../contract/account.ts";
import type { JobStatus } from "../../contract/job.ts";

/** A day, in milliseconds. */
export const DAY_MS = 86_400_000;
/** Days that counts are kept. */
export const USAGE_KEPT_DAYS = 400;
/** Groups of one answer, unless they are days. */
export const MAX_USAGE_GROUPS = 1_000;

/** Days since 1970, UTC. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** `2026-11-20` for a day since 1970. */
export const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The next midnight (UTC) after `at`. */
export const nextMidnight = (at: number): number => (dayOf(at) + 1) * DAY_MS;

/** When the counts of a day are dropped. */
export const usageEnd = (day: number): number => (day + USAGE_KEPT_DAYS + 1) * DAY_MS;

/** What is counted. */
export const COUNTED = [
  "created",
  "succeeded",
  "failed",
  "canceled",
  "expired",
  "run_ms",
  "output_bytes",
  "upload_bytes",
] as const;
export type Counted = (typeof COUNTED)[number];

/** Counts to add to one row; what was given back is negative. */
export type UsageChange = {
  day: number;
  user: string | null;
  workflow: string | null;
  counts: Partial<Record<Counted, number>>;
};

/** The outcome that an end is counted as, or null for a status that is none. */
export function outcomeOf(status: JobStatus): Counted | null {
  switch (status) {
    case "succeeded":
    case "failed":
    case "canceled":
    case "expired":
      return status;
    default:
      return null;
  }
}

/** A row as it is shown, with zeros where nothing was counted. */
export function usageRow(
  group: Pick<UsageRow, "day" | "user" | "workflow">,
  counts: Partial<Record<Counted, number>>,
): UsageRow {
  const all = Object.fromEntries(COUNTED.map((name) => [name, counts[name] ?? 0])) as Record<Counted, number>;
  return { ...group, ...all };
}
