/** Pages of the list and of the feed: put together they are the whole, and each looks at so many rows and no more. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Change,
  type FeedSource,
  feedPage,
  type ListRow,
  type ListSource,
  listPage,
  SCAN_ROWS,
} from "../../../src/core/tenant/pages.ts";

/** Rows as a table gives them; those at `wanted` positions pass the filter. */
function table(rows: number, wanted: (position: number) => boolean): ListSource {
  const below = (before: number): ListRow[] =>
    Array.from({ length: Math.min(rows, before - 1) }, (_, index) => ({
      position: Math.min(rows, before - 1) - index,
      jobId: "",
      ended: false,
    })).slice(0, SCAN_ROWS);
  return {
    matching: (before, limit) =>
      below(before)
        .filter(({ position }) => wanted(position))
        .slice(0, limit),
    lookedTo: (before) => below(before)[SCAN_ROWS - 1]?.position ?? null,
  };
}

function allPages(source: ListSource, limit: number): { positions: number[]; pages: number } {
  const positions: number[] = [];
  let before: number | null = null;
  for (let pages = 1; ; pages++) {
    const { found, next }: ReturnType<typeof listPage> = listPage({ before, limit }, source);
    expect(found.length).toBeLessThanOrEqual(limit);
    positions.push(...found.map(({ position }) => position));
    if (next === null) return { positions, pages };
    before = next;
  }
}

describe("pages of the list", () => {
  it("[T4] bring each row that the filter lets through once, newest first, and no empty last page", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 40 })), fc.integer({ min: 1, max: 7 }), (wanted, limit) => {
        const { positions, pages } = allPages(
          table(40, (position) => wanted.includes(position)),
          limit,
        );
        expect(positions).toEqual([...wanted].sort((a, b) => b - a));
        expect(pages).toBe(Math.max(1, Math.ceil(wanted.length / limit)));
      }),
    );
  });

  it("[T4] come back after so many rows, however few they found, with where to go on", () => {
    const source = table(SCAN_ROWS + 300, (position) => position < 3);
    const first = listPage({ before: null, limit: 1 }, source);
    expect(first).toEqual({ found: [], next: 301 });
    expect(listPage({ before: first.next, limit: 1 }, source)).toMatchObject({ found: [{ position: 2 }], next: 2 });
    expect(allPages(source, 1).positions).toEqual([2, 1]);
  });
});

describe("pages of the feed", () => {
  type Row = Change & { user: string | null };
  const change = (number: number, fields: Partial<Row> = {}): Row => ({
    position: number,
    jobId: "",
    user: null,
    change: number,
    ended: true,
    removed: false,
    ...fields,
  });
  const source = (all: readonly Row[], newest: number, user: string | null): FeedSource => {
    const own = all.filter((one) => user === null || one.user === user);
    const ended = (after: number) => all.filter((one) => one.ended && one.change > after).slice(0, SCAN_ROWS);
    return {
      newest,
      ended: (after, limit) =>
        ended(after)
          .filter((one) => user === null || one.user === user)
          .slice(0, limit),
      lookedTo: (after) => ended(after)[SCAN_ROWS - 1]?.change ?? null,
      endedOfUser: (after, limit) =>
        user === null || own.length > SCAN_ROWS
          ? null
          : own.filter((one) => one.ended && one.change > after).slice(0, limit),
      open: (after, upTo) => own.filter((one) => !one.ended && one.change > after && one.change <= upTo),
    };
  };
  const whole = (from: FeedSource, start: number, limit: number) => {
    const seen: number[] = [];
    for (let after = start, calls = 1; ; calls++) {
      const { page, next, hasMore } = feedPage(after, limit, from);
      expect(page.length).toBeLessThanOrEqual(limit);
      seen.push(...page.map((one) => one.change));
      if (!hasMore) return { seen, next, calls };
      expect(next).toBeGreaterThan(after);
      after = next;
    }
  };

  it("[T5] bring every change after the cursor once, in order, and end at the latest", () => {
    const some = fc.array(
      fc.record({ user: fc.constantFrom(null, "u", "v"), ended: fc.boolean(), there: fc.boolean() }),
      { maxLength: 40 },
    );
    const reader = fc.constantFrom(null, "u");
    fc.assert(
      fc.property(some, reader, fc.nat({ max: 40 }), fc.integer({ min: 1, max: 7 }), (rows, user, from, limit) => {
        const changes = rows.flatMap(({ user: whose, ended, there }, index) =>
          there ? [change(index + 1, { user: whose, ended })] : [],
        );
        const after = Math.min(from, rows.length);
        const { seen, next } = whole(source(changes, rows.length, user), after, limit);
        const wanted = changes.filter((one) => one.change > after && (user === null || one.user === user));
        expect(seen).toEqual(wanted.map((one) => one.change));
        expect(next).toBe(rows.length);
      }),
    );
  });

  const newest = SCAN_ROWS * 3;
  const busy = (mine: (number: number) => boolean) =>
    Array.from({ length: newest }, (_, index) =>
      change(index + 1, { user: mine(index) ? "u" : null, ended: index % 7 !== 0 }),
    );

  it("[T5] of a user who is far behind bring all at once, among however many of others", () => {
    const changes = busy((number) => number % 8_000 === 0);
    const wanted = changes.filter(({ user }) => user === "u").map((one) => one.change);
    expect(whole(source(changes, newest, "u"), 0, 10)).toEqual({ seen: wanted, next: newest, calls: 1 });
  });

  it("[T5] of a user with very many of them bring all, so many rows at a time", () => {
    const changes = busy((number) => number % 2 === 0);
    const wanted = changes.filter(({ user }) => user === "u").map((one) => one.change);
    expect(whole(source(changes, newest, "u"), 0, 1_000)).toMatchObject({ seen: wanted, next: newest });
  });

  it("[T5] of a user with very many of them find those that are far off, page by page", () => {
    const changes = Array.from({ length: SCAN_ROWS * 4 }, (_, index) =>
      change(index + 1, { user: index >= SCAN_ROWS * 2.5 ? "u" : null }),
    );
    const wanted = changes.filter(({ user }) => user === "u").map((one) => one.change);
    expect(whole(source(changes, changes.length, "u"), 0, 5_000)).toMatchObject({ seen: wanted });
  });

  it("[T5] of all users bring all of them", () => {
    const changes = busy(() => false);
    expect(whole(source(changes, newest, null), 0, 1_000).seen).toEqual(changes.map((one) => one.change));
  });
});
