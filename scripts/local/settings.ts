/**
 * What a local run needs to know: the secrets (made on first use, kept in .dev.vars as wrangler does), where to keep
 * state, and which ComfyUI to use.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hashSecretKey, mintSecretKey, newProjectId, readSecretKey } from "../../src/core/auth/secret-key.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const VARS_FILE = `${root}.dev.vars`;

/** Where local state lives; deleting it starts afresh. EASELCAST_STATE names another place. */
export const stateFolder = (name: string): string => `${process.env.EASELCAST_STATE ?? `${root}.easelcast`}/${name}`;

export type LocalSettings = {
  /** The secret key of this checkout. */
  key: string;
  /** True when the key was made just now and nobody has seen it. */
  isNew: boolean;
  vars: Record<string, string>;
};

/** Reads or makes the local secrets. Variables of the environment win over .dev.vars. */
export async function localSettings(): Promise<LocalSettings> {
  const kept = existsSync(VARS_FILE) ? parseVars(readFileSync(VARS_FILE, "utf8")) : {};
  // A key that names no project is none any more: it is made anew with what hangs on it.
  const known = readSecretKey(kept.EASELCAST_KEY ?? "");
  const isNew = known === null;
  const owner = await freshOwner("test");
  const key = kept.EASELCAST_KEY !== undefined && known ? kept.EASELCAST_KEY : owner.key;
  const vars: Record<string, string> = isNew
    ? { ALLOW_LOCAL_URLS: "on", ...kept, ...owner.vars }
    : { ALLOW_LOCAL_URLS: "on", ...owner.vars, DEFAULT_PROJECT: known.projectId, ...kept };
  if (isNew) {
    const lines = Object.entries({ ...vars, EASELCAST_KEY: key }).map(([name, value]) => `${name}=${value}`);
    writeFileSync(VARS_FILE, `${lines.join("\n")}\n`, { mode: 0o600 });
    chmodSync(VARS_FILE, 0o600);
  }
  delete vars.EASELCAST_KEY;
  const backends = backendsFromEnvironment();
  return { key, isNew, vars: { ...vars, ...(backends === null ? {} : { COMFY_BACKENDS: backends }) } };
}

/** A project that does not exist yet (it comes to be with its first use), its owner's key, and what is configured for both. */
export async function freshOwner(mode: "live" | "test") {
  const project = newProjectId(Date.now(), randomBytes(10));
  const key = mintSecretKey(mode, project, randomBytes(32));
  const vars = {
    SECRET_KEY_HASHES: await hashSecretKey(key),
    SIGNING_SECRET: randomBytes(32).toString("hex"),
    DEFAULT_PROJECT: project,
  };
  return { project, key, vars };
}

/** COMFY_URL (and COMFY_HEADERS, a JSON object) as the Worker's COMFY_BACKENDS, or null where none is named. */
export function backendsFromEnvironment(): string | null {
  const url = process.env.COMFY_URL;
  if (!url) return process.env.COMFY_BACKENDS ?? null;
  return JSON.stringify([{ url, headers: comfyHeaders() }]);
}

/** The extra headers that the tunnel in front of COMFY_URL asks for. */
export function comfyHeaders(): Record<string, string> {
  const text = process.env.COMFY_HEADERS;
  if (!text) return {};
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    throw new Error('COMFY_HEADERS is not JSON. Give an object: {"CF-Access-Client-Id": "…"}');
  }
}

function parseVars(text: string): Record<string, string> {
  const entries = text.split("\n").flatMap((line) => {
    const match = /^\s*([A-Z_][A-Z0-9_]*)\s*=\s*"?(.*?)"?\s*$/.exec(line);
    return match?.[1] ? [[match[1], match[2] ?? ""] as const] : [];
  });
  return Object.fromEntries(entries);
}
