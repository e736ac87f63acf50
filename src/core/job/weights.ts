/**
 * What each node of a plan weighs in the progress bar, and what it does in the words of the public phases. A plan is
 * fixed for the life of its job, so what follows from it alone is worked out once and remembered by its identity.
 */
import type { JobPhase } from "../../contract/job.ts";
import type { PlanNode } from "./spec.ts";
import type { Learned } from "./state.ts";

/** Weights by what a node does when nothing was learned: sampling dwarfs decoding, which dwarfs the rest. */
const WEIGHTS: Record<JobPhase, number> = {
  sampling: 30,
  loading_model: 6,
  decoding: 4,
  saving: 1,
  encoding: 2,
  waiting: 1,
  assigning: 1,
  fetching_inputs: 1,
  uploading: 1,
  retrying: 1,
  done: 1,
};

/** Milliseconds that a guess of one stands for, so that it can be added to learned durations. */
const GUESS_MS = 20;

/** What a node of this class does, in the words of the public phases. */
export function phaseOfClass(classType: string): JobPhase {
  if (/^(Save|Preview)|VideoCombine|SendImage/.test(classType)) return "saving";
  if (/Loader|^Load(?!Image)|CheckpointLoad/.test(classType)) return "loading_model";
  if (/Decode/.test(classType)) return "decoding";
  if (/Encode|Conditioning|LoadImage|^Empty/.test(classType)) return "encoding";
  return "sampling";
}

function guessOf({ classType }: PlanNode): number {
  return /^Empty|^Load(Image|Latent)|Primitive/.test(classType) ? 0.5 : WEIGHTS[phaseOfClass(classType)];
}

const guesses = new WeakMap<PlanNode[], number[]>();
const learnedWeights = new WeakMap<PlanNode[], WeakMap<Learned, number[]>>();
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();
const planIds = new WeakMap<PlanNode[], ReadonlySet<string>>();

function once<K extends object, V>(memory: WeakMap<K, V>, key: K, make: () => V): V {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  memory.set(key, made);
  return made;
}

/** The weight of each node, in the plan's order. */
export function weightsOf(plan: PlanNode[], learned: Learned | null): readonly number[] {
  const guessed = once(guesses, plan, () => plan.map(guessOf));
  if (learned === null) return guessed;
  const byLearned = once(learnedWeights, plan, () => new WeakMap<Learned, number[]>());
  return once(byLearned, learned, () =>
    plan.map(({ id, units }, index) => {
      const ms = learned.nodeMs[id];
      return ms === undefined ? (guessed[index] ?? 1) * GUESS_MS : Math.max(ms * units, 1);
    }),
  );
}

/** Whether the plan has this node. */
export function inPlan(plan: PlanNode[], nodeId: string): boolean {
  return once(planIds, plan, () => new Set(plan.map((node) => node.id))).has(nodeId);
}

/** The list as a set; lists of a model are replaced, never changed. */
export function setOf(list: readonly string[]): ReadonlySet<string> {
  return once(sets, list, () => new Set(list));
}
