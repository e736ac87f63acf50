/** Fetches the public keys of a sign-in service: bounded in size and time, without redirects, from public addresses only. */
import type { Issuer } from "../../contract/account.ts";
import { keyPlace, readDiscovery } from "../../core/auth/issuer-url.ts";
import { type PublicKey, readKeySet } from "../../core/auth/key-set.ts";
import { err, ok, type Result } from "../../core/util/result.ts";
import type { UrlRules } from "../../core/util/safe-url.ts";

/** The platform's fetch, or a test's. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** For both answers together, description and keys. */
export const KEYS_TIMEOUT_MS = 5_000;
/** Largest answer that is read; key sets have a few kilobytes. */
export const MAX_KEYS_BYTES = 256 * 1024;

/** The keys that the issuer publishes now. The error is a clause without quotes from the answers. Never throws. */
export async function fetchKeys(
  issuer: Pick<Issuer, "issuer" | "jwks_uri">,
  rules: UrlRules,
  send: Fetch,
): Promise<Result<PublicKey[], string>> {
  const place = keyPlace(issuer, rules);
  if (!place.ok) return err(`the ${place.error.field} ${place.error.detail}`);
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<Result<PublicKey[], string>>((resolve) => {
    timer = setTimeout(() => {
      resolve(err("there was no answer in time"));
      abort.abort();
    }, KEYS_TIMEOUT_MS);
  });
  const ask = async (url: string) => getText(send, url, abort.signal);
  const read = async (): Promise<Result<PublicKey[], string>> => {
    let jwksUrl = place.value.url;
    if (place.value.type === "discovery") {
      const description = await ask(jwksUrl);
      if (!description.ok) return err(`its openid-configuration: ${description.error}`);
      const found = readDiscovery(description.value, issuer.issuer, rules);
      if (!found.ok) return err(`its openid-configuration ${found.error}`);
      jwksUrl = found.value;
    }
    const text = await ask(jwksUrl);
    if (!text.ok) return err(`its key set: ${text.error}`);
    const keys = readKeySet(text.value);
    return keys.ok ? keys : err(`its key set ${keys.error}`);
  };
  try {
    // The race too, and not the signal alone: a stream that ignores it must not hold the request.
    return await Promise.race([read(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function getText(send: Fetch, url: string, signal: AbortSignal): Promise<Result<string, string>> {
  try {
    const response = await send(url, {
      headers: { accept: "application/json, application/jwk-set+json" },
      redirect: "manual",
      signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return err(`the answer was ${response.status} instead of 200`);
    }
    return await readBounded(response);
  } catch {
    return err("the server could not be reached");
  }
}

async function readBounded(response: Response): Promise<Result<string, string>> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = "";
  let size = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > MAX_KEYS_BYTES) {
      await reader.cancel();
      return err(`the answer is larger than ${MAX_KEYS_BYTES / 1024} kB`);
    }
    text += decoder.decode(value, { stream: true });
  }
  return ok(text + decoder.decode());
}
