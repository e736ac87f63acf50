/** Limits of the project, the user and the token, and what is left of them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Limits } from "../../../src/contract/account.ts";
import { NO_LIMITS } from "../../../src/contract/account.ts";
import {
  type BindingLimits,
  COUNTED_LIMITS,
  quotasOf,
  refusalOf,
  strictest,
  type Used,
} from "../../../src/core/tenant/limits.ts";

/** Twenty seconds past 12:00, UTC. */
const NOON = Date.UTC(2026, 10, 20, 12, 0, 20);
const limited = (fields: Partial<Limits>): Limits => ({ ...NO_LIMITS, ...fields });
const use = (fields: Partial<Used> = {}): Used => ({
  jobs_per_day: 0,
  concurrent: 0,
  queue_places: 0,
  upload_bytes_per_day: 0,
  streams: 0,
  creates_per_minute: 0,
  ...fields,
});
const ONE_JOB = { jobs_per_day: 1, queue_places: 1, creates_per_minute: 1 };
const binding = (fields: Partial<BindingLimits>): BindingLimits => ({
  project: NO_LIMITS,
  user: null,
  token: null,
  ...fields,
});

describe("refusalOf", () => {
  it("[T3] refuses nothing where no limit is set", () => {
    const used = use({ jobs_per_day: 1e9, queue_places: 1e9 });
    expect(refusalOf(ONE_JOB, binding({ user: NO_LIMITS, token: {} }), { project: used, user: used }, NOON)).toBeNull();
  });

  it("[T3] names the limit of the day and says that it is whole at midnight", () => {
    const limits = binding({ user: limited({ jobs_per_day: 5 }) });
    const refusal = refusalOf(ONE_JOB, limits, { project: use(), user: use({ jobs_per_day: 5 }) }, NOON);
    expect(refusal).toEqual({
      code: "quota_exceeded",
      quota: {
        name: "jobs_per_day",
        scope: "user",
        limit: 5,
        used: 5,
        remaining: 0,
        resets_at: "2026-11-21T00:00:00Z",
      },
      retryAfterMs: 12 * 3_600_000 - 20_000,
    });
  });

  it("[T3] says for the minute how long it lasts", () => {
    const limits = binding({ project: limited({ creates_per_minute: 3 }) });
    const used = use({ creates_per_minute: 3 });
    const refusal = refusalOf(ONE_JOB, limits, { project: used, user: used }, NOON);
    expect(refusal).toMatchObject({ code: "rate_limited", retryAfterMs: 40_000, quota: { scope: "project" } });
  });

  it("[T3] tells a full line from a limit that lets nothing wait", () => {
    const used = use({ queue_places: 2 });
    const code = (fields: Partial<Limits>) =>
      refusalOf(ONE_JOB, binding({ user: limited(fields) }), { project: use(), user: used }, NOON)?.code;
    expect(code({ queue_places: 2 })).toBe("queue_full");
    expect(code({ queue_places: 2, concurrent: 1 })).toBe("queue_full");
    expect(code({ queue_places: 2, concurrent: 2 })).toBe("concurrency_limited");
    expect(code({ concurrent: 2 })).toBeUndefined();
  });

  it("[T3] holds a token's limits against what its user uses", () => {
    const limits = binding({ user: limited({ jobs_per_day: 50 }), token: { jobs_per_day: 2 } });
    const refusal = (jobs: number) =>
      refusalOf(ONE_JOB, limits, { project: use({ jobs_per_day: 99 }), user: use({ jobs_per_day: jobs }) }, NOON);
    expect(refusal(1)).toBeNull();
    expect(refusal(2)?.quota).toMatchObject({ scope: "token", limit: 2, used: 2 });
  });

  it("[T3] of several reasons tells the one that lasts longest", () => {
    const limits = binding({ project: limited({ jobs_per_day: 1, queue_places: 1, creates_per_minute: 1 }) });
    const used = use({ jobs_per_day: 1, queue_places: 1, creates_per_minute: 1 });
    expect(refusalOf(ONE_JOB, limits, { project: used, user: used }, NOON)?.code).toBe("quota_exceeded");
  });

  it("[T3] refuses an upload that does not fit into the rest of the day", () => {
    const limits = binding({ project: limited({ upload_bytes_per_day: 100 }) });
    const used = use({ upload_bytes_per_day: 60 });
    const refusal = (bytes: number) =>
      refusalOf({ upload_bytes_per_day: bytes }, limits, { project: used, user: used }, NOON);
    expect(refusal(40)).toBeNull();
    expect(refusal(41)).toMatchObject({ code: "quota_exceeded", quota: { remaining: 40 } });
  });

  const someLimits = fc.record(
    Object.fromEntries(COUNTED_LIMITS.map((name) => [name, fc.option(fc.nat({ max: 6 }))])) as Record<
      keyof Used,
      fc.Arbitrary<number | null>
    >,
  );
  const someUse = fc.record(
    Object.fromEntries(COUNTED_LIMITS.map((name) => [name, fc.nat({ max: 8 })])) as Record<
      keyof Used,
      fc.Arbitrary<number>
    >,
  );

  it("[T3] admits exactly what fits all limits, and what is left is never negative", () => {
    fc.assert(
      fc.property(someLimits, someLimits, someLimits, someUse, someUse, (project, user, token, all, own) => {
        const limits = binding({ project: limited(project), user: limited(user), token });
        const used = { project: all, user: own };
        const refusal = refusalOf(ONE_JOB, limits, used, NOON);
        const fits = (["jobs_per_day", "queue_places", "creates_per_minute"] as const).every(
          (name) =>
            all[name] < (project[name] ?? Infinity) &&
            own[name] < (user[name] ?? Infinity) &&
            own[name] < (token[name] ?? Infinity),
        );
        expect(refusal === null).toBe(fits);
        if (refusal) {
          expect(refusal.quota.remaining).toBe(0);
          expect(refusal.retryAfterMs).toBeGreaterThan(0);
        }
        for (const quota of quotasOf(limits, used, NOON)) {
          expect(quota.remaining).toBe(Math.max(0, quota.limit - quota.used));
        }
      }),
    );
  });
});

describe("quotasOf", () => {
  it("[T3] lists each limit that is set, and no other", () => {
    const limits = binding({
      project: limited({ concurrent: 4, reads_per_minute: 9 }),
      user: limited({ jobs_per_day: 3 }),
    });
    const quotas = quotasOf(limits, { project: use({ concurrent: 1 }), user: use() }, NOON);
    expect(quotas.map(({ name, scope, remaining }) => [name, scope, remaining])).toEqual([
      ["jobs_per_day", "user", 3],
      ["concurrent", "project", 3],
    ]);
  });

  it("[T3] shows what is over a limit that was lowered as nothing left", () => {
    const limits = binding({ project: limited({ jobs_per_day: 2 }) });
    const quotas = quotasOf(limits, { project: use({ jobs_per_day: 7 }), user: use() }, NOON);
    expect(quotas).toEqual([expect.objectContaining({ limit: 2, used: 7, remaining: 0 })]);
  });
});

it("[T3] the strictest limit is the least of those that are set", () => {
  const limits = binding({ project: limited({ concurrent: 8 }), user: limited({ concurrent: 2 }), token: {} });
  expect(strictest("concurrent", limits)).toBe(2);
  expect(strictest("streams", limits)).toBeNull();
});
