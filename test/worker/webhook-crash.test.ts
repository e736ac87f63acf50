import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ulid } from "../../src/core/util/ids.ts";
import { ticking } from "../support/graphs.ts";
import { answer, type Receiver } from "../support/receiver.ts";
import { WebhookWorker } from "../support/webhooks.ts";

let worker: WebhookWorker;
let receiver: Receiver;
/** Requests that came before their row was in the ledger. */
const withoutRow: string[] = [];
beforeAll(async () => {
  worker = await WebhookWorker.start();
  ({ receiver } = await worker.endpoint({ events: ["job.succeeded"] }));
  receiver.onReceived = async ({ headers }) => {
    const row = await worker.delivery(headers["easel-delivery-id"] ?? "").catch(() => undefined);
    // A project that is dead at the moment cannot be asked.
    if (row !== undefined && row?.event_id !== headers["webhook-id"]) withoutRow.push(JSON.stringify(headers));
  };
});
afterAll(() => worker.close());

let colour = 0;
const freshId = () => `job_${ulid(Date.now(), randomBytes(10))}`;
/** Longer than the alarm takes to bring a job back whose object has died. */
const PATIENCE = { timeout: 40_000, interval: 100 };

/** The places at which the object dies, in the order of an event's way, and how many requests may come of it. */
const POINTS: [point: string, requests: number][] = [
  ["outbox:row-unwritten", 1],
  ["outbox:row-written", 1],
  ["outbox:announced", 1],
  ["outbox:permitted", 1],
  ["outbox:sent", 2],
  ["outbox:result-written", 1],
  ["outbox:reported", 1],
];

/** Everything that came of this job is one event, arrived in its first attempt, and the ledger says so. */
async function expectOneEvent(id: string, requests: number, attempt = "1"): Promise<void> {
  const received = await receiver.until((all) => all.length >= requests, id);
  expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(new Set(received.map(({ headers }) => headers["easel-delivery-id"])).size).toBe(1);
  expect(received.map(({ accepted }) => accepted)).not.toContain(false);
  const last = received.at(-1);
  expect(last?.headers["easel-attempt"]).toBe(attempt);
  const row = async () => (await worker.delivery(last?.headers["easel-delivery-id"] ?? ""))?.status;
  await expect.poll(row, PATIENCE).toBe("succeeded");
  // Nothing is left under way that could send it again.
  await expect.poll(() => worker.job(id, "clockAt", Date.now()), PATIENCE).toBeNull();
  expect(receiver.of(id)).toHaveLength(requests);
}

/** Whether the object died on its way: a job that is taken up again says so. */
const wasResumed = (id: string) => timesResumed(id) > 0;
const timesResumed = (id: string) =>
  worker.logs.filter((line) => line.includes(id) && line.includes("job_resumed")).length;

describe("[W11] an event arrives with its one id, and not before its row is in the ledger, when", () => {
  it.each(POINTS)("the job's object dies at %s", async (point, requests) => {
    const id = freshId();
    await worker.job(id, "dieAt", point);
    await worker.createJob({ id, graph: ticking(4, 10, ++colour) });
    await expectOneEvent(id, requests);
    expect(wasResumed(id)).toBe(true);
    expect(withoutRow).toEqual([]);
  });

  it("the job's object dies again and again, at one step after the other", async () => {
    const id = freshId();
    receiver.next(answer(500));
    await worker.job(id, "dieAt", "outbox:row-written");
    await worker.createJob({ id, graph: ticking(4, 10, ++colour) });
    const [first] = await receiver.until((all) => all.length === 1, id);
    const attempts = async () => (await worker.delivery(first?.headers["easel-delivery-id"] ?? ""))?.attempts.length;
    await expect.poll(attempts, PATIENCE).toBe(1);
    for (const point of ["outbox:permitted", "outbox:sent", "outbox:result-written"]) {
      await worker.job(id, "dieAt", point);
      const died = worker.job(id, "clockAt", Date.now() + 60_000).then(
        () => false,
        () => true,
      );
      expect(await died, point).toBe(true);
    }
    // The last death took the clock back, and the alarm stands where that clock had it: a reader wakes the job.
    await worker.getJob(id);
    await expectOneEvent(id, 3, "2");
    expect(receiver.of(id).map(({ headers }) => headers["easel-attempt"])).toEqual(["1", "2", "2"]);
    expect(withoutRow).toEqual([]);
  });

  it.each(["record:before", "record:after"])("the project's object dies as the job ends (%s)", async (point) => {
    const { id } = await worker.createJob({ graph: ticking(60, 20, ++colour) });
    await worker.until(id, (job) => (job.progress.step ?? 0) > 20);
    await worker.tenant("dieAt", point);
    await expectOneEvent(id, 1);
    expect(withoutRow).toEqual([]);
  });

  it("the whole Worker is killed while the receiver has not answered yet", async () => {
    receiver.next({ type: "hang" });
    const { id } = await worker.createJob({ graph: ticking(4, 10, ++colour) });
    await receiver.until((all) => all.length === 1, id);
    await worker.killAndStart();
    await expectOneEvent(id, 2);
    expect(withoutRow).toEqual([]);
  });

  it("the whole Worker is killed while the next attempt is waited for", async () => {
    receiver.next(answer(500));
    const { id } = await worker.createJob({ graph: ticking(4, 10, ++colour) });
    const [first] = await receiver.until((all) => all.length === 1, id);
    const attempts = async () => (await worker.delivery(first?.headers["easel-delivery-id"] ?? ""))?.attempts.length;
    await expect.poll(attempts, PATIENCE).toBe(1);
    await worker.killAndStart();
    await expectOneEvent(id, 2, "2");
    expect(withoutRow).toEqual([]);
  });
});
