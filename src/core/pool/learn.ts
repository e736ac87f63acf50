/**
 * Learned durations, per workflow shape and backend: how long each node takes, the newest run counting for a third, and
 * how long whole runs took, as the last few of them, so that their spread is seen and not assumed.
 */

export type LearnedTimes = {
  nodeMs: Record<string, number>;
  samples: number;
  /** Durations of the last whole runs, oldest first. */
  recentMs: number[];
};

/** How long a run takes: half of them at most `p50` ms, nine of ten at most `p90`, null where too few were seen. */
export type RunTimes = { p50: number; p90: number | null };

const NEWEST_SHARE = 1 / 3;
/** Nodes remembered per shape. */
const MAX_NODES = 500;
/** Whole runs remembered. */
const RECENT_RUNS = 10;
/** Fewer runs than this say nothing about the slow ones among them. */
const MIN_RUNS_FOR_P90 = 5;

const blend = (old: number | undefined, now: number) => (old === undefined ? now : old + (now - old) * NEWEST_SHARE);

/**
 * What is known after one more run; `runMs` null where no whole run was followed. Nodes that came from the cache did not
 * run and teach nothing.
 */
export function learn(known: LearnedTimes | null, nodeMs: Record<string, number>, runMs: number | null): LearnedTimes {
  const merged: Record<string, number> = { ...known?.nodeMs };
  for (const [node, ms] of Object.entries(nodeMs).slice(0, MAX_NODES))
    merged[node] = Math.round(blend(merged[node], ms) * 100) / 100;
  const recentMs = known?.recentMs ?? [];
  return {
    nodeMs: merged,
    samples: Math.min((known?.samples ?? 0) + 1, 1_000),
    recentMs: runMs === null ? recentMs : [...recentMs, Math.round(runMs)].slice(-RECENT_RUNS),
  };
}

/** How long runs of a shape take, from what several backends taught; null before the first one. */
export function runTimes(learned: readonly LearnedTimes[]): RunTimes | null {
  const all = learned.flatMap(({ recentMs }) => recentMs).sort((a, b) => a - b);
  const quantile = (share: number) => all[Math.max(0, Math.ceil(share * all.length) - 1)];
  const p50 = quantile(0.5);
  if (p50 === undefined) return null;
  return { p50, p90: all.length < MIN_RUNS_FOR_P90 ? null : (quantile(0.9) ?? null) };
}
