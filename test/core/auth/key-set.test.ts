/** Public keys of sign-in services. */
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALGORITHMS, keysFor, readKeySet } from "../../../src/core/auth/key-set.ts";

const rsa = { ...generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" }), kid: "rsa" };
const ec = { ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }), kid: "ec" };
const pair = generateKeyPairSync("ed25519");
const ed = { ...pair.publicKey.export({ format: "jwk" }), kid: "ed" };

const read = (...keys: unknown[]) => {
  const set = readKeySet(JSON.stringify({ keys }));
  return set.ok ? set.value : [];
};
const names = (keys: readonly { kid: string | null }[]) => keys.map((key) => key.kid);

describe("a key set", () => {
  it("[A9] is read down to the public numbers", () => {
    const [key] = read({ ...rsa, use: "sig", alg: "RS256", x5c: ["MII…"], "x5t#S256": "abc" });
    expect(key).toEqual({ kid: "rsa", alg: "RS256", jwk: { kty: "RSA", n: rsa.n, e: rsa.e } });
    expect(names(read(rsa, ec, ed))).toEqual(["rsa", "ec", "ed"]);
  });

  it.each([
    ["a symmetric key", { kty: "oct", k: "c2VjcmV0", kid: "x" }],
    ["a symmetric key among public numbers", { ...rsa, k: "c2VjcmV0" }],
    ["a private key", { ...pair.privateKey.export({ format: "jwk" }), kid: "x" }],
    ["a key for encryption", { ...rsa, use: "enc" }],
    ["a key for wrapping", { ...rsa, key_ops: ["wrapKey"] }],
    ["a key of an odd use", { ...rsa, use: 5 }],
    ["a curve that is not taken", { ...ec, crv: "secp256k1" }],
    ["an encryption curve", { ...ed, crv: "X25519" }],
    ["a kid that is no text", { ...rsa, kid: 5 }],
    ["numbers that are no text", { ...rsa, n: 5 }],
    ["numbers in another alphabet", { ...rsa, n: "+/==" }],
    ["a modulus beyond 8192 bits", { ...rsa, n: "A".repeat(1_367) }],
    ["an exponent that makes verifying slow", { ...rsa, e: "A".repeat(12) }],
    ["a key without numbers", { kty: "RSA", kid: "x" }],
    ["an unknown type", { kty: "AKP", pub: "AAAA", kid: "x" }],
    ["a certificate alone", { kty: "RSA", x5c: ["MII"] }],
    ["nothing", null],
    ["a list", [rsa]],
    ["a text", "rsa"],
  ])("[A9] passes over %s, and takes the others", (_, odd) => {
    expect(names(read(odd, ec))).toEqual(["ec"]);
  });

  it("[A9] may be any text", () => {
    expect(readKeySet("{}").ok).toBe(false);
    expect(readKeySet('{"keys":{}}').ok).toBe(false);
    expect(readKeySet("[".repeat(200_000)).ok).toBe(false);
    expect(readKeySet(`{"keys":[${"[".repeat(100_000)}${"]".repeat(100_000)}]}`)).toEqual({ ok: true, value: [] });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        expect(readKeySet(text).ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.jsonValue(), fc.record({ kty: fc.constantFrom("RSA", "EC", "OKP") }))),
        (keys) => {
          expect(read(...keys)).toEqual([]);
        },
      ),
    );
  });

  it("[A9] is bounded in the number of its keys", () => {
    expect(read(...Array.from({ length: 500 }, () => ec))).toHaveLength(64);
    expect(readKeySet(JSON.stringify({ keys: Array.from({ length: 1_001 }, () => ec) })).ok).toBe(false);
  });
});

describe("the keys for a token", () => {
  it("[A9] are of the type that its algorithm needs", () => {
    const keys = read(rsa, ec, ed);
    const found = Object.fromEntries(ALGORITHMS.map((alg) => [alg, names(keysFor(keys, alg, null)).join()]));
    expect(found).toEqual({
      RS256: "rsa",
      RS384: "rsa",
      RS512: "rsa",
      PS256: "rsa",
      PS384: "rsa",
      PS512: "rsa",
      ES256: "ec",
      ES384: "",
      ES512: "",
      EdDSA: "ed",
      Ed25519: "ed",
    });
  });

  it("[A9] have the name that it says, and are for its algorithm where the set says one", () => {
    const keys = read({ ...rsa, alg: "RS256" }, { ...rsa, kid: "other", alg: "PS256" }, { ...ed, alg: "EdDSA" });
    expect(names(keysFor(keys, "RS256", "rsa"))).toEqual(["rsa"]);
    expect(names(keysFor(keys, "RS256", "other"))).toEqual([]);
    expect(names(keysFor(keys, "RS512", null))).toEqual([]);
    expect(names(keysFor(keys, "RS256", "RSA"))).toEqual([]);
    expect(names(keysFor(keys, "Ed25519", "ed"))).toEqual(["ed"]);
    expect(names(keysFor(read({ ...rsa, kid: undefined }), "RS256", "rsa"))).toEqual([]);
  });
});
