/**
 * Who holds a lease and who waits for one: in memory, so that a grant among thousands reads no storage, and written
 * through, so that it is the same after a restart.
 */
import { inFull, type LeaseRequest, Line } from "../../core/pool/line.ts";
import type { LeaseRow, PoolStore } from "./pool-store.ts";

export class LeaseBook {
  /** The line, to be looked at; the methods here change it. */
  readonly line = new Line();
  readonly #store: PoolStore;
  readonly #leases = new Map<string, LeaseRow>();

  constructor(store: PoolStore) {
    this.#store = store;
    for (const lease of store.leases()) {
      this.#leases.set(lease.jobName, lease);
      this.line.hold(lease.owner, lease.group);
    }
    for (const job of store.waiting()) this.line.join(job.jobName, job, job);
  }

  leases(): LeaseRow[] {
    return [...this.#leases.values()];
  }

  lease(where: { id: string } | { jobName: string }): LeaseRow | null {
    if ("jobName" in where) return this.#leases.get(where.jobName) ?? null;
    return this.leases().find(({ id }) => id === where.id) ?? null;
  }

  /** How many leases each backend has given. */
  heldByBackend(): Map<string, number> {
    const held = new Map<string, number>();
    for (const { backendId } of this.#leases.values()) held.set(backendId, (held.get(backendId) ?? 0) + 1);
    return held;
  }

  /**
   * Puts a job in line, or moves one that asks for something else. True for a new one: it is not written yet, because
   * who need not wait is never written; who has to is to be kept.
   */
  ask(jobName: string, request: LeaseRequest): boolean {
    const known = this.line.job(jobName);
    if (!known) {
      this.line.join(jobName, request);
      return true;
    }
    const { shape, owner, priority, maxRunning, group, groupMax } = inFull(request);
    const sameKind = known.shape === shape && known.owner === owner && known.priority === priority;
    const sameLimits = known.maxRunning === maxRunning && known.group === group && known.groupMax === groupMax;
    if (!sameKind || !sameLimits) this.#write(this.line.change(jobName, request));
    return false;
  }

  /** Writes a job that has to wait. */
  keep(jobName: string): void {
    const job = this.line.job(jobName);
    if (job) this.#store.saveWaiting(job);
  }

  /** Takes a job out of the line. */
  withdraw(jobName: string): void {
    const job = this.line.job(jobName);
    if (!job) return;
    this.#store.removeWaiting(job.place);
    this.#write(this.line.leave(jobName));
  }

  /** The lease goes to the next in line, `asking` need not be told of it; null where nobody may be served. */
  grant(lease: Pick<LeaseRow, "id" | "backendId" | "grantedAt" | "expiresAt">, asking: string | null): LeaseRow | null {
    const job = this.line.next();
    if (!job) return null;
    const { jobName, owner, group, shape, place } = job;
    const row = { ...lease, jobName, owner, group, shape, told: jobName === asking };
    this.save(row);
    this.#store.removeWaiting(place);
    this.#write(this.line.serve(jobName));
    return row;
  }

  /** A lease changes. */
  save(lease: LeaseRow): void {
    this.#store.saveLease(lease);
    this.#leases.set(lease.jobName, lease);
  }

  /** A lease is over. */
  remove(lease: LeaseRow): void {
    this.#store.removeLease(lease.jobName);
    this.#leases.delete(lease.jobName);
    this.line.giveBack(lease.owner, lease.group);
  }

  #write(rows: ReturnType<Line["leave"]>): void {
    for (const row of rows) this.#store.saveWaiting(row);
  }
}
