/** A finished job run again: the same seed and inputs unless named, a job of its own all the same. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ulid } from "../../src/core/util/ids.ts";
import { small, through, ticking } from "../support/graphs.ts";
import { asUser, createdBy, listedIds, projectWith, quota, refused, remove, stop } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const quick = (prompt: string, more: Record<string, unknown> = {}) => ({
  workflow: "txt2img",
  inputs: small(prompt, { steps: 2, ...more }),
});
const again = (job: { id: string }, inputs?: Record<string, unknown>, key?: string, client: WorkerClient = worker) =>
  client.post(
    `/v1/jobs/${job.id}/rerun`,
    inputs === undefined ? {} : { inputs },
    key ? { "idempotency-key": key } : {},
  );
/** The job that a rerun made, at its end. */
async function rerun(job: { id: string }, inputs?: Record<string, unknown>) {
  const made = await createdBy(await again(job, inputs));
  expect(made.replayed).toBe(false);
  return worker.ended(made.job.id);
}

describe("a rerun", () => {
  it("[S1] without a word is another job with the same seed, inputs, metadata and user, and the same picture", async () => {
    const first = await worker.run({
      ...quick("again", { seed: "random" }),
      metadata: { screen: "editor" },
      user: "ana",
    });
    const response = await worker.request(`/v1/jobs/${first.id}/rerun`, { method: "POST" });
    expect(response.status).toBe(202);
    const { job } = await createdBy(response);
    expect(response.headers.get("location")).toBe(`${worker.url}/v1/jobs/${job.id}`);
    const second = await worker.ended(job.id);
    expect(second.id).not.toBe(first.id);
    expect(second).toMatchObject({
      rerun_of: first.id,
      status: "succeeded",
      workflow: first.workflow,
      inputs: first.inputs,
      seed: first.seed,
      metadata: { screen: "editor" },
      user: "ana",
    });
    const pictures = await Promise.all([first, second].map((one) => worker.bytes(one.outputs[0]?.url ?? null)));
    expect(pictures[1]).toEqual(pictures[0]);
    expect((await worker.getJob(first.id)).rerun_of).toBeNull();
  });

  it("[S1] with inputs has those and keeps the others; with a random seed it draws a new one", async () => {
    const first = await worker.run(quick("a lake", { seed: "18446744073709551615" }));
    expect(first.seed).toBe("18446744073709551615");
    const other = await rerun(first, { prompt: "a hill", steps: 3 });
    expect(other).toMatchObject({ seed: first.seed, inputs: { ...first.inputs, prompt: "a hill", steps: 3 } });
    const random = await rerun(first, { seed: "random" });
    expect(random.seed).not.toBe(first.seed);
    expect(random.inputs).toMatchObject({ prompt: "a lake" });
    expect((await rerun(random)).seed).toBe(random.seed);
    expect((await rerun(first, { seed: "7" })).seed).toBe("7");
  });

  it("[S1] of a raw graph runs the same graph, long numbers included, and takes no inputs", async () => {
    const graph = through("ImageInvert", { image: ["1", 0], note: 1 });
    const text = JSON.stringify({ graph }).replace('"note":1', '"note":18446744073709551615');
    const { job: first } = await createdBy(await worker.post("/v1/jobs", text));
    await worker.ended(first.id);
    const second = await rerun(first);
    expect(second).toMatchObject({ rerun_of: first.id, workflow: null, status: "succeeded" });
    const graphOf = async (id: string) => (await worker.request(`/v1/jobs/${id}/graph`)).text();
    expect(await graphOf(second.id)).toBe(await graphOf(first.id));
    expect(await graphOf(second.id)).toContain("18446744073709551615");
    expect(await refused(await again(first, { seed: "random" }))).toEqual([422, "invalid_inputs"]);
  });

  it("[S5] of a job that has not ended is refused, and works once it has, however it ended", async () => {
    const job = await worker.createJob({ graph: ticking(2_000, 20) });
    await worker.until(job.id, (now) => now.status === "running");
    const answer = await again(job);
    expect(answer.headers.get("should-retry")).toBe("true");
    expect(await refused(answer)).toEqual([409, "job_not_finished"]);
    await stop(worker, job);
    const { job: second } = await createdBy(await again(job));
    await stop(worker, second);
    expect((await worker.getJob(second.id)).rerun_of).toBe(job.id);
  });

  it("[S5] with inputs that do not fit creates nothing", async () => {
    const project = await projectWith(worker, { limits: { jobs_per_day: 5 } });
    const first = await project.run(quick("fits"));
    for (const inputs of [{ steps: 0 }, { no_such_input: 1 }, { seed: "soon" }]) {
      expect(await refused(await again(first, inputs, undefined, project))).toEqual([422, "invalid_inputs"]);
    }
    expect(await listedIds(project)).toEqual([first.id]);
    expect(await quota(project, "jobs_per_day")).toMatchObject({ used: 1 });
  });

  it("[S5] whose upload is gone is refused by that name; a new upload mends it", async () => {
    const source = await worker.run({ graph: through("ImageInvert", { image: ["1", 0] }, 0x778899) });
    const bytes = new Uint8Array(await worker.bytes(source.outputs[0]?.url ?? null));
    const upload = await worker.upload(bytes);
    const first = await worker.run({ workflow: "img2img", inputs: { prompt: "dusk", image: upload.id, steps: 2 } });
    await remove(worker, `/v1/uploads/${upload.id}`);
    const answer = await again(first);
    expect(await answer.clone().json()).toMatchObject({ errors: [{ pointer: "#/inputs/image" }] });
    expect(await refused(answer)).toEqual([422, "missing_upload"]);
    await worker.upload(bytes);
    expect(await rerun(first)).toMatchObject({ status: "succeeded", rerun_of: first.id });
  });

  it("[T3] is counted as a job", async () => {
    const project = await projectWith(worker, { limits: { jobs_per_day: 2 } });
    const first = await project.run(quick("counted"));
    await createdBy(await again(first, {}, undefined, project));
    expect(await refused(await again(first, {}, undefined, project))).toEqual([429, "quota_exceeded"]);
  });

  it("[S2] with Prefer: wait answers with the finished job", async () => {
    const first = await worker.run(quick("wait"));
    const response = await worker.post(`/v1/jobs/${first.id}/rerun`, {}, { prefer: "wait=20" });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ status: "succeeded", rerun_of: first.id });
  });
});

describe("a repeated rerun", () => {
  it("[S1] with one key is one job, fifty at once too; with other inputs or of another job it is refused", async () => {
    const [first, other] = [await worker.run(quick("one")), await worker.run(quick("other"))];
    const answers = await Promise.all(Array.from({ length: 50 }, () => again(first, { seed: "random" }, "tap")));
    const made = await Promise.all(answers.map(createdBy));
    expect(new Set(made.map(({ job }) => job.id)).size).toBe(1);
    expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await refused(await again(first, { seed: "1" }, "tap"))).toEqual([422, "idempotency_mismatch"]);
    expect(await refused(await again(other, { seed: "random" }, "tap"))).toEqual([422, "idempotency_mismatch"]);
    // A create with the same key is another route, and so another request.
    const { job } = await createdBy(await worker.post("/v1/jobs", quick("one"), { "idempotency-key": "tap" }));
    expect(job.id).not.toBe(made[0]?.job.id);
  });

  it("[S1] without a key is another job each time", async () => {
    const first = await worker.run(quick("twice"));
    const [one, two] = [await rerun(first), await rerun(first)];
    expect(new Set([first.id, one.id, two.id]).size).toBe(3);
  });

  it("[S1] is a replay even when the first job was deleted meanwhile", async () => {
    const first = await worker.run(quick("gone"));
    const { job } = await createdBy(await again(first, {}, "after-delete"));
    await worker.ended(job.id);
    await remove(worker, `/v1/jobs/${first.id}`);
    expect(await createdBy(await again(first, {}, "after-delete"))).toMatchObject({
      job: { id: job.id },
      replayed: true,
    });
    expect(await refused(await again(first, {}, "another"))).toEqual([410, "job_deleted"]);
  });
});

describe("who may rerun", () => {
  it("[A6] the job's user and servers, nobody else; the new job is the same user's", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const first = await ana.run(quick("mine"));
    expect(await refused(await again(first, {}, undefined, ben))).toEqual([404, "not_found"]);
    for (const client of [ana, worker]) {
      const { job } = await createdBy(await again(first, {}, undefined, client));
      expect(job).toMatchObject({ user: "ana", rerun_of: first.id });
    }
    const byServer = await worker.run({ ...quick("for ana"), user: "ana" });
    expect((await createdBy(await again(byServer, {}, undefined, ana))).job.user).toBe("ana");
  });

  it("[A7] a token only what it might have created", async () => {
    const graph = await worker.run({ graph: ticking(1, 5), user: "ana" });
    const picture = await worker.run({ ...quick("for ana"), user: "ana" });
    const ana = await asUser(worker, "ana", { workflows: ["demo"] });
    expect(await refused(await again(graph, {}, undefined, ana))).toEqual([403, "graph_not_allowed"]);
    expect(await refused(await again(picture, {}, undefined, ana))).toEqual([403, "workflow_not_allowed"]);
    const unknown = { id: `job_${ulid(Date.now(), randomBytes(10))}` };
    expect(await refused(await again(unknown, {}, undefined, ana))).toEqual([404, "not_found"]);
  });
});
