/** Whose turn comes when. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forecast, type PoolNow } from "../../../src/core/pool/forecast.ts";
import { groupOf } from "../../../src/core/pool/groups.ts";
import { Line } from "../../../src/core/pool/line.ts";
import {
  type Action,
  actions,
  type GroupLimits,
  groupActions,
  groupLimits,
  lineOf,
  PlayedLine,
  request,
} from "./played-line.ts";

const NOW = 1_000_000;
const backend = (id: string, slots = 2) => ({ id, url: `https://${id}.example`, headers: {}, slots });
const lease = (owner: string, agoMs: number, backendId = "a", shape = "a shape") => ({
  owner,
  group: groupOf(owner),
  backendId,
  shape,
  grantedAt: NOW - agoMs,
});
/** One backend, runs of ten seconds. */
const pool = (rest: Partial<PoolNow> = {}): PoolNow => ({
  now: NOW,
  backends: [backend("a")],
  isUp: () => true,
  leases: [],
  runMs: () => 10_000,
  ...rest,
});
const told = (...args: Parameters<typeof forecast>) =>
  forecast(...args).map(({ jobName, startMs }) => [jobName, startMs]);

/** Plays the actions, and checks that the next `limit` turns are foreseen as they then come. */
function checkOrder(list: readonly Action[], limits: GroupLimits, spare: number, limit: number): void {
  const played = new PlayedLine(limits);
  for (const action of list) played.play(action);
  const slots = played.holders().length + spare - 1 || 1;
  const leases = played.holders().map((owner, index) => lease(owner, 1_000 - index));
  const now = pool({ backends: [backend("a", slots)], leases, runMs: () => null });
  const foreseen = forecast(played.line, now, limit);
  const served: string[] = [];
  while (served.length < limit) {
    const job = played.holders().length < slots ? played.play({ type: "serve" }) : null;
    if (job) served.push(job.jobName);
    else if (played.holders().length > 0) played.play({ type: "end", which: 0 });
    else break;
  }
  expect(foreseen.map(({ jobName }) => jobName)).toEqual(served);
}

describe("forecast", () => {
  const spare = fc.integer({ min: 1, max: 9 });

  it("[B7] tells the order in which jobs are then served, when leases end in the order they were given", () => {
    fc.assert(
      fc.property(actions, spare, (list, spare) => checkOrder(list, {}, spare, 20)),
      { numRuns: 300 },
    );
  });

  it("[B8] tells that order with groups at their limits too, however few turns are asked for", () => {
    fc.assert(fc.property(groupActions, groupLimits, spare, fc.integer({ min: 1, max: 20 }), checkOrder), {
      numRuns: 1_000,
    });
  });

  it("[B5] adds up what the runs before take: the rest of the present one, and each one after it", () => {
    const line = lineOf(["a", "a", "a"]);
    expect(told(line, pool({ leases: [lease("a", 4_000)] }), 20)).toEqual([
      ["a0", 6_000],
      ["a1", 16_000],
      ["a2", 26_000],
    ]);
  });

  it("[B5] takes a run on a full backend to have begun when the place behind it was given", () => {
    const leases = [lease("a", 60_000), lease("a", 3_000)];
    expect(told(lineOf(["a"]), pool({ leases }), 20)).toEqual([["a0", 17_000]]);
  });

  it("[B5] takes a run that is longer than usual to end at any moment", () => {
    expect(told(lineOf(["a"]), pool({ leases: [lease("a", 25_000)] }), 20)).toEqual([["a0", 0]]);
  });

  it("[B5] shares the jobs out over the backends that are not off", () => {
    const backends = [backend("a"), backend("b"), backend("c")];
    const line = lineOf(["x", "x", "x", "x"]);
    expect(told(line, pool({ backends, isUp: (id) => id !== "c", leases: [lease("y", 1_000)] }), 20)).toEqual([
      ["x0", 0],
      ["x1", 9_000],
      ["x2", 10_000],
      ["x3", 19_000],
    ]);
  });

  it("[B5] gives no time where a run before was never learned, but an idle backend is one", () => {
    const line = lineOf(["a"]);
    line.join("strange", request("a", { shape: "strange" }));
    line.join("a9", request("a"));
    const runMs = (shape: string) => (shape === "strange" ? null : 10_000);
    expect(told(line, pool({ runMs }), 20)).toEqual([
      ["a0", 0],
      ["strange", 10_000],
      ["a9", null],
    ]);
    expect(told(line, pool({ runMs, leases: [lease("b", 99_000, "a", "strange")] }), 1)).toEqual([["a0", null]]);
  });

  it("[B8] lets a job of an owner at its limit wait for that owner's own run, and the others go before", () => {
    const line = lineOf(["a"], { maxRunning: 1 });
    for (const name of ["b0", "b1"]) line.join(name, request("b"));
    line.hold("a");
    const runMs = (shape: string) => (shape === "long" ? 60_000 : 10_000);
    const backends = [backend("one", 1), backend("two", 1)];
    expect(told(line, pool({ backends, leases: [lease("a", 0, "one", "long")], runMs }), 20)).toEqual([
      ["b0", 0],
      ["b1", 10_000],
      ["a0", 60_000],
    ]);
  });

  it("[B8] lets a group at its limit wait for a run of its own, and the others go before", () => {
    const line = lineOf(["p/a", "p/b"], { groupMax: 1 });
    for (const name of ["q0", "q1"]) line.join(name, request("q/a"));
    line.hold("p/c");
    const runMs = (shape: string) => (shape === "long" ? 60_000 : 10_000);
    const backends = [backend("one", 1), backend("two", 1)];
    expect(told(line, pool({ backends, leases: [lease("p/c", 0, "one", "long")], runMs }), 20)).toEqual([
      ["q0", 0],
      ["q1", 10_000],
      ["p/a0", 60_000],
      ["p/b0", 70_000],
    ]);
  });

  it("[B8] finds those behind a crowd whose group may run few, and asking changes nothing", () => {
    const line = new Line();
    for (let n = 0; n < 100; n++) line.join(`p${n}`, request(`p/${n}`, { groupMax: 1 }));
    for (const name of ["q0", "r0"]) line.join(name, request(name));
    const backends = [backend("one", 1), backend("two", 1)];
    const turns = () => forecast(line, pool({ backends }), 5).map(({ jobName }) => jobName);
    expect(turns()).toEqual(["p0", "q0", "p1", "r0", "p2"]);
    expect(turns()).toEqual(["p0", "q0", "p1", "r0", "p2"]);
  });

  it("[B8] leaves out who may run nothing", () => {
    const line = lineOf(["a", "a"], { maxRunning: 0 });
    line.join("b0", request("b"));
    expect(told(line, pool(), 20)).toEqual([["b0", 0]]);
  });

  it("[B7] stops at the number of turns it is asked for", () => {
    const line = lineOf(Array.from({ length: 50 }, (_, index) => `o${index % 30}-`));
    const turns = forecast(line, pool({ leases: [lease("y", 0), lease("y", 0)] }), 20);
    expect(turns.map(({ jobName }) => jobName)).toEqual(Array.from({ length: 20 }, (_, index) => `o${index}-0`));
  });

  it("[B4] tells the order while every backend is off, and waits for the runs of one that is no longer configured", () => {
    const line = lineOf(["a", "b"]);
    expect(forecast(line, pool({ isUp: () => false }), 20).map(({ jobName }) => jobName)).toEqual(["a0", "b0"]);
    expect(told(line, pool({ leases: [lease("c", 2_000, "gone")] }), 1)).toEqual([["a0", 0]]);
  });
});
