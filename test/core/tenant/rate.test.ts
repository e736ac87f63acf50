/** Counts that live in memory. */
import { describe, expect, it } from "vitest";
import { CreatesThisMinute, OpenStreams, STREAM_MS } from "../../../src/core/tenant/rate.ts";

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE + 59_999;

describe("creations in this minute", () => {
  it("[T3] are counted for the project and for each user, until the minute is over", () => {
    const creates = new CreatesThisMinute();
    creates.add("u", NOW);
    creates.add("v", NOW);
    creates.add(null, NOW);
    expect([null, "u", "v", "w"].map((user) => creates.count(user, NOW))).toEqual([3, 1, 1, 0]);
    expect(creates.count(null, NOW + 1)).toBe(0);
    creates.add("u", NOW + 1);
    expect(creates.count("v", NOW + 1)).toBe(0);
    expect(creates.count("u", NOW + 1)).toBe(1);
  });
});

describe("open streams", () => {
  it("[T3] are counted once each, until they close", () => {
    const streams = new OpenStreams();
    streams.open("a", "u", NOW);
    streams.open("a", "u", NOW);
    streams.open("b", "v", NOW);
    streams.open("c", null, NOW);
    expect([null, "u", "v"].map((user) => streams.count(user, NOW))).toEqual([3, 1, 1]);
    streams.close("a");
    streams.close("a");
    streams.close("never");
    expect([null, "u"].map((user) => streams.count(user, NOW))).toEqual([2, 0]);
  });

  it("[T3] are given up after ten minutes without being renewed", () => {
    const streams = new OpenStreams();
    streams.open("a", "u", NOW);
    streams.open("b", "u", NOW);
    streams.open("a", "u", NOW + 1_000);
    expect(streams.count("u", NOW + STREAM_MS)).toBe(1);
    expect(streams.has("a", NOW + STREAM_MS)).toBe(true);
    expect(streams.count("u", NOW + STREAM_MS + 1_000)).toBe(0);
  });
});
