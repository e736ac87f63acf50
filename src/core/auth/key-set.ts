/**
 * The public keys of a sign-in service, read from its JWK Set (RFC 7517). Kept is only what can verify a signature of
 * the algorithms below: no symmetric key, none whose private part was published with it, none for encryption.
 */
import * as z from "zod";
import { err, ok, type Result } from "../util/result.ts";

/** The algorithms of sign-in tokens that are accepted; all of them asymmetric. */
export const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A key that verifies, with nothing else in it than the public numbers. */
export type PublicKey = {
  kid: string | null;
  /** The one algorithm it is for, where the set says so. */
  alg: string | null;
  jwk:
    | { kty: "RSA"; n: string; e: string }
    | { kty: "EC"; crv: "P-256" | "P-384" | "P-521"; x: string; y: string }
    | { kty: "OKP"; crv: "Ed25519"; x: string };
};

/** Keys of one set that are kept; services publish two to ten. */
const MAX_KEYS = 64;
const MAX_LISTED = 1_000;
const PRIVATE_PARTS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

const number = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .regex(/^[A-Za-z0-9_-]+$/);
/** Up to 8192 bits of modulus; an exponent beyond 64 bits only makes verifying slow. */
const NumbersSchema = z.discriminatedUnion("kty", [
  z.object({ kty: z.literal("RSA"), n: number(1_366), e: number(11) }),
  z.object({ kty: z.literal("EC"), crv: z.enum(["P-256", "P-384", "P-521"]), x: number(88), y: number(88) }),
  z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: number(43) }),
]);
const UseSchema = z.looseObject({
  kid: z.string().max(500).optional(),
  alg: z.string().max(50).optional(),
  use: z.literal("sig").optional(),
  key_ops: z
    .array(z.string())
    .refine((ops) => ops.includes("verify"))
    .optional(),
});
const SetSchema = z.object({ keys: z.array(z.unknown()).max(MAX_LISTED) });

/** The usable keys of a JWK Set; one it cannot use is passed over. The error is a clause about the text. */
export function readKeySet(text: string): Result<PublicKey[], string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err("is not JSON");
  }
  const set = SetSchema.safeParse(json);
  if (!set.success) return err("is not a JSON object with a list of keys");
  return ok(set.data.keys.flatMap(readKey).slice(0, MAX_KEYS));
}

function readKey(raw: unknown): PublicKey[] {
  const use = UseSchema.safeParse(raw);
  const numbers = NumbersSchema.safeParse(raw);
  if (!use.success || !numbers.success) return [];
  if (PRIVATE_PARTS.some((part) => Object.hasOwn(use.data, part))) return [];
  return [{ kid: use.data.kid ?? null, alg: use.data.alg ?? null, jwk: numbers.data }];
}

/** The keys that may have made a signature by `alg`: of that name, or all of that kind where the token names none. */
export function keysFor<Key extends PublicKey>(keys: readonly Key[], alg: Algorithm, kid: string | null): Key[] {
  return keys.filter(
    (key) =>
      (kid === null || key.kid === kid) &&
      (key.alg === null || sameAlgorithm(key.alg, alg)) &&
      curveOf(alg) === ("crv" in key.jwk ? key.jwk.crv : key.jwk.kty),
  );
}

/** `EdDSA` with the only curve that is taken is what RFC 9864 names `Ed25519`. */
const sameAlgorithm = (a: string, b: string) => a === b || (isEd25519(a) && isEd25519(b));
const isEd25519 = (alg: string) => alg === "EdDSA" || alg === "Ed25519";

function curveOf(alg: Algorithm): "RSA" | "P-256" | "P-384" | "P-521" | "Ed25519" {
  switch (alg) {
    case "RS256":
    case "RS384":
    case "RS512":
    case "PS256":
    case "PS384":
    case "PS512":
      return "RSA";
    case "ES256":
      return "P-256";
    case "ES384":
      return "P-384";
    case "ES512":
      return "P-521";
    case "EdDSA":
    case "Ed25519":
      return "Ed25519";
  }
}
