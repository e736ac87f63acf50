/**
 * Builds `easelcast/client` into dist/client: one module without dependencies, and its types with those of the contract.
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Where tsc puts the declarations of src (tsconfig.json of src/client). */
const DECLARATIONS = `${root}.tsbuild/src`;

/** How the client is bundled. */
export const CLIENT_BUNDLE = {
  entryPoints: { index: `${root}src/client/index.ts` },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
} as const satisfies BuildOptions;

/** Writes dist/client/index.js and dist/client/types. */
export async function buildClient(): Promise<void> {
  await build({ ...CLIENT_BUNDLE, outdir: `${root}dist/client` });
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-b", `${root}src/client`], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  for (const file of globSync(`${DECLARATIONS}/{client,contract}/*.d.ts`)) {
    const to = `${root}dist/client/types/${basename(dirname(file))}/${basename(file)}`;
    mkdirSync(dirname(to), { recursive: true });
    // Outside of this repository, imports name what is there at run time.
    writeFileSync(to, readFileSync(file, "utf8").replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1"));
  }
}

if (import.meta.filename === process.argv[1]) {
  await buildClient();
}
