/** Learned durations: per workflow shape and backend, how long each node takes. The newest run counts for a third. */

export type LearnedTimes = { nodeMs: Record<string, number>; samples: number; runMs: number | null };

const NEWEST_SHARE = 1 / 3;
/** Nodes remembered per shape. */
const MAX_NODES = 500;

const blend = (old: number | null | undefined, now: number) => (old == null ? now : old + (now - old) * NEWEST_SHARE);

/** What is known after one more run. Nodes that came from the cache did not run and teach nothing. */
export function learn(known: LearnedTimes | null, nodeMs: Record<string, number>, runMs: number | null): LearnedTimes {
  const merged: Record<string, number> = { ...known?.nodeMs };
  for (const [node, ms] of Object.entries(nodeMs).slice(0, MAX_NODES))
    merged[node] = Math.round(blend(merged[node], ms) * 100) / 100;
  return {
    nodeMs: merged,
    samples: Math.min((known?.samples ?? 0) + 1, 1_000),
    runMs: runMs === null ? (known?.runMs ?? null) : Math.round(blend(known?.runMs, runMs)),
  };
}
