/** One unacknowledged preview per viewer. */
import { describe, expect, it } from "vitest";
import {
  mayPreview,
  noCredit,
  PREVIEW_INTERVAL_MS,
  progressLeft,
  progressWaitMs,
  READY_TIMEOUT_MS,
} from "../../../src/core/fanout/pace.ts";

const NOW = 1_000_000;

describe("the pace of progress", () => {
  /** When each of these events would leave, and how many leave at all: one that waits is replaced by the next. */
  const leaving = (arrivals: number[]) => {
    let paidUntil = 0;
    const left: number[] = [];
    let due: number | null = null;
    for (const at of arrivals) {
      if (due !== null && due <= at) {
        left.push(due);
        paidUntil = progressLeft(paidUntil, due);
        due = null;
      }
      const waitMs = progressWaitMs(paidUntil, at);
      if (waitMs > 0) {
        due = at + waitMs;
        continue;
      }
      left.push(at);
      paidUntil = progressLeft(paidUntil, at);
    }
    return left;
  };

  it("[V6] holds back nothing of a stream that keeps it, whatever came just before", () => {
    const ticks = Array.from({ length: 40 }, (_, step) => NOW + 30 + step * 102);
    const small = [NOW, NOW + 5];
    expect(leaving([...small, ...ticks])).toEqual([...small, ...ticks]);
  });

  it("[V6] lets no more than ten a second through in the long run", () => {
    const flood = Array.from({ length: 10_000 }, (_, index) => NOW + index);
    const left = leaving(flood);
    expect(left.length).toBeGreaterThanOrEqual(99);
    expect(left.length).toBeLessThanOrEqual(103);
  });
});

describe("mayPreview", () => {
  it("[V6] lets the first preview go at once", () => {
    expect(mayPreview(noCredit, 1, NOW)).toBe(true);
  });

  it("[V6] holds the next one back until the last was acknowledged", () => {
    const sent = { sentRev: 3, sentAt: NOW - 1_000, readyRev: 2 };
    expect(mayPreview(sent, 4, NOW)).toBe(false);
    expect(mayPreview({ ...sent, readyRev: 3 }, 4, NOW)).toBe(true);
  });

  it("[V6] takes a preview that is never acknowledged as lost", () => {
    expect(mayPreview({ sentRev: 3, sentAt: NOW - READY_TIMEOUT_MS - 1, readyRev: 2 }, 4, NOW)).toBe(true);
  });

  it("[V6] keeps previews apart", () => {
    expect(mayPreview({ sentRev: 3, sentAt: NOW - PREVIEW_INTERVAL_MS + 1, readyRev: 3 }, 4, NOW)).toBe(false);
  });

  it("[V6] never sends the same preview twice", () => {
    expect(mayPreview({ sentRev: 4, sentAt: 0, readyRev: 4 }, 4, NOW)).toBe(false);
  });
});
