/**
 * When conflated events leave: progress and queue place at most so often, previews one at a time per viewer. A viewer
 * that is slow costs one frame, not memory (promise 3).
 */

/** Shortest time between two progress events (api D4: at most 4 a second, raised to the 10 that design §5 allows). */
export const PROGRESS_INTERVAL_MS = 100;

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
