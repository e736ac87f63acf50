/** What a credential may do: scopes, workflows, limits, and whether it still counts. Pure questions with plain answers. */
import { type Limits, LimitsSchema, NO_LIMITS, type SomeLimits } from "../../contract/account.ts";
import { CLIENT_SCOPES, type Scope } from "../../contract/scopes.ts";
import type { Authority } from "../tenant/vocabulary.ts";

/** The scopes a new key asks for that its maker does not hold: a key makes none that is stronger than itself. */
export const scopesBeyondKey = (held: readonly Scope[], asked: readonly Scope[]): Scope[] =>
  asked.filter((scope) => !held.includes(scope));

/**
 * The scopes a new token asks for that its maker may not give: `tokens:create` gives those of apps, any other has to be
 * held by the key itself.
 */
export function scopesBeyondToken(held: readonly Scope[], asked: readonly Scope[]): Scope[] {
  const ofApps: readonly Scope[] = CLIENT_SCOPES;
  return asked.filter((scope) => !ofApps.includes(scope) && !held.includes(scope));
}

/**
 * Whether a token of `user` made at `madeAt` (ms) was revoked: all made up to the time of the revocation are. Null is a
 * token that does not tell its age; any revocation voids it.
 */
export function userTokenIsVoid(
  authority: Pick<Authority, "voidBefore">,
  user: string,
  madeAt: number | null,
): boolean {
  // Own entries only: users may be called "constructor".
  const until = Object.hasOwn(authority.voidBefore, user) ? authority.voidBefore[user] : undefined;
  return until !== undefined && (madeAt === null || madeAt <= until);
}

/**
 * Whether a token's list lets a workflow run, named as callers name it: `name` or `name@version`. A name in the list
 * allows all versions, a name with a version that one, asked for as such; a list of null allows all. `reference` is
 * null for a graph that belongs to no workflow, which no list allows.
 */
export function workflowAllowed(list: readonly string[] | null, reference: string | null): boolean {
  if (list === null) return true;
  if (reference === null) return false;
  const [name = reference] = reference.split("@", 1);
  return list.includes(name) || list.includes(reference);
}

/** The strictest of several limits, field by field; null where none of them limits. */
export function strictestLimits(...all: readonly (SomeLimits | null)[]): Limits {
  const strictest = { ...NO_LIMITS };
  for (const name of LIMIT_NAMES) {
    for (const limits of all) {
      const limit = limits?.[name] ?? null;
      if (limit !== null) strictest[name] = Math.min(limit, strictest[name] ?? limit);
    }
  }
  return strictest;
}

const LIMIT_NAMES = LimitsSchema.keyof().options;
