/**
 * The built Worker on this machine: workerd with its objects, bucket and assets, all local. The one file that knows
 * Miniflare, whose interface is meant for tool makers and may change.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

type WorkerOptions = { bindings?: Record<string, unknown> };

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The Worker's name inside the local runtime. */
export const WORKER_NAME = "easelcast";

export type HostOptions = {
  /** 0 takes any free port. */
  port?: number;
  host?: string;
  /** Where objects and files are kept; without it they are gone when the host is disposed. */
  persistTo?: string;
  /** Variables and secrets, over those of wrangler.toml. */
  vars: Record<string, string>;
  /** The Worker's log lines. */
  onLog?: (line: string) => void;
};

export type Host = { url: string; miniflare: Miniflare; dispose(): Promise<void> };

/** Starts the built Worker. Run `npm run build` first. */
export async function startHost(options: HostOptions): Promise<Host> {
  const script = `${root}dist/worker/index.js`;
  if (!existsSync(script)) throw new Error("The Worker is not built: run npm run build first.");
  const workerOptions = quietly(() => unstable_getMiniflareWorkerOptions(`${root}wrangler.toml`))
    .workerOptions as WorkerOptions;
  const converted = convertV4MiniflareOptions({
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    log: new Log(LogLevel.ERROR),
    // Nothing here needs Cloudflare's network, not even for the `cf` object of requests.
    cf: false,
    telemetry: { enabled: false },
    handleStructuredLogs: ({ message }: { message: string }) => options.onLog?.(message),
    workers: [
      {
        ...workerOptions,
        name: WORKER_NAME,
        modules: [{ type: "ESModule", path: script }],
        modulesRoot: `${root}dist/worker`,
        bindings: { ...workerOptions.bindings, ...options.vars },
      },
    ],
  } as Parameters<typeof convertV4MiniflareOptions>[0]);
  const miniflare = new Miniflare(
    options.persistTo ? { ...converted, resourcePersistencePath: options.persistTo } : converted,
  );
  const url = (await miniflare.ready).origin;
  return { url, miniflare, dispose: () => miniflare.dispose() };
}

/** Wrangler reports missing secrets on the console; here they are given by `vars`. */
function quietly<T>(act: () => T): T {
  const { log, warn } = console;
  console.log = console.warn = () => {};
  try {
    return act();
  } finally {
    console.log = log;
    console.warn = warn;
  }
}
