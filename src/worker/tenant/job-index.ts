/**
 * The index of a project's jobs: lets jobs in, hears of them, lists them, tells what changed. Rows are truth; the open
 * jobs and the last number of the feed are kept in memory and found again in the rows when the object starts. Nothing
 * here waits, so each call is whole.
 */
import { admitted, heard, isVoid, missing, type News, TOMBSTONE_MS } from "../../core/tenant/index-row.ts";
import { type OpenJob, OpenJobs, openJob } from "../../core/tenant/open-jobs.ts";
import { feedPage, listPage } from "../../core/tenant/pages.ts";
import type {
  Admission,
  ChangesAnswer,
  ChangesQuery,
  JobRecord,
  ListAnswer,
  ListedJob,
  ListQuery,
} from "../../core/tenant/vocabulary.ts";
import { IndexStore, type PlacedRow } from "./index-store.ts";
import type { ProjectStore } from "./project-store.ts";
import type { Rows } from "./rows.ts";
import type { UsageStore } from "./usage-store.ts";

/** Stands before the first change: a cursor of an empty feed is told from none at all. */
const BEFORE_FIRST = 1;
/** Changes that are looked through at a time when old ones are forgotten. */
const TRIM_ROWS = 1_000;

export class JobIndex {
  readonly #rows: Rows;
  readonly #store: IndexStore;
  readonly #usage: UsageStore;
  readonly #project: ProjectStore;
  readonly open = new OpenJobs();
  /** The number of the latest change. */
  newest: number;

  constructor(rows: Rows, usage: UsageStore, project: ProjectStore) {
    this.#rows = rows;
    this.#store = new IndexStore(rows);
    this.#usage = usage;
    this.#project = project;
    this.newest = Math.max(BEFORE_FIRST, project.floor, this.#store.newestEnded());
    for (const { row, position } of this.#store.open()) {
      this.open.set(openJob(row, position));
      this.newest = Math.max(this.newest, row.change);
    }
  }

  /** Whether the job was let in or heard of before: then it takes no other place. */
  knows(jobId: string, now: number): boolean {
    if (this.open.get(jobId)) return true;
    const known = this.#store.find(jobId);
    return known !== null && !isVoid(known.row, now);
  }

  /** Takes a place for a job that is not known. */
  admit(admission: Admission, now: number): OpenJob {
    const old = this.#store.find(admission.jobId);
    const { row, position } = this.#write(null, admitted(admission, old?.row ?? null, now));
    return openJob(row, position);
  }

  /** Hears of a job; false where that was known. */
  record(record: JobRecord, now: number): boolean {
    const known = this.#store.find(record.jobId);
    const news = heard(known?.row ?? null, record, this.newest + 1, now);
    if (news) this.#write(known && !isVoid(known.row, now) ? known : null, news);
    return news !== null;
  }

  /** The job's object has no job: what was taken for it is given back, unless there was news meanwhile. */
  missing(asked: OpenJob, now: number): void {
    const known = this.#store.find(asked.jobId);
    const news = known && missing(known.row, asked.seq, this.newest + 1, now);
    if (news) this.#write(known, news);
  }

  list(query: ListQuery): ListAnswer {
    const { found, next } = listPage(query, this.#store.listSource(query));
    return { jobs: this.#listed(found), next };
  }

  changes({ user, after: asked, limit }: ChangesQuery): ChangesAnswer {
    const { floor } = this.#project;
    const after = asked || floor;
    // A number that was never given out is from before a loss of storage: only a new list helps.
    if (after < floor || after > this.newest) return { type: "expired" };
    const { page, next, hasMore } = feedPage(after, limit, {
      ...this.#store.feedSource(user),
      newest: this.newest,
      open: (from, upTo) =>
        this.open.changed(user, from, upTo).map((job) => ({ ...job, ended: false, removed: false })),
    });
    const removed = page.filter((one) => one.removed).map((one) => one.jobId);
    return { type: "page", jobs: this.#listed(page.filter((one) => !one.removed)), removed, next, hasMore };
  }

  /** When there is next something to forget, or null. */
  nextTrim(): number | null {
    const at = this.#store.firstChangedAt(this.#project.floor);
    return at === null ? null : at + TOMBSTONE_MS;
  }

  /** Forgets what was removed too long ago; with it the cursors that are as old end. False if there is more to do. */
  trim(now: number): boolean {
    const before = this.#project.floor;
    this.#rows.together(() => {
      const last = this.#store.trim(before, now - TOMBSTONE_MS, TRIM_ROWS);
      if (last > before) this.#project.saveFloor(last);
    });
    const next = this.nextTrim();
    return next === null || next > now;
  }

  /** Writes news over a known row or as a new one, with what it counts, and only then believes it. */
  #write(known: PlacedRow | null, { row, doc, counts }: News): PlacedRow {
    let written: PlacedRow;
    try {
      written = this.#rows.together(() => {
        for (const change of counts) this.#usage.add(change);
        return known ? this.#store.update(known, row, doc) : this.#store.insert(row, doc ?? null);
      });
    } catch (error) {
      this.#usage.forget();
      throw error;
    }
    this.newest = Math.max(this.newest, row.change);
    if (row.ended) this.open.delete(row.jobId);
    else this.open.set(openJob(row, written.position));
    return written;
  }

  #listed(page: readonly { position: number; jobId: string; ended: boolean }[]): ListedJob[] {
    const docs = this.#store.docs(page.filter((one) => one.ended).map((one) => one.position));
    return page.map(({ jobId, ended, position }) => ({ jobId, terminal: ended, doc: docs.get(position) ?? null }));
  }
}
