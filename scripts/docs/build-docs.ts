/** Everything that people and programs read about the API, made at build time into dist/public: static files, no code in the Worker. */
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { errorPages } from "./error-pages.ts";
import { llmsFiles } from "./llms.ts";
import { makeDocument } from "./openapi.ts";
import { referencePage, STATIC_HEADERS } from "./reference-page.ts";
import { loadRoutes } from "./route-registry.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const out = `${root}dist/public/`;
const SCALAR = `${root}node_modules/@scalar/api-reference/dist/browser/standalone.js`;

/** Makes the OpenAPI document, its reference page, the pages of errors and the texts for programs. */
export async function buildDocs(): Promise<void> {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { version: string };
  const { routes, z } = await loadRoutes();
  const document = makeDocument(routes, z, version);
  const errors = errorPages();
  const errorTexts = [...errors].filter(([path]) => path.startsWith("errors/") && path.endsWith(".md"));
  const files = new Map([
    ...errors,
    ...referencePage(),
    ...llmsFiles(
      document,
      errorTexts.map(([, text]) => text),
    ),
    ["openapi.json", `${JSON.stringify(document)}\n`],
    ["assets/docs.css", readFileSync(`${root}src/docs/style.css`, "utf8")],
    ["_headers", STATIC_HEADERS],
  ]);
  for (const [path, content] of files) write(path, content);
  write("docs/scalar.js", readFileSync(SCALAR));
  for (const path of globSync("errors/*", { cwd: out })) if (!files.has(path)) rmSync(out + path);
}

/** Each file takes the old one's place at once: it may be being served. */
function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(out + path), { recursive: true });
  const fresh = `${out}${path}.${process.pid}`;
  writeFileSync(fresh, content);
  renameSync(fresh, out + path);
}
