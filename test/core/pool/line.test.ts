/** Who is served next. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Line } from "../../../src/core/pool/line.ts";
import { actions, limitActions, lineOf, PlayedLine, request, serveAll, serveNext } from "./played-line.ts";

const names = (line: Line) => serveAll(line).map(({ jobName }) => jobName);
const spread = (counts: Iterable<number>) => Math.max(...counts) - Math.min(...counts);
const RANK = { high: 0, normal: 1, low: 2 };

describe("between owners", () => {
  it("[B7] goes round: each owner in turn, however many jobs one has put in", () => {
    expect(names(lineOf(["a", "a", "a", "b", "c", "c"]))).toEqual(["a0", "b0", "c0", "a1", "c1", "a2"]);
  });

  it("[B7] serves who holds fewer leases first, whoever came first", () => {
    const line = lineOf(["a", "b"]);
    line.hold("a");
    expect(names(line)).toEqual(["b0", "a0"]);
  });

  it("[B7] among equals serves who has waited for a turn longest, since the last turn or since coming", () => {
    const line = lineOf(["a", "a", "b"]);
    serveNext(line);
    line.giveBack("a");
    line.join("c0", request("c"));
    expect(names(line)).toEqual(["b0", "a1", "c0"]);
  });

  it("[B7] moves nobody else's job for a high priority", () => {
    const line = lineOf(["a", "b"]);
    line.join("b1", request("b", { priority: "high" }));
    line.join("c0", request("c", { priority: "high" }));
    expect(names(line)).toEqual(["a0", "b1", "c0", "b0"]);
  });

  it("[B7] gives owners who always wait the same number of leases, give or take one, as places become free", () => {
    const owners = fc.integer({ min: 1, max: 8 });
    const slots = fc.integer({ min: 1, max: 12 });
    const served = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(owners, slots, served, fc.array(fc.nat({ max: 7 })), (count, places, rounds, first) => {
        const all = Array.from({ length: count }, (_, index) => `o${index}`);
        const line = new Line();
        let made = 0;
        const join = (owner: string) => line.join(`job${made++}`, request(owner));
        for (const index of first) join(all[index % count] ?? "o0");
        for (const owner of all) for (let n = 0; n < 60; n++) join(owner);
        const had = new Map(all.map((owner) => [owner, 0]));
        const running: string[] = [];
        for (let n = 0; n < rounds; n++) {
          if (running.length === places) line.giveBack(running.shift() ?? "");
          const { owner = "" } = serveNext(line) ?? {};
          running.push(owner);
          had.set(owner, (had.get(owner) ?? 0) + 1);
          expect(spread(had.values())).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("[B7] passes nobody twice who waits and holds nothing: no owner starves, whatever the others do", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const played = new PlayedLine();
        const passedBy = new Map<string, Set<string>>();
        for (const action of list) {
          const before = played.waiting();
          const job = played.play(action);
          if (!job) {
            // Who leaves, or may run nothing, is not passed over.
            for (const owner of [...passedBy.keys()])
              if (!played.waiting().some((one) => one.owner === owner)) passedBy.delete(owner);
            if (action.type === "withdraw" || action.type === "change") passedBy.clear();
            continue;
          }
          passedBy.delete(job.owner);
          for (const owner of new Set(before.map((one) => one.owner))) {
            if (owner === job.owner || played.held(owner) > 0) continue;
            if (before.some((one) => one.owner === owner && one.maxRunning === 0)) continue;
            const others = passedBy.get(owner) ?? new Set<string>();
            expect([...others]).not.toContain(job.owner);
            passedBy.set(owner, others.add(job.owner));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("within one owner", () => {
  it("[B7] goes by priority, then by age", () => {
    const line = lineOf(["a", "a"]);
    line.join("low", request("a", { priority: "low" }));
    line.join("high", request("a", { priority: "high" }));
    line.join("higher too", request("a", { priority: "high" }));
    expect(names(line)).toEqual(["high", "higher too", "a0", "a1", "low"]);
  });

  it("[B7] puts a job that asks with another priority where its age places it", () => {
    const line = lineOf(["a", "a", "a", "a"]);
    line.change("a0", request("a", { priority: "low" }));
    line.change("a3", request("a", { priority: "high" }));
    line.change("a0", request("a", { priority: "high" }));
    expect(names(line)).toEqual(["a0", "a3", "a1", "a2"]);
  });

  it("[B7] serves no job before one of the same owner that has the higher priority, or the same and is older", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const played = new PlayedLine();
        for (const action of list) {
          const job = played.play(action);
          if (!job) continue;
          const sooner = played
            .waiting()
            .filter((one) => one.owner === job.owner)
            .filter(
              (one) =>
                RANK[one.priority] - RANK[job.priority] < 0 || (one.priority === job.priority && one.place < job.place),
            );
          expect(sooner).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("[B7] gives no turn for changing the priority back and forth", () => {
    const line = lineOf(["a", "a", "b", "b"]);
    serveNext(line);
    line.giveBack("a");
    line.change("a1", request("a", { priority: "high" }));
    expect(names(line)).toEqual(["b0", "a1", "b1"]);
  });
});

describe("an owner's limit", () => {
  it("[B8] is never exceeded, and holds nobody else back", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const played = new PlayedLine();
        for (const action of list) {
          const job = played.play(action);
          if (job) expect(played.held(job.owner)).toBeLessThanOrEqual(job.maxRunning ?? Number.POSITIVE_INFINITY);
          const free = played.waiting().some((one) => one.maxRunning === null && !played.line.isAtLimit(one.owner));
          if (free) expect(played.line.next()).not.toBeNull();
        }
      }),
      { numRuns: 300 },
    );
  });

  it("[B8] passes the owner over until one of its leases ends", () => {
    const line = lineOf(["a", "a", "a"], { maxRunning: 1 });
    line.join("b0", request("b"));
    expect(names(line)).toEqual(["a0", "b0"]);
    expect([line.isAtLimit("a"), line.isAtLimit("b"), line.isAtLimit("c")]).toEqual([true, false, false]);
    line.giveBack("a");
    expect(line.isAtLimit("a")).toBe(false);
    expect(names(line)).toEqual(["a1"]);
  });
});

describe("the line", () => {
  it.each([
    ["owners", actions],
    ["groups whose limits change", limitActions],
  ])("[B7] is after a restart what it was before, with %s", (_, all) => {
    fc.assert(
      fc.property(all, (list) => {
        const played = new PlayedLine();
        for (const action of list) played.play(action);
        expect(names(played.rebuilt())).toEqual(names(played.line));
      }),
      { numRuns: 500 },
    );
  });

  it("[B7] remembers over a restart who had a turn, also when the job that was next has left", () => {
    const played = new PlayedLine();
    for (const owner of ["a", "a", "a", "b"])
      played.play({ type: "join", owner, priority: "normal", maxRunning: null });
    played.play({ type: "serve" });
    played.play({ type: "end", which: 0 });
    played.play({ type: "withdraw", which: 0 });
    expect(names(played.rebuilt())).toEqual(["job4", "job3"]);
  });

  it("[B7] moves a job that asks in another owner's name to the age it has", () => {
    const line = lineOf(["b", "a", "c"]);
    line.change("a0", request("d"));
    line.change("c0", request("b", { priority: "high" }));
    expect(names(line)).toEqual(["c0", "a0", "b0"]);
  });

  it("[B7] goes in one order only: asking who is next, or how many are ahead, moves nobody", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const [asked, left] = [new PlayedLine(), new PlayedLine()];
        for (const action of list) {
          asked.play(action);
          left.play(action);
          asked.line.contenders(3);
          for (const job of asked.waiting()) asked.line.ahead(job.jobName);
        }
        expect(names(asked.line)).toEqual(names(left.line));
      }),
    );
  });

  it("[B7] counts who is ahead as they would be served", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const played = new PlayedLine();
        for (const action of list) played.play(action.type === "join" ? { ...action, maxRunning: null } : action);
        const jobs = played.waiting();
        const counts = new Map(jobs.map(({ jobName }) => [jobName, played.line.ahead(jobName)]));
        const owners = new Set(jobs.map(({ owner }) => owner));
        for (const { alone } of counts.values()) expect(alone).toBe(owners.size === 1);
        expect(names(played.line).map((name) => counts.get(name)?.count)).toEqual(jobs.map((_, index) => index));
      }),
      { numRuns: 300 },
    );
  });

  it("[B7] knows nothing of jobs that left, and nothing of jobs that never came", () => {
    const line = lineOf(["a", "a"]);
    line.leave("a0");
    line.leave("a0");
    line.leave("nobody");
    expect([line.size, line.job("a0"), line.job("a1")?.jobName]).toEqual([1, null, "a1"]);
    expect(names(line)).toEqual(["a1"]);
    expect(line.next()).toBeNull();
  });
});
