/** When an endpoint is given up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterAttempt, disabledInWords, HEALTHY, mustDisable } from "../../../src/core/webhook/health.ts";

const DAY_MS = 86_400_000;
const START = Date.parse("2026-11-15T00:00:00Z");

/** The health after these attempts, evenly spread over `days`. */
const after = (outcomes: boolean[], days: number) =>
  outcomes.reduce(
    (health, delivered, index) =>
      afterAttempt(health, delivered, START + (index * days * DAY_MS) / Math.max(1, outcomes.length - 1)),
    HEALTHY,
  );
const failures = (count: number) => Array.from({ length: count }, () => false);

describe("an endpoint", () => {
  it("[W7] is disabled after five days of nothing but failures, twenty at least", () => {
    const now = (days: number) => START + days * DAY_MS;
    expect(mustDisable(after(failures(20), 5), now(5))).toBe(true);
    expect(mustDisable(after(failures(19), 5), now(5))).toBe(false);
    expect(mustDisable(after(failures(20), 5), now(5) - 1)).toBe(false);
    expect(mustDisable(after(failures(1_000), 1), now(1))).toBe(false);
    expect(mustDisable(HEALTHY, now(1_000))).toBe(false);
  });

  it("[W7] is judged by what came after its last success alone", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 2, maxLength: 20 }),
        fc.integer({ min: 0, max: 60 }),
        (early, more) => {
          const outcomes = [...early, ...failures(more)];
          const lastSuccess = outcomes.lastIndexOf(true);
          const stepDays = 8 / (outcomes.length - 1);
          const since = outcomes.length - 1 - lastSuccess;
          const failingDays = (since - 1) * stepDays;
          expect(mustDisable(after(outcomes, 8), START + 8 * DAY_MS)).toBe(since >= 20 && failingDays > 5 - 1e-9);
        },
      ),
    );
  });

  it("[W7] counts from the earliest failure, in whatever order failures are told", () => {
    const health = [START + DAY_MS, START, START + 2 * DAY_MS].reduce((h, at) => afterAttempt(h, false, at), HEALTHY);
    expect(health).toEqual({ failingSince: START, failures: 3 });
  });

  it("[W7] is disabled with words that say since when and why", () => {
    expect(disabledInWords(after(failures(23), 5), "No answer within 15 s.")).toBe(
      "Nothing but failures since 2026-11-15T00:00:00Z, 23 in a row. The last one: No answer within 15 s.",
    );
  });
});
