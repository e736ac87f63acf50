/**
 * A job's rows: one with all of it (spec and graph, the state, its durable events), because each row written costs the
 * same; its share links; the tickets that were used; at last its tombstone. Reading and writing only; what is worth
 * storing is decided elsewhere.
 */
import { KEPT_EVENTS } from "../../core/fanout/resume.ts";
import { restoredJob, type StoredSpec, type StoredState } from "../../core/job/restore.ts";
import type { JobState, Removal } from "../../core/job/state.ts";

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

/** What is known of a job that was removed. Tombstones of older versions know neither request nor user. */
export type Tombstone = {
  at: number;
  why: Removal["why"];
  fingerprint: string | null;
  user: string | null;
};

/** How long a removed job is remembered as such. */
const TOMBSTONE_MS = 30 * 86_400_000;

export class JobStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** Up to here `seq` may grow without another write. */
  #reservedSeq = 0;
  /** The durable events that are kept, oldest first. */
  #events: readonly EventRow[] = [];
  #shares: readonly ShareRow[] | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** The stored job, or null; an object without a job has no tables and costs nothing. */
  load(): JobState | null {
    if (!this.#hasTable("job")) return null;
    if (this.#hasTable("event")) this.#joinEvents();
    type Row = { spec: string; state: string; reserved_seq: number; events: string };
    const row = this.#sql.exec<Row>("SELECT spec, state, reserved_seq, events FROM job").toArray()[0];
    if (!row) return null;
    this.#events = JSON.parse(row.events) as EventRow[];
    const job = restoredJob(JSON.parse(row.spec) as StoredSpec, JSON.parse(row.state) as StoredState);
    this.#reservedSeq = row.reserved_seq;
    return { ...job, seq: Math.max(job.seq, row.reserved_seq) };
  }

  /** What is remembered of a job that was removed. */
  tombstone(): Tombstone | null {
    if (!this.#hasTable("tombstone")) return null;
    const row = this.#sql.exec<Pick<Tombstone, "at"> & Partial<Tombstone>>("SELECT * FROM tombstone").toArray()[0];
    return row ? { why: "expired", fingerprint: null, user: null, ...row } : null;
  }

  /** Makes the table and its one row. `graph` is exact JSON text. */
  create(state: JobState, graph: string): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        "CREATE TABLE job (spec TEXT NOT NULL, graph TEXT NOT NULL, state TEXT NOT NULL, reserved_seq INTEGER NOT NULL, events TEXT NOT NULL)",
      );
      const { spec, ...saved } = state;
      this.#sql.exec(
        "INSERT INTO job VALUES (?, ?, ?, ?, '[]')",
        JSON.stringify(spec),
        graph,
        JSON.stringify(saved),
        state.seq,
      );
    });
    this.#reservedSeq = state.seq;
  }

  /** Writes the state, what became visible and durable with it, and what `alongside` writes, at once or not at all. */
  save(state: JobState, events: EventRow[], alongside: (() => void) | null = null): void {
    if (alongside === null) return this.#save(state, events);
    this.#storage.transactionSync(() => {
      this.#save(state, events);
      alongside();
    });
  }

  #save(state: JobState, events: EventRow[]): void {
    const { spec: _fixed, ...saved } = state;
    this.#reservedSeq = this.#reserveFor(state);
    const text = JSON.stringify(saved);
    if (events.length === 0) {
      this.#sql.exec("UPDATE job SET state = ?, reserved_seq = ?", text, this.#reservedSeq);
      return;
    }
    // A job has one end, the one last told.
    const ends = events.some((event) => event.type === "end");
    const known = ends ? this.#events.filter((event) => event.type !== "end") : this.#events;
    this.#events = [...known, ...events].slice(-KEPT_EVENTS);
    const kept = JSON.stringify(this.#events);
    this.#sql.exec("UPDATE job SET state = ?, reserved_seq = ?, events = ?", text, this.#reservedSeq, kept);
  }

  /** Changes come thick and fast while a job runs, so some are reserved with a write; one that rests has its true `seq`. */
  #reserveFor({ stage, seq }: JobState): number {
    if (stage.name === "running") return this.#reservedSeq > seq ? this.#reservedSeq : seq + SEQ_RESERVE;
    return "run" in stage ? Math.max(this.#reservedSeq, seq) : seq;
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
    return this.#events.filter((event) => event.seq > seq);
  }

  /** The `seq`s of the kept durable events, rising. */
  keptSeqs(): number[] {
    return this.#events.map((event) => event.seq);
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

  /** Takes a ticket; false for one that was taken before, or is over. Those that are over are forgotten. */
  useTicket(jti: string, expiresAt: number, now: number): boolean {
    if (expiresAt <= now) return false;
    const table = "CREATE TABLE IF NOT EXISTS ticket (jti TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID";
    this.#sql.exec(table);
    this.#sql.exec("DELETE FROM ticket WHERE expires_at <= ?", now);
    if (this.#sql.exec("SELECT 1 FROM ticket WHERE jti = ?", jti).toArray().length > 0) return false;
    this.#sql.exec("INSERT INTO ticket VALUES (?, ?)", jti, expiresAt);
    return true;
  }

  /** Removes everything but the memory that there was a job. All of it is one write: there is always one of the two. */
  async erase(stone: Tombstone): Promise<void> {
    const { at, why, fingerprint, user } = stone;
    const done = this.#storage.deleteAll();
    this.#sql.exec("CREATE TABLE tombstone (at INTEGER NOT NULL, why TEXT NOT NULL, fingerprint TEXT, user TEXT)");
    this.#sql.exec("INSERT INTO tombstone VALUES (?, ?, ?, ?)", at, why, fingerprint, user);
    await Promise.all([done, this.#storage.setAlarm(at + TOMBSTONE_MS)]);
  }

  /** Removes that memory too, once its time is over; where it is not, makes sure that the alarm will come. */
  async forget(now: number): Promise<void> {
    const stone = this.tombstone();
    if (!stone) return;
    if (now >= stone.at + TOMBSTONE_MS) await this.#storage.deleteAll();
    else await this.#storage.setAlarm(stone.at + TOMBSTONE_MS);
  }

  /** Older versions had a table of events. */
  #joinEvents(): void {
    this.#storage.transactionSync(() => {
      const events = this.#sql.exec<EventRow>("SELECT seq, at, type, data FROM event ORDER BY seq").toArray();
      this.#sql.exec("ALTER TABLE job ADD COLUMN events TEXT NOT NULL DEFAULT '[]'");
      this.#sql.exec("UPDATE job SET events = ?", JSON.stringify(events));
      this.#sql.exec("DROP TABLE event");
    });
  }

  #hasTable(name: string): boolean {
    return this.#sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name).toArray().length > 0;
  }
}
