/**
 * Everything that will happen in a soak, drawn from one seed before it begins: jobs and who watches them, cancels,
 * crashes, restarts, faults. Only when exactly things meet is left to the machine it runs on.
 */

import type { PreviewMode } from "../../src/contract/viewer.ts";
import type { FakeFault } from "../../src/fake/faults.ts";
import { type Asked, drawJob } from "./kinds.ts";
import { drawFault, FAULT_WEIGHTS, type FaultKind } from "./plan-faults.ts";
import { Random } from "./random.ts";

/** A viewer: when it comes, how often it loses its connection and for how long, and how it watches. */
export type PlannedViewer = {
  transport: "socket" | "stream";
  role: "owner" | "viewer";
  previews: PreviewMode;
  joinsAfterMs: number;
  /** After so many events it leaves, to be back after the time. */
  leaves: { afterEvents: number; awayMs: number }[];
};

export type PlannedJob = {
  number: number;
  asked: Asked;
  /** The number of the earlier job whose request this one repeats, or null. */
  repeats: number | null;
  viewers: PlannedViewer[];
  cancelAfterMs: number | null;
  /** The object dies this long after the job was accepted. */
  abortAfterMs: number | null;
};

/** A fault that strikes one backend when the job of this number is created. */
export type PlannedFault = { atJob: number; backend: number; kind: FaultKind; steps: FaultStep[] };
/** What is done to a backend, one after the other. */
export type FaultStep = { afterMs: number; act: FakeFault | { type: "revive" } };

export type PlannedRestart = { atJob: number; how: "disposed" | "killed" };

export type Plan = { jobs: PlannedJob[]; faults: PlannedFault[]; restarts: PlannedRestart[] };

/** Backends of a soak. */
export const BACKENDS = 3;
/** A fault for about every third job. */
const FAULTS_PER_JOB = 0.35;
const REPEATS = 0.08;
const CANCELS = 0.07;
const ABORTS = 0.06;

/** Draws a plan. Faults of the kinds in `without` are left out, which changes nothing else. */
export function drawPlan(
  seed: number,
  jobCount: number,
  uploads: readonly string[],
  without: ReadonlySet<FaultKind> = new Set(),
): Plan {
  const jobs: PlannedJob[] = [];
  for (let number = 0; number < jobCount; number++) jobs.push(planJob(seed, number, uploads, jobs));
  const faults = Array.from({ length: Math.round(jobCount * FAULTS_PER_JOB) }, (_, index): PlannedFault => {
    const random = new Random(seed, `fault ${index}`);
    const kind = random.weighted<FaultKind>(FAULT_WEIGHTS);
    const atJob = random.int(2, Math.max(2, jobCount - 3));
    return { atJob, backend: random.int(0, BACKENDS - 1), kind, steps: drawFault(kind, random) };
  });
  // A backend that stays away for longer than the service waits costs more than a minute: once per soak of a thousand.
  if (jobCount >= 500) {
    const random = new Random(seed, "gone");
    const atJob = random.int(100, jobCount - 200);
    faults.push({ atJob, backend: random.int(0, BACKENDS - 1), kind: "gone", steps: drawFault("gone", random) });
  }
  return { jobs, faults: faults.filter(({ kind }) => !without.has(kind)), restarts: planRestarts(seed, jobCount) };
}

function planJob(seed: number, number: number, uploads: readonly string[], earlier: readonly PlannedJob[]): PlannedJob {
  const random = new Random(seed, `job ${number}`);
  const own = drawJob(random, number, uploads);
  const repeated = earlier.length > 5 && random.chance(REPEATS) ? random.of(earlier.slice(-40)) : null;
  return {
    number,
    asked: repeated?.asked ?? own,
    repeats: repeated && (repeated.repeats ?? repeated.number),
    viewers: Array.from({ length: random.weighted({ 0: 30, 1: 40, 2: 20, 3: 10 }) as unknown as number }, () =>
      planViewer(random),
    ),
    cancelAfterMs: random.chance(CANCELS) ? random.int(0, 900) : null,
    abortAfterMs: random.chance(ABORTS) ? random.int(0, 900) : null,
  };
}

function planViewer(random: Random): PlannedViewer {
  const transport = random.weighted({ socket: 65, stream: 35 });
  return {
    transport,
    role: random.weighted({ owner: 50, viewer: 50 }),
    previews: random.of(transport === "socket" ? ["binary", "inline", "url", "none"] : ["inline", "url", "none"]),
    joinsAfterMs: random.chance(0.5) ? 0 : random.int(0, 800),
    leaves: Array.from({ length: random.chance(0.5) ? random.int(1, 4) : 0 }, () => ({
      afterEvents: random.int(1, 12),
      awayMs: random.chance(0.5) ? 0 : random.int(5, 700),
    })),
  };
}

function planRestarts(seed: number, jobCount: number): PlannedRestart[] {
  const random = new Random(seed, "restarts");
  const count = Math.max(2, Math.round(jobCount / 250));
  return Array.from({ length: count }, (_, index) => ({
    atJob: Math.floor(((index + 0.3 + random.next() * 0.6) * jobCount) / (count + 0.2)),
    how: index % 2 === 0 ? "killed" : "disposed",
  }));
}
