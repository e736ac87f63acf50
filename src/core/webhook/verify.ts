/**
 * The receiver's side of a signature: whether a request came from the service, is whole, and was sent just now. Agrees
 * with the official `standardwebhooks` packages and adds `v1a`.
 */
import { assertNever } from "../util/assert.ts";
import { constantTimeEqual } from "../util/ids.ts";
import { err, ok, type Result } from "../util/result.ts";
import { readBase64, readSecret, verifyEd25519 } from "./secrets.ts";
import { hmacBase64, signedBytes } from "./signature.ts";

/** How far the sender's clock and the receiver's may be apart, the way included. */
export const TOLERANCE_MS = 300_000;

/** What is wrong with a request. */
export type VerifyProblem = "missing_headers" | "malformed_headers" | "too_old" | "too_new" | "no_match";

/** What a true signature vouches for. `ageMs` is negative where the sender's clock is ahead. */
export type Verified = { id: string; ageMs: number };

/** Signatures that are looked at; a rotation needs two or four. */
const MAX_SIGNATURES = 32;

/**
 * Checks a request. `header` reads one of its headers by its lower-case name; `body` is its text exactly as it came,
 * before any parsing; `keys` are the receiver's own, `whsec_` or `whpk_`, of which one has to fit. Throws where a key
 * has not that form: that is a fault of the receiver's configuration, and no request could ever pass.
 */
export async function verify(
  header: (name: string) => string | null | undefined,
  body: string,
  keys: readonly string[],
  nowMs: number,
): Promise<Result<Verified, VerifyProblem>> {
  const [id, time, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => header(name));
  if (!id || !time || !signatures) return err("missing_headers");
  if (!/^\d{1,12}$/.test(time) || id.includes(".")) return err("malformed_headers");
  const timestampSeconds = Number(time);
  const ageMs = nowMs - timestampSeconds * 1_000;
  const ageSeconds = Math.floor(nowMs / 1_000) - timestampSeconds;
  if (ageSeconds * 1_000 > TOLERANCE_MS) return err("too_old");
  if (ageSeconds * 1_000 < -TOLERANCE_MS) return err("too_new");
  const bytes = signedBytes({ id, timestampSeconds, body });
  const given = signatures.split(" ", MAX_SIGNATURES);
  for (const key of keys) if (await fits(key, given, bytes)) return ok({ id, ageMs });
  return err("no_match");
}

/** What is wrong with a request, as a sentence for whoever runs the receiver. */
export function problemInWords(problem: VerifyProblem): string {
  switch (problem) {
    case "missing_headers":
      return "webhook-id, webhook-timestamp or webhook-signature is missing: it does not come from the service.";
    case "malformed_headers":
      return "webhook-timestamp or webhook-id has not the form that the service gives it.";
    case "too_old":
      return "It was sent more than 5 minutes ago: a repeated request, or one of the clocks is wrong.";
    case "too_new":
      return "It says that it was sent more than 5 minutes from now: one of the clocks is wrong.";
    case "no_match":
      return "No signature fits: another secret, or the body was changed on its way (it must be read as it came).";
    default:
      return assertNever(problem);
  }
}

async function fits(key: string, given: readonly string[], bytes: Uint8Array): Promise<boolean> {
  if (key.startsWith("whpk_")) {
    for (const text of of("v1a", given)) {
      const signature = readBase64(text);
      if (signature !== null && (await verifyEd25519(key, signature, bytes))) return true;
    }
    return false;
  }
  const secret = readSecret(key);
  if (!secret.ok) throw new Error(`The webhook secret ${secret.error}.`);
  const expected = await hmacBase64(secret.value, bytes);
  // All are compared, so that the time does not tell which one fits.
  return of("v1", given).reduce((found, text) => constantTimeEqual(text, expected) || found, false);
}

/** The signatures of one version, without its name. */
const of = (version: "v1" | "v1a", given: readonly string[]): string[] =>
  given.filter((text) => text.startsWith(`${version},`)).map((text) => text.slice(version.length + 1));
