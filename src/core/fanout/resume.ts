/**
 * What a viewer is sent first, given the cursor it comes with (api D4): nothing but a greeting when it is up to date,
 * the durable events it missed when they are still kept, else the whole job.
 */
import type { ViewerEventType } from "../../contract/viewer.ts";

/** Durable events kept per job. */
export const KEPT_EVENTS = 500;

/** Events that are kept and replayed; all others are complete in themselves or worthless a moment later. */
export const DURABLE: readonly ViewerEventType[] = ["status", "output", "warning", "end"];

export type Welcome = { type: "snapshot" } | { type: "resume"; replay: number[] };

/**
 * @param after the last `seq` the viewer saw, or null
 * @param head the job's present `seq`
 * @param kept the `seq`s of the kept durable events, rising
 * @param complete whether `kept` reaches back to the first event of the job
 */
export function welcome(after: number | null, head: number, kept: readonly number[], complete: boolean): Welcome {
  if (after === null || after > head || after < 0) return { type: "snapshot" };
  if (after === head) return { type: "resume", replay: [] };
  const oldest = kept[0];
  if (!complete && (oldest === undefined || after < oldest)) return { type: "snapshot" };
  return { type: "resume", replay: kept.filter((seq) => seq > after) };
}
