/** A project's object lets jobs in, counts them, and gives back what was taken for nothing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Limits } from "../../src/contract/account.ts";
import { startTenants, type TenantRpc, type TestTenants } from "../support/tenant.ts";
import { admission, listing, recordOf } from "../support/tenant-samples.ts";

const MINUTE_MS = 60_000;

let tenants: TestTenants;
beforeAll(async () => {
  tenants = await startTenants();
});
afterAll(() => tenants.close());

let count = 0;
async function limited(limits: Partial<Limits>, userLimits: Partial<Limits> = {}): Promise<TenantRpc> {
  const project = tenants.project(`prj_limits${String(++count).padStart(20, "0")}`);
  await project.update({ limits, user_limits: userLimits });
  return project;
}

describe("letting jobs in", () => {
  it("[T1] counts a job once, however often and at once it asks", async () => {
    const project = await limited({ jobs_per_day: 5 }, { queue_places: 1 });
    const job = admission({ user: "u" });
    const answers = await Promise.all(Array.from({ length: 40 }, () => project.admit(job)));
    expect(new Set(answers.map(({ type }) => type))).toEqual(new Set(["admitted"]));
    expect(await project.quotas("u", null)).toMatchObject([
      { name: "jobs_per_day", used: 1 },
      { name: "queue_places", used: 1 },
    ]);
    expect((await project.list(listing())).jobs).toEqual([{ jobId: job.jobId, terminal: false, doc: null }]);
  });

  it("[T1] lets a known job in again when the limit is used up meanwhile", async () => {
    const project = await limited({ jobs_per_day: 1 });
    const job = admission();
    await project.admit(job);
    expect(await project.admit(admission())).toMatchObject({ type: "limited", code: "quota_exceeded" });
    expect(await project.admit(job)).toMatchObject({ type: "admitted" });
    await project.record(recordOf(job, { status: "failed" }));
    expect(await project.admit(job)).toMatchObject({ type: "admitted" });
  });

  it("[T3] uses nothing up where it refuses", async () => {
    const project = await limited({ jobs_per_day: 10, queue_places: 2, creates_per_minute: 50 });
    for (let n = 0; n < 2; n++) await project.admit(admission());
    const before = await project.quotas(null, null);
    const refused = await project.admit(admission());
    expect(refused).toMatchObject({ type: "limited", code: "queue_full", quota: { name: "queue_places", used: 2 } });
    expect(await project.quotas(null, null)).toEqual(before);
    expect((await project.list(listing())).jobs).toHaveLength(2);
  });

  it("[T3] holds each user to the user's limits, and all of them to the project's", async () => {
    const project = await limited({ jobs_per_day: 3 }, { jobs_per_day: 2 });
    const ask = async (user: string | null, tokenLimits: Partial<Limits> | null = null) => {
      const answer = await project.admit(admission({ user, tokenLimits }));
      return answer.type === "limited" ? answer.quota.scope : answer.type;
    };
    expect(await ask("u", { jobs_per_day: 1 })).toBe("admitted");
    expect(await ask("u", { jobs_per_day: 1 })).toBe("token");
    expect(await ask("u")).toBe("admitted");
    expect(await ask("u")).toBe("user");
    expect(await ask("v")).toBe("admitted");
    expect(await ask("v")).toBe("project");
    expect(await ask(null)).toBe("project");
  });

  it("[T3] frees a place when its job ends, and forgets neither day nor places in a restart", async () => {
    const project = await limited({ jobs_per_day: 3 }, { queue_places: 1, concurrent: 4 });
    const job = admission({ user: "u" });
    await project.admit(job);
    await project.record(recordOf(job, { status: "running" }));
    await tenants.restart();
    expect(await project.admit(admission({ user: "u" }))).toMatchObject({ code: "concurrency_limited" });
    expect(await project.quotas("u", null)).toMatchObject([
      { name: "jobs_per_day", used: 1 },
      { name: "concurrent", used: 1, remaining: 3 },
      { name: "queue_places", used: 1, remaining: 0 },
    ]);
    await project.record(recordOf(job, { status: "succeeded", seq: 2 }));
    expect(await project.admit(admission({ user: "u" }))).toMatchObject({
      type: "admitted",
      concurrent: 4,
      projectConcurrent: null,
    });
  });

  it("[T3] counts creations of the minute by user", async () => {
    const project = await limited({}, { creates_per_minute: 2 });
    for (let n = 0; n < 2; n++) await project.admit(admission({ user: "u" }));
    const answer = await project.admit(admission({ user: "u" }));
    // The minute may have turned on the way here; then the window is a new one.
    if (answer.type === "limited") {
      expect(answer).toMatchObject({ code: "rate_limited", quota: { name: "creates_per_minute", scope: "user" } });
      expect(answer.retryAfterMs).toBeLessThanOrEqual(MINUTE_MS);
    } else {
      expect(answer).toMatchObject({ type: "admitted", quotas: [{ used: 1 }] });
    }
    expect(await project.admit(admission({ user: "v" }))).toMatchObject({ type: "admitted" });
  });
});

describe("uploads and streams", () => {
  it("[T3] uploads are counted in bytes of the day, over a restart too", async () => {
    const project = await limited({}, { upload_bytes_per_day: 100 });
    expect(await project.countUpload("u", 60, null)).toMatchObject({ type: "counted", quotas: [{ remaining: 40 }] });
    await tenants.restart();
    expect(await project.countUpload("u", 41, null)).toMatchObject({ type: "limited", code: "quota_exceeded" });
    expect(await project.countUpload("v", 100, null)).toMatchObject({ type: "counted" });
    expect(await project.countUpload("u", 40, { upload_bytes_per_day: 90 })).toMatchObject({
      type: "limited",
      quota: { scope: "token" },
    });
    expect(await project.countUpload("u", 40, null)).toMatchObject({ type: "counted", quotas: [{ remaining: 0 }] });
  });

  it("[T3] streams are counted while they are open", async () => {
    const project = await limited({ streams: 3 }, { streams: 1 });
    expect(await project.openStream("a", "u", null)).toMatchObject({ type: "opened" });
    expect(await project.openStream("a", "u", null)).toMatchObject({ type: "opened" });
    expect(await project.openStream("b", "u", null)).toMatchObject({ type: "limited", code: "too_many_streams" });
    expect(await project.openStream("c", null, null)).toMatchObject({ type: "opened" });
    await project.closeStream("a");
    expect(await project.openStream("b", "u", null)).toMatchObject({ type: "opened" });
  });
});

describe("a place taken for a job that never came to be", () => {
  it("[T7] is given back within minutes, and the feed says so", async () => {
    const project = await limited({ jobs_per_day: 2, queue_places: 2 });
    const [ghost, real] = [admission({ user: "u" }), admission()];
    await project.admit(ghost);
    await project.admit(real);
    await project.record(recordOf(real));
    expect(await project.stats()).toMatchObject({ unfinished: 2, pending: 1 });
    const due = (await project.stats()).alarmAt ?? 0;
    expect(due - Date.now()).toBeLessThanOrEqual(MINUTE_MS);
    await project.alarmAt(due - 1);
    expect(await project.stats()).toMatchObject({ pending: 1 });
    await project.alarmAt(Date.now() + MINUTE_MS);
    expect(await project.stats()).toMatchObject({ unfinished: 1, pending: 0 });
    expect(await project.quotas(null, null)).toMatchObject([
      { name: "jobs_per_day", used: 1 },
      { name: "queue_places", used: 1 },
    ]);
    expect((await project.list(listing())).jobs.map(({ jobId }) => jobId)).toEqual([real.jobId]);
    const feed = await project.changes({ user: null, after: null, limit: 10 });
    expect(feed).toMatchObject({ removed: [ghost.jobId], jobs: [{ jobId: real.jobId }] });
  });

  it("[T7] may be taken again by the same job, which is then counted", async () => {
    const project = await limited({ jobs_per_day: 1 });
    const ghost = admission();
    await project.admit(ghost);
    await project.alarmAt(Date.now() + MINUTE_MS);
    expect(await project.admit(ghost)).toMatchObject({ type: "admitted", quotas: [{ used: 1 }] });
    expect(await project.admit(admission())).toMatchObject({ type: "limited" });
    await project.record(recordOf(ghost, { status: "succeeded" }));
    expect((await project.list(listing())).jobs).toMatchObject([{ jobId: ghost.jobId, terminal: true }]);
  });

  it("[T2, T7] is the job's all the same when it is heard of only after it was given up", async () => {
    const project = await limited({ jobs_per_day: 50, queue_places: 50 });
    const jobs = [admission(), admission(), admission()];
    for (const job of jobs) await project.admit(job);
    await project.alarmAt(Date.now() + MINUTE_MS);
    expect(await project.quotas(null, null)).toMatchObject([{ used: 0 }, { used: 0 }]);
    for (const job of jobs) await project.record(recordOf(job));
    expect(await project.stats()).toMatchObject({ unfinished: 3, pending: 0 });
    expect(await project.quotas(null, null)).toMatchObject([{ used: 3 }, { used: 3 }]);
    expect((await project.list(listing())).jobs).toHaveLength(3);
  });

  it("[T7] is not given back when the job is heard of in time", async () => {
    const project = await limited({ jobs_per_day: 5 });
    const job = admission();
    await project.admit(job);
    await project.record(recordOf(job));
    await project.alarmAt(Date.now() + 10 * MINUTE_MS);
    expect(await project.stats()).toMatchObject({ unfinished: 1, pending: 0 });
    expect(await project.quotas(null, null)).toMatchObject([{ used: 1 }]);
  });

  it("[T2, T7] is freed too when a job that was heard of is gone without a word", async () => {
    const project = await limited({ jobs_per_day: 5, queue_places: 5 });
    const job = admission();
    await project.admit(job);
    await project.record(recordOf(job, { status: "running" }));
    await project.alarmAt(Date.now() + 25 * 60 * MINUTE_MS);
    expect(await project.quotas(null, null)).toMatchObject([{ used: 1 }, { used: 0 }]);
    expect((await project.list(listing())).jobs).toEqual([]);
  });
});
