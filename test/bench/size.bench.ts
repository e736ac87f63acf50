/**
 * Sizes of what is deployed, and how long it takes to start: workerd is started with the Worker's bundle and with an
 * empty Worker in turn, from the start of the process until it listens, which is after the script was compiled and
 * evaluated. The difference is the script's; of
 * each the fastest start counts, because it is the same work every time and all that delays it is foreign.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { nowMs } from "./support/clock.ts";
import { type Bench, limited } from "./support/figure.ts";

/** The binary, where the package `workerd` has put it. */
const workerd = (createRequire(import.meta.url)("workerd") as { default: string }).default;
const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const STARTS = 20;
const WARM_UP_STARTS = 2;
const EMPTY = "export default { fetch() { return new Response(null); } };";

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "index.js", esModule = embed "index.js")],
    compatibilityDate = "2026-11-17",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);`;

export const size: Bench = {
  name: "size",
  run: async () => {
    const bundle = readFileSync(`${dist}worker/index.js`, "utf8");
    const modules = readdirSync(`${dist}worker`).filter((file) => !/\.map$|\.md$/.test(file));
    const zipped = (paths: readonly string[]) =>
      paths.reduce((sum, path) => sum + gzipSync(readFileSync(dist + path)).length, 0) / 1000;
    const own: number[] = [];
    const empty: number[] = [];
    for (let start = -WARM_UP_STARTS; start < STARTS; start++) {
      const emptyMs = await startMs(EMPTY);
      const ownMs = await startMs(bundle);
      if (start < 0) continue;
      empty.push(emptyMs);
      own.push(ownMs);
    }
    return [
      limited("Worker bundle, gzipped", zipped(modules.map((file) => `worker/${file}`)), 250, "kB"),
      limited("page script and style, gzipped", zipped(["public/assets/live.js", "public/assets/live.css"]), 25, "kB"),
      startUp(Math.min(...own), Math.min(...empty)),
    ];
  },
};

function startUp(own: number, empty: number) {
  const { verdict } = limited("", own - empty, 50, "ms");
  return {
    ...limited("start-up beyond an empty Worker's, fastest of 20", own, 50, "ms", empty),
    budget: "<= +50 ms",
    verdict,
  };
}

/** Time from the start of workerd until it listens with this script. */
async function startMs(script: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "easelcast-bench-"));
  writeFileSync(join(folder, "index.js"), script);
  writeFileSync(join(folder, "config.capnp"), CONFIG);
  const start = nowMs();
  const child = spawn(workerd, ["serve", "--control-fd=3", join(folder, "config.capnp")], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  try {
    return await new Promise((resolve, reject) => {
      let words = "";
      child.stderr?.on("data", (data) => {
        words += String(data);
      });
      child.stdio[3]?.once("data", () => resolve(nowMs() - start));
      child.once("exit", () => reject(new Error(`workerd does not start: ${words.slice(0, 300)}`)));
    });
  } finally {
    child.removeAllListeners("exit");
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    rmSync(folder, { recursive: true });
  }
}
