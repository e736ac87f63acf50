/**
 * SQL over an object's rows: tables are made when something is first written, so that an object that was only asked has
 * none; rows written are counted, as each costs money.
 */

type Value = string | number | null;

export class Rows {
  readonly #storage: DurableObjectStorage;
  readonly #tables = new Set<string>();
  /** Rows and index entries written since the object was started. */
  written = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    const found = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
    for (const { name } of found) this.#tables.add(name);
  }

  /** Whether the table was made; reading another one is an error. */
  has(table: string): boolean {
    return this.#tables.has(table);
  }

  /** Makes a table and its indexes, unless it is there. */
  make(table: string, ...statements: string[]): void {
    if (this.#tables.has(table)) return;
    for (const statement of statements) this.run(statement);
    this.#tables.add(table);
  }

  /** A statement that writes. */
  run(statement: string, ...values: Value[]): void {
    const cursor = this.#storage.sql.exec(statement, ...values);
    this.written += cursor.rowsWritten;
  }

  /** A statement that reads; rows are read as they are asked for. */
  read<T extends Record<string, SqlStorageValue>>(statement: string, ...values: Value[]): SqlStorageCursor<T> {
    return this.#storage.sql.exec<T>(statement, ...values);
  }

  /** All that is written within happens, or nothing of it. */
  together<T>(act: () => T): T {
    const before = [...this.#tables];
    try {
      return this.#storage.transactionSync(act);
    } catch (error) {
      // A table that was made meanwhile is not there either.
      this.#tables.clear();
      for (const table of before) this.#tables.add(table);
      throw error;
    }
  }
}
