/** A group's limit: of all its owners together. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Line } from "../../../src/core/pool/line.ts";
import { groupActions, groupLimits, lineOf, PlayedLine, request, serveAll } from "./played-line.ts";

const names = (line: Line) => serveAll(line).map(({ jobName }) => jobName);
const spread = (counts: Iterable<number>) => Math.max(...counts) - Math.min(...counts);

describe("a group's limit", () => {
  it("[B8] is never exceeded", () => {
    fc.assert(
      fc.property(groupActions, groupLimits, (list, limits) => {
        const played = new PlayedLine(limits);
        for (const action of list) {
          const job = played.play(action);
          if (job) expect(played.heldByGroup(job.group)).toBeLessThanOrEqual(limits[job.group] ?? 1_000);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("[B8] holds nobody of another group back: who is next is who would be if the jobs of the group were not there", () => {
    fc.assert(
      fc.property(groupActions, groupLimits, (list, limits) => {
        const played = new PlayedLine(limits);
        for (const action of list) {
          played.play(action);
          const others = played.rebuilt(({ group }) => played.heldByGroup(group) < (limits[group] ?? 1_000));
          expect(played.line.next()?.jobName).toBe(others.next()?.jobName);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("[B8] leaves the order within the group fair: nobody who waits and holds nothing is passed twice by another", () => {
    fc.assert(
      fc.property(groupActions, groupLimits, (list, limits) => {
        const played = new PlayedLine(limits);
        const passed = new Set<string>();
        for (const action of list) {
          const before = played.waiting();
          const job = played.play(action);
          if (action.type === "withdraw" || action.type === "change") passed.clear();
          if (!job) continue;
          for (const pair of passed) if (pair.startsWith(`${job.owner} `)) passed.delete(pair);
          for (const owner of new Set(before.map((one) => one.owner))) {
            const mayRun = !before.some((one) => one.owner === owner && one.maxRunning === 0);
            const mate = owner !== job.owner && before.some((one) => one.owner === owner && one.group === job.group);
            if (!mate || !mayRun || played.held(owner) > 0) continue;
            expect(passed).not.toContain(`${owner} by ${job.owner}`);
            passed.add(`${owner} by ${job.owner}`);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("[B8] shares the group's places among its owners who always wait, give or take one", () => {
    const small = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(small, small, fc.array(fc.nat({ max: 20 }), { maxLength: 60 }), (count, groupMax, ends) => {
        const all = Array.from({ length: count }, (_, index) => `p/${index}`);
        const line = new Line();
        for (const owner of [...all, "q/a"])
          for (let n = 0; n < 70; n++)
            line.join(`${owner} ${n}`, request(owner, owner === "q/a" ? { maxRunning: 2 } : { groupMax }));
        const had = new Map(all.map((owner) => [owner, 0]));
        const running: string[] = [];
        for (const end of ends) {
          for (const { owner } of serveAll(line)) {
            running.push(owner);
            if (owner === "q/a") continue;
            had.set(owner, (had.get(owner) ?? 0) + 1);
          }
          expect(running.filter((owner) => owner === "q/a")).toHaveLength(2);
          expect(running).toHaveLength(2 + groupMax);
          // In the order of their start, or else who ends early is rightly served more often.
          const [ended = ""] = running.splice(end % 2 === 0 ? 0 : running.indexOf("q/a"), 1);
          line.giveBack(ended);
          expect(spread(had.values())).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("[B8] passes all owners of the group over until a lease of any of them ends", () => {
    const line = lineOf(["p/a", "p/b", "p/a"], { groupMax: 1 });
    line.join("q", request("q/a"));
    expect(names(line)).toEqual(["p/a0", "q"]);
    expect([line.isAtLimit("p/a"), line.isAtLimit("p/b"), line.isAtLimit("q/a")]).toEqual([true, true, false]);
    line.giveBack("p/a");
    expect(line.isAtLimit("p/b")).toBe(false);
    expect(names(line)).toEqual(["p/b0"]);
  });

  it("[B8] is one for all its jobs, as the youngest of them says: raised or lowered, none is passed over for its age", () => {
    const line = lineOf(["p/a", "p/b"], { groupMax: 0 });
    expect(line.next()).toBeNull();
    line.join("raised", request("p/c", { groupMax: 2 }));
    expect(names(line)).toEqual(["p/a0", "p/b0"]);
    line.giveBack("p/a");
    line.join("lowered", request("p/d", { groupMax: 1 }));
    expect(line.next()).toBeNull();
    line.leave("lowered");
    expect(names(line)).toEqual(["raised"]);
  });

  it("[B8] counts a lease for the group in which it was given, whatever its owner asks in later", () => {
    const line = new Line();
    line.hold("a", "p");
    line.join("in p", request("b", { group: "p", groupMax: 1 }));
    line.join("in q", request("a", { group: "q", groupMax: 1 }));
    expect(names(line)).toEqual(["in q"]);
    line.giveBack("a", "p");
    expect(names(line)).toEqual(["in p"]);
  });
});
