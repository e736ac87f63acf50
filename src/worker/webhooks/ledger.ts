/**
 * The ledger: what is on its way to whom, and what came of each attempt. A delivery is found by its id, in which its
 * position stands; its row costs 1 write, and 1 more for each attempt.
 */
import type { DeliveryStatus, EventType } from "../../contract/webhook.ts";
import type { PageSource } from "../../core/tenant/pages.ts";
import { type AttemptRow, type DeliveryRow, deliveryIdAt, positionOf } from "../../core/webhook/ledger-row.ts";
import type { Rows } from "../tenant/rows.ts";
import { type EventRow, NO_TEST } from "./event-log.ts";
import { TimedTable } from "./timed-table.ts";

/** Null asks for nothing. */
export type DeliveryFilters = {
  endpoint: string | null;
  status: DeliveryStatus | null;
  type: string | null;
  job: string | null;
};

/** Where an event goes: to an endpoint, or to the webhook of its job. */
export type Receiver = { endpointId: string | null; url: string };

type Stored = {
  position: number;
  id: string;
  event: number;
  event_id: string;
  type: string;
  endpoint: string | null;
  job: string | null;
  url: string;
  own: number;
  status: string;
  next_at: number | null;
  by_hand: number | null;
  note: string | null;
  attempts: string;
};

const TABLE = [
  `CREATE TABLE delivery (position INTEGER PRIMARY KEY, id TEXT NOT NULL, event INTEGER NOT NULL, event_id TEXT NOT NULL,
     type TEXT NOT NULL, endpoint TEXT, job TEXT, url TEXT NOT NULL, own INTEGER NOT NULL, status TEXT NOT NULL,
     next_at INTEGER, by_hand INTEGER, note TEXT, attempts TEXT NOT NULL)`,
];

export class Ledger {
  readonly #table: TimedTable<Stored, DeliveryRow>;

  constructor(rows: Rows) {
    this.#table = new TimedTable(rows, "delivery", TABLE, readDelivery);
  }

  /** The delivery of this id (`dlv_…`), or null. */
  find(id: string): DeliveryRow | null {
    const position = positionOf(id);
    return position === null ? null : (this.#table.where("position = ? AND id = ?", position, id)[0] ?? null);
  }

  /** The deliveries of these events that are still kept, by their ids. */
  ofEvents(events: readonly EventRow[]): Map<string, DeliveryRow> {
    const positions = events.flatMap(({ deliveries }) => deliveries.map(({ id }) => positionOf(id)));
    const rows = this.#table.where("position IN (SELECT value FROM json_each(?))", JSON.stringify(positions));
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** A pending delivery. `own`: the project itself keeps to its schedule. */
  add(event: EventRow, { endpointId, url }: Receiver, own: boolean, now: number): DeliveryRow {
    const position = this.#table.next(now);
    const id = deliveryIdAt(position, crypto.getRandomValues(new Uint8Array(9)));
    this.#table.insert(
      ...[position, id, event.position, event.id, event.type, endpointId, event.jobId, url, own ? 1 : 0],
      ...["pending", now, null, null, "[]"],
    );
    const state = { status: "pending", nextAt: now, byHand: null, note: null, attempts: [] } as const;
    return { position, id, event, endpointId, url, own, ...state, attempts: [] };
  }

  save({ position, status, nextAt, byHand, note, attempts }: DeliveryRow): void {
    const changed = { status, next_at: nextAt, by_hand: byHand, note, attempts: JSON.stringify(attempts) };
    this.#table.update(position, changed);
  }

  source({ endpoint, status, type, job }: DeliveryFilters): PageSource<DeliveryRow> {
    return this.#table.source([
      ["endpoint = ?", endpoint],
      ["iif(by_hand IS NULL, status, 'pending') = ?", status],
      ["type = ?", type],
      ["job = ?", job],
    ]);
  }

  /** Failed deliveries of these types to an endpoint within a span of time, tests left out; oldest first. */
  failed(endpointId: string, since: number, until: number, types: readonly string[], limit: number): DeliveryRow[] {
    const condition = `endpoint = ? AND status = 'failed' AND by_hand IS NULL AND ${NO_TEST}
      AND type IN (SELECT value FROM json_each(?))`;
    return this.#table.between(since, until, condition, [endpointId, JSON.stringify(types)], limit);
  }

  oldest(): number | null {
    return this.#table.oldest();
  }

  trim(before: number, limit: number): boolean {
    return this.#table.trim(before, limit);
  }
}

const readDelivery = (stored: Stored): DeliveryRow => ({
  position: stored.position,
  id: stored.id,
  event: { position: stored.event, id: stored.event_id, type: stored.type as EventType, jobId: stored.job },
  endpointId: stored.endpoint,
  url: stored.url,
  own: stored.own === 1,
  status: stored.status as DeliveryStatus,
  nextAt: stored.next_at,
  byHand: stored.by_hand,
  note: stored.note,
  attempts: JSON.parse(stored.attempts) as AttemptRow[],
});
