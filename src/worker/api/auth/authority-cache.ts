/**
 * What each project says of credentials, kept in the isolate for a few seconds: so checking a token costs no call, and
 * a revocation is known everywhere after that time at the latest. Where jobs are made the project's object asks again.
 */
import type { Authority } from "../../../core/tenant/vocabulary.ts";

/** How long an answer is believed. */
export const AUTHORITY_TTL_MS = 5_000;
/** Projects remembered at once; the oldest is forgotten first. */
const MAX_PROJECTS = 1_000;

const known = new Map<string, { authority: Authority; until: number }>();

/** The project's authority, at most `AUTHORITY_TTL_MS` old. */
export async function authorityOf(env: Env, projectId: string): Promise<Authority> {
  const now = Date.now();
  const kept = known.get(projectId);
  if (kept && kept.until > now) return kept.authority;
  const authority = await env.TENANTS.getByName(projectId).authority();
  known.delete(projectId);
  known.set(projectId, { authority, until: now + AUTHORITY_TTL_MS });
  const [oldest] = known.keys();
  if (known.size > MAX_PROJECTS && oldest !== undefined) known.delete(oldest);
  return authority;
}

/** Forgets what is kept: this isolate has just changed it. */
export function forgetAuthority(projectId: string): void {
  known.delete(projectId);
}
