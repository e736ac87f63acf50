/**
 * `npm run examples`: starts the service as `npm start` does, with the built-in fake ComfyUI on a free port, and runs
 * every example under examples/ against it. Exit code 0: each did what it says; 1: one did not, and its words follow.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { localSettings } from "./local/settings.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Programs, by the ending of an example's name, and what has to be on the machine for it. */
const RUNNERS: Record<string, { command: string; needs: readonly string[] }> = {
  sh: { command: "sh", needs: ["sh", "curl"] },
  mjs: { command: process.execPath, needs: [] },
};
/** Examples with a README of their own that are not run here: they wait to be called. */
const OTHERS = `examples${sep}receivers${sep}`;
const START_MS = 90_000;
const EXAMPLE_MS = 180_000;

type Ended = { code: number | null; output: string; seconds: number };

/** Runs to the end; a program that hangs is killed. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const start = performance.now();
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], timeout: EXAMPLE_MS });
  const words = wordsOf(child);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("close", resolve).once("error", reject),
  );
  return { code, output: words(), seconds: (performance.now() - start) / 1000 };
}

function wordsOf({ stdout, stderr }: ChildProcess): () => string {
  let words = "";
  for (const stream of [stdout, stderr]) stream?.on("data", (data) => (words += String(data)));
  return () => words;
}

const isThere = (program: string): boolean => !spawnSync(program, ["--version"], { stdio: "ignore" }).error;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("There is no free port.");
  return address.port;
}

/** Waits until the service answers. @throws {Error} with its words when it ends or does not come up. */
async function answers(url: string, child: ChildProcess, words: () => string): Promise<void> {
  for (const until = Date.now() + START_MS; Date.now() < until; ) {
    if (child.exitCode !== null) break;
    const answer = await fetch(`${url}/v1/health`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`The service did not start:\n${words()}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}

/** Runs what the machine can run; resolves with the words of those that failed. */
async function runAll(env: NodeJS.ProcessEnv): Promise<string[]> {
  const failures: string[] = [];
  const examples = globSync(`examples/**/*.{${Object.keys(RUNNERS).join(",")}}`, { cwd: root }).sort();
  for (const example of examples.filter((path) => !path.startsWith(OTHERS))) {
    const runner = RUNNERS[example.slice(example.lastIndexOf(".") + 1)];
    const missing = runner?.needs.find((program) => !isThere(program));
    if (!runner || missing !== undefined) {
      console.log(`${example.padEnd(40)} skipped   needs ${missing}`);
      continue;
    }
    const { code, output, seconds } = await run(runner.command, [example], env);
    const last = output.trimEnd().split("\n").at(-1) ?? "";
    console.log(`${example.padEnd(40)} ${code === 0 ? "ok" : "FAILED"} ${seconds.toFixed(1).padStart(6)} s   ${last}`);
    if (code !== 0) failures.push(`${example} ended with ${code ?? "no code: it took too long"}:\n\n${output}`);
  }
  return failures;
}

const url = `http://127.0.0.1:${await freePort()}`;
const state = mkdtempSync(join(tmpdir(), "easelcast-examples-"));
const { COMFY_URL: _url, COMFY_HEADERS: _headers, ...env } = process.env;
const service = spawn(process.execPath, ["scripts/start.ts"], {
  cwd: root,
  env: { ...env, PORT: new URL(url).port, HOST: "127.0.0.1", EASELCAST_STATE: state, COMFY_BACKENDS: "fake:demo" },
  stdio: ["ignore", "pipe", "pipe"],
});
let failures: string[];
try {
  await answers(url, service, wordsOf(service));
  // The start has made the key, if there was none.
  const { key } = await localSettings();
  failures = await runAll({ ...env, BASE: url, KEY: key });
} finally {
  await stop(service);
  rmSync(state, { recursive: true, force: true });
}
for (const words of failures) console.error(`\n${words}`);
process.exit(failures.length === 0 ? 0 : 1);
