/**
 * Two routes of hono in a Worker of their own: one that does nothing, and one that makes a new object and writes one row
 * in it, as whatever keeps a job must. The local stand-in of objects opens a file for each, which takes its time.
 */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";

const SCRIPT = `import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";
export class Keeper extends DurableObject {
  async keep(text) {
    this.ctx.storage.sql.exec("CREATE TABLE kept (text TEXT)");
    this.ctx.storage.sql.exec("INSERT INTO kept VALUES (?)", text);
  }
}
const app = new Hono();
app.post("/empty", (c) => c.json({}, 202));
app.post("/kept", async (c) => {
  await c.env.KEEPERS.getByName(crypto.randomUUID()).keep(await c.req.text());
  return c.json({}, 202);
});
export default app;`;

export type BareHono = { url: string; dispose(): Promise<void> };

/** Starts the Worker: POST /empty and POST /kept. */
export async function startBareHono(): Promise<BareHono> {
  const bundle = await build({
    stdin: { contents: SCRIPT, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    external: ["cloudflare:workers"],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  const options = {
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.ERROR),
    workers: [
      {
        name: "bare-hono",
        modules: [{ type: "ESModule", path: "bare-hono.js", contents: bundle.outputFiles[0]?.text ?? "" }],
        modulesRoot: ".",
        compatibilityDate: "2026-11-17",
        durableObjects: { KEEPERS: { className: "Keeper", useSQLite: true } },
      },
    ],
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions(options as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
  const { origin } = await miniflare.ready;
  return { url: origin, dispose: () => miniflare.dispose() };
}
