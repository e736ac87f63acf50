/**
 * The unfinished jobs of a project, kept in memory: how many there are in all and of each user, which changed since,
 * and of which it is time to ask. What is kept of each is a few numbers; there are as many as the line is long.
 */
import type { JobStatus } from "../../contract/job.ts";
import { type IndexRow, isPending } from "./index-row.ts";

/** A job that was let in and not heard of since may never have been made; after this its object is asked. */
export const PENDING_MS = 60_000;
/** An unfinished job that is silent for so long is asked too: its last word may have been lost. */
export const SILENT_MS = 86_400_000;

export type OpenJob = {
  jobId: string;
  position: number;
  user: string | null;
  status: JobStatus;
  seq: number;
  change: number;
  pending: boolean;
  /** When its object is to be asked how it stands. */
  askAt: number;
};

/** The open job of a row. */
export const openJob = (row: IndexRow, position: number): OpenJob => ({
  jobId: row.jobId,
  position,
  user: row.user,
  status: row.status,
  seq: row.seq,
  change: row.change,
  pending: isPending(row),
  askAt: row.changedAt + (isPending(row) ? PENDING_MS : SILENT_MS),
});

export class OpenJobs {
  readonly #jobs = new Map<string, OpenJob>();
  readonly #byUser = new Map<string, Set<OpenJob>>();
  #running = 0;

  get(jobId: string): OpenJob | null {
    return this.#jobs.get(jobId) ?? null;
  }

  /** Takes a job in, in place of what was known of it. */
  set(job: OpenJob): void {
    this.delete(job.jobId);
    this.#jobs.set(job.jobId, job);
    if (holdsBackend(job)) this.#running += 1;
    if (job.user === null) return;
    const own = this.#byUser.get(job.user);
    if (own) own.add(job);
    else this.#byUser.set(job.user, new Set([job]));
  }

  delete(jobId: string): void {
    const job = this.#jobs.get(jobId);
    if (!job) return;
    this.#jobs.delete(jobId);
    if (holdsBackend(job)) this.#running -= 1;
    if (job.user === null) return;
    const own = this.#byUser.get(job.user);
    own?.delete(job);
    if (own?.size === 0) this.#byUser.delete(job.user);
  }

  /** The jobs of a user, or all of them. */
  of(user: string | null): Iterable<OpenJob> {
    return user === null ? this.#jobs.values() : (this.#byUser.get(user) ?? []);
  }

  /** How many there are, and how many of them run. */
  count(user: string | null): { unfinished: number; running: number } {
    if (user === null) return { unfinished: this.#jobs.size, running: this.#running };
    const own = this.#byUser.get(user);
    let running = 0;
    for (const job of own ?? []) if (holdsBackend(job)) running += 1;
    return { unfinished: own?.size ?? 0, running };
  }

  /** Those with a change above `after` and up to `upTo`, oldest change first; pending ones have none to show. */
  changed(user: string | null, after: number, upTo: number): OpenJob[] {
    return [...this.of(user)]
      .filter((job) => !job.pending && job.change > after && job.change <= upTo)
      .sort((a, b) => a.change - b.change);
  }

  /** Those whose objects are to be asked at `now`, the longest due first. */
  toAsk(now: number, limit: number): OpenJob[] {
    return [...this.#jobs.values()]
      .filter((job) => job.askAt <= now)
      .sort((a, b) => a.askAt - b.askAt)
      .slice(0, limit);
  }

  /** When the next one is to be asked, or null. */
  nextAsk(): number | null {
    let next: number | null = null;
    for (const { askAt } of this.#jobs.values()) if (next === null || askAt < next) next = askAt;
    return next;
  }
}

const holdsBackend = (job: OpenJob): boolean => job.status === "running" || job.status === "canceling";
