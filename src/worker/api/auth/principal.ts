/** Who is calling, once it is known: the project, the user where there is one, and what the credential may do. */
import type { Limits } from "../../../contract/account.ts";
import type { Scope } from "../../../contract/scopes.ts";
import type { Authority } from "../../../core/tenant/vocabulary.ts";
import { ApiError } from "../problem.ts";

export type Principal = {
  kind: "secret_key" | "client_token" | "user_token" | "ticket";
  /** The key's or token's id, for people; null where it has none. */
  id: string | null;
  mode: "live" | "test";
  project: { id: string; name: string };
  /** The end user whose rows are reached, and no others; null for servers, which reach the whole project. */
  user: string | null;
  scopes: ReadonlySet<Scope>;
  /** Names of the workflows that may be run; null for all. */
  workflows: string[] | null;
  /** Limits that the credential brings of its own. */
  limits: Partial<Limits> | null;
  /** When the token was made, ms: a revocation of its user voids what was made before. Null for keys. */
  madeAt: number | null;
  /** When it ends, ms. */
  expiresAt: number | null;
  /** The id of a key that the project keeps; null for the owner's keys, which are configured, and for tokens. */
  keyId: string | null;
  /** What a ticket opens, once. */
  ticket: { jti: string; jobId: string } | null;
  authority: Authority;
};

/** Who reads, as a job's object asks for it. */
export type Reader = { user: string | null };
export const readerOf = (principal: Principal): Reader => ({ user: principal.user });

/** Whether this is a key of the deployment's owner. */
export const isRoot = (principal: Principal): boolean => principal.kind === "secret_key" && principal.keyId === null;

/** @throws {ApiError} `scope_missing` where the credential may not do this. */
export function demandScope(principal: Principal, scope: Scope): void {
  if (principal.scopes.has(scope)) return;
  const detail = `This needs the scope ${scope}; the credential has ${[...principal.scopes].join(", ") || "none"}.`;
  throw new ApiError("scope_missing", detail);
}
