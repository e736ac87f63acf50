/**
 * A table whose rows stand in the order in which they were written: the position of a row is a time
 * (core/webhook/ledger-row.ts), so that spans of time are read, and old rows dropped, without an index.
 */
import { type PageSource, SCAN_ROWS } from "../../core/tenant/pages.ts";
import { nextPosition, positionAt, timeOf } from "../../core/webhook/ledger-row.ts";
import type { Rows } from "../tenant/rows.ts";

export type Value = string | number | null;
/** A condition and the value that it asks for; null asks for nothing. */
export type Condition = [text: string, value: Value];

export class TimedTable<Stored extends Record<string, SqlStorageValue>, Row extends { position: number }> {
  readonly #rows: Rows;
  readonly #name: string;
  readonly #statements: readonly string[];
  readonly #read: (stored: Stored) => Row;
  #newest: number | null = null;

  /** `statements` make the table. */
  constructor(rows: Rows, name: string, statements: readonly string[], read: (stored: Stored) => Row) {
    this.#rows = rows;
    this.#name = name;
    this.#statements = statements;
    this.#read = read;
  }

  /** The position of the row that is written next. A write that was taken back leaves a gap, and no more. */
  next(now: number): number {
    this.#rows.make(this.#name, ...this.#statements);
    this.#newest ??= this.#end("max") ?? 0;
    this.#newest = nextPosition(this.#newest, now);
    return this.#newest;
  }

  insert(...values: Value[]): void {
    this.#rows.run(`INSERT INTO ${this.#name} VALUES (${values.map(() => "?").join(", ")})`, ...values);
  }

  /** Changes columns of one row. */
  update(position: number, columns: Readonly<Record<string, Value>>): void {
    const names = Object.keys(columns).map((name) => `${name} = ?`);
    this.#rows.run(
      `UPDATE ${this.#name} SET ${names.join(", ")} WHERE position = ?`,
      ...Object.values(columns),
      position,
    );
  }

  /** Rows for which the condition holds, oldest first. */
  where(condition: string, ...values: Value[]): Row[] {
    return this.#select(`SELECT * FROM ${this.#name} WHERE ${condition} ORDER BY position`, ...values);
  }

  /** Rows written from one time to another, both included, for which the condition holds; oldest first. */
  between(since: number, until: number, condition: string, values: readonly Value[], limit: number): Row[] {
    return this.#select(
      `SELECT * FROM ${this.#name} WHERE position >= ? AND position < ? AND ${condition} ORDER BY position LIMIT ?`,
      positionAt(since),
      positionAt(until + 1),
      ...values,
      limit,
    );
  }

  /** Where a list, newest first, reads the rows that fit all conditions and were written after a time. */
  source(conditions: readonly Condition[], after: number | null = null): PageSource<Row> {
    const asked = conditions.filter(([, value]) => value !== null);
    const filter = ["1", ...asked.map(([text]) => text)].join(" AND ");
    const from = after === null ? 0 : positionAt(after + 1);
    const below = `FROM ${this.#name} WHERE position >= ? AND position < ? ORDER BY position DESC`;
    return {
      matching: (before, limit) =>
        this.#select(
          `SELECT * FROM (SELECT * ${below} LIMIT ${SCAN_ROWS}) WHERE ${filter} LIMIT ?`,
          from,
          before,
          ...asked.map(([, value]) => value),
          limit,
        ),
      lookedTo: (before) => {
        if (!this.#rows.has(this.#name)) return null;
        const last = `SELECT position ${below} LIMIT 1 OFFSET ${SCAN_ROWS - 1}`;
        return this.#rows.read<{ position: number }>(last, from, before).toArray()[0]?.position ?? null;
      },
    };
  }

  /** When the oldest row was written, or null where there is none. */
  oldest(): number | null {
    const first = this.#end("min");
    return first === null ? null : timeOf(first);
  }

  /** Drops up to so many rows that were written before a time; false if there may be more. */
  trim(before: number, limit: number): boolean {
    const old = this.between(0, before - 1, "1", [], limit);
    const last = old.at(-1);
    if (last) this.#rows.run(`DELETE FROM ${this.#name} WHERE position <= ?`, last.position);
    return old.length < limit;
  }

  #select(statement: string, ...values: Value[]): Row[] {
    if (!this.#rows.has(this.#name)) return [];
    return this.#rows
      .read<Stored>(statement, ...values)
      .toArray()
      .map(this.#read);
  }

  #end(which: "min" | "max"): number | null {
    if (!this.#rows.has(this.#name)) return null;
    return this.#rows.read<{ at: number | null }>(`SELECT ${which}(position) AS at FROM ${this.#name}`).one().at;
  }
}
