/** A project's settings: their defaults, and what a patch makes of them. */
import { type Limits, NO_LIMITS, type Project, type ProjectPatch } from "../../contract/account.ts";
import { ProjectIdSchema } from "../../contract/ids.ts";
import { timestamp } from "../job/project.ts";
import type { ProjectSettings } from "./vocabulary.ts";

/** A project that was never set up goes by its id. */
export const defaultSettings = (id: string): ProjectSettings => ({
  name: id,
  createdAt: null,
  limits: NO_LIMITS,
  userLimits: NO_LIMITS,
  issuers: [],
});

/** Changes what the patch names; of limits, those that it names. */
export function patched(settings: ProjectSettings, patch: ProjectPatch, now: number): ProjectSettings {
  return {
    name: patch.name ?? settings.name,
    createdAt: settings.createdAt ?? now,
    limits: over(settings.limits, patch.limits),
    userLimits: over(settings.userLimits, patch.user_limits),
    issuers: patch.issuers ?? settings.issuers,
  };
}

function over(limits: Limits, patch: ProjectPatch["limits"]): Limits {
  const named = Object.entries(patch ?? {}).filter(([, limit]) => limit !== undefined);
  return { ...limits, ...(Object.fromEntries(named) as Partial<Limits>) };
}

/** The project as its owner sees it. One that was never set up is as old as its id says. */
export function projectOf(id: string, settings: ProjectSettings): Project {
  return {
    object: "project",
    id,
    name: settings.name,
    created_at: timestamp(settings.createdAt ?? timeOf(id)),
    limits: settings.limits,
    user_limits: settings.userLimits,
    issuers: settings.issuers.map((one) => ({ ...one, limits: one.limits && over(NO_LIMITS, one.limits) })),
  };
}

const CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz";
/** The last second of the year 9999. */
const LATEST = 253_402_300_799_000;

/** When a project's id was minted; 1970 for one that carries no time. */
function timeOf(id: string): number {
  if (!ProjectIdSchema.safeParse(id).success) return 0;
  const at = [...id.slice(4, 14)].reduce((sum, character) => sum * 32 + CROCKFORD.indexOf(character), 0);
  return at <= LATEST ? at : 0;
}
