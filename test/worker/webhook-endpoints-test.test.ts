/** The test ping: good receivers and bad ones, and what the answer says of each. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Delivery } from "../../src/contract/webhook.ts";
import { answer, type Receiver } from "../support/receiver.ts";
import { otherProject } from "../support/tenants.ts";
import { createEndpoint, patchEndpoint, ping, readDelivery, readEndpoint } from "../support/webhook-calls.ts";
import { WebhookWorker } from "../support/webhooks.ts";

let worker: WebhookWorker;
beforeAll(async () => {
  worker = await WebhookWorker.start();
}, 60_000);
afterAll(() => worker?.close());

/** A test of a receiver that behaves so. */
async function tested(prepare: (receiver: Receiver) => unknown, type = "webhook.test") {
  const { receiver, endpoint } = await worker.endpoint();
  await prepare(receiver);
  const delivery = await ping(worker, endpoint.id, { type });
  const after = await readEndpoint(worker, endpoint.id);
  await worker.removeEndpoint(endpoint.id);
  return { receiver, delivery, endpoint: after };
}

describe("a test", () => {
  it("[W1] reaches a good receiver, signed, and tells status, time and answer", async () => {
    const { receiver, delivery, endpoint } = await tested((one) => one.usually(answer(200, {}, "thanks")));
    expect(delivery).toMatchObject({
      type: "webhook.test",
      status: "succeeded",
      attempt: 1,
      http_status: 200,
      error: null,
      reason: null,
      response_excerpt: "thanks",
      next_attempt_at: null,
      job_id: null,
      endpoint_id: endpoint.id,
    });
    expect(delivery.duration_ms).toBeGreaterThanOrEqual(0);
    const [received] = receiver.requests;
    expect(received?.accepted).toBe(true);
    expect(received?.headers).toMatchObject({ "webhook-id": delivery.event_id, "easel-delivery-id": delivery.id });
    expect(received?.event).toMatchObject({ type: "webhook.test", mode: "test", project: worker.project });
    // Its endpoint is removed by now, so there is nowhere to send it to.
    expect(await readDelivery(worker, delivery.id)).toEqual({ ...delivery, curl: null });
  });

  it("[W5] sends a sample of any event of a job", async () => {
    for (const type of ["job.started", "job.progress", "job.output", "job.succeeded", "job.failed", "job.deleted"]) {
      const { receiver, delivery } = await tested(() => {}, type);
      expect(delivery, type).toMatchObject({ type, status: "succeeded", http_status: 204 });
      expect(receiver.requests[0]?.event).toMatchObject({ type, mode: "test" });
    }
  });

  const bad: [string, (receiver: Receiver) => unknown, Partial<Delivery>, RegExp][] = [
    ["refuses connections", (one) => one.close(), { error: "refused", http_status: null }, /refused the connection/],
    [
      "cuts them",
      (one) => one.usually({ type: "cut" }),
      { error: "closed", http_status: null },
      /cut before an answer/,
    ],
    [
      "redirects",
      (one) => one.usually(answer(302, { location: "https://elsewhere.example.com/new?key=hidden" })),
      { error: "redirect", http_status: 302 },
      /^The receiver answered 302, a redirect to https:\/\/elsewhere\.example\.com\/new\./,
    ],
    ["fails", (one) => one.usually(answer(500, {}, "boom")), { error: "status", http_status: 500 }, /answered 500/],
    ["checks badly", (one) => one.usually(answer(401)), { error: "status", http_status: 401 }, /signature did not fit/],
    ["is not there", (one) => one.usually(answer(404)), { error: "status", http_status: 404 }, /nothing at this path/],
  ];
  it.each(bad)("[W8] says why a receiver that %s did not get it", async (_, prepare, expected, reason) => {
    const { receiver, delivery, endpoint } = await tested(prepare);
    expect(delivery).toMatchObject({ status: "failed", next_attempt_at: null, ...expected });
    expect(delivery.reason).toMatch(reason);
    expect(JSON.stringify(delivery.reason)).not.toContain("hidden");
    expect(delivery.attempts).toEqual([expect.objectContaining({ attempt: 1, ...expected, reason: delivery.reason })]);
    expect(receiver.requests.length).toBeLessThanOrEqual(1);
    // A test that fails is no mark against the endpoint.
    expect(endpoint).toMatchObject({ status: "enabled", failing_since: null });
  });

  it("[W12] takes the first kilobyte of an answer without end, and no more", async () => {
    const { receiver, delivery } = await tested((one) => one.usually({ type: "huge", status: 200 }));
    expect(delivery).toMatchObject({ status: "succeeded", http_status: 200 });
    expect(delivery.response_excerpt).toHaveLength(1_000);
    expect(receiver.sentBytes).toBeLessThan(50_000_000);
  });

  it.each([{ type: "hang" } as const, { type: "drip", everyMs: 20 } as const])(
    "[W12] ends with its time where a receiver does not: $type",
    async (manner) => {
      const { receiver, endpoint } = await worker.endpoint();
      receiver.usually(manner);
      const delivery = (await worker.tenant("testWebhook", endpoint.id, "webhook.test", worker.url, 300)) as Delivery;
      expect(delivery).toMatchObject({ status: "failed", error: "timeout", http_status: null });
      expect(delivery.reason).toMatch(/No answer from 127\.0\.0\.1:\d+ within 15 s/);
      await worker.removeEndpoint(endpoint.id);
    },
  );

  it("[W2] that is answered 410 disables the endpoint; a disabled one can be tested, and enabled again", async () => {
    const { client } = await otherProject(worker);
    const receiver = await worker.receiver();
    const { id } = await createEndpoint(client, receiver.url);
    receiver.next(answer(410));
    expect(await ping(client, id)).toMatchObject({ status: "failed", http_status: 410 });
    expect(await readEndpoint(client, id)).toMatchObject({ status: "disabled", disabled_reason: "gone" });
    expect(await ping(client, id)).toMatchObject({ status: "succeeded" });
    expect(await readEndpoint(client, id)).toMatchObject({ status: "disabled" });
    expect(await patchEndpoint(client, id, { status: "enabled" })).toMatchObject({ status: "enabled" });
  });

  it("[W11] that dies with the object stands in the ledger and says so", async () => {
    const { receiver, endpoint } = await worker.endpoint();
    receiver.usually({ type: "hang" });
    const dying = worker.tenant("testWebhook", endpoint.id, "webhook.test", worker.url).catch(() => "died");
    await receiver.until((all) => all.length === 1);
    const deliveryId = receiver.requests[0]?.headers["easel-delivery-id"] ?? "";
    await worker.killAndStart();
    expect(await dying).toBe("died");
    expect(await readDelivery(worker, deliveryId)).toMatchObject({
      status: "failed",
      attempts: [],
      reason: expect.stringContaining("cut short"),
    });
    await worker.removeEndpoint(endpoint.id);
  });
});
