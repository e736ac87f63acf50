/**
 * The shortest Worker that stores a file: fetches it and hands the body to the bucket. Runs in the same local workerd
 * with the same local stand-in of R2 as the product, whose own time and memory it shows.
 */
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";

const SCRIPT = `export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const file = await fetch(searchParams.get("from"));
    const { size } = await env.MEDIA.put(crypto.randomUUID(), file.body);
    return new Response(String(size));
  },
};`;

export type BareStore = {
  /** Stores what this URL serves; resolves with its size in bytes. */
  store(from: string): Promise<number>;
  dispose(): Promise<void>;
};

/** Starts the Worker. */
export async function startBareStore(): Promise<BareStore> {
  const options = {
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.ERROR),
    workers: [
      {
        name: "bare-store",
        modules: [{ type: "ESModule", path: "bare-store.js", contents: SCRIPT }],
        modulesRoot: ".",
        compatibilityDate: "2026-11-17",
        r2Buckets: { MEDIA: "media" },
      },
    ],
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions(options as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
  const { origin } = await miniflare.ready;
  return {
    store: async (from) => Number(await (await fetch(`${origin}/?from=${encodeURIComponent(from)}`)).text()),
    dispose: () => miniflare.dispose(),
  };
}
