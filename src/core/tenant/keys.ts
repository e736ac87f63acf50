/** The keys of a project over time: which count, which may go, which are still listed. */
import { MAX_KEYS } from "../../contract/account.ts";
import { DAY_MS } from "./usage-days.ts";
import type { KeyRecord } from "./vocabulary.ts";

/** A key that no longer counts is listed for so long. */
export const DEAD_KEY_KEPT_MS = 30 * DAY_MS;
/** Keys that are kept at once, those included that no longer count. */
export const MAX_KEPT_KEYS = 10 * MAX_KEYS;

/** Whether a key counts at `now`: neither revoked nor over. */
export const keyCounts = (key: KeyRecord, now: number): boolean =>
  key.revokedAt === null && (key.expiresAt === null || now < key.expiresAt);

/** When a key stopped counting or will, or null. */
export function endOfKey(key: KeyRecord): number | null {
  const ends = [key.revokedAt, key.expiresAt].filter((at) => at !== null);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Whether a key is still listed at `now`. */
export function isListed(key: KeyRecord, now: number): boolean {
  const end = endOfKey(key);
  return end === null || now < end + DEAD_KEY_KEPT_MS;
}

/** Whether there is room for another key. A key in the overlap of its rotation takes none, its successor does. */
export function mayAdd(keys: readonly KeyRecord[], now: number): boolean {
  const counting = keys.filter((key) => keyCounts(key, now) && key.replacedBy === null);
  return counting.length < MAX_KEYS && keys.length < MAX_KEPT_KEYS;
}

/** Whether there is room for a successor: keys in their overlap are bounded too. */
export function mayRotate(keys: readonly KeyRecord[], now: number): boolean {
  return keys.filter((key) => keyCounts(key, now)).length < 2 * MAX_KEYS && keys.length < MAX_KEPT_KEYS;
}

/**
 * Whether `key` is the last that can make keys: with it gone, none of the others and not its successor could. One in
 * the overlap of its rotation is going already and is no help.
 */
export function isLastMaker(
  key: KeyRecord,
  successor: KeyRecord | null,
  keys: readonly KeyRecord[],
  now: number,
): boolean {
  if (!makesKeys(key, now)) return false;
  const left = keys.filter((other) => other.id !== key.id);
  return ![...left, ...(successor ? [successor] : [])].some((other) => makesKeys(other, now));
}

const makesKeys = (key: KeyRecord, now: number): boolean =>
  keyCounts(key, now) && key.replacedBy === null && key.scopes.includes("keys:write");

/** A rotated key: it counts until the overlap is over, or until its own end if that comes first. */
export function rotated(key: KeyRecord, successorId: string, overlapMs: number, now: number): KeyRecord {
  const until = now + overlapMs;
  return { ...key, expiresAt: Math.min(key.expiresAt ?? until, until), replacedBy: successorId };
}
