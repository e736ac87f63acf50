/** The same request again, from bad networks: at once, later, after a crash, by others. It is one job, counted once. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ulid } from "../../src/core/util/ids.ts";
import { small, through } from "../support/graphs.ts";
import {
  asUser,
  createdBy,
  eventually,
  limited,
  listedIds,
  makeKey,
  projectWith,
  quota,
  refused,
  remove,
  usage,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const phoneId = () => `job_${ulid(Date.now(), randomBytes(10))}`;
const quick = (prompt: string) => ({ workflow: "txt2img", inputs: small(prompt, { steps: 2 }) });
const keyed = (key: string) => ({ "idempotency-key": key });
const create = (client: WorkerClient, body: unknown, key: string | null = null) =>
  client.post("/v1/jobs", body, key === null ? {} : keyed(key));
/** So many of the same request at the same time. */
const atOnce = (count: number, request: (n: number) => Promise<Response>) =>
  Promise.all(Array.from({ length: count }, (_, n) => request(n)));

/** That the project holds this one job and has counted it once. */
async function expectOneJob(project: WorkerClient, id: string): Promise<void> {
  expect(await listedIds(project)).toEqual([id]);
  expect(await quota(project, "jobs_per_day")).toMatchObject({ used: 1, remaining: 0 });
  expect(await usage(project)).toMatchObject([{ created: 1 }]);
}

/** A project that may make one job a day: counted twice, the second of two requests would be refused. */
const oneJobADay = () => projectWith(worker, { limits: { jobs_per_day: 1 } });

describe("a hundred times the same request at once", () => {
  it.each([
    ["one Idempotency-Key and no id", quick("by key"), "taps"],
    ["one id made on the phone", { id: phoneId(), ...quick("by id") }, null],
  ])("[S1, T1] with %s makes one job, listed once and counted once", async (_, body, key) => {
    const project = await oneJobADay();
    const answers = await Promise.all((await atOnce(100, () => create(project, body, key))).map(createdBy));
    const [id = "", ...others] = new Set(answers.map(({ job }) => job.id));
    expect(others).toEqual([]);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ job }) => job.seed)).size).toBe(1);
    await expectOneJob(project, id);
    await project.ended(id);
    await expectOneJob(project, id);
  });

  it("[S1, T1] with two bodies under one key makes one job; all the others are told", async () => {
    const project = await oneJobADay();
    const answers = await atOnce(40, (n) => create(project, quick(n % 2 ? "one thing" : "another"), "torn"));
    const codes = await Promise.all(answers.filter(({ status }) => status !== 202).map(refused));
    expect(codes).toEqual(Array.from({ length: 20 }, () => [422, "idempotency_mismatch"]));
    const made = await Promise.all(answers.filter(({ status }) => status === 202).map(createdBy));
    expect(new Set(made.map(({ job }) => job.inputs?.prompt)).size).toBe(1);
    await expectOneJob(project, made[0]?.job.id ?? "");
  });
});

describe("a replay", () => {
  it("[S1] answers with the job as it is now and says so, quoted or bare, whatever the order of keys", async () => {
    const { job, replayed } = await createdBy(await create(worker, quick("now"), "quoted"));
    expect(replayed).toBe(false);
    const done = await worker.ended(job.id);
    const { inputs, workflow } = quick("now");
    for (const key of ["quoted", '"quoted"']) {
      const again = await create(worker, { inputs, workflow }, key);
      expect(again.headers.get("etag")).toBe(`W/"${done.seq}"`);
      expect(again.headers.get("location")).toBe(`${worker.url}/v1/jobs/${job.id}`);
      const { job: now, replayed } = await createdBy(again);
      expect(replayed).toBe(true);
      expect(now).toEqual({ ...done, new_share: null });
    }
  });

  it("[S1] with Prefer: wait holds for the end of the first run", async () => {
    const body = quick("wait for the first");
    const { job } = await createdBy(await create(worker, body, "waits"));
    const again = await worker.post("/v1/jobs", body, { ...keyed("waits"), prefer: "wait=20" });
    expect(again.status).toBe(201);
    expect(again.headers.get("preference-applied")).toBe("wait=20");
    expect(await createdBy(again)).toMatchObject({ job: { id: job.id, status: "succeeded" }, replayed: true });
  });

  it("[S1, T3] is no new job where the limits let no other in", async () => {
    const project = await oneJobADay();
    const { job } = await createdBy(await create(project, quick("the only one"), "only"));
    expect((await limited(await create(project, quick("another"), "another"))).problem.code).toBe("quota_exceeded");
    expect(await createdBy(await create(project, quick("the only one"), "only"))).toMatchObject({
      job: { id: job.id },
      replayed: true,
    });
    // The refused one was not remembered: it may still become another job.
    expect(await refused(await create(project, quick("yet another"), "another"))).toEqual([429, "quota_exceeded"]);
  });

  it("[S1, J34] of a deleted job answers that it was deleted, by key and by id", async () => {
    const id = phoneId();
    const byKey = await createdBy(await create(worker, quick("deleted"), "deleted"));
    await createdBy(await create(worker, { id, ...quick("deleted") }));
    await remove(worker, `/v1/jobs/${byKey.job.id}`);
    await remove(worker, `/v1/jobs/${id}`);
    expect(await refused(await create(worker, quick("deleted"), "deleted"))).toEqual([410, "job_deleted"]);
    expect(await refused(await create(worker, { id, ...quick("deleted") }))).toEqual([410, "job_deleted"]);
  });

  it("[S1] of a request that was refused is the first one", async () => {
    const bad = { workflow: "txt2img", inputs: small("bad", { steps: 100_000 }) };
    expect(await refused(await create(worker, bad, "mended"))).toEqual([422, "invalid_inputs"]);
    expect(await refused(await create(worker, { workflow: "no-such" }, "mended"))).toEqual([404, "workflow_not_found"]);
    expect(await createdBy(await create(worker, quick("mended"), "mended"))).toMatchObject({ replayed: false });
  });

  it("[S1] of a request whose upload was missing is the first one, once the upload is there", async () => {
    const source = await worker.run({ graph: through("ImageInvert", { image: ["1", 0] }, 0x123456) });
    const bytes = new Uint8Array(await worker.bytes(source.outputs[0]?.url ?? null));
    const upload = await worker.upload(bytes);
    await remove(worker, `/v1/uploads/${upload.id}`);
    const body = { workflow: "img2img", inputs: { prompt: "dusk", image: upload.id, steps: 2 } };
    expect(await refused(await create(worker, body, "upload"))).toEqual([422, "missing_upload"]);
    expect(await worker.upload(bytes)).toMatchObject({ id: upload.id });
    expect(await createdBy(await create(worker, body, "upload"))).toMatchObject({ replayed: false });
  });
});

describe("what is another request", () => {
  it("[S1] another body under a used key or id, however small the difference", async () => {
    const id = phoneId();
    const first = { ...quick("one"), metadata: { screen: "editor" } };
    const { job } = await createdBy(await create(worker, first, "used"));
    await createdBy(await create(worker, { id, ...first }));
    for (const other of [
      { ...first, metadata: {} },
      { ...first, share: {} },
      { ...first, ...quick("two") },
    ]) {
      expect(await refused(await create(worker, other, "used"))).toEqual([422, "idempotency_mismatch"]);
      expect(await refused(await create(worker, { id, ...other }))).toEqual([409, "id_conflict"]);
    }
    expect(await worker.getJob(job.id)).toMatchObject({ metadata: { screen: "editor" }, inputs: { prompt: "one" } });
  });

  it("[S1, A6] the same key from two users, from a server, or to another project", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const other = await projectWith(worker);
    const callers = [ana, ben, worker, other];
    const answers = await Promise.all(callers.map((caller) => create(caller, quick("shared"), "shared-key")));
    const made = await Promise.all(answers.map(createdBy));
    expect(made.map(({ replayed }) => replayed)).toEqual([false, false, false, false]);
    expect(new Set(made.map(({ job }) => job.id)).size).toBe(4);
    expect(made.map(({ job }) => job.user)).toEqual(["ana", "ben", null, null]);
  });

  it("[S1] but not the same key from another token of the user, or another key of the project", async () => {
    const [first, second] = await Promise.all([asUser(worker, "cleo"), asUser(worker, "cleo")]);
    const { job } = await createdBy(await create(first, quick("refreshed"), "refreshed"));
    expect(await createdBy(await create(second, quick("refreshed"), "refreshed"))).toMatchObject({
      job: { id: job.id },
      replayed: true,
    });
    const server = await makeKey(worker, ["jobs:create"]);
    const made = await createdBy(await create(worker, quick("rotated"), "rotated"));
    expect(await createdBy(await create(server.client, quick("rotated"), "rotated"))).toMatchObject({
      job: { id: made.job.id },
      replayed: true,
    });
  });

  it("[S1, A6] an id that another user's job has is a conflict and shows nothing of it; in another project it is free", async () => {
    const id = phoneId();
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    await createdBy(await create(ana, { id, ...quick("mine") }));
    const answer = await create(ben, { id, ...quick("mine") });
    expect(await answer.clone().text()).not.toMatch(/ana|mine/);
    expect(await refused(answer)).toEqual([409, "id_conflict"]);
    expect(await refused(await ben.request(`/v1/jobs/${id}`))).toEqual([404, "not_found"]);
    const other = await projectWith(worker);
    expect(await createdBy(await create(other, { id, ...quick("elsewhere") }))).toMatchObject({
      job: { id, user: null },
      replayed: false,
    });
    expect((await ana.getJob(id)).inputs).toMatchObject({ prompt: "mine" });
  });

  it.each(["a b", "ä", "x".repeat(256), '"', "a/b"])("[S1] a key of other characters is refused: %s", async (key) => {
    const header = Buffer.from(key).toString("latin1");
    expect(await refused(await create(worker, quick("odd"), header))).toEqual([400, "invalid_header"]);
  });
});

it("[S1, T1, T6] replays survive the Worker's death and count nothing twice", async () => {
  const project = await oneJobADay();
  const body = { ...quick("over a crash"), share: {} };
  const { job } = await createdBy(await create(project, body, "crash"));
  await worker.killAndStart();
  const answers = await Promise.all((await atOnce(20, () => create(project, body, "crash"))).map(createdBy));
  expect(new Set(answers.map(({ job, replayed }) => `${job.id} ${replayed}`))).toEqual(new Set([`${job.id} true`]));
  expect((await project.ended(job.id)).status).toBe("succeeded");
  await expectOneJob(project, job.id);
  await eventually(() => usage(project)).toMatchObject([{ created: 1, succeeded: 1 }]);
});
