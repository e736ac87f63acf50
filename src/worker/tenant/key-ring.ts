/** The secret keys of a project: made, rotated, revoked. Only their hashes are ever seen here. */
import { isLastMaker, isListed, keyCounts, mayAdd, mayRotate, rotated } from "../../core/tenant/keys.ts";
import type { KeyRecord, RevokeAnswer, RotateAnswer } from "../../core/tenant/vocabulary.ts";
import type { ProjectStore } from "./project-store.ts";

export class KeyRing {
  readonly #store: ProjectStore;

  constructor(store: ProjectStore) {
    this.#store = store;
  }

  /** Keys that count, and those that stopped counting in the last 30 days; oldest first. */
  list(now: number): KeyRecord[] {
    return [...this.#store.keys.values()].filter((key) => isListed(key, now));
  }

  /** Whether a key counts. */
  counts(id: string, now: number): boolean {
    const key = this.#store.keys.get(id);
    return key !== undefined && keyCounts(key, now);
  }

  /** Adds a key; the same one again changes nothing. */
  add(key: KeyRecord, now: number): "added" | "limit" {
    this.#store.dropKeys(now);
    if (this.#store.keys.has(key.id)) return "added";
    if (!mayAdd([...this.#store.keys.values()], now)) return "limit";
    this.#store.saveKeys(key);
    return "added";
  }

  rotate(id: string, successor: KeyRecord, overlapMs: number, othersRemain: boolean, now: number): RotateAnswer {
    this.#store.dropKeys(now);
    const keys = [...this.#store.keys.values()];
    const key = this.#store.keys.get(id);
    if (!key) return "unknown";
    if (!keyCounts(key, now)) return "over";
    if (!othersRemain && isLastMaker(key, successor, keys, now)) return "last";
    if (!mayRotate(keys, now)) return "limit";
    this.#store.saveKeys(rotated(key, successor.id, overlapMs, now), successor);
    return "rotated";
  }

  /** Revokes a key for good; one that counts no more stays as it is. */
  revoke(id: string, othersRemain: boolean, now: number): RevokeAnswer {
    const key = this.#store.keys.get(id);
    if (!key || !isListed(key, now)) return "unknown";
    if (key.revokedAt !== null) return "revoked";
    if (!othersRemain && isLastMaker(key, null, [...this.#store.keys.values()], now)) return "last";
    this.#store.saveKeys({ ...key, revokedAt: now });
    return "revoked";
  }
}
