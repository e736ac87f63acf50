/** The keys of a project over time. */
import { describe, expect, it } from "vitest";
import { MAX_KEYS } from "../../../src/contract/account.ts";
import {
  DEAD_KEY_KEPT_MS,
  isLastMaker,
  isListed,
  keyCounts,
  mayAdd,
  mayRotate,
  rotated,
} from "../../../src/core/tenant/keys.ts";
import { keyRecord } from "../../support/tenant-samples.ts";

const NOW = Date.UTC(2026, 10, 20);
const reader = keyRecord("reader", { scopes: ["jobs:read"] });
const maker = keyRecord("maker");

describe("a key", () => {
  it("[A11] counts until it is revoked or over", () => {
    expect(keyCounts(maker, NOW)).toBe(true);
    expect(keyCounts({ ...maker, revokedAt: NOW }, NOW)).toBe(false);
    expect(keyCounts({ ...maker, expiresAt: NOW + 1 }, NOW)).toBe(true);
    expect(keyCounts({ ...maker, expiresAt: NOW }, NOW)).toBe(false);
  });

  it("[A11] that counts no more is listed for thirty days", () => {
    for (const dead of [
      { ...maker, revokedAt: NOW },
      { ...maker, expiresAt: NOW },
      { ...maker, revokedAt: NOW, expiresAt: NOW + 9e9 },
    ]) {
      expect(isListed(dead, NOW + DEAD_KEY_KEPT_MS - 1)).toBe(true);
      expect(isListed(dead, NOW + DEAD_KEY_KEPT_MS)).toBe(false);
    }
    expect(isListed(maker, NOW * 2)).toBe(true);
  });

  it("[A11] in rotation counts for the overlap and no longer than it would have", () => {
    expect(rotated(maker, "key_new", 1_000, NOW)).toEqual({ ...maker, expiresAt: NOW + 1_000, replacedBy: "key_new" });
    expect(rotated({ ...maker, expiresAt: NOW + 5 }, "key_new", 1_000, NOW).expiresAt).toBe(NOW + 5);
  });
});

describe("the last key that can make keys", () => {
  it("[A11] is the one without which none of the others could", () => {
    expect(isLastMaker(maker, null, [maker, reader], NOW)).toBe(true);
    expect(isLastMaker(maker, null, [maker, keyRecord("other")], NOW)).toBe(false);
    expect(isLastMaker(maker, null, [maker, keyRecord("revoked", { revokedAt: NOW })], NOW)).toBe(true);
    expect(isLastMaker(maker, null, [maker, keyRecord("over", { expiresAt: NOW })], NOW)).toBe(true);
  });

  it("[A11] is not kept by one that is in the overlap of its rotation", () => {
    const going = rotated(keyRecord("going"), maker.id, 86_400_000, NOW);
    expect(isLastMaker(maker, null, [going, maker], NOW)).toBe(true);
    expect(isLastMaker(going, null, [going, reader], NOW)).toBe(false);
  });

  it("[A11] may be rotated into one that can make keys, and into no other", () => {
    expect(isLastMaker(maker, keyRecord("next"), [maker], NOW)).toBe(false);
    expect(isLastMaker(maker, reader, [maker], NOW)).toBe(true);
  });

  it("[A11] is none that could not make keys anyway", () => {
    expect(isLastMaker(reader, null, [reader], NOW)).toBe(false);
  });
});

describe("room for keys", () => {
  const full = Array.from({ length: MAX_KEYS }, (_, index) => keyRecord(`k${index}`));
  const [first, ...rest] = full;

  it("[A11] is counted by those that count", () => {
    expect(mayAdd(full, NOW)).toBe(false);
    expect(mayAdd(rest, NOW)).toBe(true);
    expect(mayAdd([{ ...maker, revokedAt: NOW }, ...rest], NOW)).toBe(true);
  });

  it("[A11] leaves a full project able to rotate, but not without end", () => {
    expect(mayRotate(full, NOW)).toBe(true);
    const overlapping = rest.map((key) => rotated(key, "key_new", 1_000, NOW));
    expect(mayRotate([...full, ...overlapping], NOW)).toBe(true);
    expect(mayRotate([...full, ...overlapping, first ?? maker], NOW)).toBe(false);
  });
});
