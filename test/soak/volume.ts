/**
 * `npm run volume`: runs, lines and viewers of a size that nobody should have, each with what it costs and a generous
 * limit. `npm run volume -- line viewers` runs those only. Exit code 0: all within limits; 1: one is over; 2: a check
 * could not run. Memory is read from /proc: on Linux only.
 */
import { ensureBuild } from "../../scripts/local/ensure-build.ts";
import { memory } from "../bench/memory.bench.ts";
import type { Figure } from "../bench/support/figure.ts";
import { bigFrames, largeGraph, manyOutputs } from "./volume/large.ts";
import { longLine } from "./volume/long-line.ts";
import { stalledViewers } from "./volume/stalled-viewer.ts";

const CHECKS: Record<string, () => Promise<Figure[]>> = {
  video: memory.run,
  outputs: manyOutputs,
  frames: bigFrames,
  graph: largeGraph,
  viewers: stalledViewers,
  line: longLine,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  console.error(`There is no check ${unknown.join(", ")}. There are: ${Object.keys(CHECKS).join(", ")}.`);
  process.exit(2);
}

const print = (name: string, columns: readonly string[]): void =>
  console.log((name.padEnd(72) + columns.map((column) => column.padEnd(14)).join("")).trimEnd());

let code = 0;
await ensureBuild();
print("figure", ["measured", "compared to", "limit", ""]);
for (const [name, check] of Object.entries(CHECKS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  try {
    for (const { name: figure, measured, baseline, budget, verdict } of await check()) {
      print(`${name}: ${figure}`, [measured, baseline ?? "-", budget ?? "-", verdict]);
      if (verdict === "OVER") code = Math.max(code, 1);
    }
  } catch (error) {
    console.error(`${name} could not run:`, error);
    code = 2;
  }
}
process.exit(code);
