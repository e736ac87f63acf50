/**
 * Where the public keys of a sign-in service are, and whether they may be fetched there: at the address its project
 * gave, or at the one that the service's own description names (OpenID Connect Discovery 1.0, section 4).
 */
import * as z from "zod";
import type { Issuer } from "../../contract/account.ts";
import { err, ok, type Result } from "../util/result.ts";
import { checkUrl, type UrlRules } from "../util/safe-url.ts";

/** What is fetched first: the keys themselves, or the description that says where they are. */
export type KeyPlace = { type: "jwks"; url: string } | { type: "discovery"; url: string };

/** What is wrong with an issuer: the field and a clause about it, like "must begin with https://". */
export type IssuerProblem = { field: "issuer" | "jwks_uri"; detail: string };

const DiscoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

/**
 * Where to fetch the keys of an issuer, if that may be called; to be asked before an issuer is saved and again before
 * it is called. With a `jwks_uri` the issuer's name need not be a URL: Google's tokens say `accounts.google.com`.
 */
export function keyPlace(
  issuer: Pick<Issuer, "issuer" | "jwks_uri">,
  rules: UrlRules,
): Result<KeyPlace, IssuerProblem> {
  if (issuer.jwks_uri !== null) {
    const url = checkUrl(issuer.jwks_uri, rules);
    return url.ok ? ok({ type: "jwks", url: url.value.href }) : err({ field: "jwks_uri", detail: url.error });
  }
  const url = checkUrl(issuer.issuer, rules);
  if (!url.ok) return err({ field: "issuer", detail: url.error });
  const { origin, pathname, search, hash } = url.value;
  if (search !== "" || hash !== "" || /[?#]/.test(issuer.issuer)) {
    return err({ field: "issuer", detail: "must have no query and no fragment, unless jwks_uri is given" });
  }
  return ok({
    type: "discovery",
    url: `${origin}${pathname.replace(/\/$/, "")}/.well-known/openid-configuration`,
  });
}

/** What keeps an issuer from being saved, field by field; empty where nothing does. */
export function issuerProblem(issuer: Pick<Issuer, "issuer" | "jwks_uri">, rules: UrlRules): IssuerProblem[] {
  const place = keyPlace(issuer, rules);
  return place.ok ? [] : [place.error];
}

/** The address of the keys in a service's description. The error is a clause about the description. */
export function readDiscovery(text: string, issuer: string, rules: UrlRules): Result<string, string> {
  const read = DiscoverySchema.safeParse(parse(text));
  if (!read.success) return err("is not a JSON object with issuer and jwks_uri");
  if (read.data.issuer !== issuer) return err("names another issuer");
  const url = checkUrl(read.data.jwks_uri, rules);
  return url.ok ? ok(url.value.href) : err(`names a jwks_uri that ${url.error}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
