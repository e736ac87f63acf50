/** Builds when there is no build, or one that is older than its sources. */
import { existsSync, globSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildAll } from "../build.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Makes sure that dist/ is what the sources say. */
export async function ensureBuild(): Promise<void> {
  const built = `${root}dist/worker/index.js`;
  const sources = [
    "src/**/*.{ts,tsx,css}",
    "workflows/**/*.{ts,json}",
    "scripts/build.ts",
    "scripts/build-client.ts",
    "scripts/docs/*.ts",
    "wrangler.toml",
    "package.json",
    "package-lock.json",
  ];
  const newest = Math.max(...globSync(sources, { cwd: root }).map((file) => statSync(root + file).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs > newest) return;
  await buildAll();
}
