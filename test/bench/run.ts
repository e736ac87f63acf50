/**
 * `npm run bench`: runs the benches one after the other and prints a line per figure. `npm run bench -- fanout size`
 * runs those only. Exit code 0: all within budget; 1: a figure is over; 2: a bench could not run.
 */
import { ensureBuild } from "../../scripts/local/ensure-build.ts";
import { auth } from "./auth.bench.ts";
import { creates } from "./creates.bench.ts";
import { decodeStep } from "./decode-step.bench.ts";
import { fanout } from "./fanout.bench.ts";
import { gpuBusy } from "./gpu-busy.bench.ts";
import { lateJoin } from "./late-join.bench.ts";
import { latency } from "./latency.bench.ts";
import { lists } from "./lists.bench.ts";
import { memory } from "./memory.bench.ts";
import { size } from "./size.bench.ts";
import { storage } from "./storage.bench.ts";
import type { Bench, Figure } from "./support/figure.ts";
import { webhookLag } from "./webhook-lag.bench.ts";

const BENCHES: readonly Bench[] = [
  size,
  decodeStep,
  latency,
  lateJoin,
  fanout,
  gpuBusy,
  memory,
  storage,
  creates,
  lists,
  auth,
  webhookLag,
];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}. There are: ${BENCHES.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}

const cells = (figure: Figure): string[] => [
  figure.measured,
  figure.baseline ?? "-",
  figure.compared ?? "-",
  figure.budget ?? "-",
  figure.verdict,
];

const print = (name: string, columns: readonly string[]): void =>
  console.log((name.padEnd(78) + columns.map((column) => column.padEnd(14)).join("")).trimEnd());

let code = 0;
await ensureBuild();
print("figure", ["measured", "baseline", "compared", "budget", ""]);
for (const bench of BENCHES) {
  if (asked.length > 0 && !asked.includes(bench.name)) continue;
  try {
    for (const figure of await bench.run()) {
      print(`${bench.name}: ${figure.name}`, cells(figure));
      if (figure.verdict === "OVER") code = Math.max(code, 1);
    }
  } catch (error) {
    console.error(`${bench.name} could not run:`, error);
    code = 2;
  }
}
process.exit(code);
