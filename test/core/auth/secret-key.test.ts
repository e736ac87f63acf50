/** Secret keys. */
import { describe, expect, it } from "vitest";
import { hashSecretKey, isKnownKey, isSecretKey, mintSecretKey } from "../../../src/core/auth/secret-key.ts";

const bytes = (seed: number) => Uint8Array.from({ length: 32 }, (_, i) => (i * 7 + seed) % 256);
const key = mintSecretKey("live", bytes(1));

describe("secret keys", () => {
  it("[A1] have a prefix that says what they are, 256 bits and a checksum", () => {
    expect(key).toMatch(/^ec_sk_live_[0-9A-Za-z]{49}$/);
    expect(mintSecretKey("test", bytes(1))).toMatch(/^ec_sk_test_/);
    expect(isSecretKey(key)).toBe(true);
  });

  it("[A1] tell a typing error from a key, at every place", () => {
    for (let i = "ec_sk_live_".length; i < key.length; i++) {
      const wrong = key.slice(0, i) + (key[i] === "a" ? "b" : "a") + key.slice(i + 1);
      expect(isSecretKey(wrong)).toBe(false);
    }
  });

  it("[A2] are known by their hash alone", async () => {
    const hashes = [await hashSecretKey(mintSecretKey("live", bytes(2))), await hashSecretKey(key)];
    expect(hashes.join()).not.toContain(key.slice(11));
    expect(await isKnownKey(key, hashes)).toBe(true);
    expect(await isKnownKey(mintSecretKey("live", bytes(3)), hashes)).toBe(false);
    expect(await isKnownKey(key, [])).toBe(false);
  });
});
