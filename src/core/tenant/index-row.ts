/**
 * A job in its project's index, and what news of it makes of its row. News comes at least once and in any order; in the
 * end the row says what the job says.
 */
import type { JobStatus } from "../../contract/job.ts";
import { DAY_MS, dayOf, outcomeOf, type UsageChange } from "./usage-days.ts";
import type { Admission, JobRecord } from "./vocabulary.ts";

/** `seq` of a row of whose job nothing was heard yet. */
export const NOTHING_HEARD = -1;
/** How long it is remembered that a job was removed; cursors of the feed are good for as long. */
export const TOMBSTONE_MS = 30 * DAY_MS;
/** The largest job document kept in the index, in characters; a larger one is read from its job. */
export const MAX_DOC_CHARS = 64_000;

export type IndexRow = {
  jobId: string;
  user: string | null;
  workflow: string | null;
  status: JobStatus;
  seq: number;
  /** The number of its latest change in the feed; 0 before the first. */
  change: number;
  /** When that was, or when it was let in. */
  changedAt: number;
  createdAt: number;
  metadata: Record<string, string>;
  /** It is terminal or removed: it holds no place any more. */
  ended: boolean;
  removed: JobRecord["removed"];
  /** What it used has been counted. */
  counted: boolean;
};

/** What news makes of a job: its row, its document (absent: as it was), and what is to be counted. */
export type News = { row: IndexRow; doc?: string | null; counts: UsageChange[] };

/** Whether a place is taken for a job of which nothing was heard yet. */
export const isPending = (row: IndexRow): boolean => row.seq === NOTHING_HEARD && row.removed === null;

/** Whether a row stands for no job: it never came to be or was removed long ago, and its id may be used again. */
export const isVoid = (row: IndexRow, now: number): boolean =>
  row.removed !== null && (row.seq === NOTHING_HEARD || row.changedAt + TOMBSTONE_MS <= now);

/** The row of a job that is let in. `old` is the void one of the same id, if there is any. */
export function admitted(admission: Admission, old: IndexRow | null, now: number): News {
  const { jobId, user, workflow, metadata, createdAt } = admission;
  const row: IndexRow = {
    jobId,
    user,
    workflow,
    status: "queued",
    seq: NOTHING_HEARD,
    // Numbers never fall, or the feed could give out one of them twice.
    change: old?.change ?? 0,
    changedAt: now,
    createdAt,
    metadata,
    ended: false,
    removed: null,
    counted: false,
  };
  return { row, doc: null, counts: [countOf(row, { created: 1 })] };
}

/** What a record makes of the row (null for an unknown job), or null if it brings nothing new. */
export function heard(known: IndexRow | null, record: JobRecord, change: number, now: number): News | null {
  const row = known && !isVoid(known, now) ? known : null;
  const counts = row ? [] : [countOf(record, { created: 1 })];
  const counted = row?.counted || (record.terminal && record.used !== null);
  if (record.terminal && record.used && !row?.counted) counts.push(endOf(record, record.used));
  const removes = record.removed !== null && !row?.removed;
  if (row && !removes && (row.removed !== null || record.seq <= row.seq)) {
    // Old news, but the first to tell what was used.
    return counted === row.counted ? null : { row: { ...row, counted }, counts };
  }
  const next: IndexRow = {
    jobId: record.jobId,
    user: record.user,
    workflow: record.workflow,
    status: record.status,
    seq: Math.max(record.seq, row?.seq ?? 0, 0),
    change,
    changedAt: now,
    createdAt: record.createdAt,
    metadata: removes ? {} : record.metadata,
    ended: record.terminal || removes,
    removed: record.removed,
    counted,
  };
  const { doc } = record;
  return { row: next, doc: removes || doc === null || doc.length > MAX_DOC_CHARS ? null : doc, counts };
}

/**
 * What becomes of a row whose job's object, asked when its `seq` was `askedAt`, has no job: what it took is given back if
 * the job never was. Null if there was news while the object was asked: that counts more.
 */
export function missing(row: IndexRow, askedAt: number, change: number, now: number): News | null {
  if (row.removed !== null || row.seq !== askedAt) return null;
  const gone: IndexRow = { ...row, change, changedAt: now, metadata: {}, ended: true, removed: "deleted" };
  return { row: gone, doc: null, counts: isPending(row) ? [countOf(row, { created: -1 })] : [] };
}

const countOf = (
  { createdAt, user, workflow }: Pick<IndexRow, "createdAt" | "user" | "workflow">,
  counts: UsageChange["counts"],
): UsageChange => ({ day: dayOf(createdAt), user, workflow, counts });

function endOf(record: JobRecord, used: { runMs: number; outputBytes: number }): UsageChange {
  const outcome = outcomeOf(record.status);
  return countOf(record, {
    ...(outcome ? { [outcome]: 1 } : {}),
    run_ms: Math.max(0, Math.round(used.runMs)),
    output_bytes: Math.max(0, Math.round(used.outputBytes)),
  });
}
