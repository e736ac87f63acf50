/**
 * The app's own sign-in tokens: JWTs of any OpenID Connect service that a project names, taken as they are. Signature
 * and claims are checked by `jose`, with a key from the service's published set and nothing that stands in the token:
 * of its header only the algorithm's and the key's names are read.
 */
import { decodeJwt, decodeProtectedHeader, errors, importJWK, type JWTPayload, jwtVerify } from "jose";
import { type Issuer, UserSchema } from "../../contract/account.ts";
import { decodeBase64Url } from "../../core/auth/base64url.ts";
import { ALGORITHMS, type Algorithm, keysFor } from "../../core/auth/key-set.ts";
import type { UrlRules } from "../../core/util/safe-url.ts";
import type { Fetch } from "./fetch-keys.ts";
import { type CachedKey, KeyCache } from "./key-cache.ts";

/** The longest token that is looked at, in characters. */
export const MAX_JWT_CHARS = 8_192;
/** A token older than this is over, whatever it says: revocations are remembered for a day, and clocks differ. */
export const MAX_JWT_AGE_SECONDS = 86_400 - 60;
/** By how much the clocks of the service and ours may differ. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** Keys tried for a token that names none. */
const MAX_TRIED_KEYS = 4;
/** Tokens for signing in; other kinds (of logout, of security events) are no credentials. RFC 8725, 3.11. */
const TYPES = new Set(["jwt", "at+jwt"]);

/** What a token turned out to be; times in ms. `detail` is for its sender, a sentence that quotes nothing. */
export type UserJwtVerdict =
  | { type: "valid"; user: string; issuer: Issuer; issuedAt: number; expiresAt: number }
  | { type: "invalid"; detail: string }
  | { type: "expired" }
  /** The service's keys cannot be had now: nothing is known about the token. */
  | { type: "unavailable"; detail: string };

/**
 * `now` in ms, and whether this machine's own addresses may be called. By default the platform's `fetch` asks, and keys
 * are kept in the isolate.
 */
export type UserJwtOptions = UrlRules & { now: number; fetch?: Fetch; keys?: KeyCache };

/** The claims whose checks may fail, as they are told. */
const CHECKED_CLAIMS = ["iss", "aud", "exp", "iat", "nbf"];

const isolateKeys = new KeyCache();

type Header = { alg: Algorithm; kid: string | null };

/** Whether a text has the form of a signed JWT: three parts of canonical base64url, none empty. */
export function isJwtForm(text: string): boolean {
  if (text.length > MAX_JWT_CHARS) return false;
  const parts = text.split(".", 4);
  return parts.length === 3 && parts.every((part) => part !== "" && decodeBase64Url(part) !== null);
}

/** Checks a sign-in token against the services of a project. Never throws. */
export async function verifyUserJwt(
  issuers: readonly Issuer[],
  token: string,
  { now, allowLocal, fetch: send = (url, init) => fetch(url, init), keys = isolateKeys }: UserJwtOptions,
): Promise<UserJwtVerdict> {
  if (!isJwtForm(token)) return invalid(`A sign-in token is a signed JWT of at most ${MAX_JWT_CHARS} characters.`);
  const header = readHeader(token);
  if (header === null) {
    return invalid("The sign-in token's header names no asymmetric algorithm, or no type of a sign-in token.");
  }
  const issuer = findIssuer(token, issuers);
  if (issuer === null) {
    return invalid("The sign-in token's iss and aud are not those of a sign-in service of this project.");
  }
  const deps = { now, allowLocal, fetch: send };
  const known = await keys.keysOf(issuer, deps);
  if (!known.ok) return unavailable(known.error);
  const first = await verifyWith(known.value, token, header, issuer, now);
  if (first !== null) return first;
  const renewed = await keys.lookAgain(issuer, deps);
  if (!renewed.ok) return unavailable(renewed.error);
  const second = await verifyWith(renewed.value, token, header, issuer, now);
  return second ?? invalid("The sign-in token is signed with no key that its service publishes.");
}

const invalid = (detail: string): UserJwtVerdict => ({ type: "invalid", detail });
const unavailable = (reason: string): UserJwtVerdict => ({
  type: "unavailable",
  detail: `The keys of the sign-in service could not be read: ${reason}.`,
});

function readHeader(token: string): Header | null {
  try {
    const { alg, kid, typ } = decodeProtectedHeader(token);
    const algorithm = ALGORITHMS.find((one) => one === alg);
    if (algorithm === undefined || (kid !== undefined && typeof kid !== "string")) return null;
    if (typ !== undefined && !(typeof typ === "string" && TYPES.has(typ.toLowerCase().replace(/^application\//, "")))) {
      return null;
    }
    return { alg: algorithm, kid: kid ?? null };
  } catch {
    return null;
  }
}

/** The issuer that the token claims to be from and for; not verified, it only says whose keys to ask for. */
function findIssuer(token: string, issuers: readonly Issuer[]): Issuer | null {
  try {
    const { iss, aud } = decodeJwt(token);
    const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
    return issuers.find((one) => one.issuer === iss && audiences.includes(one.audience)) ?? null;
  } catch {
    return null;
  }
}

/** The verdict by these keys; null where newer ones might give another, because none of these is the token's. */
async function verifyWith(
  keys: readonly CachedKey[],
  token: string,
  header: Header,
  issuer: Issuer,
  now: number,
): Promise<UserJwtVerdict | null> {
  const candidates = keysFor(keys, header.alg, header.kid).slice(0, MAX_TRIED_KEYS);
  for (const key of candidates) {
    const verdict = await verifyWithKey(key, token, header.alg, issuer, now);
    if (verdict !== null) return verdict;
  }
  const named = header.kid !== null && candidates.length > 0;
  return named ? invalid("The sign-in token's signature does not match its key.") : null;
}

/** The verdict if this key made the signature, else null. */
async function verifyWithKey(
  key: CachedKey,
  token: string,
  alg: Algorithm,
  issuer: Issuer,
  now: number,
): Promise<UserJwtVerdict | null> {
  const imported = await importKey(key, alg);
  if (imported === null) return null;
  try {
    const { payload } = await jwtVerify(token, imported, {
      algorithms: [alg],
      issuer: issuer.issuer,
      audience: issuer.audience,
      requiredClaims: ["exp", "iat"],
      maxTokenAge: MAX_JWT_AGE_SECONDS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(now),
    });
    return verdictOf(payload, issuer);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { type: "expired" };
    if (error instanceof errors.JWTClaimValidationFailed) {
      const claim = CHECKED_CLAIMS.find((one) => one === error.claim) ?? "claims";
      return invalid(`The sign-in token's ${claim} is missing, or does not hold now.`);
    }
    return null;
  }
}

async function importKey(key: CachedKey, alg: Algorithm): Promise<CryptoKey | null> {
  const known = key.imported.get(alg);
  if (known) return known;
  try {
    const imported = await importJWK(key.jwk, alg);
    if (imported instanceof Uint8Array) return null;
    key.imported.set(alg, imported);
    return imported;
  } catch {
    return null;
  }
}

/** Reads the claims of a token that holds. */
function verdictOf(payload: JWTPayload, issuer: Issuer): UserJwtVerdict {
  const claim = issuer.user_claim;
  const user = UserSchema.safeParse(Object.hasOwn(payload, claim) ? payload[claim] : undefined);
  if (!user.success) {
    return invalid(
      "The sign-in token's claim that names the user is missing, or is not 1 to 128 visible ASCII characters.",
    );
  }
  // Anybody can sign up with somebody else's address; only a proven one names a user.
  if (claim === "email" && payload.email_verified !== true && payload.email_verified !== "true") {
    return invalid("The sign-in token names its user by an email address that is not verified (email_verified).");
  }
  const { iat = 0, exp = 0 } = payload;
  const end = Math.min(exp, iat + MAX_JWT_AGE_SECONDS);
  return {
    type: "valid",
    user: user.data,
    issuer,
    issuedAt: Math.floor(iat * 1_000),
    expiresAt: Math.floor(end * 1_000),
  };
}
