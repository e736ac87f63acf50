/**
 * Client tokens, `ec_ct_…`: what an app on a phone holds for some minutes. They say whose rows they reach, what they
 * may do there and within which limits, so that checking one reads no storage. What a revocation needs, the time at
 * which the token was made, is in it too.
 */
import * as z from "zod";
import { type Limits, LimitsSchema, TOKEN_TTL_SECONDS, UserSchema } from "../../contract/account.ts";
import { ProjectIdSchema } from "../../contract/ids.ts";
import { GRANTABLE_SCOPES } from "../../contract/scopes.ts";
import { assert } from "../util/assert.ts";
import type { Result } from "../util/result.ts";
import { claimedProject, openToken, signToken, TokenIdSchema, type TokenVerdict } from "./signed-token.ts";

/** What a token grants. Times are milliseconds since 1970. */
export type ClientClaims = {
  /** Of this token, for people and logs; not a secret. 16 to 64 letters, digits, dashes and underscores. */
  id: string;
  project: string;
  user: string;
  scopes: (typeof GRANTABLE_SCOPES)[number][];
  /** Names of workflows, with or without a version; null for all. */
  workflows: string[] | null;
  /** Limits of its own, without those that are null; null for none. */
  limits: Partial<Limits> | null;
  /** Tokens made at or before the time of their user's revocation are void. */
  madeAt: number;
  expiresAt: number;
};

/** Limits as requests name them: each may be missing. */
type AskedLimits = { [Name in keyof Limits]?: Limits[Name] | undefined };

const PREFIX = "ec_ct_";
const MAX_LIFE_MS = TOKEN_TTL_SECONDS.max * 1_000;

/** On the wire: short names, times in milliseconds. Strict, so that a limit this version does not know is not dropped. */
const PayloadSchema = z
  .strictObject({
    p: ProjectIdSchema,
    sub: UserSchema,
    scp: z.array(z.enum(GRANTABLE_SCOPES)).max(GRANTABLE_SCOPES.length),
    wf: z.array(z.string().min(1).max(100)).max(100).nullable(),
    lim: LimitsSchema.partial().nullable(),
    iat: z.int().min(0),
    exp: z.int().min(0),
    jti: TokenIdSchema,
    kid: z.string(),
  })
  // A longer life would outlive the record of the user's revocation.
  .refine(({ iat, exp }) => exp > iat && exp - iat <= MAX_LIFE_MS);

/**
 * A token for these claims, signed with the secret. Fails when it would be too long for a header, which takes a long
 * list of workflows. Throws where the life is not between 1 ms and the longest one, which is a bug of the caller.
 */
export async function mintClientToken(
  secret: Uint8Array,
  claims: Omit<ClientClaims, "limits"> & { limits: AskedLimits | null },
): Promise<Result<string, "too_long">> {
  const lifeMs = claims.expiresAt - claims.madeAt;
  assert(lifeMs > 0 && lifeMs <= MAX_LIFE_MS, "a client token lives between 1 ms and the longest life");
  return signToken(PREFIX, secret, {
    p: claims.project,
    sub: claims.user,
    scp: claims.scopes,
    wf: claims.workflows,
    lim: withoutNulls(claims.limits),
    iat: claims.madeAt,
    exp: claims.expiresAt,
    jti: claims.id,
  });
}

/** Checks a token against the deployment's secrets at `now` (ms): the signature first, then the claims, then the time. Never throws. */
export async function verifyClientToken(
  secrets: readonly Uint8Array[],
  token: string,
  now: number,
): Promise<TokenVerdict<ClientClaims>> {
  const payload = PayloadSchema.safeParse(await openToken(PREFIX, secrets, token));
  if (!payload.success) return { type: "invalid" };
  const { p, sub, scp, wf, lim, iat, exp, jti } = payload.data;
  if (now >= exp) return { type: "expired" };
  return {
    type: "valid",
    claims: {
      id: jti,
      project: p,
      user: sub,
      scopes: scp,
      workflows: wf,
      limits: withoutNulls(lim),
      madeAt: iat,
      expiresAt: exp,
    },
  };
}

/** What a text claims as a client token, not verified: its project. Null where it has not the form of one. */
export function readClientToken(text: string): { project: string } | null {
  const project = claimedProject(PREFIX, text);
  return project === null ? null : { project };
}

function withoutNulls(limits: AskedLimits | null): Partial<Limits> | null {
  const set = Object.entries(limits ?? {}).filter(([, limit]) => limit !== null && limit !== undefined);
  return set.length === 0 ? null : Object.fromEntries(set);
}
