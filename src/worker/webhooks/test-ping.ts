/** A test of an endpoint: one attempt while the caller waits, by the way that all events go, and a row in the ledger. */
import { DELIVERY_TIMEOUT_MS, type Delivery, type JobEventType } from "../../contract/webhook.ts";
import { must } from "../../core/util/assert.ts";
import { ulid } from "../../core/util/ids.ts";
import { curlOf } from "../../core/webhook/curl.ts";
import { eventText } from "../../core/webhook/events.ts";
import { type DeliveryRow, deliveryOf, heardOf } from "../../core/webhook/ledger-row.ts";
import { errorOf, isDelivered } from "../../core/webhook/outcome.ts";
import { reasonOf } from "../../core/webhook/reason.ts";
import { pingEvent, SAMPLE_JOB_ID, sampleEvent } from "../../core/webhook/samples.ts";
import { deliveryHeaders } from "../../core/webhook/signature.ts";
import type { AttemptReport, OutgoingEvent } from "../../core/webhook/vocabulary.ts";
import { deliver } from "./deliver.ts";
import type { WebhookDesk } from "./webhook-desk.ts";

/** What stands in the ledger should the object die before the answer comes. */
const CUT_SHORT = "The test was cut short before its answer came: send another.";

/** Null where there is no such endpoint. One that is disabled can be tested too, before it is enabled again. */
export async function ping(
  desk: WebhookDesk,
  endpointId: string,
  type: JobEventType | "webhook.test",
  timeoutMs = DELIVERY_TIMEOUT_MS,
): Promise<Delivery | null> {
  const endpoint = desk.book.get(endpointId);
  if (!endpoint) return null;
  const { book, ledger } = desk;
  const { origin } = book;
  const at = desk.now();
  const event = testEvent(desk, endpointId, type, at);
  const [written] = desk.write(event, [{ endpointId, url: endpoint.url }]);
  const pending = must(written, "the row of a test");
  ledger.save({ ...pending, status: "failed", nextAt: null, note: CUT_SHORT });
  const headers = await deliveryHeaders(
    { event, deliveryId: pending.id, attempt: 1, at, origin },
    book.keysFor(endpoint, at),
  );
  const rules = { allowLocal: desk.options.allowLocal, ownHosts: [new URL(origin).host], timeoutMs };
  const { outcome, durationMs } = await deliver(endpoint.url, headers, event.body, rules);
  const answered = outcome.type === "answered";
  const gone = answered && outcome.status === 410;
  const report: AttemptReport = {
    deliveryId: pending.id,
    attempt: 1,
    at,
    durationMs,
    httpStatus: answered ? outcome.status : null,
    error: errorOf(outcome),
    reason: reasonOf(outcome, { url: endpoint.url, durationMs }),
    excerpt: answered ? outcome.excerpt : null,
    result: isDelivered(outcome) ? "delivered" : gone ? "gone" : "dead",
    nextAt: null,
  };
  // The row may have been sent by hand meanwhile, the endpoint changed or removed.
  const row = ledger.find(pending.id) ?? pending;
  const open: DeliveryRow = row.status === "failed" ? { ...row, status: "pending", note: null } : row;
  const heard = must(heardOf(open, report), "news of a test");
  ledger.save(heard);
  const now = desk.book.get(endpointId);
  if (gone && now && !now.disabled) desk.gone(now, at);
  return deliveryOf(heard, await curlFor(desk, heard));
}

/** The request of a delivery as a command, freshly signed; null where it cannot be sent any more. */
export async function curlFor(desk: WebhookDesk, row: DeliveryRow): Promise<string | null> {
  const { book, log } = desk;
  const event = log.at(row.event.position);
  const endpoint = row.endpointId === null ? null : book.get(row.endpointId);
  if (!event || (row.endpointId !== null && !endpoint)) return null;
  const at = desk.now();
  const attempt = row.attempts.at(-1)?.attempt ?? 1;
  const keys = book.keysFor(endpoint, at);
  const headers = await deliveryHeaders({ event, deliveryId: row.id, attempt, at, origin: book.origin }, keys);
  return curlOf({ url: endpoint?.url ?? row.url, headers, body: event.body });
}

function testEvent(
  { book, options }: WebhookDesk,
  endpointId: string,
  type: JobEventType | "webhook.test",
  at: number,
): OutgoingEvent {
  const id = `evt_${ulid(at, crypto.getRandomValues(new Uint8Array(10)))}`;
  const stamp = { id, at, project: options.projectId };
  const ofJob = type !== "webhook.test";
  const event = ofJob ? sampleEvent(type, { ...stamp, origin: book.origin }) : pingEvent(endpointId, stamp);
  return { id, type, jobId: ofJob ? SAMPLE_JOB_ID : null, at, body: eventText(event) };
}
