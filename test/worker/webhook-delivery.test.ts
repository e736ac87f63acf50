import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Delivery } from "../../src/contract/webhook.ts";
import { MAX_EVENT_BYTES } from "../../src/contract/webhook-limits.ts";
import { small, through, ticking, twoSaves } from "../support/graphs.ts";
import { answer, type Received, type Receiver } from "../support/receiver.ts";
import { WebhookWorker } from "../support/webhooks.ts";

let worker: WebhookWorker;
beforeAll(async () => {
  worker = await WebhookWorker.start();
});
afterAll(() => worker.close());

let colour = 0;
const quick = () => ({ graph: ticking(4, 10, ++colour) });
const typesOf = (received: readonly Received[]) => received.map(({ event }) => event.type);
const deliveryOf = async ({ headers }: Received): Promise<Delivery> => {
  const delivery = await worker.delivery(headers["easel-delivery-id"] ?? "");
  if (!delivery) throw new Error("It has no row in the ledger.");
  return delivery;
};
/** The ledger's row as soon as it knows of an attempt. */
async function judged(received: Received, attempts = 1): Promise<Delivery> {
  await expect.poll(async () => (await deliveryOf(received)).attempts.length, { timeout: 20_000 }).toBe(attempts);
  return deliveryOf(received);
}

/** An endpoint that is gone after the test, so that the next one's jobs do not tell it. */
async function withEndpoint(
  create: Parameters<WebhookWorker["endpoint"]>[0],
  act: (receiver: Receiver, endpointId: string) => Promise<void>,
): Promise<void> {
  const { receiver, endpoint } = await worker.endpoint(create);
  try {
    await act(receiver, endpoint.id);
  } finally {
    await worker.removeEndpoint(endpoint.id);
  }
}

describe("a delivery", () => {
  it("[W1] [W3] is signed so that the official package accepts it, and says what it is in its headers", () =>
    withEndpoint({}, async (receiver) => {
      const job = await worker.run(quick());
      const end = await receiver.event("job.succeeded", job.id);
      expect(receiver.requests.map(({ accepted }) => accepted)).not.toContain(false);
      const { headers, event, body } = end;
      expect(headers).toMatchObject({
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(body)),
        "webhook-id": event.id,
        "easel-event-type": "job.succeeded",
        "easel-job-id": job.id,
        "easel-attempt": "1",
      });
      expect(headers["user-agent"]).toMatch(/^easelcast-webhooks\/1 \(\+http/);
      expect(headers["webhook-signature"]).toMatch(/^v1,\S+$/);
      expect(Object.keys(headers)).not.toContain("cookie");
      expect(Object.keys(headers)).not.toContain("authorization");
      const delivery = await judged(end);
      expect(delivery).toMatchObject({ id: headers["easel-delivery-id"], event_id: event.id, status: "succeeded" });
    }));

  it("[W1] carries a public-key signature beside the other where the endpoint asks for it", () =>
    withEndpoint({ signing: "v1+v1a" }, async (receiver) => {
      const { id } = await worker.run(quick());
      const { headers, accepted } = await receiver.event("job.succeeded", id);
      expect(headers["webhook-signature"]).toMatch(/^v1,\S+ v1a,\S+$/);
      expect(accepted).toBe(true);
    }));

  it("[W5] has the job as it ended, with links that work, and no input, prompt or secret", () =>
    withEndpoint({}, async (receiver) => {
      const prompt = "a very private lighthouse";
      const job = await worker.run({
        workflow: "txt2img",
        inputs: small(prompt, { seed: "987654321" }),
        metadata: { screen: "editor" },
      });
      const { event } = await receiver.event("job.succeeded", job.id);
      if (event.type !== "job.succeeded") throw new Error(event.type);
      expect(event).toMatchObject({ project: worker.project, api_version: "v1" });
      const { data } = event;
      expect(data.job).toMatchObject({ id: job.id, seq: job.seq, status: "succeeded", metadata: { screen: "editor" } });
      expect(data.job.outputs.map(({ id, url }) => [id, url])).toEqual(job.outputs.map(({ id, url }) => [id, url]));
      for (const { url } of data.job.outputs) expect((await worker.bytes(url)).length).toBeGreaterThan(50);
      for (const { body, headers } of receiver.of(job.id)) {
        const all = body + JSON.stringify(headers);
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_EVENT_BYTES);
        for (const secret of ["lighthouse", "987654321", "whsec_", worker.key, "ec_sk_", "box", "ckpt", "inputs"]) {
          expect(all, secret).not.toContain(secret);
        }
      }
    }));

  it("[W5] tells of a start, of progress, of results and of the end, each with a higher seq", () =>
    withEndpoint({}, async (receiver) => {
      const { id } = await worker.run({ graph: twoSaves(30, 20, ++colour) });
      await receiver.event("job.succeeded", id);
      const received = receiver.of(id);
      const bySeq = received
        .map(({ event }) =>
          event.type.startsWith("job.") && "job" in event.data ? { type: event.type, ...event.data.job } : null,
        )
        .map((job) => job && "seq" in job && { type: job.type, seq: job.seq })
        .filter((one) => one !== null && one !== false)
        .sort((a, b) => a.seq - b.seq);
      expect(bySeq.map(({ type }) => type)).toEqual(
        expect.arrayContaining(["job.started", "job.progress", "job.output", "job.succeeded"]),
      );
      expect(bySeq.map(({ type }) => type).filter((type) => type === "job.output")).toHaveLength(2);
      // Throttled: the run is shorter than the interval.
      expect(bySeq.filter(({ type }) => type === "job.progress")).toHaveLength(1);
      expect(bySeq[0]?.type).toBe("job.started");
      expect(bySeq.at(-1)?.type).toBe("job.succeeded");
      expect(new Set(bySeq.map(({ seq }) => seq)).size).toBe(bySeq.length);
    }));

  it("[W6] goes to those whose filter names it, and to nobody else", async () => {
    const ends = await worker.endpoint({ events: ["job.succeeded", "job.failed", "job.canceled", "job.expired"] });
    const parts = await worker.endpoint({ events: ["job.started", "job.output"] });
    const failures = await worker.endpoint({ events: ["job.failed"] });
    const good = await worker.run(quick());
    const bad = await worker.run({ graph: through("ProbeError", {}, ++colour) });
    await ends.receiver.event("job.failed", bad.id);
    await failures.receiver.event("job.failed", bad.id);
    await parts.receiver.event("job.started", bad.id);
    await parts.receiver.event("job.output", good.id);
    expect(typesOf(ends.receiver.of(good.id))).toEqual(["job.succeeded"]);
    expect(typesOf(ends.receiver.of(bad.id))).toEqual(["job.failed"]);
    expect(typesOf(failures.receiver.of())).toEqual(["job.failed"]);
    expect(typesOf(parts.receiver.of(good.id)).sort()).toEqual(["job.output", "job.started"]);
    expect(typesOf(parts.receiver.of(bad.id))).toEqual(["job.started"]);
    for (const { endpoint } of [ends, parts, failures]) await worker.removeEndpoint(endpoint.id);
  });

  it("[W5] [W13] tells of a cancel, and of the deletion of a job that nobody finds any more", () =>
    withEndpoint({}, async (receiver) => {
      const { id } = await worker.createJob({ graph: ticking(200, 20, ++colour) });
      await worker.until(id, (job) => job.status === "running");
      await worker.post(`/v1/jobs/${id}/cancel`, { reason: "changed my mind" });
      const { event } = await receiver.event("job.canceled", id);
      expect(event.data).toMatchObject({ job: { status: "canceled", cancel: { reason: "changed my mind" } } });
      receiver.next(answer(500));
      expect((await worker.request(`/v1/jobs/${id}`, { method: "DELETE" })).status).toBe(204);
      const deleted = await receiver.event("job.deleted", id);
      expect(deleted.event.data).toEqual({ job: { id } });
      expect((await judged(deleted)).status).toBe("pending");
      expect((await worker.request(`/v1/jobs/${id}`)).status).toBe(410);
      const received = await receiver.until(
        (all) => typesOf(all).filter((type) => type === "job.deleted").length === 2,
        id,
      );
      expect(received.at(-1)?.headers).toMatchObject({ "webhook-id": deleted.event.id, "easel-attempt": "2" });
      expect((await worker.request(`/v1/jobs/${id}`)).status).toBe(410);
    }));

  it("[W5] tells of a job that waited too long", () =>
    withEndpoint({ events: ["job.expired"] }, async (receiver) => {
      const busy = await worker.createJob({ graph: ticking(2_000, 20, ++colour) });
      await worker.until(busy.id, (job) => job.status === "running");
      // The box has room for one beside the one that runs.
      const next = await worker.createJob({ graph: ticking(1, 5, ++colour) });
      const late = await worker.createJob({ graph: ticking(1, 5, ++colour), deadline: { start_within_seconds: 1 } });
      const { event, accepted } = await receiver.event("job.expired", late.id);
      expect(event.data).toMatchObject({ job: { status: "expired", error: { code: "start_timeout" }, outputs: [] } });
      expect(accepted).toBe(true);
      for (const { id } of [busy, next]) await worker.post(`/v1/jobs/${id}/cancel`, {});
      await worker.ended(busy.id);
    }));

  it("[W1] [W6] goes to the webhook of the job itself, signed with the project's own secret, and 410 stops it", async () => {
    const { secret } = (await worker.tenant("defaultSecret")) as { secret: string };
    const receiver = await worker.receiver();
    receiver.secret = secret;
    receiver.next(answer(500), answer(410));
    const webhook = { url: receiver.url, events: ["job.succeeded"] };
    const { id } = await worker.run({ ...quick(), webhook });
    const [first, second] = await receiver.until((all) => all.length === 2, id);
    expect([first?.accepted, second?.accepted]).toEqual([true, true]);
    expect(first?.headers["webhook-id"]).toBe(second?.headers["webhook-id"]);
    if (!second) throw new Error("No second attempt.");
    expect(await judged(second, 2)).toMatchObject({ endpoint_id: null, status: "failed", http_status: 410 });
    await worker.run(quick());
    expect(receiver.requests).toHaveLength(2);
  });

  it("[W6] reaches an endpoint that was made while the job ran", async () => {
    const { id } = await worker.createJob({ graph: ticking(60, 20, ++colour) });
    await worker.until(id, (job) => job.status === "running");
    await withEndpoint({ events: ["job.succeeded"] }, async (receiver) => {
      await worker.ended(id);
      expect((await receiver.event("job.succeeded", id)).accepted).toBe(true);
      expect((await worker.run(quick())).status).toBe("succeeded");
      expect(receiver.of(id)).toHaveLength(1);
    });
  });
});

describe("a receiver that", () => {
  const ends = { events: ["job.succeeded" as const] };

  it("[W2] asks for time gets it: Retry-After", () =>
    withEndpoint(ends, async (receiver) => {
      receiver.next(answer(503, { "retry-after": "120" }, "in a moment"));
      const { id } = await worker.run(quick());
      const delivery = await judged(await receiver.event("job.succeeded", id));
      expect(delivery).toMatchObject({
        status: "pending",
        http_status: 503,
        error: "status",
        response_excerpt: "in a moment",
      });
      const waitMs = Date.parse(delivery.next_attempt_at ?? "") - Date.parse(delivery.attempts[0]?.at ?? "");
      expect(waitMs).toBeGreaterThanOrEqual(119_000);
      expect(waitMs).toBeLessThanOrEqual(146_000);
    }));

  it("[W2] answers 410 is sent nothing more", () =>
    withEndpoint(ends, async (receiver) => {
      receiver.usually(answer(410));
      const first = await worker.run(quick());
      const delivery = await judged(await receiver.event("job.succeeded", first.id));
      expect(delivery).toMatchObject({ status: "failed", http_status: 410, next_attempt_at: null });
      await worker.run(quick());
      expect(receiver.requests).toHaveLength(1);
    }));

  it("[W2] redirects has failed; the target is shown and not called", () =>
    withEndpoint(ends, async (receiver) => {
      const other = await worker.receiver();
      receiver.next(answer(302, { location: `${other.url}?token=secret` }));
      const { id } = await worker.run(quick());
      const delivery = await judged(await receiver.event("job.succeeded", id));
      expect(delivery).toMatchObject({ status: "pending", http_status: 302, error: "redirect" });
      expect(delivery.reason).toContain(other.url);
      expect(delivery.reason).not.toContain("secret");
      expect(other.requests).toEqual([]);
    }));

  it.each([
    ["says nothing", { type: "hang" }],
    ["drips its answer", { type: "drip", everyMs: 50 }],
  ] as const)("[W2] %s is given up after its time", (_, manner) =>
    withEndpoint(ends, async (receiver) => {
      receiver.next(manner);
      const { id } = await worker.run(quick());
      const delivery = await judged(await receiver.event("job.succeeded", id));
      expect(delivery).toMatchObject({ status: "pending", error: "timeout", http_status: null });
      expect(delivery.duration_ms).toBeGreaterThanOrEqual(1_400);
      // The second attempt comes by itself.
      const again = await receiver.until((all) => all.length === 2, id);
      expect(again.map(({ headers }) => headers["easel-attempt"])).toEqual(["1", "2"]);
      expect(new Set(again.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    }),
  );

  it("[W8] answers without an end is read no further than is kept", () =>
    withEndpoint(ends, async (receiver) => {
      receiver.next({ type: "huge", status: 200 });
      const { id } = await worker.run(quick());
      const delivery = await judged(await receiver.event("job.succeeded", id));
      expect(delivery).toMatchObject({ status: "succeeded", http_status: 200 });
      expect(delivery.response_excerpt).toHaveLength(1_000);
      // What lies in the buffers of two sockets and a pipe, and no more.
      expect(receiver.sentBytes).toBeLessThan(16_000_000);
    }));

  it("[W8] cuts the connection, or is not there, has failed with the cause in words", () =>
    withEndpoint(ends, async (receiver) => {
      receiver.next({ type: "cut" });
      const { id } = await worker.run(quick());
      const cut = await receiver.event("job.succeeded", id);
      expect(await judged(cut)).toMatchObject({ status: "pending", error: "closed", http_status: null });
      await receiver.close();
      const delivery = await judged(cut, 2);
      expect(delivery).toMatchObject({ status: "pending", error: "refused", http_status: null, attempt: 2 });
      expect(delivery.reason).toContain("refused the connection");
      await receiver.open();
    }));

  it("[W4] is the service itself is never called, whatever was saved", async () => {
    const endpoint = await worker.addEndpoint({ url: `${worker.url}/v1/jobs`, events: ["job.succeeded"] });
    await withEndpoint(ends, async (receiver) => {
      const { id } = await worker.run(quick());
      const { event } = await receiver.event("job.succeeded", id);
      const entry = await worker.logged(event.id);
      const own = entry?.deliveries.find(({ endpoint_id }) => endpoint_id === endpoint.id);
      const delivery = async () => worker.delivery(own?.id ?? "");
      await expect.poll(async () => (await delivery())?.error, { timeout: 10_000 }).toBe("unsafe_url");
      expect((await delivery())?.reason).toContain("must not lead back to this service");
    });
    await worker.removeEndpoint(endpoint.id);
  });

  it("[W12] is slow delays nobody but itself", async () => {
    const slow = await worker.endpoint({});
    const fast = await worker.endpoint({});
    slow.receiver.usually({ type: "hang" });
    const { id } = await worker.run({ graph: twoSaves(4, 10, ++colour) });
    const end = await fast.receiver.event("job.succeeded", id);
    // The slow one is still being waited for at its first event.
    expect(slow.receiver.of(id).filter(({ at }) => at < end.at)).toHaveLength(1);
    expect(typesOf(fast.receiver.of(id)).sort()).toEqual([
      "job.output",
      "job.output",
      "job.progress",
      "job.started",
      "job.succeeded",
    ]);
    for (const { endpoint } of [slow, fast]) await worker.removeEndpoint(endpoint.id);
  });

  it("[W8] tells of each attempt in one log line, without an address and without the body", () =>
    withEndpoint(ends, async (receiver, endpoint) => {
      receiver.next(answer(500, {}, "secret of the receiver"));
      const { id } = await worker.run(quick());
      await receiver.until((all) => all.length === 2, id);
      const lines = () => worker.logs.filter((line) => line.includes("webhook_attempt") && line.includes(id));
      await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(2);
      const parsed = lines().map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(parsed).toMatchObject([
        { job: id, type: "job.succeeded", endpoint, attempt: 1, status: 500, result: "retry" },
        { job: id, type: "job.succeeded", endpoint, attempt: 2, status: 204, result: "delivered" },
      ]);
      expect(lines().join()).not.toMatch(/127\.0\.0\.1|http|secret/);
    }));
});
