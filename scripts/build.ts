/**
 * Builds what is deployed: the page's script and style and all documentation into dist/public, then the Worker's bundle
 * into dist/worker by wrangler itself, so that its configuration is checked too. Needs no account and no network.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { SENTENCES } from "../src/page/words/all-sentences.ts";
import { buildClient } from "./build-client.ts";
import { buildDocs } from "./docs/build-docs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Bundles the live page's script and style, and writes its sentences in each language. */
export async function buildPage(): Promise<void> {
  mkdirSync(`${root}dist/public/assets`, { recursive: true });
  await build({
    entryPoints: { live: `${root}src/page/main.tsx` },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    outdir: `${root}dist/public/assets`,
    logLevel: "warning",
  });
  await build({
    entryPoints: { live: `${root}src/page/style.css` },
    minify: true,
    outdir: `${root}dist/public/assets`,
    logLevel: "warning",
  });
  mkdirSync(`${root}dist/public/assets/words`, { recursive: true });
  for (const [lang, sentences] of Object.entries(SENTENCES)) {
    writeFileSync(`${root}dist/public/assets/words/${lang}.json`, JSON.stringify(sentences));
  }
  cpSync(`${root}src/page/robots.txt`, `${root}dist/public/robots.txt`);
}

/** Bundles the Worker as `wrangler deploy` would; the new bundle takes the old one's place at once. */
export function buildWorker(): void {
  const fresh = `dist/worker-${process.pid}`;
  execFileSync(
    process.execPath,
    [`${root}node_modules/wrangler/bin/wrangler.js`, "deploy", "--dry-run", "--outdir", fresh],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", NO_UPDATE_NOTIFIER: "1" },
    },
  );
  rmSync(`${root}dist/worker`, { recursive: true, force: true });
  renameSync(root + fresh, `${root}dist/worker`);
}

/** All of it. */
export async function buildAll(): Promise<void> {
  await buildPage();
  await buildDocs();
  await buildClient();
  buildWorker();
}

if (import.meta.filename === process.argv[1]) {
  await buildAll();
}
