/**
 * The progress model: how much of a run is done, from what ComfyUI tells. Time left is in eta.ts.
 *
 * Total = nodes the outputs depend on, less the cached ones, each weighed by what it took before or by its class.
 * Done = those finished, plus the fraction of the running ones; an expanded node counts for its visible ancestor
 * (protocol §4). The value never falls within an attempt and stays under one until everything is stored. Nodes that
 * are not in the plan are passed over, which bounds the model.
 */
import type { PlanNode } from "./spec.ts";
import type { Learned } from "./state.ts";
import { inPlan, setOf, weightsOf } from "./weights.ts";

/** Ticks of one bar: the first step that was heard and the last one, each with its time. */
export type Pace = { fromStep: number; fromAt: number; atStep: number; at: number };

/** A node that has begun: its fraction, and when. A node that was finished stays so, also when a loop runs it again. */
export type NodeRun = {
  fraction: number;
  startedAt: number;
  finishedAt: number | null;
  step: number | null;
  steps: number | null;
  pace: Pace | null;
};

export type ProgressModel = {
  nodes: Record<string, NodeRun>;
  cached: string[];
  current: string | null;
  /** The highest value shown in this attempt. */
  shown: number | null;
  begun: boolean;
  learned: Learned | null;
};

/** Before everything is stored the bar stops here. */
const CEILING = 0.99;

/** An attempt about which nothing is known yet. */
export function newProgress(learned: Learned | null): ProgressModel {
  return { nodes: {}, cached: [], current: null, shown: null, begun: false, learned };
}

/** What is done of what there is to do: by weight, and in nodes. */
export type Tally = { fraction: number; done: number; total: number };

/** Adds up the plan's nodes that are not cached. */
export function tallyOf(model: ProgressModel, plan: PlanNode[]): Tally {
  const cached = setOf(model.cached);
  const weights = weightsOf(plan, model.learned);
  let totalWeight = 0;
  let doneWeight = 0;
  let total = 0;
  let done = 0;
  for (const [index, { id }] of plan.entries()) {
    if (cached.has(id)) continue;
    const node = model.nodes[id];
    const weight = weights[index] ?? 1;
    totalWeight += weight;
    total += 1;
    if (!node) continue;
    doneWeight += weight * node.fraction;
    if (node.finishedAt !== null) done += 1;
  }
  return { fraction: totalWeight === 0 ? 1 : doneWeight / totalWeight, done, total };
}

/** The model after it is known which nodes ComfyUI takes from its cache. */
export function withCached(model: ProgressModel, plan: PlanNode[], nodes: readonly string[]): ProgressModel {
  return { ...model, cached: nodes.filter((id) => inPlan(plan, id)), begun: true };
}

/** The model after a node was announced as running (`executing`). */
export function withExecuting(model: ProgressModel, plan: PlanNode[], nodeId: string, now: number): ProgressModel {
  if (!inPlan(plan, nodeId)) return model;
  const node = model.nodes[nodeId] ?? {
    fraction: 0,
    startedAt: now,
    finishedAt: null,
    step: null,
    steps: null,
    pace: null,
  };
  return { ...model, begun: true, current: nodeId, nodes: { ...model.nodes, [nodeId]: node } };
}

/** A node's state as `progress_state` or `progress` gives it, already attributed to its visible ancestor. */
export type NodeReport = { nodeId: string; value: number; max: number; finished: boolean };

/** The model after reports about nodes. A node's fraction never falls: a lazy node is announced twice (protocol §2.6). */
export function withReports(
  model: ProgressModel,
  plan: PlanNode[],
  reports: readonly NodeReport[],
  now: number,
): ProgressModel {
  const known = reports.filter((report) => inPlan(plan, report.nodeId));
  if (known.length === 0) return model;
  const nodes = { ...model.nodes };
  for (const report of known) nodes[report.nodeId] = afterReport(nodes[report.nodeId], report, now);
  // After a gap nobody says which node runs but the reports themselves.
  const idle = model.current === null || nodes[model.current]?.finishedAt != null;
  const running = idle ? known.findLast((report) => !report.finished)?.nodeId : undefined;
  return { ...model, begun: true, current: running ?? model.current, nodes };
}

function afterReport(known: NodeRun | undefined, { value, max, finished }: NodeReport, now: number): NodeRun {
  const fraction = finished ? 1 : max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  // A bar of one has no steps worth telling.
  const counts = max > 1 && value >= 0 && value <= max && Number.isInteger(value) && Number.isInteger(max);
  return {
    fraction: Math.max(known?.fraction ?? 0, fraction),
    startedAt: known?.startedAt ?? now,
    finishedAt: known?.finishedAt ?? (finished ? now : null),
    step: counts ? value : (known?.step ?? null),
    steps: counts ? max : (known?.steps ?? null),
    pace: counts ? paceAfter(known, value, max, now) : (known?.pace ?? null),
  };
}

/** A bar that starts again, or changes its length, has a new pace; the way to its first step does not count. */
function paceAfter(known: NodeRun | undefined, step: number, steps: number, now: number): Pace {
  const pace = known?.pace;
  if (!pace || pace.fromStep === 0 || step < pace.atStep || known.steps !== steps)
    return { fromStep: step, fromAt: now, atStep: step, at: now };
  return step === pace.atStep ? pace : { ...pace, atStep: step, at: now };
}

/** The model with its shown value brought up to date; never lower than before. */
export function settle(model: ProgressModel, plan: PlanNode[]): ProgressModel {
  if (!model.begun) return model;
  const shown = Math.max(model.shown ?? 0, Math.min(CEILING, tallyOf(model, plan).fraction));
  return shown === model.shown ? model : { ...model, shown };
}

/** How long each node that ran and ended took per unit, in ms: what the pool learns from a run. */
export function nodeDurations(model: ProgressModel, plan: PlanNode[]): Record<string, number> {
  const cached = setOf(model.cached);
  const durations: Record<string, number> = {};
  for (const { id, units } of plan) {
    const node = model.nodes[id];
    if (node && node.finishedAt !== null && !cached.has(id)) durations[id] = (node.finishedAt - node.startedAt) / units;
  }
  return durations;
}
