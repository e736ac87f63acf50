/**
 * The public keys of sign-in services, kept in the isolate. Kept are values, never promises: on Workers a request must
 * not wait for the I/O of another, so requests that miss at the same time each fetch for themselves, and the answer
 * that was asked for last stays.
 */
import type { Issuer } from "../../contract/account.ts";
import type { Algorithm, PublicKey } from "../../core/auth/key-set.ts";
import { err, ok, type Result } from "../../core/util/result.ts";
import type { UrlRules } from "../../core/util/safe-url.ts";
import { type Fetch, fetchKeys } from "./fetch-keys.ts";

/** How long keys count: a key that its service took back is refused from then on at the latest. */
export const KEYS_MAX_AGE_MS = 600_000;
/** How often a token with an unknown key may make us ask anew. */
export const KEYS_COOLDOWN_MS = 30_000;
/** How long a service that did not answer is left alone when there are no keys to go by, from when it was asked. */
export const KEYS_RETRY_MS = 10_000;
/** Services whose keys are kept; the one unused for longest goes first. */
const MAX_SERVICES = 64;

/** A key with what the platform made of it, by algorithm. */
export type CachedKey = PublicKey & { imported: Map<Algorithm, CryptoKey> };

/** What a look at keys needs from outside: `now` in ms, which addresses may be called, and how. */
export type KeyDeps = UrlRules & { now: number; fetch: Fetch };

type Service = {
  /** The keys and when they were asked for. */
  known: { keys: CachedKey[]; askedAt: number } | null;
  /** When the last attempt began, if it failed, and how. */
  failed: { askedAt: number; reason: string } | null;
};

export class KeyCache {
  readonly #services = new Map<string, Service>();

  /** The issuer's keys, fetched where none are known that are young enough. The error says why there are none. */
  async keysOf(issuer: Issuer, deps: KeyDeps): Promise<Result<CachedKey[], string>> {
    const { known, failed } = this.#service(issuer);
    if (known && deps.now < known.askedAt + KEYS_MAX_AGE_MS) return ok(known.keys);
    if (failed && deps.now < failed.askedAt + KEYS_RETRY_MS) return err(failed.reason);
    return this.#fetch(issuer, deps);
  }

  /**
   * The issuer's keys after a look for one that was not among them: fetched anew, unless that was done a moment ago;
   * then those that are known by now, or the reason of the failure.
   */
  async lookAgain(issuer: Issuer, deps: KeyDeps): Promise<Result<CachedKey[], string>> {
    const { known, failed } = this.#service(issuer);
    if (failed && deps.now < failed.askedAt + KEYS_COOLDOWN_MS) return err(failed.reason);
    if (known && deps.now < known.askedAt + KEYS_COOLDOWN_MS) return ok(known.keys);
    return this.#fetch(issuer, deps);
  }

  async #fetch(issuer: Issuer, deps: KeyDeps): Promise<Result<CachedKey[], string>> {
    const askedAt = deps.now;
    const fetched = await fetchKeys(issuer, deps, deps.fetch);
    const service = this.#service(issuer);
    if (!fetched.ok) {
      service.failed = { askedAt, reason: fetched.error };
      return fetched;
    }
    const keys = fetched.value.map((key) => ({ ...key, imported: new Map<Algorithm, CryptoKey>() }));
    // Answers may overtake each other: an older question never takes a newer answer's place.
    if (!service.known || askedAt >= service.known.askedAt) {
      service.known = { keys, askedAt };
      service.failed = null;
    }
    return ok(service.known.keys);
  }

  /**
   * The service's state, made if need be and marked as used. The address belongs to its name: a project that names
   * another's issuer with keys of its own must not give them to others.
   */
  #service(issuer: Issuer): Service {
    const name = JSON.stringify([issuer.issuer, issuer.jwks_uri]);
    const service = this.#services.get(name) ?? { known: null, failed: null };
    this.#services.delete(name);
    this.#services.set(name, service);
    const [oldest] = this.#services.keys();
    if (this.#services.size > MAX_SERVICES && oldest !== undefined) this.#services.delete(oldest);
    return service;
  }
}
