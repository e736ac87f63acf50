/**
 * What of a job's progress outlives a crash. Progress is shown many times a second and stored seldom, so what is stored
 * runs a little ahead of what is shown: a job that is taken up again never shows less than it did.
 */
import type { JobState } from "./state.ts";

/** How far ahead: a crash may show this much too soon, and a run is stored about five times for its progress. */
const AHEAD = 0.2;

/** The state as it is to be stored. Only a running job's progress grows without being stored. */
export function toStore(state: JobState): JobState {
  const { stage, progress } = state;
  if (stage.name !== "running" || progress.shown === null) return state;
  // The bar of a running job stops at the same value, whatever is stored.
  const shown = Math.max(progress.shown, Math.min(0.99, progress.shown + AHEAD));
  return { ...state, progress: { ...progress, shown } };
}

/** The highest progress that a stored state lets its job show without another write. */
export const storedProgress = (stored: JobState | null): number => stored?.progress.shown ?? -1;
