/** The feed of changes: what an app that was away is told in one call, and where it goes on. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { ulid } from "../../src/core/util/ids.ts";
import { ticking } from "../support/graphs.ts";
import { specOf } from "../support/job-samples.ts";
import {
  asUser,
  changesSince,
  eventually,
  listedIds,
  projectWith,
  refused,
  remove,
  send,
  stop,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const demo = (more: Record<string, unknown> = {}) => ({ workflow: "demo", inputs: { width: 64, height: 64 }, ...more });

/** An app that keeps its cursor, and the jobs as it knows them. */
class App {
  readonly jobs = new Map<string, Job>();
  readonly client: WorkerClient;
  readonly limit: number;
  #cursor = "";

  constructor(client: WorkerClient, limit = 20) {
    this.client = client;
    this.limit = limit;
  }

  /** Comes to the front: takes over whatever happened; gives what it was told. */
  async open(): Promise<{ changed: string[]; deleted: string[]; pages: number }> {
    const told = { changed: [] as string[], deleted: [] as string[], pages: 0 };
    for (let more = true; more; ) {
      const page = await changesSince(this.client, this.#cursor, { limit: String(this.limit) });
      told.pages += 1;
      told.changed.push(...page.jobs.map((job) => job.id));
      told.deleted.push(...page.deleted);
      for (const job of page.jobs) this.jobs.set(job.id, job);
      for (const id of page.deleted) this.jobs.delete(id);
      this.#cursor = page.next_cursor;
      more = page.has_more;
    }
    return told;
  }

  /** Opens again and again until this is so. */
  async until(wanted: (app: App) => boolean): Promise<void> {
    await eventually(async () => {
      await this.open();
      return wanted(this);
    }).toBe(true);
  }
}

describe("the feed", () => {
  it("[T5] from the beginning has every job once, as it is now, in the compact view", async () => {
    const project = await projectWith(worker);
    const jobs = [await project.run(demo()), await project.run(demo({ metadata: { screen: "editor" } }))];
    const app = new App(project);
    await app.until(() => app.jobs.size === 2);
    expect([...app.jobs.values()]).toEqual(jobs.map((job) => ({ ...job, inputs: null, warnings: [] })));
  });

  it("[T5] of a project where nothing happened yet has a cursor to go on from", async () => {
    const project = await projectWith(worker);
    const app = new App(project);
    expect(await app.open()).toEqual({ changed: [], deleted: [], pages: 1 });
    const { id } = await project.createJob(demo());
    await app.until(() => app.jobs.get(id)?.status === "succeeded");
  });

  it("[T5] since a cursor has what changed and nothing else", async () => {
    const project = await projectWith(worker);
    const [first, second] = [await project.run(demo()), await project.run(demo())];
    const app = new App(project);
    await app.until(() => app.jobs.size === 2);
    expect(await app.open()).toEqual({ changed: [], deleted: [], pages: 1 });
    await send(project, "PATCH", `/v1/jobs/${first.id}`, { metadata: { seen: "yes" } });
    await app.until(() => app.jobs.get(first.id)?.metadata.seen === "yes");
    const third = await project.run(demo());
    await app.until(() => app.jobs.get(third.id)?.terminal === true);
    expect(app.jobs.get(second.id)?.seq).toBe(second.seq);
    expect(await app.open()).toEqual({ changed: [], deleted: [], pages: 1 });
  });

  it("[T5] shows an unfinished job as it is now, and again when it ends", async () => {
    const project = await projectWith(worker);
    const app = new App(project);
    const { id } = await project.createJob({ graph: ticking(2_000, 20) });
    await project.until(id, (job) => (job.progress.step ?? 0) > 3);
    await app.open();
    expect(app.jobs.get(id)).toMatchObject({ status: "running", progress: { steps: 2_000 } });
    expect(app.jobs.get(id)?.progress.step).toBeGreaterThan(3);
    await stop(project, { id });
    await app.until(() => app.jobs.get(id)?.status === "canceled");
  });

  it("[T5] in small pages has the same as in one", async () => {
    const project = await projectWith(worker);
    for (let n = 0; n < 5; n++) await project.run(demo());
    await eventually(() => listedIds(project, { status: "succeeded" })).toHaveLength(5);
    const [small, whole] = [new App(project, 1), new App(project, 100)];
    await whole.open();
    const { changed, pages } = await small.open();
    expect(pages).toBeGreaterThanOrEqual(5);
    expect(changed).toEqual([...new Set(changed)]);
    expect(small.jobs).toEqual(whole.jobs);
  });

  it("[T5, J34] tells of a deletion once, and never again of the job", async () => {
    const project = await projectWith(worker);
    const [kept, gone] = [await project.run(demo()), await project.run(demo())];
    const app = new App(project);
    await app.until(() => app.jobs.size === 2);
    await remove(project, `/v1/jobs/${gone.id}`);
    await app.until(() => !app.jobs.has(gone.id));
    expect([...app.jobs.keys()]).toEqual([kept.id]);
    expect(await app.open()).toEqual({ changed: [], deleted: [], pages: 1 });
    // A new phone hears of it too: it may have the job from a backup.
    const fresh = new App(project);
    expect(await fresh.open()).toMatchObject({ deleted: [gone.id] });
    expect([...fresh.jobs.keys()]).toEqual([kept.id]);
  });

  it("[T5] tells of a job whose time is over", async () => {
    const now = Date.now();
    const spec = specOf({
      id: `job_${ulid(now, randomBytes(10))}`,
      origin: worker.url,
      workflow: null,
      inputs: null,
      createdAt: now,
      startBy: null,
      finishBy: now + 60_000,
      expiresAt: now + 2_500,
    });
    const app = new App(worker);
    await worker.createFromSpec(spec, ticking(1, 5));
    await app.until(() => app.jobs.get(spec.id)?.terminal === true);
    await eventually(async () => (await app.open()).deleted).toContain(spec.id);
    expect(app.jobs.has(spec.id)).toBe(false);
  });

  it("[T5, A6] has what the user's other devices did, and nothing of other users", async () => {
    const project = await projectWith(worker);
    const [phone, tablet, ben] = await Promise.all(["ana", "ana", "ben"].map((user) => asUser(project, user)));
    const app = new App(phone as WorkerClient);
    await app.open();
    const { id } = await (tablet as WorkerClient).createJob(demo());
    const byServer = await project.run(demo({ user: "ana" }));
    const bens = await (ben as WorkerClient).run(demo());
    await project.run(demo());
    await app.until(() => app.jobs.get(id)?.terminal === true && app.jobs.get(byServer.id)?.terminal === true);
    expect([...app.jobs.values()].map((job) => [job.user, job.backend])).toEqual([
      ["ana", null],
      ["ana", null],
    ]);
    await remove(project, `/v1/jobs/${bens.id}`);
    await remove(tablet as WorkerClient, `/v1/jobs/${id}`);
    await eventually(async () => (await app.open()).deleted).toEqual([id]);
    const bensApp = new App(ben as WorkerClient);
    await eventually(async () => (await bensApp.open()).deleted).toEqual([bens.id]);
    expect(bensApp.jobs.size).toBe(0);
  });

  it("[T5] goes on from its cursor after the Worker's death, and loses nothing that happened around it", async () => {
    const project = await projectWith(worker);
    const early = await project.run(demo());
    const app = new App(project);
    await app.until(() => app.jobs.get(early.id)?.terminal === true);
    const [gone, late] = [await project.run(demo()), await project.run(demo())];
    await remove(project, `/v1/jobs/${gone.id}`);
    await worker.killAndStart();
    const after = await project.run(demo());
    await app.until(() => [late, after].every(({ id }) => app.jobs.get(id)?.terminal) && !app.jobs.has(gone.id));
    expect([...app.jobs.keys()].sort()).toEqual([early.id, late.id, after.id].sort());
  });

  it.each(["limit=0", "limit=101", "limit=x", "cursor=nonsense"])("[T5] refuses %s", async (query) => {
    expect(await refused(await worker.request(`/v1/changes?${query}`))).toEqual([400, "invalid_parameter"]);
  });
});
