import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { small, through, ticking, twoSaves } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());
beforeEach(() => worker.fake.fake.clearFaults());

/** A colour that no other run has, so that nothing comes from ComfyUI's cache. */
let colour = 0;
const fresh = () => ++colour;
const running = (id: string) => worker.until(id, (job) => job.status === "running" && (job.progress.step ?? 0) > 2);

describe("what ComfyUI says of a run", () => {
  it("a node that raises: failed, with the node named, and no path or traceback", async () => {
    const message = "cannot read /home/anna/ComfyUI/models/private.safetensors";
    worker.fake.fake.fault({ type: "nodeError", nodeId: "5", message, exceptionType: "OSError" });
    const job = await worker.run({ graph: ticking(3, 5, fresh()) });
    expect(job).toMatchObject({
      status: "failed",
      error: { code: "node_failed", node_id: "5", class_type: "ProbeSleep", retryable: false },
      attempt: 1,
    });
    expect(JSON.stringify(job)).not.toMatch(/anna|private\.safetensors|Traceback|\.py/);
    expect((await fetch(job.error?.doc_url ?? "")).status).toBe(200);
  });

  it("out of memory is told apart from other failures", async () => {
    const job = await worker.run({ graph: through("ProbeOutOfMemory", {}, fresh()) });
    expect(job.error).toMatchObject({ code: "out_of_memory", retryable: true });
  });

  it("results made before the failure are kept", async () => {
    const graph = { ...twoSaves(2, 5, fresh()), 5: { class_type: "ProbeError", inputs: { images: ["1", 0] } } };
    const job = await worker.run({ graph });
    expect(job.status).toBe("failed");
    expect(job.outputs.map((output) => output.node_id)).toEqual(["8"]);
  });

  it("a class that is not installed, and a model that is not there, are refused by name", async () => {
    const unknown = await worker.run({ graph: through("NoSuchNode", {}, fresh()) });
    expect(unknown).toMatchObject({ status: "failed", error: { code: "node_missing" } });
    expect(unknown.error?.message).toContain("NoSuchNode");
    const model = await worker.run({
      workflow: "txt2img",
      inputs: small("no model", { checkpoint: "nope.safetensors" }),
    });
    expect(model).toMatchObject({
      status: "failed",
      error: { code: "model_missing", node_id: "4", class_type: "CheckpointLoaderSimple", input: "ckpt_name" },
    });
  });

  it("node_errors on a 200: an output that would silently be dropped fails the job, and its run is stopped", async () => {
    const graph = {
      ...ticking(2000, 20, fresh()),
      12: {
        class_type: "ImageScale",
        inputs: { image: ["1", 0], upscale_method: "no such", width: 8, height: 8, crop: "disabled" },
      },
      13: { class_type: "SaveImage", inputs: { images: ["12", 0], filename_prefix: "dropped" } },
    };
    const job = await worker.run({ graph });
    expect(job).toMatchObject({ status: "failed", error: { code: "invalid_workflow", node_id: "12" } });
    await expect
      .poll(async () => (await fetch(`${worker.fake.url}/queue`)).json())
      .toEqual({ queue_running: [], queue_pending: [] });
  });

  it("a blocked branch is no failure: the other outputs are there", async () => {
    const graph = {
      ...through("ProbeBlock", { message: "blocked on purpose" }, fresh()),
      8: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "open" } },
    };
    const job = await worker.run({ graph });
    expect(job.status).toBe("succeeded");
    expect(job.outputs.map((output) => output.node_id)).toEqual(["8"]);
  });

  it("an interrupt from elsewhere: canceled, by the backend", async () => {
    const { id } = await worker.createJob({ graph: ticking(500, 20, fresh()) });
    await running(id);
    worker.fake.fake.fault({ type: "interrupt" });
    expect(await worker.ended(id)).toMatchObject({ status: "canceled", cancel: { by: "backend" }, error: null });
  });

  it("a cached file that is gone from the server is made again in a second attempt", async () => {
    const graph = ticking(3, 5, fresh());
    const first = await worker.run({ graph });
    const keysBefore = await worker.outputKeys();
    worker.fake.fake.fault({ type: "view404" });
    const second = await worker.run({ graph });
    expect(second).toMatchObject({ status: "succeeded", attempt: 2, warnings: [{ code: "attempt_retried" }] });
    expect(second.outputs).toHaveLength(1);
    expect(second.outputs[0]?.width).toBe(first.outputs[0]?.width);
    expect(await worker.outputKeys()).toHaveLength(keysBefore.length + 1);
  });
});

describe("what can go wrong on the way", () => {
  const succeedsOnce = async (id: string, attempt: number, outputs = 1) => {
    const job = await worker.ended(id);
    expect(job, JSON.stringify(job.error)).toMatchObject({ status: "succeeded", attempt, progress: { value: 1 } });
    expect(job.outputs).toHaveLength(outputs);
    const keys = await worker.outputKeys();
    for (const output of job.outputs) expect(keys).toContain(`o/${output.id}`);
    return job;
  };

  it("the socket is cut in mid-run: the result comes soon after the end, once", async () => {
    const before = (await worker.outputKeys()).length;
    const { id } = await worker.createJob({ graph: twoSaves(60, 20, fresh()) });
    await running(id);
    worker.fake.fake.fault({ type: "cut" });
    await succeedsOnce(id, 1, 2);
    expect(await worker.outputKeys()).toHaveLength(before + 2);
  });

  it("the socket is cut in mid-run of a workflow that sends its pictures over it", async () => {
    worker.fake.fake.fault({ type: "cut", when: { type: "atStep", step: 4 } });
    const { id } = await worker.createJob({ workflow: "stream", inputs: small("cut stream", { steps: 40 }) });
    const job = await worker.ended(id);
    expect(job.status).toBe("succeeded");
    expect(job.outputs).toHaveLength(1);
  });

  it("frames that no decoder knows, and events twice, do no harm", async () => {
    const { id } = await worker.createJob({ graph: ticking(40, 20, fresh()) });
    await running(id);
    for (const type of ["garbage", "oddFrames"] as const) worker.fake.fake.fault({ type });
    worker.fake.fake.fault({ type: "duplicate", count: 20 });
    await succeedsOnce(id, 1);
  });

  it("ComfyUI is restarted in mid-run: a second attempt succeeds, and nothing is stored twice", async () => {
    const before = (await worker.outputKeys()).length;
    const { id } = await worker.createJob({ graph: twoSaves(50, 20, fresh()) });
    const watcher = await worker.socket(`/v1/jobs/${id}/events`);
    await worker.until(id, (job) => job.outputs.length === 1 && (job.progress.step ?? 0) > 2);
    worker.fake.fake.fault({ type: "restart", downMs: 600 });
    const job = await succeedsOnce(id, 2, 2);
    expect(job.warnings.map((warning) => warning.code)).toContain("attempt_retried");
    expect(job.outputs.map((output) => output.index)).toEqual([0, 1]);
    expect(await worker.outputKeys()).toHaveLength(before + 2);
    await watcher.closed();
    expect(watcher.outputNodes).toEqual(["8", "9"]);
    expect(watcher.all("status").some(({ data }) => data.attempt === 2 && data.status === "queued")).toBe(true);
  });

  it("an address that stops letting us in is told from one that is silent", async () => {
    const { id } = await worker.createJob({ graph: ticking(60, 20, fresh()) });
    await running(id);
    worker.fake.fake.fault({ type: "refuse", status: 401, count: 4 });
    worker.fake.fake.fault({ type: "cut" });
    const job = await succeedsOnce(id, 1);
    expect(job.warnings.map(({ code }) => code)).toEqual(["connection_lost", "refused"]);
  });

  it("a POST that is answered with 500 after it was taken is not sent again", async () => {
    worker.fake.fake.fault({ type: "post500" });
    const before = worker.fake.fake.files.topLevel("output").length;
    const { id } = await worker.createJob({ graph: ticking(10, 20, fresh()) });
    await succeedsOnce(id, 1);
    expect(worker.fake.fake.files.topLevel("output")).toHaveLength(before + 1);
  });

  it("a POST without an answer, and one whose answer comes after the events, are no different", async () => {
    worker.fake.fake.fault({ type: "postDrop" });
    const dropped = await worker.createJob({ graph: ticking(10, 20, fresh()) });
    await succeedsOnce(dropped.id, 1);
    worker.fake.fake.fault({ type: "postDelay", ms: 1500 });
    const delayed = await worker.createJob({ graph: ticking(10, 20, fresh()) });
    await succeedsOnce(delayed.id, 1);
  });

  it("[M1] a file that breaks off on its way is fetched again, whole", async () => {
    worker.fake.fake.fault({ type: "viewTruncated", afterBytes: 40 });
    const { id } = await worker.createJob({ graph: ticking(3, 5, fresh()) });
    const job = await succeedsOnce(id, 1);
    const raw = await worker.bytes(`/v1/outputs/${job.outputs[0]?.id}/raw`, {});
    expect(`sha256:${createHash("sha256").update(raw).digest("hex")}`).toBe(job.outputs[0]?.hash);
    expect(Buffer.from(raw.subarray(-8)).toString("latin1")).toContain("IEND");
  });
});
