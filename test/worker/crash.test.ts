import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { small, ticking, twoSaves } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

let colour = 0;
const fresh = () => ++colour;
const inMidRun = (job: Job) => job.status === "running" && (job.progress.step ?? 0) > 2;

/** Every key in the bucket belongs to an output of these jobs, and every output is there. */
async function expectOneSet(before: string[], job: Job, outputs: number): Promise<void> {
  expect(job, JSON.stringify(job)).toMatchObject({ status: "succeeded", terminal: true, progress: { value: 1 } });
  expect(job.outputs.map((output) => output.index)).toEqual(Array.from({ length: outputs }, (_, index) => index));
  const added = (await worker.bucketKeys()).filter((key) => !before.includes(key));
  expect(added).toEqual(job.outputs.flatMap(({ id }) => [`o/${id}`, `o/${id}.facts`]).sort());
  for (const output of job.outputs) expect((await worker.bytes(output.url)).length).toBeGreaterThan(50);
  expect(await worker.queue()).toEqual({ waiting: 0, leased: 0 });
}

describe("the job's object dies", () => {
  it("[M2] in mid-run: one attempt, one set of outputs", async () => {
    const before = await worker.bucketKeys();
    const { id } = await worker.createJob({ graph: twoSaves(60, 20, fresh()) });
    await worker.until(id, inMidRun);
    await worker.abortJob(id);
    const job = await worker.ended(id);
    expect(job.attempt).toBe(1);
    await expectOneSet(before, job, 2);
  });

  it("and nobody asks for it: the alarm wakes it and the job ends", async () => {
    const { id } = await worker.createJob({ graph: ticking(60, 20, fresh()) });
    await worker.until(id, inMidRun);
    await worker.abortJob(id);
    const ended = () => worker.logs.some((line) => line.includes(id) && line.includes('"to":"succeeded"'));
    await expect.poll(ended, { timeout: 30_000, interval: 100 }).toBe(true);
    expect((await worker.getJob(id)).outputs).toHaveLength(1);
  });

  it("again and again", async () => {
    const before = await worker.bucketKeys();
    const { id } = await worker.createJob({ graph: twoSaves(80, 20, fresh()) });
    for (let turn = 0; turn < 6; turn++) {
      const { seq } = await worker.until(id, (job) => job.status === "running");
      await worker.abortJob(id);
      const after = await worker.getJob(id);
      // What was shown is never taken back, whatever was lost.
      expect(after.seq).toBeGreaterThanOrEqual(seq);
    }
    const job = await worker.ended(id);
    expect(job.attempt).toBe(1);
    await expectOneSet(before, job, 2);
  });

  it("while it stands in line", async () => {
    const before = await worker.bucketKeys();
    const blockers = await Promise.all([1, 2].map(() => worker.createJob({ graph: ticking(60, 20, fresh()) })));
    const { id } = await worker.createJob({ graph: ticking(3, 5, fresh()) });
    await worker.until(id, (job) => job.queue?.position === 1);
    await worker.abortJob(id);
    const job = await worker.ended(id);
    expect(job).toMatchObject({ status: "succeeded", attempt: 1 });
    await Promise.all(blockers.map((blocker) => worker.ended(blocker.id)));
    expect((await worker.bucketKeys()).length).toBe(before.length + 6);
  });

  it("while ComfyUI has it waiting", async () => {
    const blocker = await worker.createJob({ graph: ticking(80, 20, fresh()) });
    await worker.until(blocker.id, inMidRun);
    const before = await worker.bucketKeys();
    const { id } = await worker.createJob({ graph: ticking(3, 5, fresh()) });
    await worker.until(id, (job) => job.backend?.prompt_id != null);
    await worker.abortJob(id);
    const job = await worker.ended(id);
    expect(job).toMatchObject({ status: "succeeded", attempt: 1 });
    await worker.ended(blocker.id);
    expect((await worker.bucketKeys()).length).toBe(before.length + 4);
  });

  it("[M1, M2] while a result is on its way into storage", async () => {
    const before = await worker.bucketKeys();
    worker.fake.fake.fault({ type: "viewSlow", chunkBytes: 60, everyMs: 100 });
    const { id } = await worker.createJob({ graph: ticking(3, 5, fresh()) });
    await worker.until(id, (job) => job.phase === "uploading");
    await worker.abortJob(id);
    const job = await worker.ended(id);
    await expectOneSet(before, job, 1);
  });

  it("with pictures that came by socket: they are made again", async () => {
    const before = await worker.bucketKeys();
    const { id } = await worker.createJob({ workflow: "stream", inputs: small("lost frames", { steps: 50 }) });
    await worker.until(id, inMidRun);
    await worker.abortJob(id);
    await expectOneSet(before, await worker.ended(id), 1);
  });

  it("while it is being canceled", async () => {
    worker.fake.fake.fault({ type: "swallowInterrupt" });
    const { id } = await worker.createJob({ graph: ticking(1000, 20, fresh()) });
    await worker.until(id, inMidRun);
    await worker.post(`/v1/jobs/${id}/cancel`, {});
    await worker.abortJob(id);
    expect((await worker.ended(id)).status).toBe("canceled");
  });

  it("[V5] its viewers come back with their cursor and miss nothing", async () => {
    const { id } = await worker.createJob({ graph: twoSaves(60, 20, fresh()) });
    const first = await worker.socket(`/v1/jobs/${id}/events`);
    await worker.until(id, (job) => inMidRun(job) && job.outputs.length === 1);
    await worker.abortJob(id);
    await first.closed();
    expect(first.types).not.toContain("end");
    const second = await worker.socket(`/v1/jobs/${id}/events?after=${first.seqs.at(-1)}`);
    await second.closed();
    expect([...first.outputNodes, ...second.outputNodes]).toEqual(["8", "9"]);
    expect(second.types.at(-1)).toBe("end");
    expect(Math.min(...second.seqs)).toBeGreaterThanOrEqual(Math.max(...first.seqs));
  });
});

describe("the Worker's process", () => {
  it("[M2] is killed in mid-run and started again: the job succeeds with one set of outputs", async () => {
    const before = await worker.bucketKeys();
    const { id } = await worker.createJob({ graph: twoSaves(100, 20, fresh()), share: {} });
    await worker.until(id, (job) => inMidRun(job) && job.outputs.length === 1);
    await worker.killAndStart();
    const job = await worker.ended(id);
    expect(job.attempt).toBe(1);
    await expectOneSet(before, job, 2);
  });

  it("is killed, and ComfyUI ends the run meanwhile", async () => {
    const before = await worker.bucketKeys();
    const { id } = await worker.createJob({ graph: twoSaves(40, 20, fresh()) });
    await worker.until(id, inMidRun);
    const idle = async () => JSON.stringify(await (await fetch(`${worker.fake.url}/queue`)).json());
    await worker.killAndStart(() =>
      expect.poll(idle, { timeout: 20_000 }).toBe('{"queue_running":[],"queue_pending":[]}'),
    );
    const job = await worker.ended(id);
    expect(job.attempt).toBe(1);
    await expectOneSet(before, job, 2);
  });

  it("is killed, and nobody asks for the job after the start: it ends all the same", async () => {
    const { id } = await worker.createJob({ graph: ticking(60, 20, fresh()) });
    await worker.until(id, inMidRun);
    await worker.killAndStart();
    const ended = () => worker.logs.some((line) => line.includes(id) && line.includes('"to":"succeeded"'));
    await expect.poll(ended, { timeout: 40_000, interval: 100 }).toBe(true);
  });

  it("is stopped in order and started again, with jobs running and in line", async () => {
    const before = await worker.bucketKeys();
    const jobs = await Promise.all([1, 2, 3].map(() => worker.createJob({ graph: ticking(30, 20, fresh()) })));
    await worker.until(jobs[0]?.id ?? "", (job) => job.status !== "queued" || job.backend !== null);
    await worker.restart();
    const ended = await Promise.all(jobs.map((job) => worker.ended(job.id)));
    expect(ended.map((job) => job.status)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect((await worker.bucketKeys()).length).toBe(before.length + 6);
    expect(await worker.queue()).toEqual({ waiting: 0, leased: 0 });
  });

  it("keeps finished jobs, their links and files over a restart", async () => {
    const { id } = await worker.run({ graph: ticking(2, 5, fresh()) });
    const link = await worker.share(id);
    const job = await worker.getJob(id);
    await worker.killAndStart();
    expect(await worker.getJob(id)).toEqual(job);
    expect(job.share?.id).toBe(link.id);
    expect((await worker.request(link.url, { key: null })).status).toBe(200);
    expect((await worker.bytes(job.outputs[0]?.url ?? null)).length).toBeGreaterThan(50);
  });
});
