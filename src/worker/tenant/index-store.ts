/**
 * The rows of a project's job index. A list goes down the positions (the order in which jobs were let in), the feed goes
 * up the numbers of changes; both are b-trees and stay flat however many rows there are.
 */
import type { JobStatus } from "../../contract/job.ts";
import type { IndexRow } from "../../core/tenant/index-row.ts";
import { type Change, type FeedSource, type ListSource, SCAN_ROWS } from "../../core/tenant/pages.ts";
import type { ListQuery } from "../../core/tenant/vocabulary.ts";
import type { Rows } from "./rows.ts";

/** A row where it stands. */
export type PlacedRow = { position: number; row: IndexRow };

type Stored = {
  position: number;
  id: string;
  user: string | null;
  workflow: string | null;
  status: string;
  seq: number;
  change: number;
  feed: number;
  changed_at: number;
  created_at: number;
  metadata: string | null;
  removed: string | null;
  counted: number;
};
type Columns = Omit<Stored, "position">;

const COLUMNS =
  "position, id, user, workflow, status, seq, change, feed, changed_at, created_at, metadata, removed, counted";
const FEED = "SELECT position, id, feed, removed";

const TABLE = [
  `CREATE TABLE job (position INTEGER PRIMARY KEY, id TEXT NOT NULL, user TEXT, workflow TEXT, status TEXT NOT NULL,
     seq INTEGER NOT NULL, change INTEGER NOT NULL, feed INTEGER NOT NULL, changed_at INTEGER NOT NULL,
     created_at INTEGER NOT NULL, metadata TEXT, removed TEXT, counted INTEGER NOT NULL)`,
  // Buys that a job is found by its id, and is there once: 1 write in the life of a job.
  "CREATE UNIQUE INDEX job_id ON job (id)",
  // Buys a user's list (newest first, as the position ends each entry) among the jobs of all others: 1 write.
  "CREATE INDEX job_user ON job (user) WHERE user IS NOT NULL",
  // Buys the feed in the order of its changes and, under 0, the unfinished jobs when the object starts: 2 writes, one
  // when the job is let in and one when it ends. What changes in between is kept in memory.
  "CREATE INDEX job_feed ON job (feed)",
];

export class IndexStore {
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  find(jobId: string): PlacedRow | null {
    if (!this.#rows.has("job")) return null;
    const found = this.#rows.read<Stored>(`SELECT ${COLUMNS} FROM job WHERE id = ?`, jobId).toArray()[0];
    return found ? placed(found) : null;
  }

  /** Puts a row behind all others, in place of one that stood for no job. */
  insert(row: IndexRow, doc: string | null): PlacedRow {
    this.#rows.make("job", ...TABLE);
    const columns = columnsOf(row);
    const names = Object.keys(columns);
    this.#rows.run(
      `INSERT OR REPLACE INTO job (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
      ...Object.values(columns),
    );
    const { position } = this.#rows.read<{ position: number }>("SELECT last_insert_rowid() AS position").one();
    this.#saveDoc(position, doc ?? undefined);
    return { position, row };
  }

  /** Writes what differs; an index is touched only where its column does. `doc` undefined leaves the document. */
  update({ position, row: before }: PlacedRow, after: IndexRow, doc: string | null | undefined): PlacedRow {
    const old: Record<string, string | number | null> = columnsOf(before);
    const changed: [string, string | number | null][] = Object.entries(columnsOf(after)).filter(
      ([name, value]) => old[name] !== value,
    );
    this.#saveDoc(position, before.ended || doc !== null ? doc : undefined);
    if (changed.length === 0) return { position, row: before };
    this.#rows.run(
      `UPDATE job SET ${changed.map(([name]) => `${name} = ?`).join(", ")} WHERE position = ?`,
      ...changed.map(([, value]) => value),
      position,
    );
    return { position, row: after };
  }

  /** The unfinished jobs. */
  open(): PlacedRow[] {
    if (!this.#rows.has("job")) return [];
    return this.#rows.read<Stored>(`SELECT ${COLUMNS} FROM job WHERE feed = 0`).toArray().map(placed);
  }

  /** The number of the latest change of an ended job, 0 if there is none. */
  newestEnded(): number {
    if (!this.#rows.has("job")) return 0;
    return this.#rows.read<{ newest: number | null }>("SELECT max(feed) AS newest FROM job").one().newest ?? 0;
  }

  /** Where a list reads its rows. */
  listSource(query: ListQuery): ListSource {
    const [below, ...whose] = query.user === null ? ["position < ?"] : ["user = ? AND position < ?", query.user];
    const { conditions, values } = filterOf(query);
    return {
      matching: (before, limit) =>
        this.#many<Pick<Stored, "position" | "id" | "feed">>(
          `SELECT position, id, feed FROM (SELECT * FROM job WHERE ${below} ORDER BY position DESC LIMIT ${SCAN_ROWS})
           WHERE ${conditions} LIMIT ?`,
          ...whose,
          before,
          ...values,
          limit,
        ).map(({ position, id, feed }) => ({ position, jobId: id, ended: feed > 0 })),
      lookedTo: (before) =>
        this.#many<{ position: number }>(
          `SELECT position FROM job WHERE ${below} ORDER BY position DESC LIMIT 1 OFFSET ${SCAN_ROWS - 1}`,
          ...whose,
          before,
        )[0]?.position ?? null,
    };
  }

  /** Where the feed reads the ended jobs, of a user or of all (null). */
  feedSource(user: string | null): Omit<FeedSource, "newest" | "open"> {
    const scan = `SELECT * FROM job WHERE feed > ? ORDER BY feed LIMIT ${SCAN_ROWS}`;
    return {
      ended: (after, limit) =>
        user === null
          ? this.#changes(`${FEED} FROM (${scan}) LIMIT ?`, after, limit)
          : this.#changes(`${FEED} FROM (${scan}) WHERE user = ? LIMIT ?`, after, user, limit),
      lookedTo: (after) =>
        this.#many<{ feed: number }>(
          `SELECT feed FROM job WHERE feed > ? ORDER BY feed LIMIT 1 OFFSET ${SCAN_ROWS - 1}`,
          after,
        )[0]?.feed ?? null,
      endedOfUser: (after, limit) => {
        if (user === null) return null;
        const rows = this.#many(`SELECT 1 FROM job WHERE user = ? LIMIT ${SCAN_ROWS + 1}`, user).length;
        if (rows > SCAN_ROWS) return null;
        return this.#changes(
          `${FEED} FROM job INDEXED BY job_user WHERE user = ? AND feed > ? ORDER BY feed LIMIT ?`,
          user,
          after,
          limit,
        );
      },
    };
  }

  /** The documents of these rows, by position. */
  docs(positions: readonly number[]): Map<number, string> {
    if (positions.length === 0 || !this.#rows.has("doc")) return new Map();
    const rows = this.#rows.read<{ position: number; doc: string }>(
      "SELECT position, doc FROM doc WHERE position IN (SELECT value FROM json_each(?))",
      JSON.stringify(positions),
    );
    return new Map(rows.toArray().map(({ position, doc }) => [position, doc]));
  }

  /** When the first ended job after a change ended or changed, or null. */
  firstChangedAt(after: number): number | null {
    if (!this.#rows.has("job")) return null;
    const rows = this.#rows.read<{ at: number }>(
      "SELECT changed_at AS at FROM job WHERE feed > ? ORDER BY feed LIMIT 1",
      after,
    );
    return rows.toArray()[0]?.at ?? null;
  }

  /** Drops the removed among the ended jobs that changed after `after` and up to the time `until`; the last one's number. */
  trim(after: number, until: number, limit: number): number {
    if (!this.#rows.has("job")) return after;
    let last = after;
    const rows = this.#rows
      .read<{ position: number; feed: number; removed: string | null; at: number }>(
        "SELECT position, feed, removed, changed_at AS at FROM job WHERE feed > ? ORDER BY feed LIMIT ?",
        after,
        limit,
      )
      .toArray();
    for (const { position, feed, removed, at } of rows) {
      if (at > until) break;
      if (removed !== null) this.#rows.run("DELETE FROM job WHERE position = ?", position);
      last = feed;
    }
    return last;
  }

  /** Writes a document, or drops it (null) where there may be one; undefined leaves it. */
  #saveDoc(position: number, doc: string | null | undefined): void {
    if (doc === undefined) return;
    if (doc === null) {
      if (this.#rows.has("doc")) this.#rows.run("DELETE FROM doc WHERE position = ?", position);
      return;
    }
    // Apart from the rows, which are looked through by the thousand: a document is longer than all the rest.
    this.#rows.make("doc", "CREATE TABLE doc (position INTEGER PRIMARY KEY, doc TEXT NOT NULL)");
    this.#rows.run("INSERT OR REPLACE INTO doc VALUES (?, ?)", position, doc);
  }

  #many<T extends Record<string, SqlStorageValue>>(statement: string, ...values: (string | number)[]): T[] {
    return this.#rows.has("job") ? this.#rows.read<T>(statement, ...values).toArray() : [];
  }

  #changes(statement: string, ...values: (string | number)[]): Change[] {
    return this.#many<Pick<Stored, "position" | "id" | "feed" | "removed">>(statement, ...values).map(
      ({ position, id, feed, removed }) => ({
        position,
        jobId: id,
        change: feed,
        ended: true,
        removed: removed !== null,
      }),
    );
  }
}

/** A list's filters as SQL: a row that is passed over is never brought out of the database. */
function filterOf(query: ListQuery): { conditions: string; values: (string | number)[] } {
  const parts: [string, ...(string | number)[]][] = [["removed IS NULL"]];
  const { status, workflow, createdAfter, createdBefore } = query;
  if (status !== null) parts.push(["status IN (SELECT value FROM json_each(?))", JSON.stringify(status)]);
  if (workflow !== null) parts.push(["workflow = ?", workflow]);
  if (createdAfter !== null) parts.push(["created_at > ?", createdAfter]);
  if (createdBefore !== null) parts.push(["created_at < ?", createdBefore]);
  for (const [name, value] of Object.entries(query.metadata))
    parts.push(["EXISTS (SELECT 1 FROM json_each(metadata) WHERE key = ? AND value = ?)", name, value]);
  return {
    conditions: parts.map(([condition]) => condition).join(" AND "),
    values: parts.flatMap(([, ...own]) => own),
  };
}

const columnsOf = (row: IndexRow): Columns => ({
  id: row.jobId,
  user: row.user,
  workflow: row.workflow,
  status: row.status,
  seq: row.seq,
  change: row.change,
  feed: row.ended ? row.change : 0,
  changed_at: row.changedAt,
  created_at: row.createdAt,
  metadata: Object.keys(row.metadata).length > 0 ? JSON.stringify(row.metadata) : null,
  removed: row.removed,
  counted: row.counted ? 1 : 0,
});

const placed = (stored: Stored): PlacedRow => ({
  position: stored.position,
  row: {
    jobId: stored.id,
    user: stored.user,
    workflow: stored.workflow,
    status: stored.status as JobStatus,
    seq: stored.seq,
    change: stored.change,
    changedAt: stored.changed_at,
    createdAt: stored.created_at,
    metadata: stored.metadata === null ? {} : (JSON.parse(stored.metadata) as Record<string, string>),
    ended: stored.feed > 0,
    removed: stored.removed as IndexRow["removed"],
    counted: stored.counted === 1,
  },
});
