/** The faults of a soak: how often each is drawn, and what it does to a backend. */
import type { FaultTrigger } from "../../src/fake/faults.ts";
import type { FaultStep } from "./plan.ts";
import type { Random } from "./random.ts";

/** How often each kind is drawn. Those that the service sits out for seconds are rare. */
export const FAULT_WEIGHTS = {
  cut: 14,
  silent: 2,
  restart: 5,
  away: 1,
  gone: 0,
  historyLate: 6,
  post500: 5,
  postDrop: 5,
  postDelay: 4,
  drop: 7,
  duplicate: 6,
  garbage: 4,
  oddFrames: 2,
  bigFrame: 1,
  view404: 4,
  viewTruncated: 4,
  viewSlow: 3,
  deleteJob: 4,
  interrupt: 4,
  swallowInterrupt: 3,
  refuse: 5,
  freeze: 3,
  stall: 3,
  nodeError: 3,
  workerDeath: 1,
} as const;

export type FaultKind = keyof typeof FAULT_WEIGHTS;

const EVENTS = ["executing", "executed", "execution_success", "execution_start", "progress_state", "status"] as const;
const STATUSES = [401, 403, 404, 429, 500, 502, 503, 530] as const;

/** What a fault of this kind does. */
export function drawFault(kind: FaultKind, random: Random): FaultStep[] {
  // In the midst of a run, or wherever the backend happens to be.
  const when: FaultTrigger = random.chance(0.6) ? { type: "atStep", step: random.int(1, 6) } : { type: "now" };
  const once = (act: FaultStep["act"]): FaultStep[] => [{ afterMs: 0, act }];
  const away = (ms: number): FaultStep[] => [
    { afterMs: 0, act: { type: "kill" } },
    { afterMs: ms, act: { type: "revive" } },
  ];
  switch (kind) {
    case "cut":
    case "silent":
    case "garbage":
    case "oddFrames":
    case "interrupt":
      return once({ type: kind, when });
    case "bigFrame":
      return once({ type: kind, bytes: random.of([1_000_000, 8_000_000, 33_000_000]), when });
    case "restart":
      return once({ type: kind, downMs: random.int(50, 1_500), when });
    case "away":
      return away(random.int(2_000, 9_000));
    case "gone":
      return away(75_000);
    case "historyLate":
      return once({ type: kind, ms: random.int(50, 4_000), count: random.int(1, 2) });
    case "postDelay":
      return once({ type: kind, ms: random.int(50, 1_500), count: random.int(1, 2) });
    case "post500":
    case "postDrop":
    case "view404":
    case "swallowInterrupt":
    case "nodeError":
      return once({ type: kind, count: random.int(1, 2) });
    case "drop":
    case "duplicate": {
      const event = random.chance(0.6) ? { event: random.of(EVENTS) } : {};
      return once({ type: kind, ...event, count: random.int(1, 8) });
    }
    case "viewTruncated":
      return once({ type: kind, afterBytes: random.int(0, 200), count: random.int(1, 2) });
    case "viewSlow":
      return once({ type: kind, chunkBytes: 512, everyMs: random.int(1, 10), count: random.int(1, 2) });
    case "deleteJob":
      return once({ type: kind });
    case "refuse":
      return once({ type: kind, status: random.of(STATUSES), count: random.int(1, 8) });
    case "freeze":
    case "stall":
      return once({ type: kind, ms: random.int(200, 2_500), when });
    case "workerDeath":
      // Without its worker a ComfyUI takes prompts for ever; somebody has to start it anew.
      return [
        ...once({ type: kind, when }),
        { afterMs: random.int(2_000, 5_000), act: { type: "restart", downMs: 300 } },
      ];
  }
}
