/** `validate_only`: all that a create would say, and nothing made. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JobPlan, JobPlanSchema } from "../../src/contract/job-requests.ts";
import { small, through, ticking } from "../support/graphs.ts";
import {
  asUser,
  changesSince,
  createdBy,
  eventually,
  limited,
  listedIds,
  projectWith,
  quota,
  refused,
  usage,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const validate = (client: WorkerClient, body: unknown, headers: Record<string, string> = {}) =>
  client.post("/v1/jobs?validate_only=true", body, headers);

async function planOf(client: WorkerClient, body: unknown): Promise<JobPlan> {
  const response = await validate(client, body);
  expect(response.status, await response.clone().text()).toBe(200);
  return JobPlanSchema.parse(await response.json());
}

describe("validate_only", () => {
  it("[S10] creates nothing: no job, no file, nothing counted, nothing remembered under its key", async () => {
    const project = await projectWith(worker, { limits: { jobs_per_day: 1, creates_per_minute: 10 } });
    const files = await worker.bucketKeys();
    const body = { workflow: "txt2img", inputs: small("a plan"), share: {}, metadata: { screen: "editor" } };
    for (let n = 0; n < 3; n++) expect((await validate(project, body, { "idempotency-key": "plan" })).status).toBe(200);
    expect(await listedIds(project)).toEqual([]);
    expect(await changesSince(project, "")).toMatchObject({ jobs: [], deleted: [] });
    expect(await usage(project)).toEqual([]);
    expect(await quota(project, "jobs_per_day")).toMatchObject({ used: 0, remaining: 1 });
    expect(await quota(project, "creates_per_minute")).toMatchObject({ used: 0 });
    expect(await worker.bucketKeys()).toEqual(files);
    expect(await worker.queue()).toEqual({ waiting: 0, leased: 0 });
    const created = await project.post("/v1/jobs", body, { "idempotency-key": "plan" });
    expect(await createdBy(created)).toMatchObject({ replayed: false });
  });

  it("[S10] tells the inputs as the job would have them, the seed, the workflow and how many nodes run", async () => {
    const body = { workflow: "txt2img", inputs: { prompt: "a lake", seed: 42 } };
    const plan = await planOf(worker, body);
    expect(plan).toMatchObject({ object: "job_plan", valid: true, seed: "42", warnings: [] });
    const job = await worker.createJob(body);
    expect(plan).toMatchObject({ inputs: job.inputs, workflow: job.workflow, seed: job.seed });
    expect(plan.inputs).toMatchObject({ prompt: "a lake", steps: expect.any(Number), width: expect.any(Number) });
    const graph = (await (await worker.request(`/v1/jobs/${job.id}/graph`)).json()) as { graph: object };
    expect(plan.nodes).toBe(Object.keys(graph.graph).length);
    const random = await planOf(worker, { workflow: "demo", inputs: { seed: "random" } });
    expect(random.seed).toMatch(/^\d+$/);
  });

  it("[S10] of a raw graph counts the nodes that lead to a result", async () => {
    const graph = { ...ticking(3, 5), 77: { class_type: "EmptyImage", inputs: { width: 8, height: 8 } } };
    expect(await planOf(worker, { graph })).toMatchObject({ workflow: null, inputs: null, seed: null, nodes: 3 });
  });

  it("[S10, B5] estimates once such a run was seen, and the slow ones once there were some", async () => {
    const body = { workflow: "txt2img", inputs: small("learn", { width: 128, height: 192, seed: "random" }) };
    const runTimes = async () => (await planOf(worker, body)).estimate.run_ms;
    expect(await runTimes()).toEqual({ p50: null, p90: null });
    const first = await worker.run(body);
    await eventually(runTimes).toEqual({ p50: expect.any(Number), p90: null });
    const { start_ms: startMs, run_ms: learned } = (await planOf(worker, body)).estimate;
    expect(startMs).toBe(0);
    expect(learned.p50).toBeGreaterThan(0);
    expect(learned.p50).toBeLessThanOrEqual((first.metrics.run_ms ?? 0) * 2);
    for (let n = 0; n < 4; n++) await worker.run(body);
    await eventually(async () => (await runTimes()).p90).not.toBeNull();
    const { p50, p90 } = await runTimes();
    expect(p90).toBeGreaterThanOrEqual(p50 ?? Number.POSITIVE_INFINITY);
    // Another size is another kind of run.
    const larger = { workflow: "txt2img", inputs: small("learn", { width: 256, height: 192 }) };
    expect((await planOf(worker, larger)).estimate.run_ms.p50).toBeNull();
  });

  it("[S10] tells what is left of the day, and warns where nothing is", async () => {
    const project = await projectWith(worker, { limits: { jobs_per_day: 9 }, user_limits: { jobs_per_day: 1 } });
    const ana = await asUser(project, "ana");
    const body = { workflow: "demo" };
    expect((await planOf(project, body)).quota.remaining_today).toBe(9);
    expect((await planOf(ana, body)).quota.remaining_today).toBe(1);
    expect((await planOf(project, { ...body, user: "ana" })).quota.remaining_today).toBe(1);
    await ana.createJob(body);
    expect(await planOf(ana, body)).toMatchObject({
      quota: { remaining_today: 0 },
      warnings: [{ code: "quota_exceeded" }],
    });
    expect((await limited(await ana.post("/v1/jobs", body))).problem.code).toBe("quota_exceeded");
    expect((await planOf(await projectWith(worker), body)).quota.remaining_today).toBeNull();
  });

  it("[S10] refuses what a create would refuse, in the same words", async () => {
    const ana = await asUser(worker, "ana", { workflows: ["demo"] });
    const tries: [WorkerClient, unknown][] = [
      [worker, { workflow: "txt2img", inputs: small("x", { steps: 0, width: "wide" }) }],
      [worker, { workflow: "no-such" }],
      [worker, { workflow: "demo", graph: {} }],
      [worker, { workflow: "img2img", inputs: { prompt: "x", image: "upl_01kag3x7p2v9m4t8r6c5n1d0ze" } }],
      [worker, { graph: through("NoImage", { image: ["nowhere", 0] }) }],
      [worker, { graph: { nodes: [], links: [] } }],
      [ana, { workflow: "txt2img", inputs: small("x") }],
      [ana, { graph: ticking(1, 5) }],
      [ana, { workflow: "demo", user: "ben" }],
      [ana, { workflow: "demo", priority: "high" }],
    ];
    const words = async (response: Response) => {
      const { status, code, detail, errors } = (await response.json()) as Record<string, unknown>;
      return { status, code, detail, errors };
    };
    for (const [client, body] of tries) {
      const refusal = await words(await client.post("/v1/jobs", body));
      expect(refusal.status, JSON.stringify(body)).toBeGreaterThanOrEqual(400);
      expect(await words(await validate(client, body))).toEqual(refusal);
    }
  });

  it("[S10] is true or false, and asks for the same scope as a create", async () => {
    const body = { workflow: "demo" };
    expect(await refused(await worker.post("/v1/jobs?validate_only=yes", body))).toEqual([400, "invalid_parameter"]);
    const { status } = await worker.post("/v1/jobs?validate_only=false", body);
    expect(status).toBe(202);
    const reader = await asUser(worker, "ana", { scopes: ["jobs:read"] });
    expect(await refused(await validate(reader, body))).toEqual([403, "scope_missing"]);
  });
});
