/**
 * Time left: learned from earlier runs of the same shape on the same backend, and from the pace of this one. There is
 * no figure where there is nothing to learn from (promise 2: an ETA is learned and not invented).
 */
import type { NodeRun, ProgressModel } from "./progress.ts";
import type { PlanNode } from "./spec.ts";
import { phaseOfClass, setOf } from "./weights.ts";

export type Eta = { ms: number; confidence: "low" | "medium" | "high" };

/** Learned runs from which an estimate deserves the word "high". */
const HIGH_SAMPLES = 5;

/** Nodes that decide how long a run takes. */
const HEAVY: readonly string[] = ["sampling", "loading_model"];

/**
 * Time left of a node that counts steps, by the time of those heard so far; null before two of them. The first one,
 * in which a model may have to be moved to the GPU, says nothing about the others.
 */
function paceLeft({ pace, steps }: NodeRun, now: number): number | null {
  if (pace === null || steps === null || pace.atStep <= pace.fromStep) return null;
  const stepMs = (pace.at - pace.fromAt) / (pace.atStep - pace.fromStep);
  return Math.max(0, stepMs * (steps - pace.atStep) - (now - pace.at));
}

/** The time until the run's end in ms, or null when neither learning nor pace says anything. */
export function estimate(model: ProgressModel, plan: PlanNode[], now: number): Eta | null {
  if (!model.begun) return null;
  const cached = setOf(model.cached);
  let leftMs = 0;
  let guessed = false;
  let paced = false;
  for (const { id, classType, units } of plan) {
    const run = model.nodes[id];
    if (cached.has(id) || (run && run.finishedAt !== null)) continue;
    const learned = model.learned?.nodeMs[id];
    const pace = run ? paceLeft(run, now) : null;
    if (pace !== null) {
      leftMs += pace;
      paced = true;
    } else if (learned !== undefined) {
      leftMs += Math.max(0, learned * units - (run ? now - run.startedAt : 0));
    } else if (HEAVY.includes(phaseOfClass(classType))) {
      // Without a figure for one of the heavy nodes there is no honest sum.
      return null;
    } else {
      guessed = true;
    }
  }
  const samples = model.learned?.samples ?? 0;
  if (samples === 0 && !paced) return null;
  const confidence = guessed || samples === 0 ? "low" : samples >= HIGH_SAMPLES ? "high" : "medium";
  return { ms: Math.round(leftMs), confidence };
}
