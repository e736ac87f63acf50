import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { ulid } from "../../src/core/util/ids.ts";
import { small, through, ticking } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { type CreatedJob, problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const clientId = () => `job_${ulid(Date.now(), randomBytes(10))}`;
const quick = (prompt: string) => ({ workflow: "txt2img", inputs: small(prompt, { steps: 2 }) });
const keyed = (key: string) => ({ "idempotency-key": key });

describe("creating a job", () => {
  it("answers 202 with the job, where it is, when to look again, and its ETag", async () => {
    const response = await worker.post("/v1/jobs", quick("headers"));
    expect(response.status).toBe(202);
    const job = (await response.json()) as CreatedJob;
    expect(response.headers.get("location")).toBe(`${worker.url}/v1/jobs/${job.id}`);
    expect(response.headers.get("etag")).toBe(`W/"${job.seq}"`);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(job).toMatchObject({
      object: "job",
      terminal: false,
      new_share: null,
      links: { self: response.headers.get("location") },
    });
    await worker.ended(job.id);
  });

  it("with Prefer: wait answers 201 with the finished job", async () => {
    const response = await worker.post("/v1/jobs", quick("wait for it"), { prefer: "wait=20" });
    expect(response.status).toBe(201);
    expect(response.headers.get("preference-applied")).toBe("wait=20");
    expect(await response.json()).toMatchObject({ status: "succeeded", outputs: [{ type: "image" }] });
  });

  it("with a wait that is over before the job, answers 202 and the job goes on", async () => {
    const response = await worker.post("/v1/jobs", { graph: ticking(60, 25) }, { prefer: "wait=1" });
    expect(response.status).toBe(202);
    const job = (await response.json()) as Job;
    expect(job.terminal).toBe(false);
    expect(await worker.ended(job.id)).toMatchObject({ status: "succeeded" });
  });

  it("a share in the request gives the live link in the answer, the only time it is told", async () => {
    const job = await worker.createJob({ ...quick("share me"), share: { label: "for Ana" } });
    expect(job.new_share).toMatchObject({
      object: "share",
      job_id: job.id,
      label: "for Ana",
      reveal: ["previews", "outputs"],
    });
    expect(job.new_share?.url).toMatch(new RegExp(`^${worker.url}/s/[0-9A-Za-z]{44}$`));
    expect((await worker.getJob(job.id)).share).toMatchObject({ id: job.new_share?.id, url: null });
    await worker.ended(job.id);
  });

  it("metadata, deadlines and retention are kept as given", async () => {
    const job = await worker.createJob({
      ...quick("with extras"),
      metadata: { screen: "editor" },
      deadline: { start_within_seconds: 60, finish_within_seconds: 300 },
      retention: { expires_in_seconds: 3600 },
    });
    const seconds = (later: string | null) => (Date.parse(later ?? "") - Date.parse(job.created_at)) / 1000;
    expect(job.metadata).toEqual({ screen: "editor" });
    expect([job.deadline.start_by, job.deadline.finish_by, job.expires_at].map(seconds)).toEqual([60, 300, 3600]);
    await worker.ended(job.id);
  });
});

describe("creating the same job again", () => {
  it("[S1] by Idempotency-Key answers with the job as it is now", async () => {
    const first = await worker.createJob(quick("once"), keyed("phone-1"));
    const done = await worker.ended(first.id);
    const again = await worker.post(
      "/v1/jobs",
      { inputs: quick("once").inputs, workflow: "txt2img" },
      keyed('"phone-1"'),
    );
    expect(again.status).toBe(202);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await again.json()).toMatchObject({ id: first.id, status: "succeeded", seq: done.seq });
  });

  it("[S1] a hundred times at once, with a share, makes one job and one link", async () => {
    const body = { ...quick("a hundred taps"), share: {} };
    const answers = await Promise.all(Array.from({ length: 100 }, () => worker.createJob(body, keyed("taps"))));
    const ids = new Set(answers.map((job) => job.id));
    expect(ids.size).toBe(1);
    expect(answers.filter((job) => job.new_share !== null)).toHaveLength(1);
    const job = await worker.ended([...ids][0] ?? "");
    expect(job).toMatchObject({ status: "succeeded", attempt: 1 });
    const links = (await (await worker.request(`/v1/jobs/${job.id}/shares`)).json()) as { data: unknown[] };
    expect(links.data).toHaveLength(1);
    expect(worker.fake.fake.files.topLevel("output").length).toBeGreaterThan(0);
  });

  it("[S1] by an id made on the phone is a replay, without any header", async () => {
    const id = clientId();
    const first = await worker.createJob({ id, ...quick("my own id") });
    expect(first.id).toBe(id);
    const again = await worker.post("/v1/jobs", { id, ...quick("my own id") });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await again.json()).toMatchObject({ id });
    await worker.ended(id);
  });

  it("[S1] with another body is a conflict, and the first job is untouched", async () => {
    const id = clientId();
    const made = await worker.createJob({ id, ...quick("one thing") });
    const byId = await worker.post("/v1/jobs", { id, ...quick("another thing") });
    expect(byId.status).toBe(409);
    expect((await problemOf(byId)).code).toBe("id_conflict");
    await worker.createJob(quick("one thing"), keyed("conflict"));
    const byKey = await worker.post("/v1/jobs", quick("another thing"), keyed("conflict"));
    expect(byKey.status).toBe(422);
    expect((await problemOf(byKey)).code).toBe("idempotency_mismatch");
    expect((await worker.ended(made.id)).inputs).toMatchObject({ prompt: "one thing" });
  });

  it("is a replay even when its upload is long gone", async () => {
    const source = await worker.run({ graph: through("ImageInvert", { image: ["1", 0] }, 0xabcdef) });
    const upload = await worker.upload(new Uint8Array(await worker.bytes(source.outputs[0]?.url ?? null)));
    const body = { workflow: "img2img", inputs: { prompt: "dusk", image: upload.id, steps: 2 } };
    const first = await worker.createJob(body, keyed("old-upload"));
    await worker.ended(first.id);
    await worker.removeFromBucket(`u/${upload.id}`);
    const again = await worker.post("/v1/jobs", body, keyed("old-upload"));
    expect(await again.json()).toMatchObject({ id: first.id, status: "succeeded" });
  });
});

describe("reading a job", () => {
  it("[S2] an ETag that is still true answers 304 without a body", async () => {
    const job = await worker.run(quick("unchanged"));
    for (const tag of [`W/"${job.seq}"`, `"0", W/"${job.seq}"`, "*"]) {
      const response = await worker.request(`/v1/jobs/${job.id}`, { headers: { "if-none-match": tag } });
      expect(response.status, tag).toBe(304);
      expect(await response.text()).toBe("");
      expect(response.headers.get("etag")).toBe(`W/"${job.seq}"`);
    }
    const changed = await worker.request(`/v1/jobs/${job.id}`, { headers: { "if-none-match": `W/"${job.seq - 1}"` } });
    expect(changed.status).toBe(200);
  });

  it("[S2] a long poll ends with the first change, and with 304 when nothing changes", async () => {
    const { id } = await worker.createJob({ graph: ticking(60, 50) });
    const seen = await worker.until(id, (job) => job.status === "running");
    const poll = () =>
      worker.request(`/v1/jobs/${id}`, { headers: { "if-none-match": `W/"${seen.seq}"`, prefer: "wait=20" } });
    const answer = await poll();
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as Job).seq).toBeGreaterThan(seen.seq);
    await worker.post(`/v1/jobs/${id}/cancel`, {});
    const done = await worker.ended(id);
    const idle = await worker.request(`/v1/jobs/${id}`, {
      headers: { "if-none-match": `W/"${done.seq}"`, prefer: "wait=20" },
    });
    expect(idle.status).toBe(304);
  });

  it("Prefer: wait alone holds the answer until the end", async () => {
    const { id } = await worker.createJob({ graph: ticking(20, 25) });
    const response = await worker.request(`/v1/jobs/${id}`, { headers: { prefer: "wait=20" } });
    expect(await response.json()).toMatchObject({ terminal: true });
  });
});

describe("canceling a job", () => {
  const cancel = (id: string, body: unknown = { reason: "changed my mind" }) =>
    worker.post(`/v1/jobs/${id}/cancel`, body);

  it("while it runs: the run is interrupted at ComfyUI, and nothing is left in its queue", async () => {
    const { id } = await worker.createJob({ graph: ticking(2000, 20) });
    await worker.until(id, (job) => job.status === "running");
    const answer = await cancel(id);
    expect(answer.status).toBe(200);
    expect(["canceling", "canceled"]).toContain(((await answer.json()) as Job).status);
    const job = await worker.ended(id);
    expect(job).toMatchObject({ status: "canceled", error: null, cancel: { by: "owner", reason: "changed my mind" } });
    const queue = await (await fetch(`${worker.fake.url}/queue`)).json();
    expect(queue).toEqual({ queue_running: [], queue_pending: [] });
  });

  it("while ComfyUI has it waiting behind another, and while it stands in our own line", async () => {
    const jobs = await Promise.all([1, 2, 3].map((n) => worker.createJob({ graph: ticking(2000, 20, n) })));
    const [running, behind, inLine] = jobs.map((job) => job.id);
    const others = [behind, inLine].map(async (id) => {
      await cancel(id ?? "");
      return worker.ended(id ?? "");
    });
    expect((await Promise.all(others)).map((job) => job.status)).toEqual(["canceled", "canceled"]);
    await cancel(running ?? "");
    await worker.ended(running ?? "");
    await expect.poll(() => worker.queue()).toEqual({ waiting: 0, leased: 0 });
  });

  it("an interrupt that ComfyUI loses is sent again", async () => {
    worker.fake.fake.fault({ type: "swallowInterrupt" });
    const { id } = await worker.createJob({ graph: ticking(2000, 20) });
    await worker.until(id, (job) => job.status === "running");
    await cancel(id);
    expect((await worker.ended(id)).status).toBe("canceled");
  });

  it("after the end changes nothing, without a body too", async () => {
    const job = await worker.run(quick("too late"));
    const answer = await worker.request(`/v1/jobs/${job.id}/cancel`, { method: "POST" });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual(job);
  });
});
