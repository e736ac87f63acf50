/** The list of jobs: what it shows, what it leaves out, and where its cursors lead. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { small, ticking } from "../support/graphs.ts";
import {
  asUser,
  changesSince,
  eventually,
  listedIds,
  listJobs,
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

const tiny = (more: Record<string, unknown> = {}) => ({
  workflow: "txt2img",
  inputs: small("a list", { steps: 1 }),
  ...more,
});
const demo = (more: Record<string, unknown> = {}) => ({ workflow: "demo", inputs: { width: 64, height: 64 }, ...more });

/** Jobs that wait for a backend that is off: many rows, no work. */
async function waitingJobs(client: WorkerClient, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await client.createJob(demo())).id);
  return ids.reverse();
}

describe("filters", () => {
  let project: WorkerClient;
  /** In the order of their making. */
  let jobs: Record<"first" | "anas" | "anasDemo" | "bens" | "canceled", Job>;
  /** A time between the first job and the others. */
  let afterFirst: string;

  beforeAll(async () => {
    project = await projectWith(worker);
    const [ana, ben] = await Promise.all([asUser(project, "ana"), asUser(project, "ben")]);
    const first = await project.run(demo({ metadata: { screen: "gallery", album: "1" } }));
    afterFirst = new Date().toISOString();
    const anas = await ana.run(tiny({ metadata: { screen: "editor", album: "1" } }));
    const anasDemo = await ana.run(demo({ metadata: { screen: "editor" } }));
    const bens = await ben.run(tiny({ metadata: { constructor: "x" } }));
    const { id } = await project.createJob({ graph: ticking(2_000, 20), user: "ana" });
    await stop(project, { id });
    jobs = { first, anas, anasDemo, bens, canceled: await project.getJob(id) };
    // The index hears of the last end a moment later.
    await vi.waitFor(async () => expect(await listedIds(project, { status: "canceled" })).toEqual([id]), 20_000);
    await vi.waitFor(async () => expect(await listedIds(project, { status: "succeeded" })).toHaveLength(4), 20_000);
  });

  const shown = async (query: Record<string, string>) => {
    const ids = await listedIds(project, query);
    return ids.map((id) => Object.entries(jobs).find(([, job]) => job.id === id)?.[0]);
  };

  it("[T4] without any, all jobs of the project, newest first", async () => {
    expect(await shown({})).toEqual(["canceled", "bens", "anasDemo", "anas", "first"]);
  });

  it("[T4] by status, one or several", async () => {
    expect(await shown({ status: "canceled" })).toEqual(["canceled"]);
    expect(await shown({ status: "canceled, succeeded" })).toHaveLength(5);
    expect(await shown({ status: "queued,running,canceling,failed,expired" })).toEqual([]);
  });

  it("[T4] by workflow and by user, alone and together", async () => {
    expect(await shown({ workflow: "demo" })).toEqual(["anasDemo", "first"]);
    expect(await shown({ user: "ana" })).toEqual(["canceled", "anasDemo", "anas"]);
    expect(await shown({ user: "ana", workflow: "txt2img" })).toEqual(["anas"]);
    expect(await shown({ user: "nobody" })).toEqual([]);
    expect(await shown({ user: "ana", status: "succeeded", workflow: "demo" })).toEqual(["anasDemo"]);
  });

  it("[T4] by metadata, one entry or several, of any name", async () => {
    expect(await shown({ "metadata[screen]": "editor" })).toEqual(["anasDemo", "anas"]);
    expect(await shown({ "metadata[screen]": "editor", "metadata[album]": "1" })).toEqual(["anas"]);
    expect(await shown({ "metadata[album]": "2" })).toEqual([]);
    expect(await shown({ "metadata[constructor]": "x" })).toEqual(["bens"]);
    expect(await shown({ "metadata[toString]": "function" })).toEqual([]);
  });

  it("[T4, J36] by metadata as a patch left it", async () => {
    await send(project, "PATCH", `/v1/jobs/${jobs.bens.id}`, { metadata: { screen: "shelf" } });
    await eventually(() => shown({ "metadata[screen]": "shelf" })).toEqual(["bens"]);
    expect(await shown({ "metadata[constructor]": "x" })).toEqual([]);
  });

  it("[T4] by the time of creation, in any zone", async () => {
    expect(await shown({ created_after: afterFirst })).toEqual(["canceled", "bens", "anasDemo", "anas"]);
    expect(await shown({ created_before: afterFirst })).toEqual(["first"]);
    const inIndia = new Date(Date.parse(afterFirst) + 19_800_000).toISOString().replace("Z", "+05:30");
    expect(await shown({ created_before: inIndia })).toEqual(["first"]);
    expect(await shown({ created_after: "2000-01-01T00:00:00Z", created_before: "2000-01-02T00:00:00Z" })).toEqual([]);
  });

  it("[A6] a token sees its user's jobs under every filter, and may not name another user", async () => {
    const ben = await asUser(project, "ben");
    expect(await listedIds(ben)).toEqual([jobs.bens.id]);
    expect(await listedIds(ben, { user: "ben" })).toEqual([jobs.bens.id]);
    expect(await listedIds(ben, { workflow: "demo" })).toEqual([]);
    expect(await listedIds(ben, { "metadata[screen]": "editor" })).toEqual([]);
    expect(await refused(await ben.request("/v1/jobs?user=ana"))).toEqual([400, "invalid_parameter"]);
  });

  it.each([
    "status=done",
    "status=",
    "status=succeeded,",
    "view=tiny",
    "limit=0",
    "limit=101",
    "limit=-1",
    "limit=1e1",
    "limit=",
    "created_after=yesterday",
    "created_before=2026-11-20",
    "metadata[a]=1&metadata[b]=1&metadata[c]=1&metadata[d]=1&metadata[e]=1",
  ])("[T4] %s is refused, and the parameter is named", async (query) => {
    const response = await project.request(`/v1/jobs?${query}`);
    const [name = ""] = query.split(/[=[]/);
    expect(await response.clone().json()).toMatchObject({ errors: [{ pointer: `#/${name}` }] });
    expect(await refused(response)).toEqual([400, "invalid_parameter"]);
  });
});

describe("a listed job", () => {
  it("[T2] that has ended is as it is read alone, and its links work", async () => {
    const made = await worker.run(tiny({ metadata: { screen: "editor" } }));
    const { data } = await listJobs(worker, { limit: "1" });
    expect(data).toEqual([await worker.getJob(made.id)]);
    const [output] = data[0]?.outputs ?? [];
    expect(output?.url).toBe(made.outputs[0]?.url);
    expect(await worker.bytes(output?.url ?? null)).toHaveLength(output?.size_bytes ?? -1);
  });

  it("[T2] that was given or lost a link after its end is as it is read alone", async () => {
    const made = await worker.run(tiny());
    const share = await worker.share(made.id);
    const listed = async () => (await listJobs(worker, { limit: "1" })).data;
    await eventually(async () => (await listed())[0]?.share?.id).toBe(share.id);
    expect(await listed()).toEqual([await worker.getJob(made.id)]);
    await remove(worker, `/v1/jobs/${made.id}/shares/${share.id}`);
    await eventually(async () => (await listed())[0]?.share).toBeNull();
  });

  it("[T2] that has not ended is shown as it is now", async () => {
    const { id } = await worker.createJob({ graph: ticking(2_000, 20) });
    const before = await worker.until(id, (job) => (job.progress.step ?? 0) > 3);
    await eventually(() => listedIds(worker, { status: "running" })).toEqual([id]);
    const { data } = await listJobs(worker, { status: "running" });
    expect(data).toMatchObject([{ id, status: "running", progress: { steps: 2_000 } }]);
    expect(data[0]?.progress.step).toBeGreaterThanOrEqual(before.progress.step ?? Number.POSITIVE_INFINITY);
    await stop(worker, { id });
    await eventually(() => listedIds(worker, { status: "running" })).toEqual([]);
  });

  it("[T4] in the compact view has all but inputs and warnings", async () => {
    const made = await worker.run(tiny());
    const { data } = await listJobs(worker, { view: "compact", limit: "1" });
    expect(data).toEqual([{ ...made, inputs: null, warnings: [] }]);
  });

  it("[A6] does not tell its user where it ran", async () => {
    const ana = await asUser(worker, "ana");
    const { id } = await ana.run(tiny());
    expect((await listJobs(ana)).data).toEqual([await ana.getJob(id)]);
    expect((await listJobs(ana)).data[0]?.backend).toBeNull();
    expect((await listJobs(worker, { user: "ana" })).data[0]?.backend).toMatchObject({ worker: "box" });
  });

  it("[S6] speaks the caller's language, and the answer says which", async () => {
    const { id } = await worker.run(tiny());
    const response = await worker.request("/v1/jobs?limit=1", { headers: { "accept-language": "de-CH, en;q=0.5" } });
    const { data } = (await response.json()) as { data: Job[] };
    const alone = await worker.request(`/v1/jobs/${id}`, { headers: { "accept-language": "de" } });
    expect(data).toEqual([await alone.json()]);
    expect(data[0]?.headline).toMatch(/^Fertig/);
    expect(response.headers.get("content-language")).toBe("de");
  });
});

describe("a cursor", () => {
  let project: WorkerClient;
  let cursor: string;
  beforeAll(async () => {
    project = await projectWith(worker);
    for (const user of ["ana", "ben", "ana"]) await project.run(demo({ user }));
    cursor = (await listJobs(project, { limit: "1" })).next_cursor ?? "";
    expect(cursor).not.toBe("");
  });

  const statusOf = async (client: WorkerClient, path: string) => {
    const response = await client.request(path);
    const { code } = (await response.json()) as { code?: string };
    return code ?? response.status;
  };

  it("[T4] with any character changed is refused", async () => {
    const changed = [...cursor].map((character, at) => {
      const other = character === "A" ? "B" : "A";
      return cursor.slice(0, at) + other + cursor.slice(at + 1);
    });
    const others = [cursor.slice(1), `${cursor}A`, `${cursor} `, cursor.toLowerCase(), "1", "ä", "A".repeat(10_000)];
    const tried = [...changed, ...others].map((one) =>
      statusOf(project, `/v1/jobs?limit=1&cursor=${encodeURIComponent(one)}`),
    );
    expect(new Set(await Promise.all(tried))).toEqual(new Set(["invalid_parameter"]));
  });

  it("[T4] of other filters, another list, another user or another project is refused", async () => {
    const ana = await asUser(project, "ana");
    const other = await projectWith(worker);
    const feed = (await changesSince(project, "")).next_cursor;
    const foreign: [WorkerClient, string][] = [
      [project, `/v1/jobs?status=succeeded&cursor=${cursor}`],
      [project, `/v1/jobs?user=ana&cursor=${cursor}`],
      [project, `/v1/jobs?metadata[a]=b&cursor=${cursor}`],
      [project, `/v1/changes?cursor=${cursor}`],
      [project, `/v1/jobs?cursor=${feed}`],
      [ana, `/v1/jobs?cursor=${cursor}`],
      [ana, `/v1/changes?cursor=${feed}`],
      [other, `/v1/jobs?cursor=${cursor}`],
      [other, `/v1/changes?cursor=${feed}`],
    ];
    for (const [client, path] of foreign) expect(await statusOf(client, path), path).toBe("invalid_parameter");
    // The page's size and view are no filters: they may change on the way.
    expect(await statusOf(project, `/v1/jobs?limit=50&view=compact&cursor=${cursor}`)).toBe(200);
  });

  it("[T4] outlives the Worker", async () => {
    const whole = await listedIds(project);
    await worker.restart();
    const rest = await listJobs(project, { cursor });
    expect(rest.data.map((job) => job.id)).toEqual(whole.slice(1));
  });
});

describe("pages", () => {
  let project: WorkerClient;
  beforeAll(async () => {
    project = await projectWith(worker);
    await worker.fake.kill();
  });

  it("[T4] have 20 jobs where no limit is named, and as many as it says otherwise", async () => {
    const ids = await waitingJobs(project, 23);
    const first = await listJobs(project);
    expect(first).toMatchObject({ object: "list", has_more: true });
    expect(first.data.map((job) => job.id)).toEqual(ids.slice(0, 20));
    const rest = await listJobs(project, { cursor: first.next_cursor ?? "" });
    expect(rest).toMatchObject({ has_more: false, next_cursor: null });
    expect(rest.data.map((job) => job.id)).toEqual(ids.slice(20));
    expect((await listJobs(project, { limit: "100" })).data).toHaveLength(23);
    expect(await listedIds(project, { limit: "1" })).toEqual(ids);
    // The last page is full and yet the last.
    expect(await listJobs(project, { limit: "23" })).toMatchObject({ has_more: false, next_cursor: null });
  });

  it("[T4] lose and repeat nothing while jobs are made and removed", async () => {
    const busy = await projectWith(worker);
    const ids = await waitingJobs(busy, 12);
    const seen: string[] = [];
    let cursor = "";
    for (const deleted of [[3, 6], [7, 0], [8]]) {
      const page = await listJobs(busy, { limit: "4", cursor });
      seen.push(...page.data.map((job) => job.id));
      cursor = page.next_cursor ?? "";
      await waitingJobs(busy, 2);
      // Among them the job at which the cursor stands, and one that is yet to come.
      for (const at of deleted) await remove(busy, `/v1/jobs/${ids[at]}`);
      await eventually(() => listedIds(busy)).not.toContain(ids[deleted[0] ?? 0]);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11].map((at) => ids[at]));
    expect(cursor).toBe("");
  });

  it("[T4] by a filter end where it finds nothing more", async () => {
    const ana = await asUser(project, "ana");
    const { id } = await ana.createJob(demo());
    await waitingJobs(project, 3);
    expect(await listJobs(project, { user: "ana", limit: "1" })).toMatchObject({
      data: [{ id, status: "queued", queue: { reason: "backend_offline" } }],
      next_cursor: null,
    });
  });
});
