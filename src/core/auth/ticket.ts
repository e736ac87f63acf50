/**
 * Tickets, `ec_tk_…`: what a browser puts into the URL of a stream, because it cannot set headers there. One job, 30
 * seconds, once. That it was not used before is for the job's object to remember, by `id` until `expiresAt`.
 */
import * as z from "zod";
import { UserSchema } from "../../contract/account.ts";
import { JobIdSchema, ProjectIdSchema } from "../../contract/ids.ts";
import { GRANTABLE_SCOPES } from "../../contract/scopes.ts";
import { must } from "../util/assert.ts";
import { claimedProject, openToken, signToken, TokenIdSchema, type TokenVerdict } from "./signed-token.ts";

/** What a ticket grants. Times are milliseconds since 1970. */
export type TicketClaims = {
  /** By which its use is remembered. 16 to 64 letters, digits, dashes and underscores. */
  id: string;
  project: string;
  jobId: string;
  /** Whose it is; null when a secret key asked for it. */
  user: string | null;
  scopes: (typeof GRANTABLE_SCOPES)[number][];
  /** When the token that asked for the ticket was made, so that a revocation of that one voids this one; null for a key. */
  madeAt: number | null;
  expiresAt: number;
  /** When the credential that asked for it ends, and the stream that it opens with it; null for one without an end. */
  streamUntil: number | null;
};

const PREFIX = "ec_tk_";

const PayloadSchema = z.strictObject({
  p: ProjectIdSchema,
  job: JobIdSchema,
  sub: UserSchema.nullable(),
  scp: z.array(z.enum(GRANTABLE_SCOPES)).max(GRANTABLE_SCOPES.length),
  iat: z.int().min(0).nullable(),
  exp: z.int().min(0),
  end: z.int().min(0).nullable(),
  jti: TokenIdSchema,
  kid: z.string(),
});

/** A ticket for these claims, signed with the secret; its end is `TICKET_TTL_SECONDS` (contract/account.ts) from now. */
export async function mintTicket(secret: Uint8Array, claims: TicketClaims): Promise<string> {
  const signed = await signToken(PREFIX, secret, {
    p: claims.project,
    job: claims.jobId,
    sub: claims.user,
    scp: claims.scopes,
    iat: claims.madeAt,
    exp: claims.expiresAt,
    end: claims.streamUntil,
    jti: claims.id,
  });
  // Every field is bounded far below what a token may hold.
  return must(signed.ok ? signed.value : null, "a ticket that is short enough");
}

/**
 * Checks a ticket against the deployment's secrets at `now` (ms): the signature first, then the claims, then the time.
 * Whether it is for the job in question, and new, is for the caller to ask. Never throws.
 */
export async function verifyTicket(
  secrets: readonly Uint8Array[],
  ticket: string,
  now: number,
): Promise<TokenVerdict<TicketClaims>> {
  const payload = PayloadSchema.safeParse(await openToken(PREFIX, secrets, ticket));
  if (!payload.success) return { type: "invalid" };
  const { p, job, sub, scp, iat, exp, end, jti } = payload.data;
  if (now >= exp) return { type: "expired" };
  return {
    type: "valid",
    claims: { id: jti, project: p, jobId: job, user: sub, scopes: scp, madeAt: iat, expiresAt: exp, streamUntil: end },
  };
}

/** What a text claims as a ticket, not verified: its project. Null where it has not the form of one. */
export function readTicket(text: string): { project: string } | null {
  const project = claimedProject(PREFIX, text);
  return project === null ? null : { project };
}
