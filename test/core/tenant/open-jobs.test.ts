/** The unfinished jobs in memory. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admitted, heard } from "../../../src/core/tenant/index-row.ts";
import { type OpenJob, OpenJobs, openJob, PENDING_MS, SILENT_MS } from "../../../src/core/tenant/open-jobs.ts";
import { must } from "../../../src/core/util/assert.ts";
import { admission, recordOf } from "../../support/tenant-samples.ts";

const job = (jobId: string, fields: Partial<OpenJob> = {}): OpenJob => ({
  jobId,
  position: 1,
  user: null,
  status: "queued",
  seq: 1,
  change: 0,
  pending: false,
  askAt: 0,
  ...fields,
});

describe("open jobs", () => {
  it("[T3] are counted by project and by user, whatever comes and goes", () => {
    const step = fc.record({
      id: fc.constantFrom("a", "b", "c", "d", "e"),
      user: fc.constantFrom(null, "u", "v"),
      status: fc.constantFrom("queued" as const, "running" as const, "canceling" as const),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const open = new OpenJobs();
        const model = new Map<string, { user: string | null; status: string }>();
        for (const { id, user, status, gone } of steps) {
          if (gone) {
            open.delete(id);
            model.delete(id);
          } else {
            open.set(job(id, { user, status }));
            model.set(id, { user, status });
          }
        }
        for (const user of [null, "u", "v"]) {
          const own = [...model.values()].filter((one) => user === null || one.user === user);
          const running = own.filter((one) => one.status !== "queued").length;
          expect(open.count(user)).toEqual({ unfinished: own.length, running });
          expect([...open.of(user)]).toHaveLength(own.length);
        }
      }),
    );
  });

  it("[T5] that changed are told oldest change first, and pending ones not at all", () => {
    const open = new OpenJobs();
    open.set(job("late", { change: 9 }));
    open.set(job("early", { change: 4 }));
    open.set(job("known", { change: 2 }));
    open.set(job("beyond", { change: 11 }));
    open.set(job("pending", { change: 5, pending: true }));
    expect(open.changed(null, 3, 10).map(({ jobId }) => jobId)).toEqual(["early", "late"]);
  });

  it("[T7] are asked after a minute without a word, and after a day of silence", () => {
    const now = 1_000_000;
    const taken = admitted(admission(), null, now).row;
    const running = must(heard(taken, recordOf(admission(), { status: "running" }), 1, now), "news").row;
    expect(openJob(taken, 1)).toMatchObject({ pending: true, askAt: now + PENDING_MS });
    expect(openJob(running, 1)).toMatchObject({ pending: false, askAt: now + SILENT_MS });
  });

  it("[T7] are asked when they are due, the longest due first", () => {
    const open = new OpenJobs();
    open.set(job("soon", { askAt: 30 }));
    open.set(job("later", { askAt: 50 }));
    open.set(job("first", { askAt: 10 }));
    expect(open.toAsk(30, 9).map(({ jobId }) => jobId)).toEqual(["first", "soon"]);
    expect(open.toAsk(30, 1).map(({ jobId }) => jobId)).toEqual(["first"]);
    expect(open.nextAsk()).toBe(10);
    expect(new OpenJobs().nextAsk()).toBeNull();
  });
});
