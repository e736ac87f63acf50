/** Limits of live streams: counted while they are open, over WebSocket and SSE alike. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ticking } from "../support/graphs.ts";
import { asUser, eventually, limited, projectWith, quota, refused, stop, WITH_GRAPHS } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const demo = () => ({ workflow: "demo", inputs: { width: 64, height: 64 } });
/** A job that runs until it is canceled. */
const endless = () => ({ graph: ticking(2_000, 20) });

describe("open streams", () => {
  const events = (job: { id: string }, query = "") => `/v1/jobs/${job.id}/events${query}`;
  const sse = (client: WorkerClient, job: { id: string }, query = "") =>
    client.request(events(job, query), { headers: { accept: "text/event-stream" } });
  const openOf = async (client: WorkerClient, scope = "user") => (await quota(client, "streams", scope)).used;

  it("[T3] are counted over WebSocket and SSE alike, and a closed one gives its place back at once", async () => {
    const project = await projectWith(worker, { limits: { streams: 3 }, user_limits: { streams: 2 } });
    const ana = await asUser(project, "ana", WITH_GRAPHS);
    const job = await ana.createJob(endless());
    const socket = await ana.socket(events(job));
    const stream = await ana.stream(events(job));
    await Promise.all([socket.first("hello"), stream.first("hello")]);
    expect(await openOf(ana)).toBe(2);
    const { problem } = await limited(await sse(ana, job));
    expect(problem).toMatchObject({ code: "too_many_streams", detail: expect.stringContaining("2") });
    await expect(ana.socket(events(job))).rejects.toThrow(/429/);
    expect(await openOf(ana)).toBe(2);

    socket.close();
    await eventually(() => openOf(ana)).toBe(1);
    const next = await ana.socket(events(job));
    stream.close();
    await eventually(() => openOf(ana)).toBe(1);
    const last = await ana.stream(events(job));
    await Promise.all([next.first("hello"), last.first("hello")]);
    const server = await project.socket(events(job));
    expect(await refused(await sse(project, job))).toEqual([429, "too_many_streams"]);

    await stop(project, job);
    await Promise.all([next, last, server].map((viewer) => viewer.closed()));
    await eventually(() => openOf(project, "project")).toBe(0);
  });

  it("[T3] are not used up by requests that open none", async () => {
    const project = await projectWith(worker, { limits: { streams: 1 } });
    const job = await project.run(demo());
    expect(await refused(await project.request(events(job)))).toEqual([426, "upgrade_required"]);
    expect(await refused(await sse(project, job, "?after=soon"))).toEqual([400, "invalid_parameter"]);
    expect(await refused(await sse(project, job, "?previews=binary"))).toEqual([400, "invalid_parameter"]);
    expect((await sse(project, job, `?after=${job.seq}`)).status).toBe(204);
    expect(await openOf(project, "project")).toBe(0);
  });

  it("[T3] of a job that has ended take no place for longer than it takes to say so", async () => {
    const project = await projectWith(worker, { limits: { streams: 1 } });
    const job = await project.run(demo());
    expect(await (await sse(project, job)).text()).toContain("event: end");
    await eventually(() => openOf(project, "project")).toBe(0);
    const socket = await project.socket(events(job));
    expect(await socket.closed()).toBe(1000);
    await eventually(() => openOf(project, "project")).toBe(0);
  });

  it("[T3] of a token are held, and long polls are none", async () => {
    const ana = await asUser(await projectWith(worker), "ana", { ...WITH_GRAPHS, limits: { streams: 0 } });
    const job = await ana.createJob(endless());
    expect(await refused(await sse(ana, job))).toEqual([429, "too_many_streams"]);
    await ana.until(job.id, ({ status }) => status === "running");
    await stop(ana, job);
  });
});
