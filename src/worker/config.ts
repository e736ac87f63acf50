/** `env` → `Config`, parsed once per isolate. The only reader of variables; what is wrong is kept as words for /v1/health. */
import { ProjectIdSchema } from "../contract/ids.ts";
import { type Backend, parseBackends } from "../core/pool/backend.ts";

export type Config = {
  backends: Backend[];
  /** Of the keys of the deployment's owner, who may do everything in the project that the key names. */
  keyHashes: string[];
  /** Sign links and tokens: the first signs, all of them verify. */
  signingSecrets: [Uint8Array, ...Uint8Array[]];
  /** Whose sign-in tokens come without a project's name; null where none is configured. */
  defaultProject: string | null;
  /** Whether projects may name addresses of this machine. */
  allowLocalUrls: boolean;
  allowedNodes: string[];
  fakeOptions: Record<string, unknown>;
  /** Defaults of workflows' inputs, over those of the workflows: the checkpoint that is on the box, say. */
  workflowDefaults: Record<string, unknown>;
  testHooks: boolean;
  /** What is missing or wrong, by variable, without values; empty when all is well. */
  problems: { name: string; detail: string }[];
};

/** The variables that can be wrong, in the order in which health lists them. */
export const CHECKED_VARIABLES = [
  "COMFY_BACKENDS",
  "SECRET_KEY_HASHES",
  "SIGNING_SECRET",
  "DEFAULT_PROJECT",
  "FAKE_OPTIONS",
  "WORKFLOW_DEFAULTS",
] as const;

const SIGNING_SECRET = /^[0-9A-Za-z_\-+/=]{32,256}$/;

let parsed: { env: Env; config: Config } | null = null;

/** The configuration of this isolate. */
export function configOf(env: Env): Config {
  if (parsed?.env !== env) parsed = { env, config: parseConfig(env) };
  return parsed.config;
}

function parseConfig(env: Env): Config {
  const problems: Config["problems"] = [];
  const wrong = (name: (typeof CHECKED_VARIABLES)[number], detail: string) => problems.push({ name, detail });
  const backends = parseBackends(env.COMFY_BACKENDS ?? "");
  if (!backends.ok) wrong("COMFY_BACKENDS", backends.error);
  const keyHashes = split(env.SECRET_KEY_HASHES).filter((hash) => /^[0-9a-f]{64}$/.test(hash));
  if (keyHashes.length === 0 || keyHashes.length !== split(env.SECRET_KEY_HASHES).length) {
    wrong("SECRET_KEY_HASHES", "Give the SHA-256 of each secret key as 64 hex digits, separated by commas.");
  }
  const secrets = split(env.SIGNING_SECRET);
  if (secrets.length === 0 || secrets.length > 4 || !secrets.every((secret) => SIGNING_SECRET.test(secret))) {
    wrong(
      "SIGNING_SECRET",
      "Give at least 32 random characters (letters, digits, - _ + / =); new,old while you change it.",
    );
  }
  const defaultProject = env.DEFAULT_PROJECT || null;
  if (defaultProject !== null && !ProjectIdSchema.safeParse(defaultProject).success) {
    wrong("DEFAULT_PROJECT", "Give a project's id (prj_…), or nothing.");
  }
  const fakeOptions = parseObject(env.FAKE_OPTIONS);
  if (!fakeOptions) wrong("FAKE_OPTIONS", "Give a JSON object, or nothing.");
  const workflowDefaults = parseObject(env.WORKFLOW_DEFAULTS);
  if (!workflowDefaults) wrong("WORKFLOW_DEFAULTS", "Give a JSON object, or nothing.");
  const [first = new Uint8Array(), ...others] = secrets.map((secret) => new TextEncoder().encode(secret));
  return {
    backends: backends.ok ? backends.value : [],
    keyHashes,
    signingSecrets: [first, ...others],
    defaultProject,
    allowLocalUrls: env.ALLOW_LOCAL_URLS === "on",
    allowedNodes: split(env.ALLOWED_NODES),
    fakeOptions: fakeOptions ?? {},
    workflowDefaults: workflowDefaults ?? {},
    testHooks: env.TEST_HOOKS === "on",
    problems,
  };
}

const split = (list: string | undefined) =>
  (list ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);

function parseObject(text: string | undefined): Record<string, unknown> | null {
  if (!text) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
