/**
 * What a soak runs on: the built Worker in workerd before several fake ComfyUIs of different versions, all on TCP, and
 * the ways to stop, kill and look behind it. State lies in a folder of its own that outlives the Worker's processes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningFake, startFakeComfy } from "../../scripts/fake-server.ts";
import { type Host, startHost, WORKER_NAME } from "../../scripts/local/host.ts";
import { freshOwner } from "../../scripts/local/settings.ts";
import { jobObjectName } from "../../src/core/auth/share-token.ts";
import type { FakeOptions } from "../../src/fake/options.ts";
import type { ComfyVersion } from "../../src/fake/version.ts";
import { workerdPids } from "./processes.ts";

const VERSIONS: readonly ComfyVersion[] = ["0.27.0", "0.3.64", "0.38.1"];

export type Stack = {
  readonly url: string;
  readonly key: string;
  /** The processes of workerd. */
  readonly pids: readonly number[];
  /** Where the Worker keeps its state. */
  readonly folder: string;
  readonly fakes: readonly RunningFake[];
  /** False while the Worker is being restarted. */
  readonly up: boolean;
  abortJob(jobId: string): Promise<void>;
  bucketKeys(): Promise<string[]>;
  /** Stops workerd in order, or kills it, and starts it on what it had stored. One restart at a time. */
  restart(how: "disposed" | "killed"): Promise<void>;
  /** Stops the Worker and leaves its state. */
  stop(): Promise<void>;
  /** Stops everything and removes the state. */
  close(): Promise<void>;
};

/** Starts it. The Worker must have been built. `onLog` gets its log lines, `fake` is set over what all fakes have. */
export async function startStack(
  backends: number,
  onLog: (line: string) => void,
  fake: Partial<FakeOptions> = {},
): Promise<Stack> {
  const fakes = await Promise.all(
    Array.from({ length: backends }, (_, index) =>
      startFakeComfy({
        stepMs: 6,
        nodeMs: 1,
        previewSize: 64,
        version: VERSIONS[index % VERSIONS.length] ?? "0.27.0",
        ...fake,
      }),
    ),
  );
  const folder = mkdtempSync(join(tmpdir(), "easelcast-soak-"));
  const { project, key, vars: owner } = await freshOwner("test");
  const vars = {
    COMFY_BACKENDS: JSON.stringify(fakes.map(({ url }, index) => ({ id: `box-${index}`, url }))),
    ...owner,
    TEST_HOOKS: "on",
  };
  let pids: number[] = [];
  const start = async (port: number): Promise<Host> => {
    const before = workerdPids();
    const started = await startHost({ port, persistTo: folder, vars, onLog });
    pids = workerdPids().filter((pid) => !before.includes(pid));
    return started;
  };
  let host: Host | null = await start(0);
  const { url } = host;
  let restarting: Promise<void> = Promise.resolve();
  const restart = async (how: "disposed" | "killed"): Promise<void> => {
    const old = running();
    host = null;
    if (how === "killed") for (const pid of pids) process.kill(pid, "SIGKILL");
    await old.dispose();
    host = await start(Number(new URL(url).port));
  };
  const running = (): Host => {
    if (!host) throw new Error("The Worker is down.");
    return host;
  };
  const stop = async (): Promise<void> => {
    await host?.dispose();
    host = null;
  };
  return {
    url,
    key,
    folder,
    fakes,
    get pids() {
      return pids;
    },
    get up() {
      return host !== null;
    },
    abortJob: async (jobId) => {
      const namespace = await running().miniflare.getDurableObjectNamespace("JOBS", WORKER_NAME);
      const stub = namespace.get(namespace.idFromName(await jobObjectName(project, jobId)));
      // The call itself dies with the object.
      await (stub as unknown as { abort(): Promise<void> }).abort().catch(() => {});
    },
    bucketKeys: async () => {
      const bucket = await running().miniflare.getR2Bucket("MEDIA", WORKER_NAME);
      const keys: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await bucket.list(cursor === undefined ? {} : { cursor });
        keys.push(...page.objects.map((object) => object.key));
        cursor = page.truncated ? page.cursor : undefined;
      } while (cursor !== undefined);
      return keys.sort();
    },
    restart: (how) => {
      restarting = restarting.then(() => restart(how));
      return restarting;
    },
    stop,
    close: async () => {
      await stop();
      for (const fake of fakes) await fake.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
