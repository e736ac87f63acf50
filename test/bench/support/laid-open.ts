/**
 * The built Worker as `startHost` runs it, but laid open: another script in front of the bundle, or the inspector's
 * port. For benches that have to look inside; all others use the service as it is.
 */
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { ensureBuild } from "../../../scripts/local/ensure-build.ts";
import { WORKER_NAME } from "../../../scripts/local/host.ts";
import { benchVars, callsTo, type Service } from "./service.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

export type LaidOpen = {
  /** A module that takes the bundle's place and imports it as `./index.js`. */
  script?: string;
  /** 0 takes any free port. */
  inspectorPort?: number;
  /** Variables over the usual ones. */
  vars?: Record<string, string>;
};

/** Starts the Worker. `inspector` is the address of its DevTools endpoint, where one was asked for. */
export async function startLaidOpen(
  backendUrl: string,
  { script, inspectorPort, vars: ownVars }: LaidOpen,
): Promise<Service & { inspector: URL | null }> {
  await ensureBuild();
  const { key, vars } = await benchVars(backendUrl);
  const { workerOptions } = configuration();
  const bundle = { type: "ESModule", path: `${root}dist/worker/index.js` };
  const front = { type: "ESModule", path: `${root}dist/worker/front.js`, contents: script };
  const options = {
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: () => {},
    ...(inspectorPort === undefined ? {} : { inspectorPort }),
    workers: [
      {
        ...workerOptions,
        name: WORKER_NAME,
        modules: script === undefined ? [bundle] : [front, bundle],
        modulesRoot: `${root}dist/worker`,
        bindings: { ...(workerOptions as { bindings?: object }).bindings, ...vars, ...ownVars },
      },
    ],
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions(options as unknown as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
  const url = (await miniflare.ready).origin;
  return {
    ...callsTo(url, key),
    url,
    key,
    inspector: inspectorPort === undefined ? null : await miniflare.getInspectorURL(),
    dispose: () => miniflare.dispose(),
  };
}

/** What wrangler.toml says. Wrangler tells on the console where it found secrets; here `benchVars` gives them. */
function configuration(): ReturnType<typeof unstable_getMiniflareWorkerOptions> {
  const { log, warn } = console;
  console.log = console.warn = () => {};
  try {
    return unstable_getMiniflareWorkerOptions(`${root}wrangler.toml`);
  } finally {
    Object.assign(console, { log, warn });
  }
}
