import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Hold, heldAgain, planned } from "../../../src/core/webhook/outbox-plan.ts";
import {
  announced,
  attempted,
  isDone,
  newRow,
  type OutboxRow,
  type OutboxStep,
  sentByHand,
  stepsOf,
  told,
} from "../../../src/core/webhook/outbox-rows.ts";
import type { Outcome } from "../../../src/core/webhook/outcome.ts";
import {
  JITTER,
  LONGEST_DELIVERY_MS,
  MAX_ATTEMPTS,
  RETRY_DELAYS_MS,
  verdictOf,
} from "../../../src/core/webhook/schedule.ts";
import type { AttemptReport, OutgoingEvent, Target } from "../../../src/core/webhook/vocabulary.ts";

const START = Date.parse("2026-11-20T08:00:00Z");
const HOUR = 3_600_000;
const LANES = { atOnce: 4, perHost: 1 };

const eventOf = (n: number, at = START): OutgoingEvent => ({
  id: `evt_${n}`,
  type: "job.succeeded",
  jobId: "job_1",
  at,
  body: `{"id":"evt_${n}"}`,
});
const targetOf = (eventId: string, receiver: string): Target => ({
  deliveryId: `dlv_${eventId}_${receiver}`,
  endpointId: `whe_${receiver}`,
  url: `https://${receiver}.app.dev/hook`,
});
const answered = (status: number): Outcome => ({
  type: "answered",
  status,
  retryAfter: null,
  location: null,
  excerpt: "",
});
const failed: Outcome = { type: "failed", failure: "refused" };

type Arrival = { receiver: string; eventId: string; attempt: number; at: number };

/**
 * An outbox without a platform: rows on disk and in memory, a project with its ledger, receivers that answer as they
 * are told to, and a clock that jumps from one due step to the next.
 */
class World {
  now = START;
  readonly arrivals: Arrival[] = [];
  readonly ledger = new Map<string, AttemptReport[]>();
  readonly #disk = new Map<string, string>();
  #rows = new Map<string, OutboxRow>();
  #holds = new Map<string, Hold>();

  readonly receivers: readonly string[];
  readonly answer: (receiver: string, now: number) => Outcome;
  readonly crash: (point: string) => boolean;
  readonly jitter: () => number;

  /** `crash` is asked before every write and every call: true for a crash there. */
  constructor(
    receivers: readonly string[],
    answer: (receiver: string, now: number) => Outcome,
    crash: (point: string) => boolean = () => false,
    jitter: () => number = () => 0.5,
  ) {
    this.receivers = receivers;
    this.answer = answer;
    this.crash = crash;
    this.jitter = jitter;
  }

  add(event: OutgoingEvent): void {
    this.#write(newRow(event, null));
  }

  rows = (): OutboxRow[] => [...this.#rows.values()];

  /** Goes on until nothing is left to do, or until then. */
  live(until = Number.POSITIVE_INFINITY): void {
    for (let turn = 0; turn < 20_000; turn++) {
      const { start, nextAt } = planned(stepsOf(this.rows()), new Map(), this.#holds, LANES, this.now);
      if (start.length === 0) {
        if (nextAt === null || nextAt > until) return;
        this.now = nextAt;
        continue;
      }
      for (const step of start) if (!this.#survives(step)) break;
    }
    throw new Error("It does not come to an end.");
  }

  #survives(step: OutboxStep): boolean {
    try {
      this.#take(step);
      this.#holds.delete(step.key);
      return true;
    } catch (error) {
      if (error !== CRASH) throw error;
      // Memory is gone; what is on disk is found again.
      this.#rows = new Map([...this.#disk].map(([id, text]) => [id, JSON.parse(text) as OutboxRow]));
      this.#holds = new Map();
      return false;
    }
  }

  #take(step: OutboxStep): void {
    const row = this.#rows.get(step.eventId);
    if (!row) throw new Error(`No row for ${step.key}`);
    this.#reach("before");
    if (step.type === "announce") {
      const targets = this.receivers.map((receiver) => targetOf(step.eventId, receiver));
      for (const { deliveryId } of targets) this.ledger.set(deliveryId, this.ledger.get(deliveryId) ?? []);
      this.#reach("announced");
      const next = announced(row, targets);
      if (isDone(next)) this.#write(next);
      else this.#rows.set(step.eventId, next);
      return;
    }
    const delivery = row.deliveries.find(({ deliveryId }) => deliveryId === step.deliveryId);
    if (!delivery) throw new Error(`No delivery for ${step.key}`);
    if (step.type === "report") {
      const [report] = delivery.untold;
      if (!report) throw new Error("Nothing to tell");
      const known = this.ledger.get(report.deliveryId) ?? [];
      if (!known.some(({ attempt }) => attempt === report.attempt)) known.push(report);
      this.#reach("reported");
      return this.#write(told(row, report));
    }
    expect(this.ledger.has(step.deliveryId), "an event never arrives without its row in the ledger").toBe(true);
    const receiver = delivery.endpointId?.slice(4) ?? "";
    this.arrivals.push({ receiver, eventId: row.event.id, attempt: step.attempt, at: this.now });
    const verdict = verdictOf(this.answer(receiver, this.now), step.attempt, this.now, this.jitter());
    this.#reach("sent");
    const report: AttemptReport = {
      deliveryId: step.deliveryId,
      attempt: step.attempt,
      at: this.now,
      durationMs: 0,
      httpStatus: null,
      error: null,
      reason: null,
      excerpt: null,
      result: verdict.type,
      nextAt: verdict.type === "retry" ? verdict.at : null,
    };
    this.#write(attempted(row, report));
    this.#reach("written");
  }

  #write(row: OutboxRow): void {
    if (isDone(row)) {
      this.#disk.delete(row.event.id);
      this.#rows.delete(row.event.id);
    } else {
      this.#disk.set(row.event.id, JSON.stringify(row));
      this.#rows.set(row.event.id, row);
    }
  }

  #reach(point: string): void {
    if (this.crash(point)) throw CRASH;
  }
}
const CRASH = new Error("crash");

const waitsOf = (arrivals: readonly Arrival[]) => arrivals.slice(1).map(({ at }, i) => at - (arrivals[i]?.at ?? 0));

describe("an outbox", () => {
  it("[W2] brings everything to a receiver that was down for 30 hours, in schedule, and then is empty", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1 }), (draws) => {
        let draw = 0;
        const world = new World(
          ["app"],
          (_, now) => (now < START + 30 * HOUR ? failed : answered(200)),
          undefined,
          () => draws[draw++ % draws.length] ?? 0,
        );
        for (let n = 0; n < 5; n++) world.add(eventOf(n, START + n * HOUR));
        world.live();
        for (let n = 0; n < 5; n++) {
          const mine = world.arrivals.filter(({ eventId }) => eventId === `evt_${n}`);
          expect(mine.map(({ attempt }) => attempt)).toEqual(mine.map((_, i) => i + 1));
          for (const [i, wait] of waitsOf(mine).entries()) {
            const planned = RETRY_DELAYS_MS[i] ?? 0;
            expect(wait).toBeGreaterThanOrEqual(Math.floor(planned * (1 - JITTER)));
            expect(wait).toBeLessThanOrEqual(Math.ceil(planned * (1 + JITTER)));
          }
          expect(world.ledger.get(`dlv_evt_${n}_app`)?.at(-1)?.result).toBe("delivered");
        }
        expect(world.rows()).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("[W2] ends each delivery as delivered, or dead after ten attempts, within the longest time it may take", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(200, 404, 410, 429, 500, 503), { minLength: 1, maxLength: 40 }),
        (statuses) => {
          let turn = 0;
          const world = new World(["a", "b", "c"], () => answered(statuses[turn++ % statuses.length] ?? 500));
          for (let n = 0; n < 4; n++) world.add(eventOf(n));
          world.live();
          expect(world.rows()).toEqual([]);
          expect(world.ledger.size).toBe(12);
          for (const reports of world.ledger.values()) {
            const last = reports.at(-1);
            expect(["delivered", "dead", "gone"]).toContain(last?.result);
            if (last?.result === "dead") expect(reports).toHaveLength(MAX_ATTEMPTS);
          }
          expect(world.now - START).toBeLessThanOrEqual(LONGEST_DELIVERY_MS);
        },
      ),
    );
  });

  it("[W11] loses no event in a crash at any step, and each arrives with its one id and rising attempts", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        (crashes, answers) => {
          let [crash, turn] = [0, 0];
          const world = new World(
            ["a", "b"],
            () => (answers[turn++ % answers.length] ? answered(200) : failed),
            // The crashes end some time, or nothing could ever be done.
            () => crashes[crash++] ?? false,
          );
          for (let n = 0; n < 3; n++) world.add(eventOf(n));
          world.live();
          expect(world.rows()).toEqual([]);
          for (const [deliveryId, reports] of world.ledger) {
            const [, eventId = "", receiver = ""] = /^dlv_(evt_\d)_(.)$/.exec(deliveryId) ?? [];
            const mine = world.arrivals.filter((one) => one.eventId === eventId && one.receiver === receiver);
            expect(mine.length).toBeGreaterThanOrEqual(1);
            expect(reports.map(({ attempt }) => attempt)).toEqual(reports.map((_, i) => i + 1));
            // A crash may repeat an attempt, with its number; none is left out.
            expect([...new Set(mine.map(({ attempt }) => attempt))]).toEqual(reports.map(({ attempt }) => attempt));
            expect(["delivered", "dead"]).toContain(reports.at(-1)?.result);
          }
          expect(world.ledger.size).toBe(6);
        },
      ),
    );
  });

  it("[W11] asks nothing more of an event that nobody wants", () => {
    const world = new World([], () => failed);
    world.add(eventOf(1));
    world.live();
    expect([world.rows(), world.arrivals]).toEqual([[], []]);
  });

  it("[W11] keeps what is said twice once", () => {
    const targets = [targetOf("evt_1", "a"), targetOf("evt_1", "b")];
    const row = announced(newRow(eventOf(1), null), targets);
    expect(announced(row, targets)).toEqual(row);
    const report = reportOf("dlv_evt_1_a", 1, START + 5_000);
    const after = attempted(row, report);
    expect(attempted(after, report)).toEqual(after);
    expect(told(told(after, report), report)).toEqual(told(after, report));
  });

  it("[W8] sends by hand at once: what had ended, and what was to come later, but not under an old number", () => {
    const row = attempted(
      announced(newRow(eventOf(1), null), [targetOf("evt_1", "a")]),
      reportOf("dlv_evt_1_a", 3, null),
    );
    const again = sentByHand(row, [{ ...targetOf("evt_1", "a"), attempts: 2, once: true }], START + HOUR);
    expect(again.deliveries).toMatchObject([
      { attempts: 3, nextAt: START + HOUR, once: true, untold: [{ attempt: 3 }] },
    ]);
    expect(stepsOf([again]).filter(({ type }) => type === "attempt")).toMatchObject([{ attempt: 4, at: START + HOUR }]);
  });
});

const reportOf = (deliveryId: string, attempt: number, nextAt: number | null): AttemptReport => ({
  deliveryId,
  attempt,
  at: START,
  durationMs: 12,
  httpStatus: 500,
  error: "status",
  reason: null,
  excerpt: null,
  result: nextAt === null ? "dead" : "retry",
  nextAt,
});

describe("the plan of an outbox", () => {
  const attempt = (host: string, n = 1, at = START): OutboxStep => ({
    type: "attempt",
    key: `attempt:${host}:${n}:${at}`,
    at,
    eventId: "evt_1",
    deliveryId: `dlv_${host}`,
    attempt: n,
    host,
  });
  const none = new Map<string, never>();
  const hostsOf = (steps: readonly OutboxStep[]) =>
    steps.map((step) => (step.type === "attempt" ? step.host : step.type));

  it("[W12] sends no more at once than there are lanes, and to one host no more than it has", () => {
    const steps = ["a", "a", "b", "c", "d", "e"].map((host, i) => attempt(host, 1, START - 10 + i));
    expect(hostsOf(planned(steps, none, none, LANES, START).start)).toEqual(["a", "b", "c", "d"]);
    expect(hostsOf(planned(steps, none, none, { atOnce: 6, perHost: 2 }, START).start)).toEqual([
      "a",
      "a",
      "b",
      "c",
      "d",
      "e",
    ]);
  });

  it("[W12] never gives the last lane to receivers that have failed before", () => {
    const slow = ["a", "b", "c", "d"].map((host) => attempt(host, 2, START - 1_000));
    const busy = planned(slow, none, none, LANES, START).start;
    expect(hostsOf(busy)).toEqual(["a", "b", "c"]);
    const underWay = new Map(busy.map((step) => [step.key, step]));
    expect(hostsOf(planned([...slow, attempt("fast")], underWay, none, LANES, START).start)).toEqual(["fast"]);
  });

  it("[W12] lets a project's own steps pass whatever the receivers do", () => {
    const busy = ["a", "b", "c", "d"].map((host) => attempt(host));
    const underWay = new Map(busy.map((step) => [step.key, step]));
    const steps: OutboxStep[] = [
      ...busy,
      { type: "announce", key: "announce:evt_2", at: START, eventId: "evt_2" },
      { type: "report", key: "report:dlv_9", at: START, eventId: "evt_2", deliveryId: "dlv_9" },
    ];
    expect(planned(steps, underWay, none, LANES, START).start.map(({ type }) => type)).toEqual(["announce", "report"]);
  });

  it("says when to look again: at what is due next, never at what waits for a lane", () => {
    const underWay = new Map([["attempt:a:1", attempt("a")]]);
    const steps = [attempt("a", 1, START - 5), attempt("b", 2, START + 30_000), attempt("c", 3, START + 5_000)];
    expect(planned(steps, underWay, none, LANES, START)).toEqual({ start: [], nextAt: START + 5_000 });
    expect(planned([], none, none, LANES, START)).toEqual({ start: [], nextAt: null });
  });

  it("holds a step that the project did not answer, longer each time, up to five minutes", () => {
    const step = attempt("a");
    let hold: Hold | undefined;
    const waits: number[] = [];
    for (let n = 0; n < 7; n++) {
      hold = heldAgain(hold, START);
      waits.push(hold.at - START);
      const holds = new Map([[step.key, hold]]);
      expect(planned([step], none, holds, LANES, START)).toEqual({ start: [], nextAt: hold.at });
      expect(planned([step], none, holds, LANES, hold.at).start).toEqual([step]);
    }
    expect(waits).toEqual([500, 2_000, 10_000, 60_000, 300_000, 300_000, 300_000]);
  });
});
