/** What news of a job makes of its row, in whatever order and however often it comes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JobStatus } from "../../../src/contract/job.ts";
import {
  admitted,
  heard,
  type IndexRow,
  isPending,
  isVoid,
  MAX_DOC_CHARS,
  missing,
  type News,
  NOTHING_HEARD,
  TOMBSTONE_MS,
} from "../../../src/core/tenant/index-row.ts";
import { dayOf } from "../../../src/core/tenant/usage-days.ts";
import type { Admission, JobRecord } from "../../../src/core/tenant/vocabulary.ts";
import { must } from "../../../src/core/util/assert.ts";
import { admission, recordOf } from "../../support/tenant-samples.ts";

const NOW = Date.UTC(2026, 10, 20, 12);

/** An index in memory: rows, documents and counts as the news makes them. */
class Index {
  row: IndexRow | null = null;
  doc: string | null = null;
  change = 0;
  readonly counts: Record<string, number> = {};

  admit(job: Admission): void {
    if (this.row === null || isVoid(this.row, NOW)) this.take(admitted(job, this.row, NOW));
  }

  hear(record: JobRecord): void {
    this.take(heard(this.row, record, this.change + 1, NOW));
  }

  take(news: News | null): void {
    if (!news) return;
    this.row = news.row;
    if (news.doc !== undefined) this.doc = news.doc;
    this.change = Math.max(this.change, news.row.change);
    for (const { counts } of news.counts) {
      for (const [name, count] of Object.entries(counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
    }
  }
}

const ends: JobStatus[] = ["succeeded", "failed", "canceled", "expired"];
/** A job's whole life as its object reports it. */
const life = fc
  .record({
    running: fc.boolean(),
    end: fc.option(fc.constantFrom(...ends)),
    patched: fc.boolean(),
    removed: fc.constantFrom(null, "deleted" as const, "expired" as const),
  })
  .map(({ running, end, patched, removed }) => {
    const job = admission({ createdAt: NOW });
    const records = [recordOf(job)];
    const report = (fields: Partial<JobRecord>) => {
      const last = must(records.at(-1), "a record");
      records.push({ ...last, ...fields, seq: last.seq + 3 });
    };
    if (running) report({ status: "running" });
    if (end) report(recordOf(job, { status: end }));
    if (patched) report({ metadata: { patched: "yes" } });
    // Removing a job that runs cancels it first, in the same step.
    if (removed) {
      const ended = end ? {} : recordOf(job, { status: "canceled" });
      report({ ...ended, removed, doc: null });
    }
    return { job, records, truth: must(records.at(-1), "a record") };
  });

describe("news of a job", () => {
  it("[T2, T6] in any order and with repeats makes the index say what the job says, and counts once", () => {
    fc.assert(
      fc.property(
        life.chain(({ job, records, truth }) => {
          const said = [null, ...records];
          const repeats = fc.array(fc.constantFrom(...said), { maxLength: 6 });
          return repeats.chain((more) =>
            fc.record({
              job: fc.constant(job),
              truth: fc.constant(truth),
              heardIn: fc.shuffledSubarray([...said, ...more], { minLength: said.length + more.length }),
            }),
          );
        }),
        ({ job, truth, heardIn }) => {
          const index = new Index();
          for (const record of heardIn) record ? index.hear(record) : index.admit(job);
          const row = must(index.row, "a row");
          expect(row.ended).toBe(truth.terminal || truth.removed !== null);
          expect(row.removed).toBe(truth.removed);
          expect(isPending(row)).toBe(false);
          if (!truth.removed) {
            expect(row).toMatchObject({ status: truth.status, seq: truth.seq, metadata: truth.metadata });
            expect(index.doc).toBe(truth.doc);
          } else {
            expect(index.doc).toBeNull();
            expect(row.metadata).toEqual({});
          }
          expect(index.counts).toEqual(
            truth.terminal ? { created: 1, [truth.status]: 1, run_ms: 1_000, output_bytes: 1_024 } : { created: 1 },
          );
        },
      ),
    );
  });

  it("[T2] that is not newer changes nothing", () => {
    const job = admission();
    const index = new Index();
    index.hear(recordOf(job, { seq: 5, status: "running" }));
    expect(heard(index.row, recordOf(job, { seq: 5, status: "queued" }), 2, NOW)).toBeNull();
    expect(heard(index.row, recordOf(job, { seq: 4, status: "queued" }), 2, NOW)).toBeNull();
  });

  it("[T2] of a removed job is believed again when its removal is forgotten", () => {
    const job = admission();
    const index = new Index();
    index.hear(recordOf(job, { status: "succeeded", removed: "deleted", seq: 9 }));
    const again = recordOf(job, { seq: 1 });
    expect(heard(index.row, again, 2, NOW + TOMBSTONE_MS - 1)).toBeNull();
    expect(heard(index.row, again, 2, NOW + TOMBSTONE_MS)?.row).toMatchObject({ removed: null, seq: 1, change: 2 });
  });

  it("[T6] counts an end by the day on which the job was created", () => {
    const job = admission({ createdAt: NOW - 3 * 86_400_000 });
    const news = heard(null, recordOf(job, { status: "succeeded" }), 1, NOW);
    expect(news?.counts.map(({ day }) => day)).toEqual([dayOf(NOW) - 3, dayOf(NOW) - 3]);
  });

  it("[T2] keeps a document only where it is not too large", () => {
    const doc = (length: number) =>
      heard(null, recordOf(admission(), { status: "succeeded", doc: "x".repeat(length) }), 1, NOW)?.doc;
    expect(doc(MAX_DOC_CHARS)).toHaveLength(MAX_DOC_CHARS);
    expect(doc(MAX_DOC_CHARS + 1)).toBeNull();
  });
});

describe("a place that was taken", () => {
  it("[T7] is given back when there is no such job", () => {
    const index = new Index();
    index.admit(admission());
    index.take(missing(must(index.row, "a row"), NOTHING_HEARD, 1, NOW));
    expect(index.counts).toEqual({ created: 0 });
    expect(index.row).toMatchObject({ ended: true, removed: "deleted", change: 1 });
  });

  it("[T7] may be taken anew, and the job heard of, after it was given back", () => {
    for (const again of [(index: Index, job: Admission) => index.admit(job), () => {}]) {
      const job = admission();
      const index = new Index();
      index.admit(job);
      index.take(missing(must(index.row, "a row"), NOTHING_HEARD, 1, NOW));
      again(index, job);
      index.hear(recordOf(job, { status: "running", seq: 2 }));
      expect(index.counts).toEqual({ created: 1 });
      expect(index.row).toMatchObject({ status: "running", removed: null, ended: false, change: 2 });
    }
  });

  it("[T2, T7] is kept when the job is heard of while its object is asked", () => {
    const index = new Index();
    index.admit(admission());
    index.hear(recordOf(admission(), { seq: 1 }));
    const row = must(index.row, "a row");
    expect(missing(row, NOTHING_HEARD, 2, NOW)).toBeNull();
    index.hear(recordOf(admission(), { seq: 2, removed: "deleted" }));
    expect(missing(must(index.row, "a row"), 2, 3, NOW)).toBeNull();
  });

  it("[T6] stays counted when the job had been heard of", () => {
    const index = new Index();
    index.hear(recordOf(admission(), { status: "running" }));
    index.take(missing(must(index.row, "a row"), 1, 2, NOW));
    expect(index.counts).toEqual({ created: 1 });
    expect(index.row?.ended).toBe(true);
  });
});
