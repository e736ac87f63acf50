/** The events of a project, sent or not, as their receivers see them. A row costs 2 writes, one of them for its index. */
import type { EventType } from "../../contract/webhook.ts";
import type { PageSource } from "../../core/tenant/pages.ts";
import { SAMPLE_JOB_ID } from "../../core/webhook/samples.ts";
import type { OutgoingEvent } from "../../core/webhook/vocabulary.ts";
import type { Rows } from "../tenant/rows.ts";
import { TimedTable } from "./timed-table.ts";

/** `deliveries`: which receivers it is or was on its way to. */
export type EventRow = {
  position: number;
  id: string;
  type: EventType;
  jobId: string | null;
  body: string;
  deliveries: { id: string; endpointId: string | null }[];
};

/** Null asks for nothing. `createdAfter` in ms. */
export type EventFilters = { type: string | null; job: string | null; createdAfter: number | null };

type Stored = { position: number; id: string; type: string; job: string | null; deliveries: string; body: string };

const TABLE = [
  `CREATE TABLE event (position INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, job TEXT,
     deliveries TEXT NOT NULL, body TEXT NOT NULL)`,
  // Buys that an event that is announced again is known, and that one is found by its id: 1 write.
  "CREATE UNIQUE INDEX event_id ON event (id)",
];
/** Tests are never sent again with others. */
export const NO_TEST = `type <> 'webhook.test' AND coalesce(job, '') <> '${SAMPLE_JOB_ID}'`;

export class EventLog {
  readonly #table: TimedTable<Stored, EventRow>;

  constructor(rows: Rows) {
    this.#table = new TimedTable(rows, "event", TABLE, readEvent);
  }

  /** The event of this id (`evt_…`), or null. */
  find(id: string): EventRow | null {
    return this.#table.where("id = ?", id)[0] ?? null;
  }

  at(position: number): EventRow | null {
    return this.#table.where("position = ?", position)[0] ?? null;
  }

  /** Writes an event that is not known; `deliver` says where it goes. */
  write(event: OutgoingEvent, deliver: (row: EventRow) => EventRow["deliveries"], now: number): EventRow {
    const { id, type, jobId, body } = event;
    const row: EventRow = { position: this.#table.next(now), id, type, jobId, body, deliveries: [] };
    row.deliveries = deliver(row);
    this.#table.insert(row.position, id, type, jobId, JSON.stringify(row.deliveries), body);
    return row;
  }

  /** The event has one more receiver. */
  extend({ position, deliveries }: EventRow, added: EventRow["deliveries"][number]): void {
    this.#table.update(position, { deliveries: JSON.stringify([...deliveries, added]) });
  }

  source({ type, job, createdAfter }: EventFilters): PageSource<EventRow> {
    const conditions: [string, string | null][] = [
      ["type = ?", type],
      ["job = ?", job],
    ];
    return this.#table.source(conditions, createdAfter);
  }

  /** Events of these types within a span of time, tests left out; oldest first. */
  between(since: number, until: number, types: readonly string[], limit: number): EventRow[] {
    const ofTypes = `${NO_TEST} AND type IN (SELECT value FROM json_each(?))`;
    return this.#table.between(since, until, ofTypes, [JSON.stringify(types)], limit);
  }

  oldest(): number | null {
    return this.#table.oldest();
  }

  trim(before: number, limit: number): boolean {
    return this.#table.trim(before, limit);
  }
}

const readEvent = (stored: Stored): EventRow => ({
  position: stored.position,
  id: stored.id,
  type: stored.type as EventType,
  jobId: stored.job,
  body: stored.body,
  deliveries: JSON.parse(stored.deliveries) as EventRow["deliveries"],
});
