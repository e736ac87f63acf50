/** The pool's rows: leases, the line, health, learned durations, counters. */
import type { Priority } from "../../contract/job-requests.ts";
import { groupOf } from "../../core/pool/groups.ts";
import type { Health } from "../../core/pool/health.ts";
import { unknownHealth } from "../../core/pool/health.ts";
import { type LearnedTimes, type RunTimes, runTimes } from "../../core/pool/learn.ts";
import type { HeldLease } from "../../core/pool/lease.ts";
import type { Waiting } from "../../core/pool/line.ts";
import { prepareTables } from "./pool-schema.ts";

/** A lease, and whether its job has heard of it. */
export type LeaseRow = HeldLease & { told: boolean };

/** Shapes whose durations are kept at hand. */
const KEPT_SHAPES = 1_000;

export class PoolStore {
  readonly #sql: SqlStorage;
  readonly #health = new Map<string, Health>();
  readonly #runTimes = new Map<string, RunTimes | null>();

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    prepareTables(storage);
  }

  leases(): LeaseRow[] {
    type Row = {
      id: string;
      job: string;
      owner: string;
      owner_group: string | null;
      backend: string;
      shape: string;
      granted_at: number;
      expires_at: number;
      told: number;
    };
    const rows = this.#sql.exec<Row>("SELECT * FROM lease").toArray();
    return rows.map((row) => ({
      id: row.id,
      jobName: row.job,
      owner: row.owner,
      group: row.owner_group ?? groupOf(row.owner),
      backendId: row.backend,
      shape: row.shape,
      grantedAt: row.granted_at,
      expiresAt: row.expires_at,
      told: row.told === 1,
    }));
  }

  saveLease(lease: LeaseRow): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO lease (job, id, backend, shape, expires_at, told, owner, owner_group, granted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      lease.jobName,
      lease.id,
      lease.backendId,
      lease.shape,
      lease.expiresAt,
      lease.told ? 1 : 0,
      lease.owner,
      lease.group,
      lease.grantedAt,
    );
  }

  removeLease(jobName: string): void {
    this.#sql.exec("DELETE FROM lease WHERE job = ?", jobName);
  }

  /** All who wait, oldest first. */
  waiting(): Waiting[] {
    type Row = {
      place: number;
      job: string;
      shape: string;
      owner: string;
      priority: string;
      max_running: number | null;
      owner_group: string | null;
      group_max: number | null;
      turn: number;
    };
    const rows = this.#sql.exec<Row>("SELECT * FROM line ORDER BY place").toArray();
    return rows.map((row) => ({
      jobName: row.job,
      shape: row.shape,
      owner: row.owner,
      priority: row.priority as Priority,
      maxRunning: row.max_running,
      group: row.owner_group ?? groupOf(row.owner),
      groupMax: row.group_max,
      place: row.place,
      turn: row.turn,
    }));
  }

  saveWaiting(job: Waiting): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO line (place, job, shape, owner, priority, max_running, owner_group, group_max, turn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      job.place,
      job.jobName,
      job.shape,
      job.owner,
      job.priority,
      job.maxRunning,
      job.group,
      job.groupMax,
      job.turn,
    );
  }

  removeWaiting(place: number): void {
    this.#sql.exec("DELETE FROM line WHERE place = ?", place);
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
    const known = this.#health.get(backendId);
    if (known) return known;
    const row = this.#sql.exec<{ state: string }>("SELECT state FROM health WHERE backend = ?", backendId).toArray()[0];
    const health = row ? (JSON.parse(row.state) as Health) : unknownHealth;
    this.#health.set(backendId, health);
    return health;
  }

  saveHealth(backendId: string, health: Health): void {
    this.#sql.exec("INSERT OR REPLACE INTO health VALUES (?, ?)", backendId, JSON.stringify(health));
    this.#health.set(backendId, health);
  }

  learned(backendId: string, shape: string): LearnedTimes | null {
    const row = this.#sql
      .exec<{ times: string }>("SELECT times FROM learned WHERE backend = ? AND shape = ?", backendId, shape)
      .toArray()[0];
    if (!row) return null;
    // A former version kept one blended duration of whole runs.
    const { runMs = null, ...times } = JSON.parse(row.times) as LearnedTimes & { runMs?: number | null };
    return { ...times, recentMs: times.recentMs ?? (runMs === null ? [] : [runMs]) };
  }

  saveLearned(backendId: string, shape: string, times: LearnedTimes): void {
    this.#sql.exec("INSERT OR REPLACE INTO learned VALUES (?, ?, ?)", backendId, shape, JSON.stringify(times));
    this.#runTimes.delete(shape);
  }

  /** How long runs of a shape take at these backends, which are the same in each call; null before the first one. */
  runTimes(backendIds: readonly string[], shape: string): RunTimes | null {
    const known = this.#runTimes.get(shape);
    if (known !== undefined) return known;
    const times = runTimes(backendIds.flatMap((id) => this.learned(id, shape) ?? []));
    if (this.#runTimes.size >= KEPT_SHAPES) this.#runTimes.clear();
    this.#runTimes.set(shape, times);
    return times;
  }
}
