/**
 * The routes' own descriptions, gathered under Node: the app is bundled with a stand-in for the platform's modules (none of
 * its handlers is ever called here) and built once with a registry that hears of every route.
 */
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import type { MountedRoute } from "./openapi.ts";
import type { Zod } from "./schemas.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `cloudflare:*` modules: classes to extend, and nothing that works. */
const platformStandIn: Plugin = {
  name: "platform-stand-in",
  setup(builder) {
    builder.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "stand-in" }));
    builder.onLoad({ filter: /.*/, namespace: "stand-in" }, () => ({
      contents:
        "export class DurableObject {} export class WorkerEntrypoint {} export class RpcTarget {} export const env = {}; export const waitUntil = () => {};",
    }));
  },
};

/** The routes come in one bundle with the zod that made their schemas: only that one knows them. */
const ENTRY = `
import * as z from "zod";
import "./src/contract/webhook-bodies.ts";
import { createApp } from "./src/worker/api/app.ts";
const routes = [];
createApp({ registerPath: (route) => routes.push(route) });
export { routes, z };
`;

export type Routes = { routes: MountedRoute[]; z: Zod };

/** Bundles and runs the app's mounting. */
export async function loadRoutes(): Promise<Routes> {
  const folder = `${root}dist/routes-${process.pid}`;
  const outfile = `${folder}/routes.mjs`;
  mkdirSync(folder, { recursive: true });
  try {
    await build({
      stdin: { contents: ENTRY, resolveDir: root, loader: "ts" },
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      jsx: "automatic",
      jsxImportSource: "preact",
      plugins: [platformStandIn],
      outfile,
      logLevel: "warning",
    });
    return (await import(pathToFileURL(outfile).href)) as Routes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
