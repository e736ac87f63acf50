/** A project's object dies between any two writes: who calls it calls again, and the index says what the jobs say. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Admission, JobRecord } from "../../src/core/tenant/vocabulary.ts";
import { startTenants, type TenantRpc, type TestTenants } from "../support/tenant.ts";
import { admission, listing, recordOf } from "../support/tenant-samples.ts";

let tenants: TestTenants;
beforeAll(async () => {
  tenants = await startTenants();
});
afterAll(() => tenants.close());

let count = 0;
const fresh = (): TenantRpc => tenants.project(`prj_crash${String(++count).padStart(21, "0")}`);

/** Dies at the point when `act` comes by; then again, as callers do. */
async function dyingAt(project: TenantRpc, point: string | null, act: () => Promise<unknown>): Promise<void> {
  if (point !== null) {
    await project.dieAt(point);
    await expect(act()).rejects.toThrow();
  }
  await act();
}

const ADMIT = ["admit:before", "admit:written", "admit:after"];
const RECORD = ["record:before", "record:written", "record:after"];

/** Lives a job's life, dying at one point of one step. */
async function live(project: TenantRpc, job: Admission, diesIn: string, point: string): Promise<void> {
  const at = (step: string) => (step === diesIn ? point : null);
  const report = (step: string, fields: Partial<JobRecord>) =>
    dyingAt(project, at(step), () => project.record(recordOf(job, fields)));
  await dyingAt(project, at("admit"), () => project.admit(job));
  await report("create", { seq: 1 });
  await report("finish", { seq: 2, status: "succeeded" });
  if (diesIn === "delete") await report("delete", { seq: 3, status: "succeeded", removed: "deleted", doc: null });
}

const cases = [
  ...ADMIT.map((point) => ["admit", point] as const),
  ...["create", "finish", "delete"].flatMap((step) => RECORD.map((point) => [step, point] as const)),
];

describe("a death", () => {
  it.each(cases)("[T1, T2, T6] in the %s at %s leaves an index that equals the jobs", async (step, point) => {
    const project = fresh();
    await project.update({ limits: { jobs_per_day: 10, queue_places: 10 } });
    const [before, job, after] = [admission(), admission({ user: "u" }), admission()];
    await live(project, before, "", "");
    await live(project, job, step, point);
    await project.admit(after);
    await project.record(recordOf(after));
    const gone = step === "delete";
    const ended = (one: Admission) => ({
      jobId: one.jobId,
      terminal: true,
      doc: recordOf(one, { status: "succeeded" }).doc,
    });
    const shown = [ended(before), ...(gone ? [] : [ended(job)])];
    const { jobs } = await project.list(listing());
    expect(jobs).toEqual([{ jobId: after.jobId, terminal: false, doc: null }, ...shown.reverse()]);
    const feed = await project.changes({ user: null, after: null, limit: 10 });
    expect(feed).toMatchObject({ type: "page", removed: gone ? [job.jobId] : [], hasMore: false });
    expect(await project.quotas(null, null)).toMatchObject([
      { name: "jobs_per_day", used: 3 },
      { name: "queue_places", used: 1 },
    ]);
    const today = new Date().toISOString().slice(0, 10);
    const [use] = await project.usage({ from: today, to: today, groupBy: "user", user: "u" });
    expect(use).toMatchObject({ created: 1, succeeded: 1, run_ms: 1_000, output_bytes: 1_024 });
  });

  it("[T7] after a job was let in, and never a word from it: its place is given back all the same", async () => {
    const project = fresh();
    await project.update({ limits: { jobs_per_day: 10, queue_places: 10 } });
    await project.dieAt("admit:after");
    await expect(project.admit(admission())).rejects.toThrow();
    const { alarmAt, pending } = await project.stats();
    expect(pending).toBe(1);
    expect((alarmAt ?? 0) - Date.now()).toBeLessThanOrEqual(60_000);
    await project.alarmAt((alarmAt ?? 0) + 1);
    expect(await project.quotas(null, null)).toMatchObject([{ used: 0 }, { used: 0 }]);
  });

  it("[T2] of the whole index: it comes back from what the jobs report", async () => {
    const [lost, found] = [fresh(), fresh()];
    const jobs = Array.from({ length: 5 }, (_, n) => admission({ user: n % 2 ? "u" : null }));
    const records = jobs.map((job, n) => recordOf(job, { seq: 7, status: n < 3 ? "failed" : "running" }));
    for (const [n, job] of jobs.entries()) {
      await lost.admit(job);
      await lost.record(records[n] ?? recordOf(job));
    }
    for (const record of records) await found.record(record);
    expect(await found.list(listing())).toEqual(await lost.list(listing()));
    const today = new Date().toISOString().slice(0, 10);
    const days = { from: today, to: today, groupBy: "user" as const };
    expect(await found.usage(days)).toEqual(await lost.usage(days));
    expect(await found.stats()).toMatchObject({ unfinished: 2, pending: 0 });
  });
});
