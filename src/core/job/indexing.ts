/**
 * Telling the project's index where the job stands. The wish is made with each change of the public status (draft.ts),
 * each patch and the removal; a newer one takes the place of an older one, because each report is complete.
 */
import type { Draft } from "./draft.ts";
import { hooksHeard } from "./news.ts";
import { removed } from "./removal.ts";
import type { JobEvent } from "./state.ts";
import { INDEX_AGAIN_MS, INDEX_RETRY_MS, waitMs } from "./timing.ts";

/** What became of a report. One that was overtaken by a newer wish says nothing of it. */
export function indexed(d: Draft, { nonce, ok, hooks }: Extract<JobEvent, { type: "indexed" }>) {
  const wish = d.state.effects.index;
  if (wish?.type !== "index" || wish.nonce !== nonce) return;
  if (!ok && wish.tries < INDEX_RETRY_MS.length) {
    return d.wishAgain("index", { ...wish, tries: wish.tries + 1, afterMs: waitMs(INDEX_RETRY_MS, wish.tries) });
  }
  d.drop("index");
  if (ok) {
    hooksHeard(d, hooks ?? null);
    return removed(d, { told: true });
  }
  // From here on it is left to the alarm: a wait in memory would keep a job that rests awake.
  d.deadline("index", d.now + INDEX_AGAIN_MS);
}

/** The index did not hear for a while: one try, and if it fails the next after as long. */
export function tellIndexAgain(d: Draft) {
  d.deadline("index", null);
  const tries = INDEX_RETRY_MS.length;
  d.wishAgain("index", { type: "index", nonce: d.state.seq, tries, afterMs: 0 });
}
