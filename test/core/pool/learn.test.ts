/** Learned durations. */
import { describe, expect, it } from "vitest";
import { learn } from "../../../src/core/pool/learn.ts";

describe("learn", () => {
  it("[B5] begins with what the first run took", () => {
    expect(learn(null, { "3": 900 }, 1_200)).toEqual({ nodeMs: { "3": 900 }, samples: 1, runMs: 1_200 });
  });

  it("[B5] lets the newest run count for a third", () => {
    const known = { nodeMs: { "3": 900 }, samples: 4, runMs: 1_200 };
    expect(learn(known, { "3": 600 }, 900)).toEqual({ nodeMs: { "3": 800 }, samples: 5, runMs: 1_100 });
  });

  it("[B5] keeps what it knows of nodes that came from the cache", () => {
    const known = { nodeMs: { "3": 900, "4": 5_000 }, samples: 1, runMs: 6_000 };
    expect(learn(known, { "3": 900 }, null)).toEqual({ nodeMs: { "3": 900, "4": 5_000 }, samples: 2, runMs: 6_000 });
  });
});
