/** Rows of the ledger: found by their ids, in the order of their times, and true to every report, however it comes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeliveryIdSchema } from "../../../src/contract/ids.ts";
import { DeliverySchema } from "../../../src/contract/webhook.ts";
import {
  type DeliveryRow,
  deliveryIdAt,
  deliveryOf,
  heardOf,
  nextByHand,
  nextPosition,
  positionAt,
  positionOf,
  shownStatus,
  timeOf,
} from "../../../src/core/webhook/ledger-row.ts";
import type { AttemptReport } from "../../../src/core/webhook/vocabulary.ts";

const NOW = Date.parse("2026-11-20T07:12:01Z");
const ROW: DeliveryRow = {
  position: positionAt(NOW),
  id: deliveryIdAt(positionAt(NOW), new Uint8Array(9)),
  event: { position: 1, id: `evt_${"0".repeat(26)}`, type: "job.succeeded", jobId: `job_${"0".repeat(26)}` },
  endpointId: `whe_${"0".repeat(26)}`,
  url: "https://app.example.com/hook",
  own: false,
  status: "pending",
  nextAt: NOW,
  byHand: null,
  note: null,
  attempts: [],
};
const report = (
  attempt: number,
  result: AttemptReport["result"],
  fields: Partial<AttemptReport> = {},
): AttemptReport => ({
  deliveryId: ROW.id,
  attempt,
  at: NOW + attempt,
  durationMs: 5,
  httpStatus: result === "delivered" ? 204 : 500,
  error: result === "delivered" ? null : "status",
  reason: result === "delivered" ? null : "It answered 500.",
  excerpt: "",
  result,
  nextAt: result === "retry" ? NOW + 1_000 * attempt : null,
  ...fields,
});
const after = (row: DeliveryRow, ...reports: AttemptReport[]): DeliveryRow =>
  reports.reduce((before, one) => heardOf(before, one) ?? before, row);

describe("an id", () => {
  it("[T4] leads back to the row's position, and sorts as the positions do", () => {
    const positions = fc.nat({ max: 2 ** 47 });
    fc.assert(
      fc.property(positions, positions, fc.uint8Array({ minLength: 9, maxLength: 9 }), (a, b, random) => {
        const [first, second] = [deliveryIdAt(a, random), deliveryIdAt(b, random)];
        expect(positionOf(first)).toBe(a);
        expect(DeliveryIdSchema.safeParse(first).success).toBe(true);
        expect(Math.sign(first < second ? -1 : first > second ? 1 : 0)).toBe(Math.sign(a - b));
      }),
    );
  });

  it("[T4] that is none leads nowhere", () => {
    for (const text of [
      "",
      "dlv_",
      "dlv_x",
      `evt_${"0".repeat(26)}`,
      `dlv_${"u".repeat(26)}`,
      `dlv_${"z".repeat(26)}`,
    ]) {
      expect(positionOf(text), text).toBeNull();
    }
  });

  it("[T4] positions rise, also where the clock stands or goes back", () => {
    const times = fc.array(fc.nat({ max: 1_000 }), { minLength: 2, maxLength: 300 });
    fc.assert(
      fc.property(times, (list) => {
        let last = 0;
        for (const time of list) {
          const next = nextPosition(last, NOW + time);
          expect(next).toBeGreaterThan(last);
          expect(timeOf(next)).toBeGreaterThanOrEqual(NOW + time);
          last = next;
        }
      }),
    );
  });
});

describe("a delivery", () => {
  it("[W8] [W11] is the same however often each report is heard", () => {
    const results = fc.constantFrom<AttemptReport["result"]>("retry", "delivered", "dead", "gone", "stopped");
    const reports = fc.array(fc.tuple(fc.integer({ min: 1, max: 14 }), results), { maxLength: 12 });
    fc.assert(
      fc.property(reports, (list) => {
        const all = list.map(([attempt, result]) => report(attempt, result));
        const once = after(ROW, ...all);
        expect(after(once, ...all)).toEqual(once);
        expect(new Set(once.attempts.map(({ attempt }) => attempt)).size).toBe(once.attempts.length);
        expect(once.nextAt !== null).toBe(once.status === "pending");
        DeliverySchema.parse(deliveryOf(once, null));
      }),
    );
  });

  it("[W8] that arrived stays so, whatever fails later", () => {
    const arrived = after(ROW, report(1, "retry"), report(2, "delivered"));
    expect(after(arrived, report(3, "dead"), report(11, "dead"), report(4, "stopped")).status).toBe("succeeded");
  });

  it("[W8] by hand is numbered behind the schedule and leaves it as it is", () => {
    const waiting = after(ROW, report(1, "retry"), report(2, "retry"));
    expect(nextByHand(waiting)).toBe(11);
    const sent = { ...waiting, byHand: 11 };
    expect(shownStatus({ ...sent, status: "failed" })).toBe("pending");
    expect(after(sent, report(11, "dead"))).toMatchObject({ status: "pending", nextAt: NOW + 2_000, byHand: null });
    expect(nextByHand(after(sent, report(11, "dead")))).toBe(12);
    expect(after(sent, report(11, "delivered"))).toMatchObject({ status: "succeeded", nextAt: null });
    // The schedule's own next attempt is another one.
    expect(after(sent, report(3, "dead"))).toMatchObject({ status: "failed", byHand: 11 });
    expect(after({ ...sent, status: "failed" }, report(11, "dead"))).toMatchObject({ status: "failed", byHand: null });
  });

  it("[W8] that was stopped says why, until it is sent again", () => {
    const stopped = after(ROW, report(1, "stopped", { reason: "The endpoint is disabled." }));
    expect(deliveryOf(stopped, null)).toMatchObject({
      status: "failed",
      attempt: 0,
      reason: "The endpoint is disabled.",
    });
    const again = after({ ...stopped, byHand: 11 }, report(11, "dead"));
    expect(deliveryOf(again, null)).toMatchObject({ status: "failed", attempt: 11, reason: "It answered 500." });
  });

  it("[W8] keeps the attempts of its schedule and the latest by hand, and no more than thirty", () => {
    const schedule = Array.from({ length: 10 }, (_, index) => report(index + 1, index < 9 ? "retry" : "dead"));
    const hands = Array.from({ length: 40 }, (_, index) => report(11 + index, "dead"));
    const numbers = after(ROW, ...schedule, ...hands).attempts.map(({ attempt }) => attempt);
    expect(numbers).toHaveLength(30);
    expect(numbers.slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(numbers.at(-1)).toBe(50);
  });
});
