/** What the suite runs against: a fake of some version, made anew for each check, or the one real server. */
import { startFakeComfy } from "../../../scripts/fake-server.ts";
import type { FakeOptions } from "../../../src/fake/options.ts";
import type { ComfyVersion } from "../../../src/fake/version.ts";
import { call, type Endpoint } from "./http.ts";
import { ConformanceServer, type ServerFacts } from "./server.ts";

/** The releases that the fake plays. */
export const FAKE_VERSIONS: readonly ComfyVersion[] = ["0.3.64", "0.27.0", "0.38.1"];

export type Target =
  | { readonly type: "fake"; readonly version: ComfyVersion }
  | { readonly type: "real"; readonly facts: ServerFacts };

/** Generous: prompts may wait behind other people's. */
const REAL_PATIENCE_MS = 60_000;

const FAST: Partial<FakeOptions> = { stepMs: 1, nodeMs: 0, previewSize: 96 };

/** A server for one check; `options` are the fake's settings. */
export async function openServer(target: Target, options: Partial<FakeOptions> = {}): Promise<ConformanceServer> {
  if (target.type === "real") return new ConformanceServer(target.facts, null);
  const { version } = target;
  const running = await startFakeComfy({ ...FAST, ...options, version });
  const others: ConformanceServer[] = [];
  const facts = { url: running.url, version, exclusive: true, checkpoint: "easel-demo.safetensors" };
  return new ConformanceServer(facts, {
    fault: (fault) => running.fake.fault(fault),
    kill: () => running.kill(),
    revive: () => running.revive(),
    with: async (more) => {
      const other = await openServer(target, { ...options, ...more });
      others.push(other);
      return other;
    },
    close: async () => {
      for (const other of others) await other.close();
      await running.close();
    },
  });
}

/** Asks a real server who it is. Rejects if it is none. */
export async function findRealServer(
  endpoint: Endpoint,
  settings: Pick<ServerFacts, "exclusive" | "checkpoint">,
): Promise<Target> {
  const { status, body } = await call(endpoint, "GET", "/system_stats");
  const version = status === 200 ? body?.system?.comfyui_version : undefined;
  if (typeof version !== "string") {
    throw new Error(`${endpoint.url} answers /system_stats with ${status} and without a ComfyUI version`);
  }
  return { type: "real", facts: { ...endpoint, ...settings, version, patienceMs: REAL_PATIENCE_MS } };
}
