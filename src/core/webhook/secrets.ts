/**
 * The keys behind signatures, as Standard Webhooks writes them: `whsec_` for a secret that both sides hold, `whsk_` and
 * `whpk_` for the two halves of an Ed25519 key. Random bytes are handed in.
 */
import { SECRET_BYTES } from "../../contract/webhook-limits.ts";
import { encodeBase64, encodeBase64Url } from "../artifact/base64.ts";
import { decodeBase64Url } from "../auth/base64url.ts";
import { assert, must } from "../util/assert.ts";
import { err, ok, type Result } from "../util/result.ts";

/** An Ed25519 key in both spellings. The secret half is the 32 bytes of the seed and the 32 of the public key. */
export type KeyPair = { secretKey: string; publicKey: string };

const SEED_BYTES = 32;
/** What stands before the seed in PKCS #8, the one form in which Web Crypto takes a private key alone. */
const PKCS8_HEAD = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/** A fresh secret of 32 random bytes. Throws where there are not 32. */
export function mintSecret(random: Uint8Array): string {
  assert(random.length === SECRET_BYTES.drawn, "a secret is drawn from 32 random bytes");
  return `whsec_${encodeBase64(random)}`;
}

/** The bytes of a `whsec_` secret. The error is a clause that quotes nothing of it. */
export function readSecret(text: string): Result<Uint8Array, string> {
  const bytes = readKey("whsec_", text);
  if (bytes === null) return err("must be whsec_ and base64");
  if (bytes.length < SECRET_BYTES.min || bytes.length > SECRET_BYTES.max) {
    return err(`must hold ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes, not ${bytes.length}`);
  }
  return ok(bytes);
}

/** The Ed25519 key of a 32-byte random seed. */
export async function mintKeyPair(seed: Uint8Array): Promise<KeyPair> {
  const publicKey = await publicBytes(seed);
  const both = new Uint8Array([...seed, ...publicKey]);
  return { secretKey: `whsk_${encodeBase64(both)}`, publicKey: `whpk_${encodeBase64(publicKey)}` };
}

/** The public half of a `whsk_` key, in both spellings. Throws on anything that `mintKeyPair` did not make. */
export async function keyPairOf(secretKey: string): Promise<KeyPair> {
  return mintKeyPair(seedOf(secretKey));
}

/** Signs with a `whsk_` key: 64 bytes, the same for the same message. Throws on anything that is not such a key. */
export async function signEd25519(secretKey: string, message: Uint8Array): Promise<Uint8Array> {
  const key = await importSeed(seedOf(secretKey), false);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, message));
}

/** Whether a signature over the message was made with the secret half of this `whpk_` key. Never throws. */
export async function verifyEd25519(publicKey: string, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  const bytes = readKey("whpk_", publicKey);
  if (bytes?.length !== 32 || signature.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    // Not every 32 bytes are a point of the curve.
    return false;
  }
}

/** A `whpk_` key for the key set at /.well-known/webhook-keys.json (RFC 8037). Throws where it is none. */
export function jwkOf(publicKey: string) {
  const bytes = must(readKey("whpk_", publicKey), "a whpk_ key");
  const x = encodeBase64Url(bytes);
  return { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig", kid: x.slice(0, 16), x };
}

/** The bytes behind a prefix; null where the prefix is another or the rest is not base64 as encoders write it. */
export function readKey(prefix: "whsec_" | "whsk_" | "whpk_", text: string): Uint8Array | null {
  return text.startsWith(prefix) ? readBase64(text.slice(prefix.length)) : null;
}

/** The bytes of standard base64 with its padding, or null for every other spelling. */
export function readBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return decodeBase64Url(text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_"));
}

function seedOf(secretKey: string): Uint8Array {
  const bytes = readKey("whsk_", secretKey);
  assert(bytes !== null && bytes.length === 2 * SEED_BYTES, "a whsk_ key holds 64 bytes");
  return bytes.subarray(0, SEED_BYTES);
}

async function publicBytes(seed: Uint8Array): Promise<Uint8Array> {
  const { x } = await crypto.subtle.exportKey("jwk", await importSeed(seed, true));
  return must(decodeBase64Url(must(x, "the public half")), "the public half");
}

function importSeed(seed: Uint8Array, extractable: boolean): Promise<CryptoKey> {
  assert(seed.length === SEED_BYTES, "an Ed25519 seed has 32 bytes");
  return crypto.subtle.importKey("pkcs8", new Uint8Array([...PKCS8_HEAD, ...seed]), "Ed25519", extractable, ["sign"]);
}
