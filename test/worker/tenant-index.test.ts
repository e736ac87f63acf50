/** A project's object lists its jobs, tells what changed, and counts what they used. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Admission, ChangesAnswer, ListQuery } from "../../src/core/tenant/vocabulary.ts";
import { startTenants, type TenantRpc, type TestTenants } from "../support/tenant.ts";
import { admission, listing, recordOf } from "../support/tenant-samples.ts";

const DAY_MS = 86_400_000;

let tenants: TestTenants;
beforeAll(async () => {
  tenants = await startTenants();
});
afterAll(() => tenants.close());

let count = 0;
const fresh = (): TenantRpc => tenants.project(`prj_index${String(++count).padStart(21, "0")}`);

/** Jobs as their objects report them, in this order. */
async function jobsIn(project: TenantRpc, all: Partial<Admission>[]): Promise<Admission[]> {
  const jobs = all.map((fields) => admission(fields));
  for (const job of jobs) await project.record(recordOf(job));
  return jobs;
}

async function idsOf(project: TenantRpc, query: Partial<ListQuery>): Promise<string[]> {
  return (await project.list(listing(query))).jobs.map(({ jobId }) => jobId);
}

const ids = (jobs: readonly { jobId: string }[]) => jobs.map(({ jobId }) => jobId);
type Page = Extract<ChangesAnswer, { type: "page" }>;

async function changesOf(project: TenantRpc, after: number | null, user: string | null = null, limit = 100) {
  const answer = await project.changes({ user, after, limit });
  expect(answer.type).toBe("page");
  return answer as Page;
}

describe("the list", () => {
  it("[T4] is newest first, page by page", async () => {
    const project = fresh();
    const jobs = await jobsIn(
      project,
      Array.from({ length: 7 }, () => ({})),
    );
    const seen: string[] = [];
    let before: number | null = null;
    do {
      const page = await project.list(listing({ before, limit: 3 }));
      seen.push(...ids(page.jobs));
      before = page.next;
    } while (before !== null);
    expect(seen).toEqual(ids(jobs).reverse());
  });

  it("[T4] has no next page where nothing is left to show on it", async () => {
    const project = fresh();
    await jobsIn(project, [{ user: "u" }, { user: "v" }, { user: "u" }]);
    expect((await project.list(listing({ limit: 3 }))).next).toBeNull();
    expect((await project.list(listing({ user: "u", limit: 2 }))).next).toBeNull();
    expect((await project.list(listing({ metadata: { a: "b" }, limit: 1 }))).next).toBeNull();
  });

  it("[T4] goes on where it stood whatever was added and removed", async () => {
    const project = fresh();
    const [oldest, middle, last] = await jobsIn(project, [{}, {}, {}]);
    const { jobs, next } = await project.list(listing({ limit: 1 }));
    expect(ids(jobs)).toEqual([last?.jobId]);
    await jobsIn(project, [{}, {}]);
    await project.record(recordOf(middle ?? admission(), { removed: "deleted", seq: 9 }));
    await project.record(recordOf(last ?? admission(), { removed: "expired", seq: 9 }));
    expect(await idsOf(project, { before: next })).toEqual([oldest?.jobId]);
  });

  it("[T4] filters by user, status, workflow, metadata and time", async () => {
    const project = fresh();
    const start = Date.now();
    const [a, b, c] = await jobsIn(project, [
      { user: "u", workflow: "img2img", createdAt: start },
      { user: "u", metadata: { screen: "editor" }, createdAt: start + 1 },
      { user: "v", createdAt: start + 2 },
    ]);
    await project.record(recordOf(c ?? admission(), { status: "failed", seq: 2 }));
    expect(await idsOf(project, { user: "u" })).toEqual([b?.jobId, a?.jobId]);
    expect(await idsOf(project, { workflow: "img2img" })).toEqual([a?.jobId]);
    expect(await idsOf(project, { metadata: { screen: "editor" } })).toEqual([b?.jobId]);
    expect(await idsOf(project, { status: ["failed", "expired"] })).toEqual([c?.jobId]);
    expect(await idsOf(project, { createdAfter: start, createdBefore: start + 2 })).toEqual([b?.jobId]);
    expect(await idsOf(project, { user: "u", status: ["failed"] })).toEqual([]);
  });

  it("[T4] knows metadata by their exact names and values, however they are written", async () => {
    const project = fresh();
    const odd = { 'say "hi"': "\\", "$.x": '","a":"b', constructor: "%", é: "\n" };
    const [job] = await jobsIn(project, [{ metadata: odd }, { metadata: { a: "b" } }, {}]);
    for (const [name, value] of Object.entries(odd)) {
      expect(await idsOf(project, { metadata: { [name]: value } })).toEqual([job?.jobId]);
      expect(await idsOf(project, { metadata: { [name]: `${value} ` } })).toEqual([]);
    }
    expect(await idsOf(project, { metadata: odd })).toEqual([job?.jobId]);
    expect(await idsOf(project, { metadata: { toString: "" } })).toEqual([]);
  });

  it("[T2] shows an ended job's document, but for one that is too large", async () => {
    const project = fresh();
    const [small, large] = await jobsIn(project, [{}, {}]);
    await project.record(recordOf(small ?? admission(), { status: "succeeded", seq: 2, doc: '{"seed":"1"}' }));
    await project.record(recordOf(large ?? admission(), { status: "failed", seq: 2, doc: "x".repeat(100_000) }));
    expect((await project.list(listing())).jobs).toEqual([
      { jobId: large?.jobId, terminal: true, doc: null },
      { jobId: small?.jobId, terminal: true, doc: '{"seed":"1"}' },
    ]);
  });
});

describe("the feed of changes", () => {
  it("[T5] brings every change since its cursor, each job as it is now, removals too", async () => {
    const project = fresh();
    const [a, b, c] = await jobsIn(project, [{}, {}, {}]);
    const first = await changesOf(project, null);
    expect(ids(first.jobs)).toEqual(ids([a, b, c].map((job) => job ?? admission())));
    expect(await changesOf(project, first.next)).toMatchObject({ jobs: [], removed: [], hasMore: false });
    await project.record(recordOf(a ?? admission(), { status: "running", seq: 2 }));
    await project.record(recordOf(b ?? admission(), { status: "succeeded", seq: 5 }));
    await project.record(recordOf(c ?? admission(), { removed: "deleted", seq: 3 }));
    await project.record(recordOf(a ?? admission(), { status: "failed", seq: 3 }));
    const second = await changesOf(project, first.next);
    expect(ids(second.jobs)).toEqual([b?.jobId, a?.jobId]);
    expect(second).toMatchObject({ removed: [c?.jobId], hasMore: false });
    await tenants.restart();
    expect(await changesOf(project, first.next)).toEqual(second);
    expect(await changesOf(project, second.next)).toMatchObject({ jobs: [], removed: [] });
  });

  it("[T5] in pages of one brings the same as at once", async () => {
    const project = fresh();
    const jobs = await jobsIn(project, [{}, {}, {}, {}]);
    await project.record(recordOf(jobs[1] ?? admission(), { status: "succeeded", seq: 2 }));
    await project.record(recordOf(jobs[2] ?? admission(), { removed: "expired", seq: 2 }));
    const whole = await changesOf(project, null);
    const seen: string[] = [];
    let page = await changesOf(project, null, null, 1);
    for (;;) {
      seen.push(...ids(page.jobs), ...page.removed);
      if (!page.hasMore) break;
      page = await changesOf(project, page.next, null, 1);
    }
    expect(new Set(seen)).toEqual(new Set([...ids(whole.jobs), ...whole.removed]));
    expect(seen).toHaveLength(4);
    expect(page.next).toBe(whole.next);
  });

  it("[T5] of a user brings that user's changes alone", async () => {
    const project = fresh();
    const [own, other] = await jobsIn(project, [{ user: "u" }, { user: "v" }]);
    await project.record(recordOf(other ?? admission(), { removed: "deleted", seq: 2 }));
    const feed = await changesOf(project, null, "u");
    expect(feed).toMatchObject({ jobs: [{ jobId: own?.jobId }], removed: [], hasMore: false });
    expect(await changesOf(project, feed.next, "u")).toMatchObject({ jobs: [], removed: [] });
  });

  it("[T5] says so when its cursor is older than the removals it remembers", async () => {
    const project = fresh();
    const [gone, kept] = await jobsIn(project, [{}, {}]);
    const { next: old } = await changesOf(project, null);
    await project.record(recordOf(gone ?? admission(), { removed: "deleted", seq: 2 }));
    const { next: recent } = await changesOf(project, null);
    await project.record(recordOf(kept ?? admission(), { status: "succeeded", seq: 2 }));
    const removedAt = Date.now();
    await project.alarmAt(removedAt + 29 * DAY_MS);
    expect((await changesOf(project, old)).removed).toEqual([gone?.jobId]);
    await project.alarmAt(removedAt + 30 * DAY_MS + 1_000);
    await project.record(recordOf(kept ?? admission(), { seq: 3, status: "succeeded", metadata: { a: "b" } }));
    expect(await project.changes({ user: null, after: old, limit: 10 })).toEqual({ type: "expired" });
    expect(await project.changes({ user: null, after: recent, limit: 10 })).toEqual({ type: "expired" });
    expect((await changesOf(project, null)).jobs).toMatchObject([{ jobId: kept?.jobId }]);
    // What is forgotten is not what is there.
    expect(await idsOf(project, {})).toEqual([kept?.jobId]);
  });

  it("[T5] does not believe a cursor from the future", async () => {
    const project = fresh();
    await jobsIn(project, [{}]);
    const { next } = await changesOf(project, null);
    expect(await project.changes({ user: null, after: next + 1, limit: 10 })).toEqual({ type: "expired" });
  });

  it("[T5] gives no number twice, whatever was forgotten before a restart", async () => {
    const project = fresh();
    const [job] = await jobsIn(project, [{}]);
    await project.record(recordOf(job ?? admission(), { removed: "expired", seq: 2 }));
    const { newest } = await project.stats();
    await project.alarmAt(Date.now() + 31 * DAY_MS);
    await tenants.restart();
    expect(await project.stats()).toMatchObject({ newest, floor: newest, unfinished: 0 });
    await jobsIn(project, [{}]);
    expect((await project.stats()).newest).toBeGreaterThan(newest);
  });

  it("[T5] gives no number twice, though a place that was given back is taken anew before a restart", async () => {
    const project = fresh();
    const ghost = admission();
    await project.admit(ghost);
    await project.alarmAt(Date.now() + 60_000);
    const { next, removed } = await changesOf(project, null);
    expect(removed).toEqual([ghost.jobId]);
    await project.admit(ghost);
    await tenants.restart();
    await project.record(recordOf(ghost, { status: "running" }));
    expect(ids((await changesOf(project, next)).jobs)).toEqual([ghost.jobId]);
  });
});

describe("use", () => {
  const span = { from: "2026-11-01", to: "2026-11-30" };
  const on = (day: number) => Date.UTC(2026, 10, day, 12);

  it("[T6] is counted once, by day, user and workflow", async () => {
    const project = fresh();
    const jobs = [
      admission({ user: "u", createdAt: on(3) }),
      admission({ user: "u", createdAt: on(4), workflow: null }),
      admission({ user: "v", createdAt: on(4) }),
      admission({ createdAt: on(5) }),
    ];
    const [a, b, c] = jobs.map((job) => recordOf(job, { status: "succeeded", seq: 2 }));
    for (const job of jobs) await project.admit(job);
    for (const record of [a, a, b, c, { ...a, seq: 3, metadata: { a: "b" } }]) {
      if (record?.jobId) await project.record({ ...recordOf(admission()), ...record });
    }
    await project.countUpload("u", 7, null);
    const days = await project.usage({ ...span, groupBy: "day" });
    expect(days.map(({ day, created, succeeded, run_ms }) => [day, created, succeeded, run_ms])).toEqual([
      ["2026-11-03", 1, 1, 1_000],
      ["2026-11-04", 2, 2, 2_000],
      ["2026-11-05", 1, 0, 0],
      ...days.slice(3).map(({ day }) => [day, 0, 0, 0]),
    ]);
    const users = await project.usage({ ...span, groupBy: "user" });
    expect(users.map(({ user, created, output_bytes }) => [user, created, output_bytes])).toEqual([
      ["u", 2, 2_048],
      [null, 1, 0],
      ["v", 1, 1_024],
    ]);
    const workflows = await project.usage({ ...span, groupBy: "workflow", user: "u" });
    expect(workflows.filter(({ created }) => created > 0).map(({ user, workflow }) => [user, workflow])).toEqual([
      ["u", null],
      ["u", "txt2img"],
    ]);
    expect(await project.usage({ from: "2026-11-04", to: "2026-11-04", groupBy: "day", user: "v" })).toMatchObject([
      { day: "2026-11-04", user: "v", created: 1 },
    ]);
    expect(await project.usage({ from: "2026-11-09", to: "2026-11-08", groupBy: "day" })).toEqual([]);
  });

  it("[T6] is kept for four hundred days", async () => {
    const project = fresh();
    const now = Date.now();
    await project.admit(admission({ createdAt: now }));
    const today = new Date(now).toISOString().slice(0, 10);
    await project.alarmAt(now + 400 * DAY_MS);
    expect(await project.usage({ from: today, to: today, groupBy: "day" })).toHaveLength(1);
    await project.alarmAt(now + 401 * DAY_MS);
    expect(await project.usage({ from: today, to: today, groupBy: "day" })).toEqual([]);
  });
});

it("[T2] a job's whole life costs at most twelve rows", async () => {
  const project = fresh();
  const live = async (job: Admission) => {
    await project.admit(job);
    await project.record(recordOf(job));
    await project.record(recordOf(job, { status: "running", seq: 2 }));
    await project.record(recordOf(job, { status: "succeeded", seq: 3 }));
  };
  await live(admission({ user: "u" }));
  const before = (await project.stats()).rowsWritten;
  await live(admission({ user: "u", metadata: { screen: "editor" } }));
  expect((await project.stats()).rowsWritten - before).toBeLessThanOrEqual(12);
});
