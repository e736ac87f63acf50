/**
 * What a project used: one row per day, user and workflow, in the order of its key, so that a day, and a user within a
 * day, are read without another index.
 */
import type { UsageRow } from "../../contract/account.ts";
import {
  COUNTED,
  type Counted,
  dayOf,
  dayText,
  MAX_USAGE_GROUPS,
  USAGE_KEPT_DAYS,
  type UsageChange,
  usageRow,
} from "../../core/tenant/usage-days.ts";
import type { UsageAnswer, UsageQuery } from "../../core/tenant/vocabulary.ts";
import type { Rows } from "./rows.ts";

type Counts = Record<Counted, number>;
export type DayUse = { created: number; uploadBytes: number };

const SUMS = COUNTED.map((name) => `sum(${name}) AS ${name}`).join(", ");
const DAY_USE = "SELECT coalesce(sum(created), 0) AS created, coalesce(sum(upload_bytes), 0) AS uploadBytes FROM usage";

export class UsageStore {
  readonly #rows: Rows;
  /** The whole project's day, added up once per life of the object. */
  #today: (DayUse & { day: number }) | null = null;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** Counts. Users and workflows that are null have the key "". */
  add(change: UsageChange): void {
    this.#rows.make(
      "usage",
      `CREATE TABLE usage (day INTEGER NOT NULL, user TEXT NOT NULL, workflow TEXT NOT NULL, ${COUNTED.map((name) => `${name} INTEGER NOT NULL DEFAULT 0`).join(", ")}, PRIMARY KEY (day, user, workflow)) WITHOUT ROWID`,
    );
    const names = COUNTED.filter((name) => change.counts[name]);
    if (names.length === 0) return;
    this.#rows.run(
      `INSERT INTO usage (day, user, workflow, ${names.join(", ")})
       VALUES (?1, ?2, ?3, ${names.map((_, index) => `max(0, ?${index + 4})`).join(", ")})
       ON CONFLICT DO UPDATE SET ${names.map((name, index) => `${name} = max(0, ${name} + ?${index + 4})`).join(", ")}`,
      change.day,
      change.user ?? "",
      change.workflow ?? "",
      ...names.map((name) => change.counts[name] ?? 0),
    );
    if (this.#today?.day !== change.day) return;
    this.#today.created = Math.max(0, this.#today.created + (change.counts.created ?? 0));
    this.#today.uploadBytes += change.counts.upload_bytes ?? 0;
  }

  /** Forgets what is kept in memory: a transaction did not come to its end. */
  forget(): void {
    this.#today = null;
  }

  /** What was created and uploaded on a day, by the whole project (null) or by a user. */
  day(day: number, user: string | null): DayUse {
    if (!this.#rows.has("usage")) return { created: 0, uploadBytes: 0 };
    if (user !== null) return this.#rows.read<DayUse>(`${DAY_USE} WHERE day = ? AND user = ?`, day, user).one();
    if (this.#today?.day !== day) {
      this.#today = { day, ...this.#rows.read<DayUse>(`${DAY_USE} WHERE day = ?`, day).one() };
    }
    return this.#today;
  }

  /** Counts over a span of days, added up by group. */
  sum(query: UsageQuery): UsageAnswer {
    if (!this.#rows.has("usage")) return [];
    const { groupBy, user = null } = query;
    const last = dayOf(Date.parse(query.to));
    const first = Math.max(dayOf(Date.parse(query.from)), last - USAGE_KEPT_DAYS);
    if (!(first <= last)) return [];
    // Of one user the days are looked up one by one; of all, the span is read through.
    const source =
      user === null
        ? "FROM usage WHERE day BETWEEN ?1 AND ?2"
        : `FROM (WITH RECURSIVE days (at) AS (SELECT ?1 UNION ALL SELECT at + 1 FROM days WHERE at < ?2) SELECT at FROM days)
           CROSS JOIN usage ON day = at AND user = ?3`;
    const order = groupBy === "day" ? "day" : `created DESC, ${groupBy}`;
    const found = this.#rows.read<Counts & { name: string | number }>(
      `SELECT ${groupBy} AS name, ${SUMS} ${source} GROUP BY ${groupBy} ORDER BY ${order} LIMIT ?${user === null ? 3 : 4}`,
      first,
      last,
      ...(user === null ? [] : [user]),
      groupBy === "day" ? USAGE_KEPT_DAYS + 1 : MAX_USAGE_GROUPS,
    );
    return found.toArray().map(({ name, ...counts }) => usageRow(groupOf(groupBy, name, user), counts));
  }

  /** The first day of which anything is kept, or null. */
  firstDay(): number | null {
    if (!this.#rows.has("usage")) return null;
    return this.#rows.read<{ day: number }>("SELECT day FROM usage ORDER BY day LIMIT 1").toArray()[0]?.day ?? null;
  }

  /** Drops the days before `day`. */
  dropBefore(day: number): void {
    if (this.#rows.has("usage")) this.#rows.run("DELETE FROM usage WHERE day < ?", day);
  }
}

function groupOf(
  groupBy: UsageQuery["groupBy"],
  name: string | number,
  user: string | null,
): Pick<UsageRow, "day" | "user" | "workflow"> {
  return {
    day: groupBy === "day" ? dayText(Number(name)) : null,
    user: groupBy === "user" ? String(name) || null : user,
    workflow: groupBy === "workflow" ? String(name) || null : null,
  };
}
