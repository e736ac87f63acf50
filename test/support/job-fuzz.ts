/**
 * What can happen to a job, by numbers: any event at any time, sensible or not, and a fair world afterwards in which it
 * must come to its end. Shared by the short fuzz of the tests and the long one (`npm run fuzz`).
 */
import fc from "fast-check";
import { isTerminal } from "../../src/core/job/draft.ts";
import type { JobSpec } from "../../src/core/job/spec.ts";
import type { JobEvent } from "../../src/core/job/state.ts";
import type { Driver } from "./job-driver.ts";
import { heldLease, reportOf } from "./job-invariants.ts";
import { HOUR, START } from "./job-samples.ts";
import { anyAnswer, anyMessage, FairWorld, pick, type Sockets } from "./job-world.ts";

/** Far away: no deadline may be what ends a job in a fair world. */
const NEVER = START + 100_000 * HOUR;
/** Jobs to try: a plain one, one with socket pictures, one with an input. */
const SPECS: readonly Partial<JobSpec>[] = [
  {},
  { socketNodes: ["9"] },
  { keepTemporary: true, images: [{ name: "image", uploadId: "upl_1", contentType: "image/png", slots: [] }] },
].map((spec) => ({ ...spec, startBy: null, finishBy: NEVER, expiresAt: NEVER }));

const PATCHES: readonly Parameters<Driver["patch"]>[0][] = [
  { metadata: { note: "patched" } },
  { priority: "high" },
  { priority: "low", metadata: {} },
  { expiresAt: NEVER + 1 },
];

const WAITS = [0, 1, 100, 600, 1000, 5000, 9000, 15_000, 31_000, 61_000];

/** Something happens to the job; the number says what. Answers to wishes are the most likely, so that it gets far. */
export function happen(job: Driver, number: number): void {
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
      else if (detail % 24 === 1) job.remove();
      else if (detail % 3 === 2) job.patch(pick(PATCHES, detail >> 2));
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
    { type: "indexed", nonce: (detail >> 4) % 9, ok: true },
    { type: "discarded", ok: true },
    { type: "pool_answered", effect: pick(Object.keys(job.state.effects).concat("x"), detail >> 4), ok: true },
    { type: "queue_place", place: { position: 1, ahead: 0, reason: "workers_busy", estStartMs: null } },
  ];
  return pick(events, detail);
}

/** A job, how sockets are in the fair world, and what happens to the job before. */
export type Sequence = [spec: Partial<JobSpec>, sockets: Sockets, numbers: number[]];

/** Any sequence of up to 40 happenings. */
export const sequences: fc.Arbitrary<Sequence> = fc.tuple(
  fc.constantFrom(...SPECS),
  fc.constantFrom<Sockets>("heard", "deaf", "none"),
  fc.array(fc.nat(), { maxLength: 40, size: "max" }),
);

/** Steps in which a fair world ends any job. */
const MAX_STEPS = 600;

/** Ends the job in a fair world. @throws {Error} when it does not end, is not over soon, or leaves something behind. */
export function endFairly(job: Driver, sockets: Sockets): void {
  const world = new FairWorld(job, sockets);
  const from = job.now;
  while (world.next()) {
    if (world.steps > MAX_STEPS) throw new Error(`[J29] no end in sight: ${job.stage}, wishes ${wishesOf(job)}`);
  }
  if (!isTerminal(job.state.stage)) throw new Error(`[J29] nothing left to do and no end: ${job.stage}`);
  if (world.erased !== (job.state.removal !== null)) throw new Error(`[J34] removed or not, erased: ${world.erased}`);
  const left = [...wishesOf(job), ...world.orphans];
  if (left.length > 0) throw new Error(`[J29] left behind: ${left}`);
  const [told, due] = [job.invariants.told, reportOf(job.state)].map((report) => JSON.stringify(report));
  if (told !== due) throw new Error(`[J35] the index was told ${told} and should know ${due}`);
  if (job.now - from >= HOUR) throw new Error(`[J29] the end took ${job.now - from} ms`);
}

/** Then removes it, unless it is gone already. @throws {Error} as above, or when anything of it stays. */
export function removeFairly(job: Driver, sockets: Sockets): void {
  if (job.state.removal) return;
  job.remove();
  endFairly(job, sockets);
}

/** All that is wished but the end of everything. */
const wishesOf = (job: Driver): string[] => Object.keys(job.state.effects).filter((name) => name !== "erase");
