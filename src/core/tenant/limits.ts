/**
 * Limits and what is left of them. A limit of the project is held against what the project uses, one of the user or of
 * the user's token against what the user uses; whichever is used up first refuses.
 */
import type { Limits, Quota } from "../../contract/account.ts";
import { timestamp } from "../job/project.ts";
import { assertNever } from "../util/assert.ts";
import { nextMidnight } from "./usage-days.ts";
import type { LimitCode } from "./vocabulary.ts";

/** A minute, in milliseconds. */
export const MINUTE_MS = 60_000;
/** When to ask again where a job or a stream has to end first: nobody knows, so soon enough and not too often. */
const ASK_AGAIN_MS = 10_000;

/** Limits that are counted here; `reads_per_minute` is held by whoever serves the reads. */
export const COUNTED_LIMITS = [
  "jobs_per_day",
  "concurrent",
  "queue_places",
  "upload_bytes_per_day",
  "streams",
  "creates_per_minute",
] as const satisfies readonly (keyof Limits)[];
export type CountedLimit = (typeof COUNTED_LIMITS)[number];

/** What is in use or was used up, by the limit it counts against. */
export type Used = Record<CountedLimit, number>;

/** The limits that bind a caller. `user` and `token` are null for a caller that acts for no user. */
export type BindingLimits = { project: Limits; user: Limits | null; token: Partial<Limits> | null };

/** What the project and the user use; for a caller without a user they are the same. */
export type UsedBy = { project: Used; user: Used };

export type Refusal = { code: LimitCode; quota: Quota; retryAfterMs: number };

const SCOPES = ["project", "user", "token"] as const;
type LimitScope = (typeof SCOPES)[number];

/** All limits that are set, with what is left of them. */
export function quotasOf(limits: BindingLimits, used: UsedBy, now: number): Quota[] {
  return COUNTED_LIMITS.flatMap((name) =>
    SCOPES.flatMap((scope) => {
      const limit = limits[scope]?.[name] ?? null;
      return limit === null ? [] : [quotaOf(name, scope, limit, usedOf(used, scope)[name], now)];
    }),
  );
}

/**
 * Why taking so much more is refused, or null if it fits everywhere. Of several reasons the one that lasts longest:
 * nobody is told to come back for another refusal.
 */
export function refusalOf(
  asked: Partial<Record<CountedLimit, number>>,
  limits: BindingLimits,
  used: UsedBy,
  now: number,
): Refusal | null {
  const concurrent = strictest("concurrent", limits);
  return COUNTED_LIMITS.flatMap((name): Refusal[] => {
    const amount = asked[name];
    if (amount === undefined) return [];
    return SCOPES.flatMap((scope): Refusal[] => {
      const limit = limits[scope]?.[name] ?? null;
      const before = usedOf(used, scope)[name];
      if (limit === null || before + amount <= limit) return [];
      const quota = quotaOf(name, scope, limit, before, now);
      return [{ code: codeOf(name, limit, concurrent), quota, retryAfterMs: retryAfterMs(name, now) }];
    });
  }).reduce<Refusal | null>(
    (longest, one) => (longest && longest.retryAfterMs >= one.retryAfterMs ? longest : one),
    null,
  );
}

/** The strictest of the limits of that name, or null where none is set. */
export function strictest(name: CountedLimit, limits: BindingLimits): number | null {
  const set = SCOPES.map((scope) => limits[scope]?.[name] ?? null).filter((limit) => limit !== null);
  return set.length === 0 ? null : Math.min(...set);
}

const usedOf = (used: UsedBy, scope: LimitScope): Used => (scope === "project" ? used.project : used.user);

function quotaOf(name: CountedLimit, scope: LimitScope, limit: number, used: number, now: number): Quota {
  const resetsAt = resetOf(name, now);
  return {
    name,
    scope,
    limit,
    used,
    remaining: Math.max(0, limit - used),
    resets_at: resetsAt === null ? null : timestamp(resetsAt),
  };
}

/** When a limit is whole again by the clock alone; null where something has to end first. */
function resetOf(name: CountedLimit, now: number): number | null {
  switch (name) {
    case "jobs_per_day":
    case "upload_bytes_per_day":
      return nextMidnight(now);
    case "creates_per_minute":
      return (minuteOf(now) + 1) * MINUTE_MS;
    case "concurrent":
    case "queue_places":
    case "streams":
      return null;
    default:
      return assertNever(name);
  }
}

const retryAfterMs = (name: CountedLimit, now: number): number => (resetOf(name, now) ?? now + ASK_AGAIN_MS) - now;

/** Minutes since 1970. */
export const minuteOf = (at: number): number => Math.floor(at / MINUTE_MS);

function codeOf(name: CountedLimit, limit: number, concurrent: number | null): LimitCode {
  switch (name) {
    case "jobs_per_day":
    case "upload_bytes_per_day":
      return "quota_exceeded";
    case "creates_per_minute":
      return "rate_limited";
    case "streams":
      return "too_many_streams";
    case "concurrent":
      return "concurrency_limited";
    case "queue_places":
      // Where no more may be unfinished than may run, nothing ever waits: what is full is not the line.
      return concurrent !== null && limit <= concurrent ? "concurrency_limited" : "queue_full";
    default:
      return assertNever(name);
  }
}
