/**
 * Rows of an outbox in SQLite: one per event, body included, gone when all is done. The table is made with the first
 * event, so an object that sends nothing costs nothing.
 */
import { type ByHand, isDone, newRow, type OutboxRow, sentByHand } from "../../core/webhook/outbox-rows.ts";
import type { JobTarget, OutgoingEvent } from "../../core/webhook/vocabulary.ts";

export class OutboxStore {
  readonly #sql: SqlStorage;
  readonly #rows = new Map<string, OutboxRow>();
  #hasTable: boolean;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'outbox'";
    this.#hasTable = this.#sql.exec(table).toArray().length > 0;
    if (!this.#hasTable) return;
    for (const { id, row } of this.#sql.exec<{ id: string; row: string }>("SELECT id, row FROM outbox")) {
      this.#rows.set(id, JSON.parse(row) as OutboxRow);
    }
  }

  /** All rows, without their bodies. */
  get rows(): Iterable<OutboxRow> {
    return this.#rows.values();
  }

  get size(): number {
    return this.#rows.size;
  }

  get(eventId: string): OutboxRow | undefined {
    return this.#rows.get(eventId);
  }

  /** The event with its body, or null where it is done with. */
  event(eventId: string): OutgoingEvent | null {
    const row = this.#rows.get(eventId);
    const found = row && this.#sql.exec<{ body: string }>("SELECT body FROM outbox WHERE id = ?", eventId).toArray()[0];
    return row && found ? { ...row.event, body: found.body } : null;
  }

  /** Takes an event up; in the transaction of what is written around it. An event that is there already stays as it is. */
  add(event: OutgoingEvent, jobTarget: JobTarget | null): void {
    if (!this.#rows.has(event.id)) this.#write(newRow(event, jobTarget), event.body);
  }

  /** Takes up deliveries that are sent by hand. */
  addByHand(event: OutgoingEvent, deliveries: readonly ByHand[], now: number): void {
    const row = this.#rows.get(event.id) ?? { ...newRow(event, null), announced: true };
    this.#write(sentByHand(row, deliveries, now), event.body);
  }

  /** Keeps the row's new form in memory alone: what it says can be found out again. */
  remember(row: OutboxRow): void {
    this.#rows.set(row.event.id, row);
  }

  /** Writes the row's new form, or removes it when nothing is left to do. */
  save(row: OutboxRow): void {
    const { id } = row.event;
    if (isDone(row)) {
      this.#rows.delete(id);
      this.#sql.exec("DELETE FROM outbox WHERE id = ?", id);
      return;
    }
    this.#rows.set(id, row);
    this.#sql.exec("UPDATE outbox SET row = ? WHERE id = ?", JSON.stringify(row), id);
  }

  #write(row: OutboxRow, body: string): void {
    if (!this.#hasTable) {
      this.#sql.exec("CREATE TABLE outbox (id TEXT PRIMARY KEY, row TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID");
      this.#hasTable = true;
    }
    const { id } = row.event;
    this.#rows.set(id, row);
    this.#sql.exec("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?)", id, JSON.stringify(row), body);
  }
}
