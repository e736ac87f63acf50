/** When a delivery is tried again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../src/core/webhook/outcome.ts";
import {
  LONGEST_DELIVERY_MS,
  MAX_ATTEMPTS,
  RETRY_DELAYS_MS,
  retryAfterMs,
  verdictOf,
} from "../../../src/core/webhook/schedule.ts";

const NOW = Date.parse("2026-11-20T07:12:01Z");
const HOUR_MS = 3_600_000;
const MIDDLE = 0.5;

const answered = (status: number, retryAfter: string | null = null): Outcome => ({
  type: "answered",
  status,
  retryAfter,
  location: null,
  excerpt: "",
});
const waitOf = (outcome: Outcome, attempt: number, jitter = MIDDLE) => {
  const verdict = verdictOf(outcome, attempt, NOW, jitter);
  return verdict.type === "retry" ? verdict.at - NOW : verdict.type;
};

/** Plays a delivery to its end; `upAt` is when the receiver begins to work, in ms after the first attempt. */
function play(upAt: number, jitter: (attempt: number) => number): { attempts: number; endedAt: number; end: string } {
  let at = 0;
  for (let attempt = 1; ; attempt++) {
    const verdict = verdictOf(
      at >= upAt ? answered(204) : { type: "failed", failure: "refused" },
      attempt,
      at,
      jitter(attempt),
    );
    if (verdict.type !== "retry") return { attempts: attempt, endedAt: at, end: verdict.type };
    at = verdict.at;
  }
}

const jitters = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
  minLength: 10,
  maxLength: 10,
});

describe("the schedule", () => {
  it("[W2] makes ten attempts over 41 hours and 43 minutes", () => {
    const waits = Array.from({ length: MAX_ATTEMPTS }, (_, index) => waitOf(answered(500), index + 1));
    const [s, m, h] = [1_000, 60_000, HOUR_MS];
    expect(waits).toEqual([5 * s, 30 * s, 2 * m, 10 * m, 30 * m, 2 * h, 5 * h, 10 * h, 24 * h, "dead"]);
    const { endedAt, ...rest } = play(Number.POSITIVE_INFINITY, () => MIDDLE);
    expect(rest).toEqual({ attempts: 10, end: "dead" });
    expect(Math.round(endedAt / 60_000)).toBe(41 * 60 + 43);
  });

  it("[W2] spreads each wait by a fifth to both sides", () => {
    RETRY_DELAYS_MS.forEach((delayMs, index) => {
      expect(waitOf(answered(500), index + 1, 0)).toBe(Math.round(delayMs * 0.8));
      expect(waitOf(answered(500), index + 1, 1)).toBe(Math.round(delayMs * 1.2));
    });
  });

  it("[W2] brings everything to a receiver that was down for 30 hours", () => {
    fc.assert(
      fc.property(jitters, fc.integer({ min: 0, max: 30 * HOUR_MS }), (drawn, upAt) => {
        expect(play(upAt, (attempt) => drawn[attempt - 1] ?? 0).end).toBe("delivered");
      }),
    );
  });

  it("[W2] never lasts longer than rows are kept for it, whatever the receiver asks for", () => {
    fc.assert(
      fc.property(jitters, fc.constantFrom("0", "60", "3600", "999999"), (drawn, retryAfter) => {
        let at = 0;
        drawn.forEach((jitter, index) => {
          const verdict = verdictOf(answered(503, retryAfter), index + 1, at + 15_000, jitter);
          at = verdict.type === "retry" ? verdict.at : at + 15_000;
        });
        expect(at).toBeLessThanOrEqual(LONGEST_DELIVERY_MS);
      }),
    );
  });
});

describe("an answer", () => {
  it.each([200, 201, 202, 204, 299])("[W2] of %i is a success", (status) => {
    expect(verdictOf(answered(status), 1, NOW, MIDDLE)).toEqual({ type: "delivered" });
    expect(verdictOf(answered(status), 10, NOW, MIDDLE)).toEqual({ type: "delivered" });
  });

  it.each([100, 199, 300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 599])(
    "[W2] of %i is a failure that is tried again",
    (status) => {
      expect(waitOf(answered(status), 1)).toBe(5_000);
    },
  );

  it("[W2] of 410 ends it at once", () => {
    expect(verdictOf(answered(410, "60"), 1, NOW, MIDDLE)).toEqual({ type: "gone" });
    expect(verdictOf(answered(410), 10, NOW, MIDDLE)).toEqual({ type: "gone" });
  });

  it("[W2] that never came, or a URL that may not be called, is a failure like others", () => {
    expect(waitOf({ type: "failed", failure: "timeout" }, 3)).toBe(120_000);
    expect(waitOf({ type: "unsafe_url", detail: "must use port 443 or 8443" }, 3)).toBe(120_000);
  });

  it("[W2] to an attempt by hand after the tenth is the last", () => {
    for (const attempt of [11, 40]) expect(verdictOf(answered(500), attempt, NOW, MIDDLE)).toEqual({ type: "dead" });
  });
});

describe("Retry-After", () => {
  it.each([429, 502, 503, 504])("[W2] of a %i makes a short wait longer", (status) => {
    expect(waitOf(answered(status, "120"), 1, 0)).toBe(120_000);
    expect(waitOf(answered(status, "Fri, 20 Nov 2026 07:14:01 GMT"), 1, 0)).toBe(120_000);
  });

  it.each([500, 400, 301, 408])("[W2] of a %i is not heeded", (status) => {
    expect(waitOf(answered(status, "120"), 1)).toBe(5_000);
  });

  it("[W2] counts for an hour at most, and never makes a wait shorter", () => {
    expect(waitOf(answered(503, "999999"), 1, 0)).toBe(HOUR_MS);
    expect(waitOf(answered(503, "60"), 9)).toBe(24 * HOUR_MS);
    expect(waitOf(answered(503, "0"), 1)).toBe(5_000);
    expect(waitOf(answered(503, "600"), 10)).toBe("dead");
  });

  it("[W2] is never answered too early, whatever the jitter", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600 }), fc.double({ min: 0, max: 1, noNaN: true }), (asked, jitter) => {
        expect(waitOf(answered(429, String(asked)), 1, jitter)).toBeGreaterThanOrEqual(asked * 1_000);
      }),
    );
  });

  it.each([
    ["5", 5_000],
    [" 5 ", 5_000],
    ["Fri, 20 Nov 2026 07:12:11 GMT", 10_000],
    ["Thu, 19 Nov 2026 07:12:11 GMT", 0],
    ["Fri, 99 Nov 2026 07:12:11 GMT", null],
    ["2026-11-20T07:12:11Z", null],
    ["-5", null],
    ["1.5", null],
    ["soon", null],
    ["", null],
    ["9".repeat(30), null],
    [null, null],
  ])("[W2] %j asks for %j ms", (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });
});
