/**
 * The pool's rows: leases, the waiting line, health, learned durations, counters. Each index of a table makes each of
 * its rows cost one more to write, so the few leases have one and are looked through.
 */
import type { Health } from "../../core/pool/health.ts";
import { unknownHealth } from "../../core/pool/health.ts";
import type { LearnedTimes } from "../../core/pool/learn.ts";
import type { HeldLease, Waiting } from "../../core/pool/lease.ts";

/** A lease, and whether its job has heard of it. */
export type LeaseRow = HeldLease & { told: boolean; shape: string };
export type WaitingRow = Waiting & { shape: string };

export class PoolStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS lease (job TEXT PRIMARY KEY, id TEXT NOT NULL, backend TEXT NOT NULL, shape TEXT NOT NULL, expires_at INTEGER NOT NULL, told INTEGER NOT NULL) WITHOUT ROWID",
    );
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS waiting (place INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL UNIQUE, shape TEXT NOT NULL, at INTEGER NOT NULL)",
    );
    this.#sql.exec("CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID");
    this.#sql.exec("CREATE TABLE IF NOT EXISTS health (backend TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID");
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS learned (backend TEXT NOT NULL, shape TEXT NOT NULL, times TEXT NOT NULL, PRIMARY KEY (backend, shape)) WITHOUT ROWID",
    );
  }

  leases(): LeaseRow[] {
    return this.#sql
      .exec<{ id: string; job: string; backend: string; shape: string; expires_at: number; told: number }>(
        "SELECT * FROM lease",
      )
      .toArray()
      .map((row) => ({
        id: row.id,
        jobName: row.job,
        backendId: row.backend,
        shape: row.shape,
        expiresAt: row.expires_at,
        told: row.told === 1,
      }));
  }

  lease(where: { id: string } | { jobName: string }): LeaseRow | null {
    return this.leases().find((one) => ("id" in where ? one.id === where.id : one.jobName === where.jobName)) ?? null;
  }

  saveLease(lease: LeaseRow): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO lease (job, id, backend, shape, expires_at, told) VALUES (?, ?, ?, ?, ?, ?)",
      lease.jobName,
      lease.id,
      lease.backendId,
      lease.shape,
      lease.expiresAt,
      lease.told ? 1 : 0,
    );
  }

  removeLease(id: string): void {
    this.#sql.exec("DELETE FROM lease WHERE id = ?", id);
  }

  /** The line, first come first. */
  waiting(limit = 1_000): WaitingRow[] {
    return this.#sql
      .exec<{ job: string; shape: string; at: number }>(
        "SELECT job, shape, at FROM waiting ORDER BY place LIMIT ?",
        limit,
      )
      .toArray()
      .map((row) => ({ jobName: row.job, shape: row.shape, at: row.at }));
  }

  waitingCount(): number {
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM waiting").one().count;
  }

  /** How many stand before this job, or null if it does not wait. */
  ahead(jobName: string): number | null {
    const row = this.#sql.exec<{ place: number }>("SELECT place FROM waiting WHERE job = ?", jobName).toArray()[0];
    if (!row) return null;
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM waiting WHERE place < ?", row.place).one()
      .count;
  }

  /** Puts a job at the end of the line, once. */
  enqueue(jobName: string, shape: string, at: number): void {
    this.#sql.exec("INSERT OR IGNORE INTO waiting (job, shape, at) VALUES (?, ?, ?)", jobName, shape, at);
  }

  dequeue(jobName: string): void {
    this.#sql.exec("DELETE FROM waiting WHERE job = ?", jobName);
  }

  /** Adds to the counters. */
  addCounts(counts: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(counts)) {
      this.#sql.exec(
        "INSERT INTO counter VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET count = count + ?2",
        name,
        count,
      );
    }
  }

  counts(): Record<string, number> {
    const rows = this.#sql.exec<{ name: string; count: number }>("SELECT name, count FROM counter ORDER BY name");
    return Object.fromEntries(rows.toArray().map(({ name, count }) => [name, count]));
  }

  health(backendId: string): Health {
    const row = this.#sql.exec<{ state: string }>("SELECT state FROM health WHERE backend = ?", backendId).toArray()[0];
    return row ? (JSON.parse(row.state) as Health) : unknownHealth;
  }

  saveHealth(backendId: string, health: Health): void {
    this.#sql.exec("INSERT OR REPLACE INTO health VALUES (?, ?)", backendId, JSON.stringify(health));
  }

  learned(backendId: string, shape: string): LearnedTimes | null {
    const row = this.#sql
      .exec<{ times: string }>("SELECT times FROM learned WHERE backend = ? AND shape = ?", backendId, shape)
      .toArray()[0];
    return row ? (JSON.parse(row.times) as LearnedTimes) : null;
  }

  saveLearned(backendId: string, shape: string, times: LearnedTimes): void {
    this.#sql.exec("INSERT OR REPLACE INTO learned VALUES (?, ?, ?)", backendId, shape, JSON.stringify(times));
  }
}
