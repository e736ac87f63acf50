/** Cursors of the ledger and of the event log belong to their filters and their project. */
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor, filterScope } from "../../../src/core/tenant/cursor.ts";
import { positionAt } from "../../../src/core/webhook/ledger-row.ts";

describe("a cursor of deliveries or events", () => {
  const filters = { status: "failed", type: null, createdAfter: 7 };

  it("[T4] holds the position of any time up to the year 2050", () => {
    const scope = filterScope("prj_a", filters);
    for (const kind of ["deliveries", "events"] as const) {
      const position = positionAt(Date.parse("2050-01-01T00:00:00Z")) + 42;
      expect(decodeCursor(encodeCursor(kind, scope, position), kind, scope)).toBe(position);
    }
    expect(decodeCursor(encodeCursor("events", scope, 1), "deliveries", scope)).toBeNull();
  });

  it("[T4] is another for other filters and projects, and not for another order of them", () => {
    const { status, type, createdAfter } = filters;
    expect(filterScope("prj_a", { createdAfter, type, status })).toBe(filterScope("prj_a", filters));
    const others = [
      filterScope("prj_b", filters),
      filterScope("prj_a", { ...filters, status: null }),
      filterScope("prj_a", { ...filters, type: "failed", status: null }),
      filterScope("prj_a", { ...filters, createdAfter: 8 }),
    ];
    expect(new Set([...others, filterScope("prj_a", filters)]).size).toBe(5);
  });
});
