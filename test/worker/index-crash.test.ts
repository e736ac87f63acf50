import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { ulid } from "../../src/core/util/ids.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const freshId = () => `job_${ulid(Date.now(), randomBytes(10))}`;
const bodyOf = (id: string) => ({ id, workflow: "demo", inputs: { seed: "7" } });
/** Longer than the alarm takes to bring a job back whose object has died. */
const PATIENCE = { timeout: 40_000, interval: 250 };

type Page = { data: Job[]; has_more: boolean; next_cursor: string | null };

/** All jobs that the project's index lists, newest first. */
async function listed(query = ""): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let cursor = ""; ; ) {
    const page = (await (await worker.request(`/v1/jobs?limit=50${query}${cursor}`)).json()) as Page;
    jobs.push(...page.data);
    if (page.next_cursor === null) return jobs;
    cursor = `&cursor=${page.next_cursor}`;
  }
}

/** What the index alone says: no job is asked, and so none is woken. */
const endedInIndex = async () => (await listed("&status=succeeded,failed,canceled,expired")).map((job) => job.id);

async function deletedInIndex(): Promise<string[]> {
  const page = (await (await worker.request("/v1/changes?limit=100")).json()) as { deleted: string[] };
  return page.deleted;
}

/** Every job is listed as it is, and nothing else is listed. */
async function expectIndexIsJobs(ids: readonly string[]): Promise<void> {
  const jobs = await Promise.all(
    ids.map(async (id) => (await worker.request(`/v1/jobs/${id}`)).json() as Promise<Job>),
  );
  const there = jobs.filter((job) => job.object === "job");
  const newest = (a: Job, b: Job) => (a.id < b.id ? 1 : -1);
  expect((await listed()).sort(newest)).toEqual(there.sort(newest));
}

/** Creates a job with an object dying meanwhile; the status of the answer, null where there was none. */
async function create(id: string): Promise<number | null> {
  const answer = await worker.post("/v1/jobs", bodyOf(id)).catch(() => null);
  return answer?.status ?? null;
}

const remove = (id: string) => worker.request(`/v1/jobs/${id}`, { method: "DELETE" }).catch(() => null);
const died = (status: number | null) => status === null || status >= 500;
const logged = (id: string, event: string) => worker.logs.some((line) => line.includes(id) && line.includes(event));

const all: string[] = [];
const notMade: string[] = [];

describe("the index after a crash between any two writes", () => {
  it.each(["create:before-write", "create:after-write"])(
    "[T2] of a create, in the job's object (%s): it lists the job if there is one, once, however often it is asked for",
    async (point) => {
      const [tried, retried] = [freshId(), freshId()];
      for (const id of [tried, retried]) {
        await worker.dieAt({ job: id }, point);
        expect(died(await create(id))).toBe(true);
      }
      expect(await create(retried)).toBe(202);
      const made = point === "create:after-write";
      expect((await worker.request(`/v1/jobs/${tried}`)).status).toBe(made ? 200 : 404);
      (made ? all : notMade).push(tried);
      all.push(retried);
      await expect.poll(endedInIndex, PATIENCE).toEqual(expect.arrayContaining(all));
      await expectIndexIsJobs([...all, ...notMade]);
    },
  );

  it.each(["admit:before", "admit:written", "admit:after"])(
    "[T2] of a create, in the project's object (%s): no job was made, and asked for again it is made once",
    async (point) => {
      const id = freshId();
      await worker.dieAt({ tenant: worker.project }, point);
      expect(died(await create(id))).toBe(true);
      expect((await worker.request(`/v1/jobs/${id}`)).status).toBe(404);
      expect(await create(id)).toBe(202);
      all.push(id);
      await expect.poll(endedInIndex, PATIENCE).toEqual(expect.arrayContaining(all));
      await expectIndexIsJobs([...all, ...notMade]);
    },
  );

  it("[T2] [J35] of jobs' way to their end, in the jobs' objects: it hears of the end all the same", async () => {
    const points = ["report:before-index", "report:after-index", "finish:before-index", "finish:after-index"];
    const ids = points.map(freshId);
    all.push(...ids);
    await Promise.all(ids.map((id, at) => worker.dieAt({ job: id }, points[at] ?? "")));
    await Promise.all(ids.map(create));
    await expect.poll(endedInIndex, PATIENCE).toEqual(expect.arrayContaining(ids));
    for (const id of ids) {
      expect((await worker.getJob(id)).status).toBe("succeeded");
      expect(logged(id, "job_resumed")).toBe(true);
    }
    await expectIndexIsJobs([...all, ...notMade]);
  });

  it.each(["record:before", "record:written", "record:after"])(
    "[T2] [J35] of a job's way to its end, in the project's object (%s): it is told again until it has heard",
    async (point) => {
      const id = freshId();
      all.push(id);
      await worker.dieAt({ tenant: worker.project }, point);
      await create(id);
      await expect.poll(endedInIndex, PATIENCE).toContain(id);
      expect(logged(id, "index_not_heard")).toBe(true);
      await expectIndexIsJobs([...all, ...notMade]);
    },
  );

  it("[T2] [J34] of deletes, in the jobs' objects: what is gone is listed no more, and told as deleted", async () => {
    const points = ["remove:before-index", "remove:after-index", "remove:after-media", "remove:after-rows"];
    const ids = all.slice(0, points.length);
    for (const [at, id] of ids.entries()) {
      await worker.dieAt({ job: id }, points[at] ?? "");
      await remove(id);
    }
    await expect.poll(deletedInIndex, PATIENCE).toEqual(expect.arrayContaining(ids));
    expect(await endedInIndex()).not.toEqual(expect.arrayContaining(ids));
    await expectIndexIsJobs([...all, ...notMade]);
  });

  it.each(["record:before", "record:written", "record:after"])(
    "[T2] [J34] of a delete, in the project's object (%s): it is told again before the rows go",
    async (point) => {
      const id = freshId();
      all.push(id);
      await create(id);
      await expect.poll(endedInIndex, PATIENCE).toContain(id);
      await worker.dieAt({ tenant: worker.project }, point);
      await remove(id);
      await expect.poll(deletedInIndex, PATIENCE).toContain(id);
      expect(logged(id, "index_not_heard")).toBe(true);
      await expectIndexIsJobs([...all, ...notMade]);
    },
  );

  it("[T2] is the same after everything was killed at once", async () => {
    const running = await Promise.all(
      Array.from({ length: 6 }, async () => (await worker.createJob(bodyOf(freshId()))).id),
    );
    await Promise.all(running.slice(0, 2).map(remove));
    await worker.killAndStart();
    all.push(...running);
    await expect.poll(deletedInIndex, PATIENCE).toEqual(expect.arrayContaining(running.slice(0, 2)));
    await expect.poll(endedInIndex, PATIENCE).toEqual(expect.arrayContaining(running.slice(2)));
    await expectIndexIsJobs([...all, ...notMade]);
  });
});
