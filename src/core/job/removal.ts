/**
 * The way out of a job, deleted or over its time. From the first step on nothing is shown of it; then the index is
 * told, its media go, and last its rows. Only that first step is stored: all that follows can be done twice, so a
 * restart in between begins again behind it.
 */
import { LONGEST_DELIVERY_MS } from "../webhook/schedule.ts";
import { type Draft, isTerminal } from "./draft.ts";
import { endCanceled } from "./end.ts";
import type { Removal } from "./state.ts";
import { EXPIRE_AGAIN_MS } from "./timing.ts";

/** Begins the removal; once. A job that lives is canceled, and what it holds at the backend given back. */
export function remove(d: Draft, why: Removal["why"]) {
  if (d.state.removal) return;
  if (!isTerminal(d.state.stage)) {
    if (!d.state.cancel) d.patch({ cancel: { requestedAt: d.now, by: why, reason: null } });
    endCanceled(d, { promptLives: true });
  }
  // What was abandoned on the way goes with all the rest.
  const { discard } = d.state.effects;
  const abandoned = discard?.type === "discard" ? discard.keys : [];
  d.drop("discard");
  d.deadline("expire", null);
  d.show({ type: "removed" });
  d.tellIndex();
  d.patch({ abandoned, removal: { at: d.now, why, told: false, cleared: false } });
}

/**
 * The job's time is over. One that a receiver has yet to hear of stays until then, since that receiver will ask for it;
 * but no longer than the attempts at it can last.
 */
export function expired(d: Draft) {
  const waits = d.undelivered && d.now < d.state.expiresAt + LONGEST_DELIVERY_MS;
  if (waits) return d.deadline("expire", d.now + EXPIRE_AGAIN_MS);
  remove(d, "expired");
}

/** All that was to be delivered is delivered or given up: what waited for it goes on. */
export function delivered(d: Draft) {
  if (d.state.deadlines.expire !== undefined && d.state.expiresAt <= d.now) remove(d, "expired");
}

/** The next thing to be done of a removal, after any event. */
export function goOnRemoving(d: Draft) {
  const { removal, effects, outputs, abandoned } = d.state;
  if (!removal) return;
  // An index that does not answer keeps the rows, for they are what it has to be told; never the media.
  if (!removal.cleared && !effects.discard && !effects.index) {
    const keys = [...outputs.map((stored) => stored.key), ...abandoned];
    d.wish("discard", { type: "discard", keys, tries: 0, afterMs: 0 });
  }
  // Whatever still cleans up at the backend or the pool comes first, a lease that came late too: its tries are bounded.
  const left = Object.keys(d.state.effects).filter((name) => name !== "erase");
  const waits = d.undelivered || d.news.length > 0;
  if (!removal.told || !removal.cleared || left.length > 0 || waits) d.drop("erase");
  else if (!effects.erase) d.wish("erase", { type: "erase" });
}

/** Marks a step of the removal as done. */
export function removed(d: Draft, part: Partial<Pick<Removal, "told" | "cleared">>) {
  if (d.state.removal) d.patch({ removal: { ...d.state.removal, ...part } });
}
