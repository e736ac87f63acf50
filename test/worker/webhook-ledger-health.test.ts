/** Endpoints that only fail: given up after days, the others told; and rows that are forgotten after a month. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttemptReport, OutgoingEvent, Target } from "../../src/core/webhook/vocabulary.ts";
import { answer } from "../support/receiver.ts";
import { me } from "../support/tenants.ts";
import { deliveries, patchEndpoint, readDelivery, readEndpoint } from "../support/webhook-calls.ts";
import { WebhookWorker } from "../support/webhooks.ts";

let worker: WebhookWorker;
beforeAll(async () => {
  worker = await WebhookWorker.start();
}, 60_000);
afterAll(() => worker?.close());

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let count = 0;
function event(): OutgoingEvent {
  const digits = String(++count).padStart(26, "0");
  const [id, jobId] = [`evt_${digits}`, `job_${digits}`];
  const frame = { id, type: "job.deleted", timestamp: "2026-11-20T07:12:01Z", api_version: "v1", mode: "live" };
  const body = JSON.stringify({ ...frame, project: worker.project, data: { job: { id: jobId } } });
  return { id, type: "job.deleted", jobId, at: Date.now(), body };
}
const announce = async () => (await worker.tenant("announce", event(), null)) as Target[];
const failure = (deliveryId: string, at: number, attempt: number): AttemptReport => ({
  deliveryId,
  attempt,
  at,
  durationMs: 5,
  httpStatus: 500,
  error: "status",
  reason: "The receiver answered 500.",
  excerpt: "",
  result: "retry",
  nextAt: at + HOUR_MS,
});
/** An endpoint whose attempts failed so often, evenly from one time to another. */
async function failing(times: number, since: number, until: number) {
  const bad = await worker.endpoint({ events: ["job.deleted"] });
  for (let made = 0; made < times; made++) {
    const [target] = (await announce()).filter((one) => one.endpointId === bad.endpoint.id);
    const at = since + ((until - since) * made) / Math.max(1, times - 1);
    await worker.tenant("attempted", failure(target?.deliveryId ?? "", at, 1));
  }
  return bad;
}

describe("an endpoint that only fails", () => {
  it("[W7] is disabled after five days and twenty attempts, and the others are told", async () => {
    const good = await worker.endpoint({ events: ["job.failed"] });
    const now = Date.now();
    const bad = await failing(21, now - 5 * DAY_MS - HOUR_MS, now);
    const shown = await readEndpoint(worker, bad.endpoint.id);
    expect(shown).toMatchObject({ status: "disabled", disabled_reason: "failing" });
    expect(Date.parse(shown.failing_since ?? "")).toBeLessThan(now - 5 * DAY_MS);
    expect((await me(worker)).disabled_webhooks).toEqual([bad.endpoint.id]);
    const told = await good.receiver.event("webhook.disabled");
    expect(told.accepted).toBe(true);
    expect(told.event.data).toMatchObject({
      endpoint: { id: bad.endpoint.id, url: bad.receiver.url },
      reason: expect.stringMatching(
        /^Nothing but failures since .*, 21 in a row\. The last one: The receiver answered 500\.$/,
      ),
      failed_since: shown.failing_since,
    });
    expect(bad.receiver.requests).toEqual([]);
    // Nothing goes to it any more, until it is enabled; then its failures are forgotten.
    expect((await announce()).map(({ endpointId }) => endpointId)).not.toContain(bad.endpoint.id);
    const enabled = await patchEndpoint(worker, bad.endpoint.id, { status: "enabled" });
    expect(enabled).toMatchObject({ status: "enabled", failing_since: null });
    expect((await announce()).map(({ endpointId }) => endpointId)).toContain(bad.endpoint.id);
    for (const { id } of [good.endpoint, bad.endpoint]) await worker.removeEndpoint(id);
  });

  it.each([
    ["twenty attempts in less than five days", 30, 4.9],
    ["nineteen attempts in six days", 19, 6],
  ])("[W7] stays after %s", async (_, times, days) => {
    const now = Date.now();
    const { endpoint } = await failing(times, now - days * DAY_MS, now);
    expect(await readEndpoint(worker, endpoint.id)).toMatchObject({ status: "enabled", disabled_reason: null });
    await worker.removeEndpoint(endpoint.id);
  });

  it("[W7] begins anew with each success", async () => {
    const now = Date.now();
    const { endpoint } = await failing(19, now - 6 * DAY_MS, now);
    const [target] = await announce();
    const deliveryId = target?.deliveryId ?? "";
    await worker.tenant("attempted", {
      ...failure(deliveryId, now, 1),
      result: "delivered",
      error: null,
      nextAt: null,
    });
    expect(await readEndpoint(worker, endpoint.id)).toMatchObject({ status: "enabled", failing_since: null });
    await worker.removeEndpoint(endpoint.id);
  });

  it("[W2] is disabled at once where it answers 410", async () => {
    const other = await worker.endpoint({ events: ["job.failed"] });
    const { receiver, endpoint } = await worker.endpoint({ events: ["job.deleted"] });
    receiver.usually(answer(410));
    const [target] = await announce();
    await worker.tenant("attempted", {
      ...failure(target?.deliveryId ?? "", Date.now(), 1),
      result: "dead",
      nextAt: null,
    });
    await worker.post(`/v1/deliveries/${target?.deliveryId}/redeliver`, {});
    await receiver.until((all) => all.length === 1);
    const told = await other.receiver.event("webhook.disabled");
    expect(told.event.data).toMatchObject({ endpoint: { id: endpoint.id }, reason: expect.stringContaining("410") });
    expect(await readEndpoint(worker, endpoint.id)).toMatchObject({ status: "disabled", disabled_reason: "gone" });
    for (const { id } of [other.endpoint, endpoint]) await worker.removeEndpoint(id);
  });
});

describe("what the project itself sends", () => {
  it("[W2] [W8] is tried ten times in about 42 hours, and the ledger tells a stranger why it failed", async () => {
    const since = new Date().toISOString();
    await announce();
    const { receiver, endpoint } = await worker.endpoint({ events: ["job.deleted"] });
    receiver.usually(answer(503, {}, "down for repair"));
    await worker.post(`/v1/webhooks/${endpoint.id}/replay`, { since, status: "all" });
    const began = Date.now();
    const mine = async () => (await deliveries(worker, { endpoint: endpoint.id, limit: "100" })).data;
    await expect.poll(async () => (await mine()).every((one) => one.attempt >= 1), { timeout: 20_000 }).toBe(true);
    let now = began;
    for (let step = 0; step < 60 && (await mine()).some((one) => one.status === "pending"); step++) {
      const { alarmAt } = (await worker.tenant("stats")) as { alarmAt: number | null };
      now = Math.max(now + 1_000, alarmAt ?? now);
      await worker.tenant("alarmAt", now);
    }
    const [first] = await mine();
    if (!first) throw new Error("nothing was sent");
    expect(first).toMatchObject({ status: "failed", attempt: 10, http_status: 503, next_attempt_at: null });
    expect(first.reason).toMatch(/answered 503: what stands before the receiver is up/);
    expect(first.response_excerpt).toBe("down for repair");
    expect(first.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const hours = (Date.parse(first.attempts.at(-1)?.at ?? "") - began) / HOUR_MS;
    expect(hours).toBeGreaterThan(33);
    expect(hours).toBeLessThan(51);
    await worker.removeEndpoint(endpoint.id);
  }, 60_000);

  it("[W8] is forgotten after thirty days, with its event", async () => {
    const { endpoint } = await worker.endpoint({ events: ["job.deleted"] });
    const [target] = await announce();
    const id = target?.deliveryId ?? "";
    const { event_id: eventId } = await readDelivery(worker, id);
    const after = async (days: number) => {
      await worker.tenant("alarmAt", Date.now() + days * DAY_MS);
      return [
        (await worker.request(`/v1/deliveries/${id}`)).status,
        (await worker.request(`/v1/event-log/${eventId}`)).status,
      ];
    };
    expect(await after(29)).toEqual([200, 200]);
    expect(await after(34)).toEqual([404, 404]);
    await worker.removeEndpoint(endpoint.id);
  });
});
