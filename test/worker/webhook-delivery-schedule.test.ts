import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Delivery } from "../../src/contract/webhook.ts";
import { JITTER, MAX_ATTEMPTS, RETRY_DELAYS_MS } from "../../src/core/webhook/schedule.ts";
import { verify } from "../../src/core/webhook/verify.ts";
import { ticking } from "../support/graphs.ts";
import { answer, type Receiver } from "../support/receiver.ts";
import { WebhookWorker } from "../support/webhooks.ts";

let worker: WebhookWorker;
beforeAll(async () => {
  worker = await WebhookWorker.start();
});
afterAll(() => worker.close());

const HOUR = 3_600_000;
let colour = 0;

/** The job's alarms go off at their times, one after the other, until nothing is left to do or until then. */
async function live(jobId: string, until = Number.POSITIVE_INFINITY): Promise<number> {
  let now = Date.now();
  for (;;) {
    const next = (await worker.job(jobId, "clockAt", now)) as number | null;
    if (next === null || next > until) return now;
    now = next;
  }
}

async function rowsOf(received: Receiver, jobId: string): Promise<Delivery> {
  const [first] = await received.until((all) => all.length > 0, jobId);
  const row = await worker.delivery(first?.headers["easel-delivery-id"] ?? "");
  if (!row) throw new Error("It has no row in the ledger.");
  return row;
}

function expectSchedule({ attempts }: Delivery): void {
  expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, i) => i + 1));
  for (const [i, { at }] of attempts.slice(1).entries()) {
    const waitMs = Date.parse(at) - Date.parse(attempts[i]?.at ?? "");
    const planned = RETRY_DELAYS_MS[i] ?? 0;
    // The ledger shows whole seconds.
    expect(waitMs).toBeGreaterThanOrEqual(planned * (1 - JITTER) - 1_000);
    expect(waitMs).toBeLessThanOrEqual(planned * (1 + JITTER) + 2_000);
  }
}

describe("over days", () => {
  it("[W2] [W3] a receiver that is down for 30 hours gets everything in schedule: one id, rising attempts", async () => {
    const { receiver, endpoint } = await worker.endpoint({ events: ["job.succeeded"] });
    const dead = await worker.endpoint({ events: ["job.succeeded"] });
    receiver.usually(answer(503));
    const { id } = await worker.run({ graph: ticking(4, 10, ++colour) });
    await dead.receiver.until((all) => all.length > 0, id);
    await dead.receiver.close();
    const began = Date.now();
    await live(id, began + 30 * HOUR);
    receiver.usually(answer(200));
    await live(id);
    const received = receiver.of(id);
    const attempts = received.map(({ headers }) => headers["easel-attempt"]);
    expect(attempts).toEqual(received.map((_, i) => String(i + 1)));
    expect(received.length).toBeGreaterThanOrEqual(8);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    const times = received.map(({ headers }) => Number(headers["webhook-timestamp"]) * 1_000);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    for (const [i, { headers, body }] of received.entries()) {
      const checked = await verify((name) => headers[name], body, [endpoint.secret ?? ""], times[i] ?? 0);
      expect(checked.ok, `attempt ${i + 1} is signed for its own time`).toBe(true);
    }
    const row = await rowsOf(receiver, id);
    expect(row).toMatchObject({
      status: "succeeded",
      attempt: received.length,
      http_status: 200,
      next_attempt_at: null,
    });
    expectSchedule(row);
    await worker.removeEndpoint(endpoint.id);
    await worker.removeEndpoint(dead.endpoint.id);
  });

  it("[W2] [W8] one that never comes back is given up after ten attempts, and the ledger has them all", async () => {
    const { receiver, endpoint } = await worker.endpoint({ events: ["job.succeeded"] });
    receiver.next(answer(500));
    const { id } = await worker.run({ graph: ticking(4, 10, ++colour) });
    await rowsOf(receiver, id);
    await receiver.close();
    const began = Date.now();
    const ended = await live(id);
    expect(ended - began).toBeGreaterThan(30 * HOUR);
    const row = await rowsOf(receiver, id);
    expect(row).toMatchObject({ status: "failed", attempt: MAX_ATTEMPTS, error: "refused", next_attempt_at: null });
    expect(row.attempts).toHaveLength(MAX_ATTEMPTS);
    expectSchedule(row);
    await worker.removeEndpoint(endpoint.id);
  });

  it("[W13] a job whose time is over stays until the last attempt at its event, and then goes with its media", async () => {
    const { receiver, endpoint } = await worker.endpoint({ events: ["job.succeeded"] });
    receiver.usually(answer(500));
    const created = await worker.createJob({
      graph: ticking(4, 10, ++colour),
      retention: { expires_in_seconds: 3_600 },
    });
    const { id, outputs } = await worker.ended(created.id);
    await rowsOf(receiver, id);
    const url = outputs[0]?.url ?? "";
    await live(id, Date.now() + 3 * HOUR);
    // Its hour is over, and the receiver may still ask for it.
    expect((await worker.request(`/v1/jobs/${id}`)).status).toBe(200);
    expect((await worker.bytes(url)).length).toBeGreaterThan(50);
    await live(id);
    expect(receiver.of(id)).toHaveLength(MAX_ATTEMPTS);
    await expect.poll(async () => (await worker.request(`/v1/jobs/${id}`)).status, { timeout: 20_000 }).toBe(410);
    await expect.poll(async () => (await worker.request(url, { key: null })).status, { timeout: 20_000 }).toBe(410);
    await worker.removeEndpoint(endpoint.id);
  });
});
