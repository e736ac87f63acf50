import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTerminal } from "../../../src/core/job/draft.ts";
import type { JobSpec } from "../../../src/core/job/spec.ts";
import type { JobEvent } from "../../../src/core/job/state.ts";
import { Driver } from "../../support/job-driver.ts";
import { heldLease } from "../../support/job-invariants.ts";
import { HOUR, START } from "../../support/job-samples.ts";
import { anyAnswer, anyMessage, FairWorld, pick, type Sockets } from "../../support/job-world.ts";

/** Far away: no deadline may be what ends a job in a fair world. */
const NEVER = START + 100_000 * HOUR;
const SPECS: readonly Partial<JobSpec>[] = [
  {},
  { socketNodes: ["9"] },
  { keepTemporary: true, images: [{ name: "image", uploadId: "upl_1", contentType: "image/png", slots: [] }] },
].map((spec) => ({ ...spec, startBy: null, finishBy: NEVER, expiresAt: NEVER }));

const WAITS = [0, 1, 100, 600, 1000, 5000, 9000, 15_000, 31_000, 61_000];

/** Something happens to the job; the number says what. Answers to wishes are the most likely, so that it gets far. */
function happen(job: Driver, number: number): void {
  const detail = number >>> 6;
  const { state } = job;
  const wishes = Object.entries(state.effects);
  const connection = "run" in state.stage ? state.stage.run.connection : 0;
  switch (number % 32) {
    case 0:
      job.send({ type: "alarm" });
      return;
    case 1:
    case 2:
      job.sleep(pick(WAITS, detail));
      return;
    case 3:
      job.sleep(pick(WAITS, detail)).send({ type: "alarm" });
      return;
    case 4:
      job.crash();
      return;
    case 5:
      if (detail % 3 === 0) job.cancel();
      return;
    case 6:
    case 7:
    case 8:
      job.grant(`lease-${detail % 4}`);
      return;
    case 9:
      job.send({ type: "lease_lost", leaseId: heldLease(state) ?? "lease-1" });
      return;
    case 10:
      job.send({ type: "socket_closed", connection });
      return;
    case 11:
      job.send(nonsense(job, detail));
      return;
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
    case 17:
      job.send({ type: "comfy", connection, event: anyMessage(state, detail) });
      return;
    default: {
      if (wishes.length === 0) return;
      const [name, effect] = pick(wishes, detail >> 4);
      const answer = anyAnswer(name, effect, detail);
      // Half of the answers are good ones; some come twice.
      const good = number % 32 < 26 ? anyAnswer(name, effect, 0) : answer;
      if (good) job.send(good);
      if (good && detail % 16 === 3) job.send(good);
    }
  }
}

/** Events that nothing wished for: stale, of the wrong stage, or about what never was. */
function nonsense(job: Driver, detail: number): JobEvent {
  const fault = { kind: "timeout" } as const;
  const events: JobEvent[] = [
    { type: "created" },
    { type: "revived" },
    { type: "lease_lost", leaseId: "nobody's" },
    { type: "socket_opened", connection: (detail >> 4) % 5, comfyVersion: null },
    { type: "socket_failed", connection: (detail >> 4) % 5, fault, httpAnswers: true },
    { type: "uploaded", name: "image", storedName: "x" },
    { type: "upload_failed", name: "nothing", fault },
    { type: "submit_answered", promptId: `uuid-${(detail >> 4) % 9}`, reply: { type: "accepted", nodeErrors: null } },
    { type: "looked", promptId: `uuid-${(detail >> 4) % 9}`, found: { type: "absent" } },
    { type: "cancel_tried", promptId: `uuid-${(detail >> 4) % 9}` },
    { type: "output_failed", key: "9/images/0", fault },
    { type: "output_failed", key: "__proto__", fault },
    { type: "pool_answered", effect: pick(Object.keys(job.state.effects).concat("x"), detail >> 4), ok: true },
    { type: "queue_place", place: { position: 1, ahead: 0, reason: "workers_busy", estStartMs: null } },
  ];
  return pick(events, detail);
}

const sequences = fc.tuple(
  fc.constantFrom(...SPECS),
  fc.constantFrom<Sockets>("heard", "deaf", "none"),
  fc.array(fc.nat(), { maxLength: 40, size: "max" }),
);

describe("whatever happens to a job", () => {
  it("[J29] no rule is broken, and from wherever it was led a fair world brings it to its end and cleans up", () => {
    const reached = new Map<string, number>();
    fc.assert(
      fc.property(sequences, ([spec, sockets, numbers]) => {
        const job = new Driver(spec).created();
        for (const number of numbers) happen(job, number);
        reached.set(job.stage, (reached.get(job.stage) ?? 0) + 1);

        const world = new FairWorld(job, sockets);
        const from = job.now;
        while (world.next()) {
          if (world.steps > 600) throw new Error(`[J29] no end in sight: ${job.stage}, wishes ${job.wished}`);
        }
        expect(isTerminal(job.state.stage)).toBe(true);
        expect([job.wished, world.orphans]).toEqual([[], []]);
        expect(job.now - from).toBeLessThan(HOUR);
      }),
      { numRuns: 12_000 },
    );
    // The sequences lead everywhere: else the rule above would say little.
    for (const stage of [
      "queued",
      "connecting",
      "submitted",
      "running",
      "collecting",
      "succeeded",
      "failed",
      "canceled",
    ]) {
      expect(reached.get(stage), stage).toBeGreaterThan(50);
    }
  }, 60_000);
});
