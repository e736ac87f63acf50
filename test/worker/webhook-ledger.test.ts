/** The ledger and the event log: what they say of deliveries, and sending again by hand. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Delivery, DeliverySchema } from "../../src/contract/webhook.ts";
import { EventLogEntrySchema } from "../../src/contract/webhook-bodies.ts";
import type { AttemptReport, OutgoingEvent, Permit, Target } from "../../src/core/webhook/vocabulary.ts";
import { answer, type Receiver } from "../support/receiver.ts";
import { otherProject, refused } from "../support/tenants.ts";
import {
  answered,
  DeliveryListSchema,
  deliveries,
  EventListSchema,
  ping,
  readDelivery,
  settled,
} from "../support/webhook-calls.ts";
import { WebhookWorker } from "../support/webhooks.ts";

let worker: WebhookWorker;
beforeAll(async () => {
  worker = await WebhookWorker.start();
}, 60_000);
afterAll(() => worker?.close());

let count = 0;
/** A number as 26 characters of an id. */
const ulidOf = (number: number) => String(number).padStart(26, "0");
/** An event of a job, as its object would announce it. */
function event(type: "job.succeeded" | "job.deleted" = "job.deleted", jobNumber?: number): OutgoingEvent {
  const [id, jobId] = [`evt_${ulidOf(++count)}`, `job_${ulidOf(jobNumber ?? 1_000 + count)}`];
  const frame = {
    id,
    type,
    timestamp: "2026-11-20T07:12:01Z",
    api_version: "v1",
    mode: "live",
    project: worker.project,
  };
  return { id, type, jobId, at: Date.now(), body: JSON.stringify({ ...frame, data: { job: { id: jobId } } }) };
}
const announce = async (announced: OutgoingEvent, url: string | null = null): Promise<Target[]> =>
  (await worker.tenant("announce", announced, url && { url, events: ["job.*"] })) as Target[];
const report = (deliveryId: string, fields: Partial<AttemptReport> = {}): AttemptReport => ({
  deliveryId,
  attempt: 1,
  at: Date.now(),
  durationMs: 12,
  httpStatus: 500,
  error: "status",
  reason: "The receiver answered 500.",
  excerpt: "boom",
  result: "dead",
  nextAt: null,
  ...fields,
});
const attempted = (sent: AttemptReport) => worker.tenant("attempted", sent);
const only = async (announced: OutgoingEvent): Promise<string> => {
  const [target, ...more] = await announce(announced);
  if (!target || more.length > 0) throw new Error("one receiver");
  return target.deliveryId;
};
/** An endpoint that gets `job.deleted`, and is gone after the test. */
async function withEndpoint(act: (receiver: Receiver, id: string) => Promise<void>): Promise<void> {
  const { receiver, endpoint } = await worker.endpoint({ events: ["job.deleted"] });
  try {
    await act(receiver, endpoint.id);
  } finally {
    await worker.removeEndpoint(endpoint.id);
  }
}
const redeliver = async (id: string): Promise<Delivery> =>
  answered(await worker.post(`/v1/deliveries/${id}/redeliver`, {}), 202, DeliverySchema);
const replay = async (id: string, body: Record<string, unknown>): Promise<number> => {
  const response = await worker.post(`/v1/webhooks/${id}/replay`, { since: "2026-01-01T00:00:00Z", ...body });
  const answer = (await response.json()) as { queued: number };
  expect(response.status, JSON.stringify(answer)).toBe(202);
  return answer.queued;
};

describe("an announced event", () => {
  it("[W6] [W11] has a row for each receiver that wants it, once however often it is announced", () =>
    withEndpoint(async (_, id) => {
      const announced = event();
      const targets = await announce(announced, "http://127.0.0.1:9/of-the-job");
      expect(targets.map(({ endpointId }) => endpointId)).toEqual([id, null]);
      expect(await announce(announced, "http://127.0.0.1:9/of-the-job")).toEqual(targets);
      for (const { deliveryId, endpointId, url } of targets) {
        expect(await readDelivery(worker, deliveryId)).toMatchObject({
          event_id: announced.id,
          endpoint_id: endpointId,
          job_id: announced.jobId,
          url,
          status: "pending",
          attempt: 0,
          attempts: [],
        });
      }
      const logged = await answered(await worker.request(`/v1/event-log/${announced.id}`), 200, EventLogEntrySchema);
      expect(logged.body).toEqual(JSON.parse(announced.body));
      expect(logged.deliveries.map((one) => one.endpoint_id)).toEqual([id, null]);
      expect(await announce(event("job.succeeded"))).toEqual([]);
    }));

  it("[W9] is permitted with the keys that count at the moment, and stopped where nobody is left", () =>
    withEndpoint(async (receiver, id) => {
      const deliveryId = await only(event());
      const permit = async () => (await worker.tenant("permit", deliveryId)) as Permit;
      expect(await permit()).toEqual({ type: "send", url: receiver.url, secrets: [receiver.secret], keys: [] });
      await worker.post(`/v1/webhooks/${id}/rotate-secret`, {});
      expect(await permit()).toMatchObject({ secrets: [expect.any(String), receiver.secret] });
      await worker.tenant("patchWebhook", id, { status: "disabled" });
      expect(await permit()).toEqual({ type: "stop", why: "disabled" });
      await worker.removeEndpoint(id);
      expect(await permit()).toEqual({ type: "stop", why: "deleted" });
      expect(await worker.tenant("permit", "dlv_unknown")).toEqual({ type: "stop", why: "deleted" });
    }));

  it("[W8] keeps every attempt once, oldest first, and says when the next one comes", () =>
    withEndpoint(async () => {
      const deliveryId = await only(event());
      const nextAt = Date.now() + 5_000;
      const first = report(deliveryId, { result: "retry", nextAt });
      await attempted(first);
      await attempted(first);
      const waiting = await readDelivery(worker, deliveryId);
      expect(waiting).toMatchObject({ status: "pending", attempt: 1, reason: first.reason, response_excerpt: "boom" });
      expect(Date.parse(waiting.next_attempt_at ?? "")).toBe(Math.floor(nextAt / 1_000) * 1_000);
      await attempted(
        report(deliveryId, { attempt: 2, httpStatus: 204, error: null, reason: null, result: "delivered" }),
      );
      const done = await readDelivery(worker, deliveryId);
      expect(done).toMatchObject({ status: "succeeded", attempt: 2, reason: null, next_attempt_at: null });
      expect(done.attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
    }));

  it("[W8] costs two rows and their index, and one more for each attempt", () =>
    withEndpoint(async () => {
      const written = async () => ((await worker.tenant("stats")) as { rowsWritten: number }).rowsWritten;
      await only(event());
      const before = await written();
      const deliveryId = await only(event());
      expect(await written()).toBe(before + 3);
      await attempted(report(deliveryId, { result: "delivered", httpStatus: 204, error: null }));
      expect(await written()).toBe(before + 4);
    }));

  it("[W8] that was stopped says so in words", () =>
    withEndpoint(async () => {
      const deliveryId = await only(event());
      const reason = "The endpoint is disabled: nothing was sent, and nothing more will be.";
      await attempted(report(deliveryId, { result: "stopped", reason, httpStatus: null, error: null }));
      expect(await readDelivery(worker, deliveryId)).toMatchObject({ status: "failed", reason, attempts: [] });
    }));
});

describe("the list of deliveries", () => {
  it("[T4] [W8] is newest first, page by page, by status, type, job and endpoint", async () => {
    const { client } = await otherProject(worker);
    await withEndpoint(async (_, id) => {
      const made: string[] = [];
      for (let index = 0; index < 5; index++) made.unshift(await only(event("job.deleted", 42 + (index % 2))));
      await attempted(report(made[1] ?? ""));
      const list = async (query: Record<string, string>) => (await deliveries(worker, { endpoint: id, ...query })).data;
      expect((await list({})).map((one) => one.id)).toEqual(made);
      expect((await list({ status: "failed" })).map((one) => one.id)).toEqual([made[1]]);
      expect((await list({ status: "pending" })).map((one) => one.id)).not.toContain(made[1]);
      expect((await list({ job: `job_${ulidOf(43)}` })).map((one) => one.id)).toEqual([made[1], made[3]]);
      expect(await list({ type: "job.failed" })).toEqual([]);
      const own = await answered(
        await worker.request(`/v1/webhooks/${id}/deliveries?limit=2`),
        200,
        DeliveryListSchema,
      );
      expect(own.data.map((one) => one.id)).toEqual(made.slice(0, 2));
      const paged: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: { data: Delivery[]; next_cursor: string | null } = await deliveries(worker, {
          endpoint: id,
          limit: "2",
          cursor,
        });
        paged.push(...page.data.map((one) => one.id));
        cursor = page.next_cursor;
      }
      expect(paged).toEqual(made);
      expect((await deliveries(client)).data).toEqual([]);
      expect(await refused(await client.request(`/v1/deliveries/${made[0]}`))).toEqual([404, "not_found"]);
      expect(await refused(await client.post(`/v1/deliveries/${made[0]}/redeliver`, {}))).toEqual([404, "not_found"]);
      const other = await client.request(`/v1/deliveries?endpoint=${id}&cursor=${own.next_cursor}`);
      expect(await refused(other)).toEqual([400, "invalid_parameter"]);
    });
  });

  it.each(["status=done", "type=job.finished", "limit=0", "limit=101", "cursor=x"])(
    "[T4] refuses %s",
    async (query) => {
      expect(await refused(await worker.request(`/v1/deliveries?${query}`))).toEqual([400, "invalid_parameter"]);
    },
  );
});

describe("the event log", () => {
  it("[T4] is newest first, by type, job and time, and has what a disabled endpoint missed", () =>
    withEndpoint(async (_, id) => {
      await worker.tenant("patchWebhook", id, { status: "disabled" });
      const [first, second] = [event("job.deleted", 77), event("job.deleted", 77)];
      for (const one of [first, second]) expect(await announce(one)).toEqual([]);
      const list = async (query: string) =>
        (await answered(await worker.request(`/v1/event-log?job=job_${ulidOf(77)}${query}`), 200, EventListSchema))
          .data;
      expect((await list("")).map((one) => [one.id, one.deliveries])).toEqual([
        [second.id, []],
        [first.id, []],
      ]);
      expect(await list("&type=job.failed")).toEqual([]);
      expect(await list("&created_after=2026-01-01T00:00:00Z")).toHaveLength(2);
      expect(await list("&created_after=2099-01-01T00:00:00Z")).toEqual([]);
      expect(await refused(await worker.request("/v1/event-log?created_after=noon"))).toEqual([
        400,
        "invalid_parameter",
      ]);
      expect(await refused(await worker.request("/v1/event-log/evt_x"))).toEqual([404, "not_found"]);
      // Enabled again, the endpoint can be sent them.
      await worker.tenant("patchWebhook", id, { status: "enabled" });
      expect(await replay(id, { status: "failed" })).toBe(0);
      expect(await replay(id, { status: "all" })).toBeGreaterThanOrEqual(2);
    }));
});

describe("a redelivery", () => {
  it("[W3] goes at once, with the same webhook-id and a new attempt", () =>
    withEndpoint(async (receiver) => {
      const announced = event();
      const deliveryId = await only(announced);
      await attempted(report(deliveryId));
      expect(await redeliver(deliveryId)).toMatchObject({ id: deliveryId, status: "pending", attempt: 1 });
      const done = await settled(worker, deliveryId, 2);
      expect(done).toMatchObject({ status: "succeeded", http_status: 204, event_id: announced.id });
      expect(done.attempts.map(({ attempt }) => attempt)).toEqual([1, 11]);
      const [received] = receiver.requests;
      expect(received?.accepted).toBe(true);
      expect(received?.headers).toMatchObject({
        "webhook-id": announced.id,
        "easel-attempt": "11",
        "easel-delivery-id": deliveryId,
      });
      expect(received?.body).toBe(announced.body);
      // What has arrived can be sent again too.
      await redeliver(deliveryId);
      expect((await settled(worker, deliveryId, 3)).attempts.map(({ attempt }) => attempt)).toEqual([1, 11, 12]);
    }));

  it("[W8] that fails says why, and leaves the schedule as it is", () =>
    withEndpoint(async (receiver) => {
      receiver.usually(answer(503));
      const deliveryId = await only(event());
      const nextAt = Date.now() + 600_000;
      await attempted(report(deliveryId, { result: "retry", nextAt }));
      await redeliver(deliveryId);
      await expect.poll(async () => (await readDelivery(worker, deliveryId)).attempts.length).toBe(2);
      const after = await readDelivery(worker, deliveryId);
      expect(after).toMatchObject({ status: "pending", attempt: 11, http_status: 503 });
      expect(after.reason).toMatch(/answered 503/);
      expect(Date.parse(after.next_attempt_at ?? "")).toBe(Math.floor(nextAt / 1_000) * 1_000);
      receiver.usually(answer(200));
      await redeliver(deliveryId);
      expect(await settled(worker, deliveryId, 3)).toMatchObject({ status: "succeeded", next_attempt_at: null });
      expect(await worker.tenant("permit", deliveryId)).toMatchObject({ type: "stop" });
    }));

  it("[W6] is refused where the endpoint is disabled or gone", () =>
    withEndpoint(async (_, id) => {
      const deliveryId = await only(event());
      await worker.tenant("patchWebhook", id, { status: "disabled" });
      const again = () => worker.post(`/v1/deliveries/${deliveryId}/redeliver`, {});
      expect(await refused(await again())).toEqual([409, "endpoint_disabled"]);
      const range = { since: "2026-01-01T00:00:00Z" };
      expect(await refused(await worker.post(`/v1/webhooks/${id}/replay`, range))).toEqual([409, "endpoint_disabled"]);
      await worker.removeEndpoint(id);
      expect(await refused(await again())).toEqual([409, "endpoint_disabled"]);
      expect(await refused(await worker.post("/v1/deliveries/dlv_x/redeliver", {}))).toEqual([404, "not_found"]);
    }));

  it.each(["outbox:permitted", "outbox:sent", "outbox:result-written", "outbox:reported"])(
    "[W11] arrives with the same id where the project's object dies at %s",
    (point) =>
      withEndpoint(async (receiver) => {
        const announced = event();
        const deliveryId = await only(announced);
        await attempted(report(deliveryId));
        await worker.tenant("dieAt", point);
        await worker.post(`/v1/deliveries/${deliveryId}/redeliver`, {});
        const done = await settled(worker, deliveryId, 2);
        expect(done).toMatchObject({ status: "succeeded" });
        expect(done.attempts.map(({ attempt }) => attempt)).toEqual([1, 11]);
        const ids = receiver.requests.map(({ headers }) => [headers["webhook-id"], headers["easel-attempt"]]);
        expect(ids.length).toBeGreaterThanOrEqual(1);
        for (const one of ids) expect(one).toEqual([announced.id, "11"]);
      }),
  );
});

describe("a replay", () => {
  it("[W6] sends what failed within the span, and no test and nothing else", () =>
    withEndpoint(async (receiver, id) => {
      receiver.next(answer(500));
      await ping(worker, id, { type: "job.deleted" });
      const failed: OutgoingEvent[] = [];
      for (let index = 0; index < 4; index++) {
        const announced = event();
        const deliveryId = await only(announced);
        if (index === 0) await attempted(report(deliveryId, { result: "delivered", httpStatus: 204, error: null }));
        if (index > 1) {
          await attempted(report(deliveryId));
          failed.push(announced);
        }
      }
      expect(await replay(id, { until: "2026-02-01T00:00:00Z" })).toBe(0);
      expect(await replay(id, { since: "2099-01-01T00:00:00Z" })).toBe(0);
      expect(await replay(id, { types: ["job.failed"] })).toBe(0);
      expect(await replay(id, {})).toBe(2);
      const received = await receiver.until((all) => all.length === 3);
      expect(
        received
          .slice(1)
          .map(({ event: one }) => one.id)
          .sort(),
      ).toEqual(failed.map((one) => one.id));
      await expect.poll(async () => (await deliveries(worker, { endpoint: id, status: "failed" })).data.length).toBe(1);
      expect(await replay(id, {})).toBe(0);
    }));

  it("[W6] of all sends also what was before the endpoint, with a schedule of its own", async () => {
    const early = event("job.deleted", 99);
    await announce(early);
    await withEndpoint(async (receiver, id) => {
      const since = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "");
      receiver.next(answer(500));
      expect(await replay(id, { status: "all", since })).toBeGreaterThanOrEqual(1);
      await receiver.until((all) => all.some(({ event: one }) => one.id === early.id));
      const { data } = await deliveries(worker, { endpoint: id, limit: "100" });
      const mine = data.filter((one) => one.event_id === early.id);
      expect(mine).toHaveLength(1);
      const logged = await answered(await worker.request(`/v1/event-log/${early.id}`), 200, EventLogEntrySchema);
      expect(logged.deliveries.map((one) => one.endpoint_id)).toContain(id);
      // One of them failed at first: its schedule goes on.
      await expect
        .poll(async () =>
          (await deliveries(worker, { endpoint: id, limit: "100" })).data.some(
            (one) => one.attempt === 1 && one.http_status === 500 && one.next_attempt_at !== null,
          ),
        )
        .toBe(true);
    });
  });

  it("[W6] is refused where it is none", async () => {
    const { endpoint } = await worker.endpoint({ events: ["job.deleted"] });
    for (const body of [
      {},
      { since: "yesterday" },
      { since: "2026-11-20T00:00:00Z", until: "2026-11-19T00:00:00Z" },
      { since: "2026-11-20T00:00:00Z", types: ["job.finished"] },
    ]) {
      expect(await refused(await worker.post(`/v1/webhooks/${endpoint.id}/replay`, body))).toEqual([
        422,
        "invalid_inputs",
      ]);
    }
    await worker.removeEndpoint(endpoint.id);
  });
});

describe("the curl of a delivery", () => {
  it("[W8] runs as it stands, and the receiver accepts it", () =>
    withEndpoint(async (receiver) => {
      const announced = event();
      const { curl } = await readDelivery(worker, await only(announced));
      expect(curl).not.toContain("whsec_");
      const { stdout } = await promisify(execFile)("sh", ["-c", `${curl} -s`]);
      expect(stdout).toContain("204");
      expect(receiver.requests.map(({ accepted, event: one }) => [accepted, one.id])).toEqual([[true, announced.id]]);
    }));
});
