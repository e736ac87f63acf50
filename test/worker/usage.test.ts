/** What was used, by day, user and workflow: each job once, whatever happened to it and to the Worker. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { UsageRow } from "../../src/contract/account.ts";
import type { Job } from "../../src/contract/job.ts";
import { png } from "../support/artifact-pictures.ts";
import { small, through, ticking } from "../support/graphs.ts";
import {
  asUser,
  eventually,
  otherProject,
  projectWith,
  refused,
  remove,
  send,
  stop,
  usage,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
let project: WorkerClient;
/** All jobs of the project by how they ended. */
let jobs: Record<"anas" | "anasDemo" | "bens" | "failed" | "canceled" | "expired", Job>;
const today = () => new Date().toISOString().slice(0, 10);

beforeAll(async () => {
  worker = await startWorker();
  project = await projectWith(worker);
  const [ana, ben] = await Promise.all([asUser(project, "ana"), asUser(project, "ben")]);
  const txt2img = { workflow: "txt2img", inputs: small("use", { steps: 2 }) };
  const anas = await ana.run(txt2img);
  const anasDemo = await ana.run({ workflow: "demo", inputs: { width: 64, height: 64 } });
  const bens = await ben.run(txt2img);
  const failed = await project.run({ graph: through("ProbeError"), user: "ben" });
  const running = await project.createJob({ graph: ticking(2_000, 20) });
  await project.until(running.id, ({ status }) => status === "running");
  const behind = await project.createJob({ graph: ticking(1, 5), deadline: { start_within_seconds: 1 } });
  const expired = await project.ended(behind.id);
  await stop(project, running);
  const canceled = await project.getJob(running.id);
  jobs = { anas, anasDemo, bens, failed, canceled, expired };
  expect(Object.values(jobs).map(({ status }) => status)).toEqual([
    "succeeded",
    "succeeded",
    "succeeded",
    "failed",
    "canceled",
    "expired",
  ]);
  // The index hears of the last end a moment later.
  await vi.waitFor(async () => expect(await usage(project)).toMatchObject([{ canceled: 1, expired: 1 }]), 10_000);
});
afterAll(() => worker.close());

const sum = (of: Job[], value: (job: Job) => number) => of.reduce((total, job) => total + value(job), 0);
/** The row that these jobs make. */
const rowOf = (group: Partial<UsageRow>, ...of: Job[]) => ({
  day: null,
  user: null,
  workflow: null,
  created: of.length,
  succeeded: of.filter(({ status }) => status === "succeeded").length,
  failed: of.filter(({ status }) => status === "failed").length,
  canceled: of.filter(({ status }) => status === "canceled").length,
  expired: of.filter(({ status }) => status === "expired").length,
  run_ms: sum(of, ({ metrics }) => metrics.run_ms ?? 0),
  output_bytes: expect.any(Number),
  upload_bytes: 0,
  ...group,
});

describe("usage", () => {
  it("[T6] by day counts every job once, how it ended, and its time at the GPU", async () => {
    const rows = await usage(project);
    expect(rows).toEqual([rowOf({ day: today() }, ...Object.values(jobs))]);
    expect(rows[0]?.run_ms).toBeGreaterThan(0);
    const shown = Object.values(jobs).flatMap(({ outputs }) => outputs);
    // The files as they are stored are a little larger than their copies without metadata.
    expect(rows[0]?.output_bytes).toBeGreaterThanOrEqual(shown.reduce((bytes, output) => bytes + output.size_bytes, 0));
  });

  it("[T6] by user and by workflow adds up to the same, the busiest first", async () => {
    const { anas, anasDemo, bens, failed, canceled, expired } = jobs;
    expect(await usage(project, { group_by: "user" })).toEqual(
      expect.arrayContaining([
        rowOf({ user: "ana" }, anas, anasDemo),
        rowOf({ user: "ben" }, bens, failed),
        rowOf({ user: null }, canceled, expired),
      ]),
    );
    const byWorkflow = await usage(project, { group_by: "workflow" });
    expect(byWorkflow.map(({ workflow }) => workflow)).toEqual([null, "txt2img", "demo"]);
    expect(byWorkflow).toEqual([
      rowOf({ workflow: null }, failed, canceled, expired),
      rowOf({ workflow: "txt2img" }, anas, bens),
      rowOf({ workflow: "demo" }, anasDemo),
    ]);
  });

  it("[T6] is not changed by patches, deletes, replays or the Worker's death", async () => {
    const before = await usage(project, { group_by: "user" });
    await send(project, "PATCH", `/v1/jobs/${jobs.anas.id}`, { metadata: { a: "b" } });
    await project.post(`/v1/jobs/${jobs.anas.id}/cancel`, {});
    await remove(project, `/v1/jobs/${jobs.bens.id}`);
    await worker.killAndStart();
    await eventually(async () => (await project.request("/v1/changes")).text()).toContain(
      `"deleted":["${jobs.bens.id}"]`,
    );
    expect(await usage(project, { group_by: "user" })).toEqual(before);
  });

  it("[T6] counts the bytes of an upload once, for its user", async () => {
    const busy = await projectWith(worker);
    const ana = await asUser(busy, "ana");
    const picture = new Uint8Array(png(30, 20));
    for (let n = 0; n < 3; n++) await ana.upload(picture);
    await busy.upload(picture);
    expect(await usage(busy, { group_by: "user" })).toEqual(
      expect.arrayContaining([
        { ...rowOf({ user: "ana" }), output_bytes: 0, upload_bytes: picture.length },
        { ...rowOf({ user: null }), output_bytes: 0, upload_bytes: picture.length },
      ]),
    );
  });

  it("[T6] of days on which nothing happened is empty", async () => {
    expect(await usage(project, { from: "2026-01-01", to: "2026-01-31" })).toEqual([]);
    expect(await usage(project, { from: today(), to: today() })).toHaveLength(1);
    expect(await usage(await projectWith(worker), { group_by: "user" })).toEqual([]);
  });

  it.each([
    "group_by=hour",
    "from=yesterday",
    "to=2026-13-01",
    "from=2026-02-30",
    "from=2026-11-02&to=2026-11-01",
    "from=2020-01-01&to=2026-01-01",
  ])("[T6] %s is refused", async (query) => {
    expect(await refused(await project.request(`/v1/usage?${query}`))).toEqual([400, "invalid_parameter"]);
  });

  it("[A5, A7] is for keys with its scope, and of their own project", async () => {
    const { client } = await otherProject(worker);
    expect(await usage(client)).toEqual([]);
    expect(await refused(await (await asUser(project, "ana")).request("/v1/usage"))).toEqual([403, "scope_missing"]);
  });
});
