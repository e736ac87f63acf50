/**
 * What a project knows of its webhooks: tells senders who wants an event and whether it may go, hears of each attempt,
 * disables endpoints that only fail, sends again by hand. Whatever a job sends is in the job's own outbox; this one has
 * what the project itself sends.
 */
import {
  DELIVERY_TIMEOUT_MS,
  type Delivery,
  EVENT_TYPES,
  LEDGER_DAYS,
  MAX_REPLAYED_EVENTS,
  type WebhookReplay,
} from "../../contract/webhook.ts";
import { nextAlarm } from "../../core/clock/deadlines.ts";
import { nextMidnight } from "../../core/tenant/usage-days.ts";
import { ulid } from "../../core/util/ids.ts";
import { disabledFor, type EndpointRecord } from "../../core/webhook/endpoint-record.ts";
import { disabledEvent, eventText } from "../../core/webhook/events.ts";
import { wants } from "../../core/webhook/filters.ts";
import { afterAttempt, disabledInWords, mustDisable } from "../../core/webhook/health.ts";
import { type DeliveryRow, deliveryOf, heardOf, nextByHand } from "../../core/webhook/ledger-row.ts";
import type { AttemptReport, JobTarget, OutgoingEvent, Permit, Target } from "../../core/webhook/vocabulary.ts";
import type { Rows } from "../tenant/rows.ts";
import { EndpointBook } from "./endpoint-book.ts";
import { EventLog, type EventRow } from "./event-log.ts";
import { Ledger, type Receiver } from "./ledger.ts";
import { Outbox } from "./outbox.ts";

export type DeskOptions = {
  projectId: string;
  storage: DurableObjectStorage;
  rows: Rows;
  allowLocal: boolean;
  /** The alarm has to come by at this time, or, where none is named, whenever something is to be done next. */
  arm(at?: number): void;
  reach(point: string): Promise<void>;
};

export type { EventFilters } from "./event-log.ts";
export type { DeliveryFilters } from "./ledger.ts";

export type RedeliverAnswer = Delivery | "unknown" | "disabled" | "deleted";

/** What the project itself sends: at most so many at once, since a replay may be of a thousand. */
const LANES = { atOnce: 6, perHost: 2 };
const KEPT_MS = LEDGER_DAYS * 86_400_000;
/** Rows that are dropped at a time. */
const TRIM_ROWS = 1_000;

/** When a row that was written then is forgotten; once a day is often enough. */
const endOf = (at: number): number => nextMidnight(at + KEPT_MS);

export class WebhookDesk {
  readonly book: EndpointBook;
  readonly log: EventLog;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly options: DeskOptions;
  /** For tests: how far the clock is ahead. */
  #aheadMs = 0;

  constructor(options: DeskOptions) {
    this.options = options;
    const { storage, rows, allowLocal, reach, arm } = options;
    this.book = new EndpointBook(rows);
    this.log = new EventLog(rows);
    this.ledger = new Ledger(rows);
    this.outbox = new Outbox({
      storage,
      ports: {
        announce: async (event, jobTarget) => this.announce(event, jobTarget),
        permit: async (deliveryId) => this.#permitByHand(deliveryId),
        attempted: async (report) => this.attempted(report),
      },
      lanes: LANES,
      origin: () => this.book.origin,
      rules: { allowLocal, timeoutMs: DELIVERY_TIMEOUT_MS },
      now: () => this.now(),
      changed: () => arm(this.outbox.nextAt ?? undefined),
      reach,
    });
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** For tests: from now on it is this time. */
  clockAt(now: number): number {
    this.#aheadMs = Math.max(0, now - Date.now());
    return now;
  }

  /** Writes an event into the log, with a delivery to each receiver that wants it; a known one only says where it goes. */
  announce(event: OutgoingEvent, jobTarget: JobTarget | null): Target[] {
    const known = this.log.find(event.id);
    const rows = known
      ? [...this.ledger.ofEvents([known]).values()]
      : this.write(event, this.#receiversOf(event, jobTarget));
    return rows.map(({ id, endpointId, url }) => ({ deliveryId: id, endpointId, url }));
  }

  /** Writes an event that is not known, with a pending delivery to each receiver. */
  write(event: OutgoingEvent, receivers: readonly Receiver[]): DeliveryRow[] {
    const now = this.now();
    let rows: DeliveryRow[] = [];
    this.log.write(
      event,
      (row) => {
        rows = receivers.map((one) => this.ledger.add(row, one, event.jobId === null, now));
        return rows.map(({ id, endpointId }) => ({ id, endpointId }));
      },
      now,
    );
    this.options.arm(endOf(now));
    return rows;
  }

  /** Whether the schedule's next attempt of a delivery may be made, and with what. */
  permit(deliveryId: string): Permit {
    const row = this.ledger.find(deliveryId);
    // Where it arrived by hand meanwhile, nothing is left to send.
    if (!row || row.status === "succeeded") return { type: "stop", why: "deleted" };
    return this.#permitFor(row);
  }

  /** Hears what came of an attempt; at least once. */
  attempted(report: AttemptReport): void {
    const row = this.ledger.find(report.deliveryId);
    const heard = row && heardOf(row, report);
    if (!heard) return;
    this.ledger.save(heard);
    const endpoint = heard.endpointId === null ? null : this.book.get(heard.endpointId);
    if (endpoint && report.result !== "stopped") this.#judge(endpoint, report);
  }

  /** The receiver wants no more. */
  gone(endpoint: EndpointRecord, at: number): void {
    this.book.save(disabledFor(endpoint, "gone", at));
    this.#tellOthers(endpoint, "It answered 410 (Gone): it wants no more events.", at);
  }

  /** Sends a delivery again, at once, with the id that the event has. A second call while it is under way changes nothing. */
  redeliver(id: string): RedeliverAnswer {
    const row = this.ledger.find(id);
    const event = row && this.log.at(row.event.position);
    if (!row || !event) return "unknown";
    const permit = this.#permitFor(row);
    if (permit.type === "stop") return permit.why;
    const again = this.#sendAgain(event, row, permit.url);
    this.#send();
    return deliveryOf(again, null);
  }

  /** Sends what an endpoint did not get within a span of time; how many events that are, or why there are none. */
  replay(id: string, { since, until, status, types }: WebhookReplay): number | "unknown" | "disabled" {
    const endpoint = this.book.get(id);
    if (!endpoint) return "unknown";
    if (endpoint.disabled) return "disabled";
    const wanted = EVENT_TYPES.filter((type) => wants(endpoint.events, type) && (types?.includes(type) ?? true));
    const [from, to] = [Date.parse(since), until === null ? this.now() : Date.parse(until)];
    const queued =
      status === "failed"
        ? this.#replayFailed(endpoint, this.ledger.failed(id, from, to, wanted, MAX_REPLAYED_EVENTS))
        : this.#replayAll(endpoint, this.log.between(from, to, wanted, MAX_REPLAYED_EVENTS));
    this.#send();
    return queued;
  }

  /** When there is next something to send or to forget; null where there is nothing. */
  nextAt(): number | null {
    const ends = [this.log.oldest(), this.ledger.oldest()].map((at) => at && endOf(at));
    return nextAlarm({}, [this.outbox.nextAt, ...ends]);
  }

  /** Forgets what is too old; false if there is more of it. */
  trim(now: number): boolean {
    return [this.log.trim(now - KEPT_MS, TRIM_ROWS), this.ledger.trim(now - KEPT_MS, TRIM_ROWS)].every(Boolean);
  }

  /** Begins what is due; the alarm comes by in case it does not come to its end. */
  #send(): void {
    this.outbox.run();
    this.options.arm(this.outbox.nextAt ?? undefined);
  }

  #receiversOf({ type }: OutgoingEvent, jobTarget: JobTarget | null): Receiver[] {
    const endpoints = this.book.list().filter((one) => one.disabled === null && wants(one.events, type));
    const ofJob = jobTarget && wants(jobTarget.events, type) ? [{ endpointId: null, url: jobTarget.url }] : [];
    return [...endpoints.map(({ id, url }) => ({ endpointId: id, url })), ...ofJob];
  }

  /** By hand, what has arrived is sent again too. */
  #permitByHand(deliveryId: string): Permit {
    const row = this.ledger.find(deliveryId);
    return row ? this.#permitFor(row) : { type: "stop", why: "deleted" };
  }

  #permitFor({ endpointId, url }: DeliveryRow): Permit {
    if (endpointId === null) return { type: "send", url, ...this.book.keysFor(null, this.now()) };
    const endpoint = this.book.get(endpointId);
    if (!endpoint) return { type: "stop", why: "deleted" };
    if (endpoint.disabled) return { type: "stop", why: "disabled" };
    return { type: "send", url: endpoint.url, ...this.book.keysFor(endpoint, this.now()) };
  }

  #judge(endpoint: EndpointRecord, report: AttemptReport): void {
    if (endpoint.disabled) return;
    const delivered = report.result === "delivered";
    if (report.result === "gone") return this.gone(endpoint, report.at);
    if (delivered && endpoint.health.failingSince === null) return;
    const health = afterAttempt(endpoint.health, delivered, report.at);
    if (!mustDisable(health, report.at)) {
      this.book.save({ ...endpoint, health });
      return;
    }
    this.book.save(disabledFor({ ...endpoint, health }, "failing", report.at));
    this.#tellOthers({ ...endpoint, health }, disabledInWords(health, report.reason), report.at);
  }

  #tellOthers({ id, url, health }: EndpointRecord, reason: string, at: number): void {
    const eventId = `evt_${ulid(at, crypto.getRandomValues(new Uint8Array(10)))}`;
    const stamp = { id: eventId, at, project: this.options.projectId, mode: "live" } as const;
    const body = eventText(disabledEvent({ id, url }, reason, health.failingSince, stamp));
    this.outbox.add({ id: eventId, type: "webhook.disabled", jobId: null, at, body }, null);
    this.#send();
  }

  /** Takes a delivery up by hand: beside a job's schedule, or sooner in a schedule of our own. */
  #sendAgain(event: EventRow, row: DeliveryRow, url: string): DeliveryRow {
    if (row.byHand !== null) return row;
    const target = { deliveryId: row.id, endpointId: row.endpointId, url };
    const ours = row.own && row.status === "pending";
    const number = nextByHand(row);
    const again = ours ? { ...row, nextAt: this.now() } : { ...row, byHand: number };
    this.ledger.save(again);
    const made = ours ? (row.attempts.at(-1)?.attempt ?? 0) : number - 1;
    const { id, type, jobId, body } = event;
    this.outbox.addByHand({ id, type, jobId, body, at: this.now() }, [{ ...target, attempts: made, once: !ours }]);
    return again;
  }

  #replayFailed(endpoint: EndpointRecord, rows: readonly DeliveryRow[]): number {
    let queued = 0;
    for (const row of rows) {
      const event = this.log.at(row.event.position);
      if (!event) continue;
      this.#sendAgain(event, row, endpoint.url);
      queued++;
    }
    return queued;
  }

  /** What was never on its way to the endpoint begins a schedule of its own; what is on its way stays so. */
  #replayAll(endpoint: EndpointRecord, events: readonly EventRow[]): number {
    const rows = this.ledger.ofEvents(events);
    let queued = 0;
    for (const event of events) {
      const known = event.deliveries.find(({ endpointId }) => endpointId === endpoint.id);
      const row = known && rows.get(known.id);
      if (row && (row.status === "pending" || row.byHand !== null)) continue;
      this.#sendAgain(event, row ?? this.#extend(event, endpoint), endpoint.url);
      queued++;
    }
    return queued;
  }

  /** A delivery to an endpoint that the event was not on its way to. */
  #extend(event: EventRow, { id: endpointId, url }: EndpointRecord): DeliveryRow {
    const row = this.ledger.add(event, { endpointId, url }, true, this.now());
    this.log.extend(event, { id: row.id, endpointId });
    return row;
  }
}
