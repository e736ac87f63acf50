/** Learned durations. */
import { describe, expect, it } from "vitest";
import { type LearnedTimes, learn, runTimes } from "../../../src/core/pool/learn.ts";

const after = (...runs: number[]) =>
  runs.reduce<LearnedTimes | null>((known, runMs) => learn(known, {}, runMs), null) ?? learn(null, {}, null);

describe("learn", () => {
  it("[B5] begins with what the first run took", () => {
    expect(learn(null, { "3": 900 }, 1_200)).toEqual({ nodeMs: { "3": 900 }, samples: 1, recentMs: [1_200] });
  });

  it("[B5] lets a node's newest run count for a third", () => {
    const known = { nodeMs: { "3": 900 }, samples: 4, recentMs: [1_200] };
    expect(learn(known, { "3": 600 }, 900)).toEqual({ nodeMs: { "3": 800 }, samples: 5, recentMs: [1_200, 900] });
  });

  it("[B5] keeps what it knows of nodes that came from the cache", () => {
    const known = { nodeMs: { "3": 900, "4": 5_000 }, samples: 1, recentMs: [6_000] };
    expect(learn(known, { "3": 900 }, null)).toEqual({
      nodeMs: { "3": 900, "4": 5_000 },
      samples: 2,
      recentMs: [6_000],
    });
  });

  it("[B5] remembers the last ten runs", () => {
    expect(after(...Array.from({ length: 12 }, (_, index) => index)).recentMs).toEqual([
      2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
  });
});

describe("runTimes", () => {
  it("[B5] knows nothing before the first run", () => {
    expect(runTimes([])).toBeNull();
    expect(runTimes([after()])).toBeNull();
  });

  it("[B5] tells the middle run, which one slow run does not move", () => {
    expect(runTimes([after(10, 12, 11, 90_000)])).toEqual({ p50: 11, p90: null });
  });

  it("[B5] tells what nine of ten take once five were seen", () => {
    expect(runTimes([after(10, 12, 11, 9_000, 10)])).toEqual({ p50: 11, p90: 9_000 });
    expect(runTimes([after(...Array<number>(9).fill(10), 9_000)])).toEqual({ p50: 10, p90: 10 });
  });

  it("[B5] puts together what several backends taught", () => {
    expect(runTimes([after(10, 20), after(30, 40, 50)])).toEqual({ p50: 30, p90: 50 });
  });
});
