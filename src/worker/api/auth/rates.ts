/**
 * Requests per minute, counted in the isolate, and the RateLimit headers of an answer (draft-ietf-httpapi-ratelimit).
 * The count is per isolate and so a little generous; jobs, bytes and streams are counted exactly by the project.
 */
import type { Limits, Quota } from "../../../contract/account.ts";
import { timestamp } from "../../../core/job/project.ts";
import type { Principal } from "./principal.ts";

/** One limit as the headers tell it. `resetMs` is null where it has no window. */
export type Rate = {
  name: string;
  limit: number;
  remaining: number;
  windowSeconds: number | null;
  resetMs: number | null;
};

const WINDOW_MS = 60_000;
/** Requests a minute where nothing else is set: a poll each second and a good deal more. */
const DEFAULT_READS = { server: 6_000, user: 600 };
/** Callers counted at once; beyond that the count starts anew. */
const MAX_CALLERS = 10_000;

const counts = new Map<string, number>();
let windowAt = 0;

/** Counts a request, unless the minute is used up. */
export function countRead(principal: Principal, now: number): { rate: Rate; allowed: boolean } {
  const start = now - (now % WINDOW_MS);
  if (start !== windowAt || counts.size > MAX_CALLERS) {
    counts.clear();
    windowAt = start;
  }
  const { limit } = readLimit(principal);
  const caller = callerOf(principal);
  const used = counts.get(caller) ?? 0;
  const allowed = used < limit;
  if (allowed) counts.set(caller, used + 1);
  const remaining = Math.max(0, limit - used - 1);
  return { rate: { name: "read", limit, remaining, windowSeconds: 60, resetMs: start + WINDOW_MS - now }, allowed };
}

/** An answer that told nothing new (304) is not counted; one that was waited for into another minute was counted in that. */
export function forgetRead(principal: Principal, rate: Rate, now: number): void {
  rate.remaining += 1;
  const caller = callerOf(principal);
  const used = counts.get(caller) ?? 0;
  if (used > 0 && now - (now % WINDOW_MS) === windowAt && (rate.resetMs ?? 0) > 0) counts.set(caller, used - 1);
}

/** The count of requests as /v1/me lists it. */
export function readQuota(principal: Principal, rate: Rate, now: number): Quota {
  const { limit, remaining, resetMs } = rate;
  const resetsAt = timestamp(now + (resetMs ?? 0));
  const { scope } = readLimit(principal);
  return { name: "reads_per_minute", scope, limit, used: limit - remaining, remaining, resets_at: resetsAt };
}

/** Who is counted together: a user with all of that user's tokens, or one key. */
export const callerOf = ({ project, user, id }: Principal): string =>
  `${project.id} ${user ?? ""} ${user === null ? (id ?? "") : ""}`;

/** The strictest limit that is set, and whose it is; where none is, the usual one. */
function readLimit({ authority, user, limits }: Principal): { limit: number; scope: "token" | "user" | "project" } {
  const set = [
    { scope: "token" as const, limit: limits?.reads_per_minute },
    { scope: "user" as const, limit: user === null ? null : authority.userLimits.reads_per_minute },
    { scope: "project" as const, limit: authority.limits.reads_per_minute },
  ].flatMap(({ scope, limit }) => (typeof limit === "number" ? [{ scope, limit }] : []));
  const [strictest] = set.sort((a, b) => a.limit - b.limit);
  if (strictest) return strictest;
  return user === null
    ? { scope: "project", limit: DEFAULT_READS.server }
    : { scope: "user", limit: DEFAULT_READS.user };
}

const NAMES: Record<keyof Limits, { name: string; windowSeconds: number | null }> = {
  jobs_per_day: { name: "day", windowSeconds: 86_400 },
  concurrent: { name: "concurrent", windowSeconds: null },
  queue_places: { name: "places", windowSeconds: null },
  upload_bytes_per_day: { name: "upload-bytes", windowSeconds: 86_400 },
  streams: { name: "streams", windowSeconds: null },
  creates_per_minute: { name: "create", windowSeconds: 60 },
  reads_per_minute: { name: "read", windowSeconds: 60 },
};

/** The project's quotas as rates; of those with one name the strictest. */
export function ratesOf(quotas: readonly Quota[], now: number): Rate[] {
  const strictest = new Map<string, Rate>();
  for (const quota of quotas) {
    const { name, windowSeconds } = NAMES[quota.name as keyof Limits];
    const resetMs = quota.resets_at === null ? null : Math.max(0, Date.parse(quota.resets_at) - now);
    const rate: Rate = { name, limit: quota.limit, remaining: quota.remaining, windowSeconds, resetMs };
    const other = strictest.get(name);
    if (!other || rate.remaining < other.remaining) strictest.set(name, rate);
  }
  return [...strictest.values()];
}

/** The two headers. */
export function rateHeaders(rates: readonly Rate[]): { "ratelimit-policy": string; ratelimit: string } {
  const policy = rates.map(({ name, limit, windowSeconds }) =>
    windowSeconds === null
      ? `"${name}";q=${limit};qu="concurrent-requests"`
      : `"${name}";q=${limit};w=${windowSeconds}`,
  );
  const state = rates.map(({ name, remaining, resetMs }) =>
    resetMs === null ? `"${name}";r=${remaining}` : `"${name}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  );
  return { "ratelimit-policy": policy.join(", "), ratelimit: state.join(", ") };
}
