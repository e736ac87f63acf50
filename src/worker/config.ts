/** `env` → `Config`, parsed once per isolate. The only reader of variables; what is wrong is kept as words for /v1/health. */
import { type Backend, parseBackends } from "../core/pool/backend.ts";

export type Config = {
  backends: Backend[];
  keyHashes: string[];
  /** Signs media links. */
  signingSecret: Uint8Array;
  allowedNodes: string[];
  fakeOptions: Record<string, unknown>;
  /** Defaults of workflows' inputs, over those of the workflows: the checkpoint that is on the box, say. */
  workflowDefaults: Record<string, unknown>;
  testHooks: boolean;
  /** What is missing or wrong, by variable, without values; empty when all is well. */
  problems: { name: string; detail: string }[];
};

const SIGNING_SECRET = /^[0-9A-Za-z_\-+/=]{32,256}$/;

let parsed: { env: Env; config: Config } | null = null;

/** The configuration of this isolate. */
export function configOf(env: Env): Config {
  if (parsed?.env !== env) parsed = { env, config: parseConfig(env) };
  return parsed.config;
}

function parseConfig(env: Env): Config {
  const problems: Config["problems"] = [];
  const backends = parseBackends(env.COMFY_BACKENDS ?? "");
  if (!backends.ok) problems.push({ name: "COMFY_BACKENDS", detail: backends.error });
  const keyHashes = split(env.SECRET_KEY_HASHES).filter((hash) => /^[0-9a-f]{64}$/.test(hash));
  if (keyHashes.length === 0 || keyHashes.length !== split(env.SECRET_KEY_HASHES).length) {
    problems.push({
      name: "SECRET_KEY_HASHES",
      detail: "Give the SHA-256 of each secret key as 64 hex digits, separated by commas.",
    });
  }
  const secret = env.SIGNING_SECRET ?? "";
  if (!SIGNING_SECRET.test(secret)) {
    problems.push({
      name: "SIGNING_SECRET",
      detail: "Give at least 32 random characters (letters, digits, - _ + / =).",
    });
  }
  const fakeOptions = parseObject(env.FAKE_OPTIONS);
  if (!fakeOptions) problems.push({ name: "FAKE_OPTIONS", detail: "Give a JSON object, or nothing." });
  const workflowDefaults = parseObject(env.WORKFLOW_DEFAULTS);
  if (!workflowDefaults) problems.push({ name: "WORKFLOW_DEFAULTS", detail: "Give a JSON object, or nothing." });
  return {
    backends: backends.ok ? backends.value : [],
    keyHashes,
    signingSecret: new TextEncoder().encode(secret),
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
