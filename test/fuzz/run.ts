/**
 * `npm run fuzz -- --sequences 1000000 --seed 1`: random sequences of events over the job machine and its viewers, on all
 * cores, with a live line. A broken rule is shrunk by fast-check and printed with its seed. Exit code 0: no rule broken.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { Chunk, Found } from "./fuzz-thread.ts";

const CHUNK = 2_500;
const BAR_CHARS = 30;
/** Stages that sequences must lead to: else the fuzz would say little. */
const STAGES = ["queued", "connecting", "submitted", "running", "collecting", "succeeded", "failed", "canceled"];

const { values } = parseArgs({
  options: { sequences: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
const total = Number(values.sequences);
const firstSeed = Number(values.seed);
const startedAt = Date.now();
const reached: Record<string, number> = {};
let [handedOut, done, lastLineAt] = [0, 0, 0];
let broken: string | null = null;

function show(): void {
  const seconds = (Date.now() - startedAt) / 1000;
  const filled = Math.round((done / total) * BAR_CHARS);
  const bar = `${"█".repeat(filled)}${"░".repeat(BAR_CHARS - filled)}`;
  const line = `${bar} ${done} of ${total} · ${Math.round(done / Math.max(seconds, 0.001))} a second · ${seconds.toFixed(0)} s`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${line}`);
  else if (seconds - lastLineAt >= 15) {
    lastLineAt = seconds;
    console.log(line);
  }
}

/** Hands chunk after chunk to a thread, until there is nothing left or a rule was broken. */
function work(): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL("./fuzz-thread.ts", import.meta.url));
    let current: Chunk = { seed: 0, count: 0 };
    const next = (): void => {
      if (broken !== null || handedOut >= total) {
        resolve(void thread.terminate());
        return;
      }
      current = { seed: firstSeed * 1_000_000 + handedOut / CHUNK, count: Math.min(CHUNK, total - handedOut) };
      handedOut += current.count;
      thread.postMessage(current);
    };
    thread.on("message", (found: Found) => {
      if (found.type === "broken") broken ??= found.words;
      else {
        done += current.count;
        for (const [stage, count] of Object.entries(found.reached)) reached[stage] = (reached[stage] ?? 0) + count;
      }
      show();
      next();
    });
    thread.on("error", reject);
    next();
  });
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
if (process.stdout.isTTY) process.stdout.write("\n");
console.log(
  `${done} sequences in ${((Date.now() - startedAt) / 1000).toFixed(0)} s, which led to: ${Object.entries(reached)
    .sort(([, a], [, b]) => b - a)
    .map(([stage, count]) => `${stage} ${count}`)
    .join(", ")}`,
);
const missed = broken === null && total >= 100_000 ? STAGES.filter((stage) => (reached[stage] ?? 0) < 50) : [];
if (missed.length > 0) console.error(`Hardly any sequence led to ${missed.join(", ")}.`);
if (broken === null) console.log("no rule broken");
else console.error(`A rule was broken:\n${broken}`);
process.exit(broken === null && missed.length === 0 ? 0 : 1);
