/**
 * When conflated events leave: progress and queue place at most so often, previews one at a time per viewer. A viewer
 * that is slow costs one frame, not memory (promise 3).
 */

/** Time between two progress events in the long run (api D4: at most 4 a second, raised to the 10 that design §5 allows). */
export const PROGRESS_INTERVAL_MS = 100;

/** What may be used ahead of the pace: three events at once, as the small nodes at the beginning of a run give them. */
const AHEAD_MS = 2 * PROGRESS_INTERVAL_MS;

/**
 * How long a progress event has to wait. `paidUntil` is the time up to which the pace is used up. A few may follow each
 * other at once: a stream that keeps the pace by itself is then never held back by what came just before it began.
 */
export function progressWaitMs(paidUntil: number, now: number): number {
  return Math.max(0, paidUntil - AHEAD_MS - now);
}

/** Up to when the pace is used up once a progress event has left. */
export const progressLeft = (paidUntil: number, now: number): number => Math.max(paidUntil, now) + PROGRESS_INTERVAL_MS;

/** Shortest time between two previews to one viewer. */
export const PREVIEW_INTERVAL_MS = 200;

/** Bytes queued to a viewer's socket beyond which conflated events are skipped. */
export const SLOW_BYTES = 256 * 1024;

/** Bytes queued beyond which the viewer is closed and told to come back. */
export const STALLED_BYTES = 1024 * 1024;

/** A preview that was not acknowledged for so long is taken as lost, and the next one is sent. */
export const READY_TIMEOUT_MS = 5_000;

/** What is known of one viewer's stream of previews. */
export type PreviewCredit = { sentRev: number; sentAt: number; readyRev: number };

export const noCredit: PreviewCredit = { sentRev: 0, sentAt: 0, readyRev: 0 };

/** Whether the preview `rev` may be sent to a viewer now. */
export function mayPreview(credit: PreviewCredit, rev: number, now: number): boolean {
  if (rev <= credit.sentRev) return false;
  if (now - credit.sentAt < PREVIEW_INTERVAL_MS) return false;
  return credit.readyRev >= credit.sentRev || now - credit.sentAt > READY_TIMEOUT_MS;
}
