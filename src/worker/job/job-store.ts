/**
 * A job's rows: its spec and graph (written once), its state (one row, rewritten), its durable events, its share
 * links. Reading and writing only; what is worth storing is decided elsewhere.
 */
import { KEPT_EVENTS } from "../../core/fanout/resume.ts";
import type { JobSpec } from "../../core/job/spec.ts";
import type { JobState } from "../../core/job/state.ts";

/** Visible changes that may happen between two writes of `seq`; after a crash the counter goes on above them. */
const SEQ_RESERVE = 1_000;

export type ShareRow = {
  id: string;
  secretHash: string;
  tokenEnd: string;
  label: string | null;
  reveal: string[];
  allowDownload: boolean;
  createdAt: number;
  expiresAt: number;
  revokedAt: number | null;
};

export type EventRow = { seq: number; at: number; type: string; data: string };

type Saved = Omit<JobState, "spec">;

export class JobStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** Up to here `seq` may grow without another write. */
  #reservedSeq = 0;
  #shares: readonly ShareRow[] | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** The stored job, or null; an object without a job has no tables and costs nothing. */
  load(): JobState | null {
    if (!this.#hasTable("job")) return null;
    const row = this.#sql
      .exec<{ spec: string; state: string; reserved_seq: number }>("SELECT spec, state, reserved_seq FROM job")
      .toArray()[0];
    if (!row) return null;
    const saved = JSON.parse(row.state) as Saved;
    this.#reservedSeq = row.reserved_seq;
    return { ...saved, seq: Math.max(saved.seq, row.reserved_seq), spec: JSON.parse(row.spec) as JobSpec };
  }

  /** When the job was removed, if it was. */
  erasedAt(): number | null {
    if (!this.#hasTable("tombstone")) return null;
    return this.#sql.exec<{ at: number }>("SELECT at FROM tombstone").toArray()[0]?.at ?? null;
  }

  /** Makes the tables and the one job row. `graph` is exact JSON text. */
  create(state: JobState, graph: string): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        "CREATE TABLE job (spec TEXT NOT NULL, graph TEXT NOT NULL, state TEXT NOT NULL, reserved_seq INTEGER NOT NULL)",
      );
      this.#sql.exec(
        "CREATE TABLE event (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL)",
      );
      const { spec, ...saved } = state;
      this.#sql.exec(
        "INSERT INTO job VALUES (?, ?, ?, ?)",
        JSON.stringify(spec),
        graph,
        JSON.stringify(saved),
        state.seq,
      );
    });
    this.#reservedSeq = state.seq;
  }

  /** Writes the state and what became visible and durable with it, at once or not at all. */
  save(state: JobState, events: EventRow[]): void {
    const { spec: _fixed, ...saved } = state;
    // What was reserved stays so while changes come thick and fast; a job that rests has its true `seq` again.
    this.#reservedSeq = "run" in state.stage ? Math.max(this.#reservedSeq, state.seq) : state.seq;
    this.#storage.transactionSync(() => {
      this.#sql.exec("UPDATE job SET state = ?, reserved_seq = ?", JSON.stringify(saved), this.#reservedSeq);
      for (const { seq, at, type, data } of events) {
        this.#sql.exec("INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?)", seq, at, type, data);
      }
      if (events.length > 0) this.#trimEvents();
    });
  }

  /** Makes sure that `seq` cannot be given twice, should the object die before the state is written again. */
  reserveSeq(seq: number): void {
    if (seq <= this.#reservedSeq) return;
    this.#reservedSeq = seq + SEQ_RESERVE;
    this.#sql.exec("UPDATE job SET reserved_seq = ?", this.#reservedSeq);
  }

  /** The submitted graph as exact JSON text. */
  graph(): string {
    return this.#sql.exec<{ graph: string }>("SELECT graph FROM job").one().graph;
  }

  /** The durable events after `seq`. */
  eventsAfter(seq: number): EventRow[] {
    return this.#sql.exec<EventRow>("SELECT seq, at, type, data FROM event WHERE seq > ? ORDER BY seq", seq).toArray();
  }

  /** The `seq`s of the kept durable events, rising. */
  keptSeqs(): number[] {
    return this.#sql
      .exec<{ seq: number }>("SELECT seq FROM event ORDER BY seq")
      .toArray()
      .map((row) => row.seq);
  }

  /** All links of the job; most jobs have none, and then there is no table of them either. */
  shares(): readonly ShareRow[] {
    this.#shares ??= this.#hasTable("share")
      ? this.#sql
          .exec<{ row: string }>("SELECT row FROM share ORDER BY id")
          .toArray()
          .map((one) => JSON.parse(one.row) as ShareRow)
      : [];
    return this.#shares;
  }

  saveShare(share: ShareRow): void {
    this.#shares = null;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS share (id TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID");
    this.#sql.exec("INSERT OR REPLACE INTO share VALUES (?, ?)", share.id, JSON.stringify(share));
  }

  /** Removes everything but the memory that there was a job. */
  async erase(at: number): Promise<void> {
    await this.#storage.deleteAll();
    this.#sql.exec("CREATE TABLE tombstone (at INTEGER NOT NULL)");
    this.#sql.exec("INSERT INTO tombstone VALUES (?)", at);
  }

  /** Removes that memory too. */
  async forget(): Promise<void> {
    await this.#storage.deleteAll();
  }

  #trimEvents(): void {
    this.#sql.exec(
      "DELETE FROM event WHERE seq <= (SELECT seq FROM event ORDER BY seq DESC LIMIT 1 OFFSET ?)",
      KEPT_EVENTS,
    );
  }

  #hasTable(name: string): boolean {
    return this.#sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name).toArray().length > 0;
  }
}
