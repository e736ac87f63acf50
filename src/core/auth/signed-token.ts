/**
 * Tokens that are checked without storage: a prefix that names the kind, the payload as base64url JSON, a dot, and its
 * HMAC-SHA-256. The key of the HMAC is derived from the deployment's secret for one kind and one project, so a token of
 * one kind or project is nothing to another. `kid` in the payload names the secret: while secrets are exchanged, the
 * new one signs and both verify.
 */
import * as z from "zod";
import { ProjectIdSchema } from "../../contract/ids.ts";
import { encodeBase64Url } from "../artifact/base64.ts";
import { assert } from "../util/assert.ts";
import { constantTimeEqual, hex } from "../util/ids.ts";
import { err, ok, type Result } from "../util/result.ts";
import { decodeBase64Url } from "./base64url.ts";

/** The kinds of tokens by their prefixes; what a scanner of leaked secrets looks for begins the same way. */
export type TokenPrefix = "ec_ct_" | "ec_tk_";

/** What a token turned out to be. Claims are told only when signature and time are right. */
export type TokenVerdict<Claims> = { type: "valid"; claims: Claims } | { type: "invalid" } | { type: "expired" };

/** The longest token that is made or looked at, in characters. */
export const MAX_TOKEN_CHARS = 4_096;

/** Ids of tokens: a ULID, a UUID or the like. */
export const TokenIdSchema = z.string().regex(/^[0-9A-Za-z_-]{16,64}$/);

const FORM = /^(ec_ct_|ec_tk_)([A-Za-z0-9_-]{16,})\.([A-Za-z0-9_-]{43})$/;
/** What of the payload is read before its signature is checked: only which key to check it with. */
const HeadSchema = z.object({ p: ProjectIdSchema, kid: z.string().regex(/^[0-9a-f]{8}$/) });

/**
 * Signs a payload with the secret (32 bytes or more), whose name is added as `kid`. Fails when the token would be longer
 * than `MAX_TOKEN_CHARS`.
 */
export async function signToken(
  prefix: TokenPrefix,
  secret: Uint8Array,
  payload: { p: string } & Record<string, unknown>,
): Promise<Result<string, "too_long">> {
  const json = new TextEncoder().encode(JSON.stringify({ ...payload, kid: await nameOf(secret) }));
  const body = prefix + encodeBase64Url(json);
  const token = `${body}.${await signature(prefix, secret, payload.p, body)}`;
  return token.length > MAX_TOKEN_CHARS ? err("too_long") : ok(token);
}

/**
 * The payload of a token of this kind that one of the secrets signed; null for everything else. Never throws, unless a
 * secret is shorter than 32 bytes, which no configuration has.
 */
export async function openToken(prefix: TokenPrefix, secrets: readonly Uint8Array[], token: string): Promise<unknown> {
  const read = readToken(token);
  if (read === null || read.prefix !== prefix) return null;
  for (const secret of secrets) {
    if ((await nameOf(secret)) !== read.kid) continue;
    const expected = await signature(prefix, secret, read.project, read.body);
    if (constantTimeEqual(expected, read.signature)) return read.payload;
  }
  return null;
}

/**
 * The project that a token claims, not verified: good for finding out whose records to load, for nothing else. Null
 * where the text has not the form of a token of this kind.
 */
export function claimedProject(prefix: TokenPrefix, token: string): string | null {
  const read = readToken(token);
  return read?.prefix === prefix ? read.project : null;
}

type Read = { prefix: string; body: string; signature: string; payload: unknown; project: string; kid: string };

function readToken(token: string): Read | null {
  if (token.length > MAX_TOKEN_CHARS) return null;
  const [, prefix, encoded, signature] = FORM.exec(token) ?? [];
  if (prefix === undefined || encoded === undefined || signature === undefined) return null;
  const payload = readJson(decodeBase64Url(encoded));
  const head = HeadSchema.safeParse(payload);
  if (!head.success) return null;
  return { prefix, body: prefix + encoded, signature, payload, project: head.data.p, kid: head.data.kid };
}

function readJson(bytes: Uint8Array | null): unknown {
  if (bytes === null) return null;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return null;
  }
}

async function signature(prefix: TokenPrefix, secret: Uint8Array, project: string, body: string): Promise<string> {
  // JSON keeps the parts apart; the first one keeps this apart from the secret's other uses, media links among them.
  const key = await hmac(secret, JSON.stringify(["easelcast token 1", prefix, project]));
  return encodeBase64Url(await hmac(key, body));
}

/** What tokens call a secret: 32 bits that tell it from the others and reveal nothing of it. */
async function nameOf(secret: Uint8Array): Promise<string> {
  assert(secret.length >= 32, "signing secrets have 32 bytes or more");
  return hex(await hmac(secret, JSON.stringify(["easelcast token kid 1"]))).slice(0, 8);
}

async function hmac(secret: Uint8Array, message: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(message)));
}
