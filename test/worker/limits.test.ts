/** Limits of the project, of its users, of their tokens: the strictest holds, a refusal costs nothing, a place comes back. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ticking } from "../support/graphs.ts";
import {
  asUser,
  createdBy,
  eventually,
  limited,
  listedIds,
  me,
  projectWith,
  quota,
  refused,
  remove,
  send,
  setProject,
  stop,
  usage,
  WITH_GRAPHS,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker({ backend: { slots: 4 } });
});
afterAll(() => worker.close());

const demo = (more: Record<string, unknown> = {}) => ({ workflow: "demo", inputs: { width: 64, height: 64 }, ...more });
/** A job that runs until it is canceled. */
const endless = (more: Record<string, unknown> = {}) => ({ graph: ticking(2_000, 20), ...more });
const create = (client: WorkerClient, body: unknown = demo()) => client.post("/v1/jobs", body);
/** Which limit of whom refuses this, by the words of the refusal. */
async function limitOf(response: Response): Promise<string> {
  const { problem } = await limited(response);
  return `${problem.code}: ${/^\w+ of the \w+/.exec(problem.detail)?.[0]}`;
}

describe("jobs a day", () => {
  it("[T3] are held by project, user and token, whichever is used up first", async () => {
    const project = await projectWith(worker, { limits: { jobs_per_day: 4 }, user_limits: { jobs_per_day: 2 } });
    const strict = await asUser(project, "ana", { limits: { jobs_per_day: 1 } });
    const ana = await asUser(project, "ana");
    const ben = await asUser(project, "ben", { limits: { jobs_per_day: 100 } });
    await strict.createJob(demo());
    expect(await limitOf(await create(strict))).toBe("quota_exceeded: jobs_per_day of the token");
    await ana.createJob(demo());
    expect(await limitOf(await create(ana))).toBe("quota_exceeded: jobs_per_day of the user");
    // A server that makes a job for a user uses up what is the user's.
    expect(await limitOf(await create(project, demo({ user: "ana" })))).toBe(
      "quota_exceeded: jobs_per_day of the user",
    );
    await ben.createJob(demo());
    await project.createJob(demo());
    for (const client of [ben, project, await asUser(project, "cleo")]) {
      expect(await limitOf(await create(client))).toBe("quota_exceeded: jobs_per_day of the project");
    }
  });

  it("[T3] are whole again at midnight, and the refusal says so", async () => {
    const project = await projectWith(worker, { limits: { jobs_per_day: 0 } });
    const { retryAfterSeconds, problem } = await limited(await create(project));
    expect(problem.user_message).toMatch(/today|tomorrow|day/i);
    const { resets_at: resetsAt } = await quota(project, "jobs_per_day");
    expect(resetsAt).toMatch(/T00:00:00Z$/);
    const leftMs = Date.parse(resetsAt ?? "") - Date.now();
    expect(Math.abs(retryAfterSeconds * 1000 - leftMs)).toBeLessThan(5_000);
  });

  it("[T3] are not given back by a delete, and not used up by what is refused", async () => {
    const project = await projectWith(worker, { limits: { jobs_per_day: 2, creates_per_minute: 100 } });
    const { id } = await project.createJob(demo());
    await remove(project, `/v1/jobs/${id}`);
    expect(await refused(await create(project, { workflow: "no-such" }))).toEqual([404, "workflow_not_found"]);
    expect(await refused(await create(project, { workflow: "demo", inputs: { width: 1 } }))).toEqual([
      422,
      "invalid_inputs",
    ]);
    expect(await quota(project, "jobs_per_day")).toMatchObject({ used: 1, remaining: 1 });
    const last = await project.createJob(demo());
    const before = (await me(project)).quotas;
    for (let n = 0; n < 3; n++) expect((await create(project)).status).toBe(429);
    const kept = ["jobs_per_day", "queue_places"];
    const now = (await me(project)).quotas;
    expect(now.filter(({ name }) => kept.includes(name))).toEqual(before.filter(({ name }) => kept.includes(name)));
    expect(await listedIds(project)).toEqual([last.id]);
    expect(await usage(project)).toMatchObject([{ created: 2 }]);
  });

  it("[T3] hold under a rush: exactly as many are made as are allowed", async () => {
    const project = await projectWith(worker, { user_limits: { jobs_per_day: 7 } });
    const ana = await asUser(project, "ana");
    const answers = await Promise.all(Array.from({ length: 30 }, () => create(ana)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(7);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(23);
    expect(await listedIds(project)).toHaveLength(7);
    expect(await quota(ana, "jobs_per_day", "user")).toMatchObject({ limit: 7, used: 7, remaining: 0 });
  });

  it("[T3] hold for users of any name, each for itself", async () => {
    const project = await projectWith(worker, { user_limits: { jobs_per_day: 1 } });
    for (const user of ["__proto__", "constructor", "a/b?c#d%20e", "prj_x|user,y"]) {
      await project.createJob(demo({ user }));
      expect((await create(project, demo({ user }))).status, user).toBe(429);
    }
  });
});

describe("places in line", () => {
  it("[T3] are as many as jobs may be unfinished; one comes back when a job ends, however it ends", async () => {
    const project = await projectWith(worker, { user_limits: { queue_places: 2 } });
    const ana = await asUser(project, "ana", WITH_GRAPHS);
    const [first, second] = [await ana.createJob(endless()), await ana.createJob(endless())];
    const { problem, retryAfterSeconds } = await limited(await create(ana));
    expect(problem.code).toBe("queue_full");
    expect(retryAfterSeconds).toBeLessThanOrEqual(60);
    await createdBy(await create(project, demo({ user: "ben" })));
    await stop(ana, first);
    await eventually(async () => (await quota(ana, "queue_places", "user")).remaining).toBe(1);
    const third = await ana.createJob(demo());
    await remove(ana, `/v1/jobs/${second.id}`);
    await ana.ended(third.id);
    await eventually(async () => (await quota(ana, "queue_places", "user")).used).toBe(0);
    await ana.ended((await ana.createJob(demo())).id);
  });

  it("[T3] of a token are held too, and a replay takes none", async () => {
    const ana = await asUser(await projectWith(worker), "ana", { ...WITH_GRAPHS, limits: { queue_places: 1 } });
    const key = { "idempotency-key": "one" };
    const { job } = await createdBy(await ana.post("/v1/jobs", endless(), key));
    expect(await limitOf(await create(ana))).toBe("queue_full: queue_places of the token");
    expect(await createdBy(await ana.post("/v1/jobs", endless(), key))).toMatchObject({ replayed: true });
    await stop(ana, job);
    await eventually(async () => (await create(ana)).status).toBe(202);
  });

  it("[T3] no more than may run at once are no line: the refusal says what is full", async () => {
    const project = await projectWith(worker, { user_limits: { queue_places: 1, concurrent: 1 } });
    const ana = await asUser(project, "ana", WITH_GRAPHS);
    const job = await ana.createJob(endless());
    expect(await refused(await create(ana))).toEqual([429, "concurrency_limited"]);
    await stop(ana, job);
  });
});

describe("jobs at once", () => {
  const hasPlace = (client: WorkerClient, job: { id: string }) =>
    client.until(job.id, ({ backend }) => backend !== null);
  const isHeldBack = (client: WorkerClient, job: { id: string }) =>
    client.until(job.id, ({ queue }) => queue?.reason === "your_concurrency");

  it("[B8, T3] of a user: more wait by that reason and hold nobody else back", async () => {
    const project = await projectWith(worker, { user_limits: { concurrent: 1 } });
    const [first, second] = [
      await project.createJob(endless({ user: "ana" })),
      await project.createJob(endless({ user: "ana" })),
    ];
    await hasPlace(project, first);
    const held = await isHeldBack(project, second);
    expect(held).toMatchObject({ status: "queued", backend: null });
    expect(held.headline.length).toBeGreaterThan(10);
    const [bens, servers] = [await project.createJob(endless({ user: "ben" })), await project.createJob(endless())];
    await hasPlace(project, bens);
    await hasPlace(project, servers);
    expect((await project.getJob(second.id)).queue?.reason).toBe("your_concurrency");
    await project.until(first.id, ({ status }) => status === "running");
    const ana = await asUser(project, "ana");
    await eventually(() => quota(ana, "concurrent", "user")).toMatchObject({ limit: 1, used: 1, remaining: 0 });
    await stop(project, first);
    await hasPlace(project, second);
    await stop(project, second, bens, servers);
  });

  it("[B8, T3] of a token: the strictest holds", async () => {
    const project = await projectWith(worker, { user_limits: { concurrent: 3 } });
    const ana = await asUser(project, "ana", { ...WITH_GRAPHS, limits: { concurrent: 1 } });
    const [first, second] = [await ana.createJob(endless()), await ana.createJob(endless())];
    await hasPlace(project, first);
    await isHeldBack(project, second);
    await stop(project, first, second);
  });

  it("[T3] of the project: its users share them", async () => {
    const project = await projectWith(worker, { limits: { concurrent: 1 } });
    const first = await project.createJob(endless({ user: "ana" }));
    await hasPlace(project, first);
    const second = await project.createJob(endless({ user: "ben" }));
    const seen = await project.until(
      second.id,
      ({ backend, queue }) => backend !== null || queue?.reason === "your_concurrency",
    );
    await stop(project, first);
    await hasPlace(project, second);
    await stop(project, second);
    expect(seen).toMatchObject({ backend: null, queue: { reason: "your_concurrency" } });
  });
});

describe("creations a minute", () => {
  it("[T3] are counted by the minute; a refusal makes nothing and tells when the next begins", async () => {
    const project = await projectWith(worker, { user_limits: { creates_per_minute: 5 } });
    const ana = await asUser(project, "ana");
    const answers = await Promise.all(Array.from({ length: 30 }, () => create(ana)));
    const made = answers.filter(({ status }) => status === 202).length;
    // Five; or ten, where the minute turned among them.
    expect([5, 6, 7, 8, 9, 10]).toContain(made);
    expect(await listedIds(ana)).toHaveLength(made);
    const refusals = answers.filter(({ status }) => status === 429);
    expect(refusals).toHaveLength(30 - made);
    const [refusal] = refusals;
    const { problem, retryAfterSeconds } = await limited(refusal ?? Response.error());
    expect(problem.code).toBe("rate_limited");
    expect(retryAfterSeconds).toBeLessThanOrEqual(60);
    await createdBy(await create(await asUser(project, "ben")));
  });

  it("[T3] of several refusals the one that lasts longest is told", async () => {
    const project = await projectWith(worker, { limits: { creates_per_minute: 0, jobs_per_day: 0, queue_places: 0 } });
    expect(await limitOf(await create(project))).toBe("quota_exceeded: jobs_per_day of the project");
  });
});

describe("what the caller is told", () => {
  it("[S9, T3] GET /v1/me has every limit that binds, whose it is, and what is left", async () => {
    const project = await projectWith(worker, {
      limits: { jobs_per_day: 100, upload_bytes_per_day: 1_000_000 },
      user_limits: { jobs_per_day: 10, concurrent: 2, queue_places: 5, streams: 3, creates_per_minute: 20 },
    });
    const ana = await asUser(project, "ana", { limits: { jobs_per_day: 5 }, workflows: ["demo"] });
    await ana.createJob(demo());
    const { quotas, ...rest } = await me(ana);
    expect(rest).toMatchObject({ credential: { kind: "client_token" }, user: "ana", workflows: ["demo"] });
    const told = quotas.map(({ name, scope, limit, used, remaining }) => [name, scope, limit, used + remaining]);
    expect(told).toEqual([
      ["jobs_per_day", "project", 100, 100],
      ["jobs_per_day", "user", 10, 10],
      ["jobs_per_day", "token", 5, 5],
      ["concurrent", "user", 2, 2],
      ["queue_places", "user", 5, 5],
      ["upload_bytes_per_day", "project", 1_000_000, 1_000_000],
      ["streams", "user", 3, 3],
      ["creates_per_minute", "user", 20, 20],
      // Nobody set it: the usual one holds.
      ["reads_per_minute", "user", 600, 600],
    ]);
    expect(await quota(ana, "jobs_per_day", "token")).toMatchObject({ used: 1, remaining: 4 });
    // A server sees the project's limits, not those of its users.
    expect((await me(project)).quotas.map(({ name, scope }) => `${name} ${scope}`)).toEqual([
      "jobs_per_day project",
      "upload_bytes_per_day project",
      "reads_per_minute project",
    ]);
  });

  it("[S9] GET /v1/me has the limit of requests a minute too", async () => {
    const project = await projectWith(worker, { user_limits: { reads_per_minute: 50 } });
    const ana = await asUser(project, "ana");
    expect((await me(ana)).quotas).toMatchObject([{ name: "reads_per_minute", scope: "user", limit: 50 }]);
  });

  it("[T3] a limit that is set anew or taken away holds at once", async () => {
    const project = await projectWith(worker, { limits: { jobs_per_day: 0 } });
    expect((await create(project)).status).toBe(429);
    await setProject(project, { limits: { queue_places: 50 } });
    expect((await create(project)).status).toBe(429);
    await setProject(project, { limits: { jobs_per_day: null } });
    await project.createJob(demo());
    expect((await me(project)).quotas.map(({ name }) => name)).toEqual(["queue_places", "reads_per_minute"]);
  });

  it("[T3] no limit locks the project's owner out of its settings", async () => {
    const project = await projectWith(worker);
    await send(project, "PATCH", "/v1/project", { limits: { reads_per_minute: 0 } });
    expect((await project.request("/v1/project")).status).toBe(200);
    expect((await send(project, "PATCH", "/v1/project", { limits: { reads_per_minute: null } })).status).toBe(200);
  });
});
