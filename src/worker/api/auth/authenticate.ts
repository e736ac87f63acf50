/**
 * A credential → who is calling. Each kind is told by its prefix and checked without storage; what its project has
 * revoked comes from the authority that the isolate keeps (authority-cache.ts). Refusals never say more than the holder
 * of a forged credential may know.
 */
import { ProjectIdSchema } from "../../../contract/ids.ts";
import { ROOT_SCOPE, SCOPES, type Scope } from "../../../contract/scopes.ts";
import { readClientToken, verifyClientToken } from "../../../core/auth/client-token.ts";
import { strictestLimits, userTokenIsVoid } from "../../../core/auth/policy.ts";
import { findKey, hashSecretKey, matchesHash, readSecretKey } from "../../../core/auth/secret-key.ts";
import { readTicket, verifyTicket } from "../../../core/auth/ticket.ts";
import type { Authority } from "../../../core/tenant/vocabulary.ts";
import { verifyUserJwt } from "../../auth/user-jwt.ts";
import { configOf } from "../../config.ts";
import { ApiError } from "../problem.ts";
import { authorityOf } from "./authority-cache.ts";
import type { Credential } from "./credential.ts";
import type { Principal } from "./principal.ts";

/** Names the project of a sign-in token. */
const PROJECT_HEADER = "easel-project";

/**
 * Who holds this credential.
 * @throws {ApiError} 401 or 403 that says what to do; `unavailable` where the sign-in service's keys cannot be had.
 */
export async function authenticate(env: Env, request: Request, credential: Credential): Promise<Principal> {
  const { text } = credential;
  if (credential.from === "ticket") return byTicket(env, text);
  if (text.startsWith("ec_sk_")) return bySecretKey(env, request, text);
  if (text.startsWith("ec_ct_")) return byClientToken(env, text);
  if (text.startsWith("ec_")) throw invalid("A ticket is sent as ?ticket=, a share token stands in its link.");
  return byUserToken(env, request, text);
}

const invalid = (detail: string) => new ApiError("unauthenticated", detail);
const revoked = () =>
  new ApiError("token_revoked", "The tokens of this user were revoked. Sign in again to get a new one.");

async function bySecretKey(env: Env, request: Request, text: string): Promise<Principal> {
  if (request.headers.get("origin") !== null || request.headers.get("sec-fetch-site") !== null) {
    const detail = "A browser sent a secret key: replace that key, call from your server, and give apps client tokens.";
    throw new ApiError("secret_key_in_browser", detail);
  }
  const read = readSecretKey(text);
  if (!read) throw invalid("The key is damaged: a part is missing or mistyped. Copy it again.");
  const hash = await hashSecretKey(text);
  const authority = await authorityOf(env, read.projectId);
  const common = {
    kind: "secret_key",
    mode: read.mode,
    project: authority.project,
    user: null,
    workflows: null,
    limits: null,
    madeAt: null,
    ticket: null,
    authority,
  } as const;
  if (matchesHash(hash, configOf(env).keyHashes)) {
    return { ...common, id: null, keyId: null, scopes: new Set<Scope>(SCOPES), expiresAt: null };
  }
  const key = findKey(hash, authority.keys);
  if (!key) throw invalid("This key is not valid here.");
  if (key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= Date.now())) {
    throw new ApiError("key_revoked", "The key was revoked or is over; use the one that replaced it.");
  }
  const scopes = new Set<Scope>(key.scopes.filter((scope) => scope !== ROOT_SCOPE));
  return { ...common, id: key.id, keyId: key.id, scopes, expiresAt: key.expiresAt };
}

async function byClientToken(env: Env, text: string): Promise<Principal> {
  const project = readClientToken(text)?.project ?? null;
  if (project === null) throw invalid("The client token is damaged; get a new one from your server.");
  const verdict = await verifyClientToken(configOf(env).signingSecrets, text, Date.now());
  if (verdict.type === "expired") throw new ApiError("token_expired", "Get a new client token and repeat the request.");
  if (verdict.type === "invalid") throw invalid("This client token is not valid here; get a new one from your server.");
  const { claims } = verdict;
  const authority = await authorityOf(env, claims.project);
  if (userTokenIsVoid(authority, claims.user, claims.madeAt)) throw revoked();
  return {
    kind: "client_token",
    id: claims.id,
    mode: "live",
    project: authority.project,
    user: claims.user,
    scopes: new Set(claims.scopes),
    workflows: claims.workflows,
    limits: claims.limits,
    madeAt: claims.madeAt,
    expiresAt: claims.expiresAt,
    keyId: null,
    ticket: null,
    authority,
  };
}

async function byTicket(env: Env, text: string): Promise<Principal> {
  if (readTicket(text) === null) throw invalid("The ticket is damaged; POST /v1/tickets gives a new one.");
  const verdict = await verifyTicket(configOf(env).signingSecrets, text, Date.now());
  if (verdict.type === "expired") {
    throw new ApiError("token_expired", "A ticket is good for 30 seconds; POST /v1/tickets gives a new one.");
  }
  if (verdict.type === "invalid") throw invalid("This ticket is not valid here; POST /v1/tickets gives a new one.");
  const { claims } = verdict;
  const authority = await authorityOf(env, claims.project);
  if (claims.user !== null && userTokenIsVoid(authority, claims.user, claims.madeAt)) throw revoked();
  return {
    kind: "ticket",
    id: claims.id,
    mode: "live",
    project: authority.project,
    user: claims.user,
    scopes: new Set(claims.scopes),
    workflows: [],
    limits: null,
    madeAt: claims.madeAt,
    expiresAt: claims.streamUntil,
    keyId: null,
    ticket: { jti: claims.id, jobId: claims.jobId },
    authority,
  };
}

async function byUserToken(env: Env, request: Request, text: string): Promise<Principal> {
  const { defaultProject, allowLocalUrls } = configOf(env);
  const named = request.headers.get(PROJECT_HEADER);
  const project = named ?? defaultProject;
  if (project === null || text.split(".").length !== 3) throw invalid("This is no key or token of ours.");
  if (!ProjectIdSchema.safeParse(project).success) {
    throw new ApiError("invalid_header", "Easel-Project is the id of your project: prj_…");
  }
  const authority: Authority = await authorityOf(env, project);
  if (authority.issuers.length === 0)
    throw invalid("This project accepts no sign-in tokens: PATCH /v1/project names issuers.");
  const verdict = await verifyUserJwt(authority.issuers, text, { now: Date.now(), allowLocal: allowLocalUrls });
  switch (verdict.type) {
    case "expired":
      throw new ApiError("token_expired", "The sign-in token is over; refresh it and repeat the request.");
    case "unavailable":
      throw new ApiError("unavailable", "The sign-in service's keys cannot be fetched now. Try again in a moment.");
    case "invalid":
      throw invalid("This sign-in token is not accepted: issuer, audience, signature and times are checked.");
    case "valid":
      break;
  }
  const { user, issuer, expiresAt } = verdict;
  // A clock that runs ahead of ours must not carry a token past a revocation.
  const issuedAt = Math.min(verdict.issuedAt, Date.now());
  if (userTokenIsVoid(authority, user, issuedAt)) throw revoked();
  return {
    kind: "user_token",
    id: null,
    mode: "live",
    project: authority.project,
    user,
    scopes: new Set<Scope>(issuer.scopes),
    workflows: issuer.workflows,
    limits: issuer.limits && strictestLimits(issuer.limits),
    madeAt: issuedAt,
    expiresAt,
    keyId: null,
    ticket: null,
    authority,
  };
}
