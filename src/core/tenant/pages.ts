/**
 * Pages of the list and of the feed over rows that somebody else reads. Both look through a bounded number of rows, so
 * that a page costs the same however many rows there are; what a page did not reach is on the next.
 */
import type { ListQuery } from "./vocabulary.ts";

/** Rows that one call looks through at most. */
export const SCAN_ROWS = 10_000;

/** A row of the list, where it stands. */
export type ListRow = { position: number; jobId: string; ended: boolean };

/** Where a list's rows are read. */
export type PageSource<R extends { position: number }> = {
  /** What the filters let through of the `SCAN_ROWS` rows below a position: the highest, highest first, up to so many. */
  matching(before: number, limit: number): R[];
  /** The lowest of those rows if there are so many, null if the end was among them. */
  lookedTo(before: number): number | null;
};
export type ListSource = PageSource<ListRow>;

/** A page of a list. `next` is where to go on, null where nothing is left to look at. */
export function listPage<R extends { position: number }>(
  { before, limit }: Pick<ListQuery, "before" | "limit">,
  source: PageSource<R>,
): { found: R[]; next: number | null } {
  const from = before ?? Number.MAX_SAFE_INTEGER;
  // One more than the page holds tells that there is another.
  const rows = source.matching(from, limit + 1);
  const found = rows.slice(0, limit);
  const next = rows.length > limit ? (found.at(-1)?.position ?? null) : source.lookedTo(from);
  return { found, next };
}

/** A change as the feed lists it. */
export type Change = ListRow & { change: number; removed: boolean };

/** Where the feed's changes, of a user or of all, are read. */
export type FeedSource = {
  /** The number of the latest change. */
  newest: number;
  /** Of the `SCAN_ROWS` next ended jobs after a change: the first, oldest change first, up to so many. */
  ended(after: number, limit: number): Change[];
  /** The last change among those if there are so many, null if the end was among them. */
  lookedTo(after: number): number | null;
  /** The same of all the ended jobs of the user, or null: for all users, or one with too many rows to look through. */
  endedOfUser(after: number, limit: number): Change[] | null;
  /** Unfinished jobs with a change above `after` and up to `upTo`, oldest change first. */
  open(after: number, upTo: number): Change[];
};

/** A page of the feed. Once nothing is left, `next` is the latest change of all: nothing is looked at twice. */
export function feedPage(
  after: number,
  limit: number,
  source: FeedSource,
): { page: Change[]; next: number; hasMore: boolean } {
  // A user who is far behind in a busy project is found by the user's own rows, unless those are many themselves.
  const own = source.newest - after > SCAN_ROWS ? source.endedOfUser(after, limit + 1) : null;
  const ended = own ?? source.ended(after, limit + 1);
  const lookedTo = ended.length > limit ? ended.at(-1)?.change : own ? null : source.lookedTo(after);
  const upTo = lookedTo ?? source.newest;
  const changes = [...ended, ...source.open(after, upTo)].sort((a, b) => a.change - b.change);
  const page = changes.slice(0, limit);
  const next = changes.length > limit ? (page.at(-1)?.change ?? after) : upTo;
  return { page, next, hasMore: next < source.newest };
}
