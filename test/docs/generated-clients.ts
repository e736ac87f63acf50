/** Clients made from the OpenAPI document by generators that others use, and a small program over each. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { generateApi } from "swagger-typescript-api";
import { DOCUMENT_FILE, root } from "./document.ts";

/** What a program did with a running service. */
export type Tour = { created: string; read: string; listed: string[]; missing: string };

export type Generator = {
  name: string;
  /** Writes `client.ts` into the folder. */
  generate(folder: string): Promise<void>;
  /** A program over `client.ts` that exports `tour(url, key): Promise<Tour>`. */
  program: string;
  /** A line that must not compile after the program. */
  mistake: string;
};

const oazapfts: Generator = {
  name: "oazapfts",
  generate: async (folder) => {
    const cli = `${root}node_modules/oazapfts/dist/cli.js`;
    execFileSync(process.execPath, [cli, DOCUMENT_FILE, join(folder, "client.ts")], { stdio: "pipe" });
  },
  program: `
import * as api from "./client";

export async function tour(url: string, key: string) {
  api.defaults.baseUrl = url;
  api.defaults.headers = { authorization: \`Bearer \${key}\` };
  const created = await api.createJob({ workflow: "demo", metadata: { made: "by oazapfts" } });
  if (created.status !== 202) throw new Error(JSON.stringify(created.data));
  const job: api.CreatedJob = created.data;
  const read = await api.getJob(job.id, { prefer: "wait=20" });
  if (read.status !== 200) throw new Error("The job is not there.");
  const eta: number | null = read.data.progress.eta_ms;
  const notice: string | null = read.data.notice && read.data.notice.message;
  if (eta !== null && notice !== null) throw new Error("Neither is expected of a job that has ended.");
  const list = await api.listJobs({ limit: "5" });
  if (list.status !== 200) throw new Error("There is no list.");
  const unknown = await api.getJob("job_00000000000000000000000000");
  if (unknown.status !== 404) throw new Error("There should be no such job.");
  return { created: job.id, read: read.data.status, listed: list.data.data.map((one) => one.id), missing: unknown.data.code };
}
`,
  mistake: "export const wrong: number = (null as unknown as api.Job).headline;",
};

const swaggerTypescriptApi: Generator = {
  name: "swagger-typescript-api",
  generate: async (folder) => {
    const options = {
      input: DOCUMENT_FILE,
      output: folder,
      fileName: "client.ts",
      httpClientType: "fetch",
      silent: true,
    };
    await generateApi(options as Parameters<typeof generateApi>[0]);
  },
  program: `
import { Api, type Job, type Problem } from "./client";

export async function tour(url: string, key: string) {
  const api = new Api({ baseUrl: url, baseApiParams: { headers: { authorization: \`Bearer \${key}\` } } });
  const created = await api.v1.createJob({ workflow: "demo", metadata: { made: "by swagger-typescript-api" } });
  // This generator knows one success of a call, the first (200, of validate_only); what came is the job.
  const { id } = created.data as unknown as Job;
  const read = await api.v1.getJob(id, { headers: { prefer: "wait=20" } });
  const job: Job = read.data;
  const eta: number | null = job.progress.eta_ms;
  if (eta !== null) throw new Error("A job that has ended has no time left.");
  const list = await api.v1.listJobs({ limit: "5" });
  const missing = await api.v1.getJob("job_00000000000000000000000000").then(
    () => "found",
    (answer: { error: Problem }) => answer.error.code,
  );
  return { created: id, read: job.status, listed: list.data.data.map((one) => one.id), missing };
}
`,
  mistake: "export const wrong: number = (null as unknown as Job).headline;",
};

export const GENERATORS: readonly Generator[] = [oazapfts, swaggerTypescriptApi];

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "Bundler",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    types: [],
    noEmit: true,
  },
  include: ["*.ts"],
};

/** A folder with the generated client and the program over it; in the repository, so that packages are found. */
export async function generated({ generate, program }: Generator): Promise<string> {
  mkdirSync(`${root}out`, { recursive: true });
  const folder = mkdtempSync(`${root}out/client-`);
  await generate(folder);
  writeFileSync(join(folder, "program.ts"), program);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  return folder;
}

/** What the compiler says of the folder; nothing is good. */
export function compile(folder: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", folder], {
    encoding: "utf8",
  });
  return `${stdout}${stderr}`.trim();
}

/** Runs the folder's program against a service. */
export async function run(folder: string, url: string, key: string): Promise<Tour> {
  const outfile = join(folder, "program.mjs");
  await build({ entryPoints: [join(folder, "program.ts")], bundle: true, format: "esm", platform: "node", outfile });
  const { tour } = (await import(pathToFileURL(outfile).href)) as { tour(url: string, key: string): Promise<Tour> };
  return tour(url, key);
}
