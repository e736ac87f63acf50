/** What a waiting job is told. */
import { describe, expect, it } from "vitest";
import type { Turn } from "../../../src/core/pool/forecast.ts";
import { isNews, placeOf, TOLD_PLACES } from "../../../src/core/pool/place.ts";
import { lineOf, request } from "./played-line.ts";

/** The first turns, ten seconds apart. */
const turns = (
  names: readonly string[],
  startMs: (index: number) => number | null = (index) => 5_000 + 10_000 * index,
) => names.slice(0, TOLD_PLACES).map((jobName, index): Turn => ({ jobName, startMs: startMs(index) }));
const numbered = (owner: string, count: number) => Array.from({ length: count }, (_, index) => `${owner}${index}`);

describe("placeOf", () => {
  it("[B7] tells the place of the turn", () => {
    const line = lineOf(["a", "a", "b"]);
    expect(placeOf("b0", line, turns(["a0", "b0", "a1"]), false)).toEqual({
      position: 2,
      ahead: 1,
      reason: "workers_busy",
      estStartMs: 15_000,
    });
  });

  it("[B3] counts on behind the turns where only one user waits", () => {
    const names = numbered("a", 100);
    const line = lineOf(names.map(() => "a"));
    expect(placeOf("a30", line, turns(names), false)).toEqual({
      position: 31,
      ahead: 30,
      reason: "workers_busy",
      estStartMs: 305_000,
    });
  });

  it("[B7] tells how many are ahead behind the turns, and no position, where others wait too", () => {
    const line = lineOf([...Array<string>(100).fill("a"), ...Array<string>(60).fill("b")]);
    const names = numbered("a", 10).flatMap((name, index) => [name, `b${index}`]);
    const place = (name: string) => placeOf(name, line, turns(names), false);
    expect([place("a40"), place("b40"), place("a90")].map(({ position, ahead }) => [position, ahead])).toEqual([
      [null, 80],
      [null, 81],
      [null, 150],
    ]);
  });

  it("[B7] never tells one behind the turns a number that is among them", () => {
    const line = lineOf([...Array<string>(40).fill("a"), "b"]);
    for (let n = 0; n < 30; n++) line.hold("b");
    expect(placeOf("b0", line, turns(numbered("a", 40)), false).ahead).toBe(30);
    expect(placeOf("a20", line, turns(["b0", ...numbered("a", 40)]), false).ahead).toBe(20);
  });

  it("[B5] tells no start behind the turns where the turns have none", () => {
    const names = numbered("a", 100);
    const line = lineOf(names.map(() => "a"));
    expect(
      placeOf(
        "a30",
        line,
        turns(names, (index) => (index === 0 ? 0 : null)),
        false,
      ).estStartMs,
    ).toBeNull();
  });

  it("[B8] says that it is the user's own limit that holds the job, and tells no start behind the turns", () => {
    const line = lineOf(["a", "a"], { maxRunning: 1 });
    line.hold("a");
    for (const name of numbered("b", 40)) line.join(name, request("b"));
    expect(placeOf("a0", line, turns(["b0", "a0"]), false)).toMatchObject({ position: 2, reason: "your_concurrency" });
    expect(placeOf("b0", line, turns(["b0", "a0"]), false)).toMatchObject({ position: 1, reason: "workers_busy" });
    expect(placeOf("a1", line, turns(numbered("b", 40)), false)).toMatchObject({
      position: null,
      reason: "your_concurrency",
      estStartMs: null,
    });
  });

  it("[B8] says so of every user of a group at its limit, and of nobody else", () => {
    const line = lineOf(["p/a", "p/b", "q/a"], { groupMax: 1 });
    line.hold("p/a");
    const reasons = ["p/a0", "p/b0", "q/a0"].map((name) => placeOf(name, line, turns(["q/a0"]), false).reason);
    expect(reasons).toEqual(["your_concurrency", "your_concurrency", "workers_busy"]);
  });

  it("[B8] gives no number to a job that can never run", () => {
    const line = lineOf(["a"], { maxRunning: 0 });
    expect(placeOf("a0", line, [], false)).toEqual({
      position: null,
      ahead: null,
      reason: "your_concurrency",
      estStartMs: null,
    });
  });

  it("[B4] says offline before anything else, and tells no start then", () => {
    const line = lineOf(["a"], { maxRunning: 1 });
    line.hold("a");
    expect(placeOf("a0", line, turns(["a0"]), true)).toEqual({
      position: 1,
      ahead: 0,
      reason: "backend_offline",
      estStartMs: null,
    });
  });
});

describe("isNews", () => {
  const place = { position: 3, ahead: 2, reason: "workers_busy", estStartMs: 60_000 } as const;
  const told = { place, at: 0 };

  it("[B7] is what was never told, and every move", () => {
    expect(isNews(undefined, place, 0)).toBe(true);
    expect(isNews(told, { ...place, position: 2, ahead: 1 }, 0)).toBe(true);
    expect(isNews(told, { ...place, reason: "backend_offline" }, 0)).toBe(true);
  });

  it("[B5] is a start that became known, or unknown, or comes at another time than was told", () => {
    expect(isNews(told, { ...place, estStartMs: null }, 0)).toBe(true);
    expect(isNews({ place: { ...place, estStartMs: null }, at: 0 }, place, 0)).toBe(true);
    expect(isNews(told, { ...place, estStartMs: 90_000 }, 0)).toBe(true);
    expect(isNews(told, place, 20_000)).toBe(true);
  });

  it("[B5] is not the passing of time: twenty seconds on, the start is twenty seconds nearer", () => {
    expect(isNews(told, { ...place, estStartMs: 40_000 }, 20_000)).toBe(false);
    expect(isNews(told, { ...place, estStartMs: 44_000 }, 20_000)).toBe(false);
    expect(isNews(told, { ...place, estStartMs: 500 }, 70_000)).toBe(false);
  });
});
