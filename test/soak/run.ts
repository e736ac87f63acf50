/**
 * `npm run soak -- --jobs 1000 --seed 1`: a soak with a live line, then its summary. A failing one prints the stories of
 * the jobs that failed and how to run it again, and leaves out what is not needed to fail (`--shrink`). Exit code 0:
 * all promises kept; 1: one was broken.
 */
import { parseArgs } from "node:util";
import { ensureBuild } from "../../scripts/local/ensure-build.ts";
import { FAULT_WEIGHTS, type FaultKind } from "./plan-faults.ts";
import { failuresOf, isClean, type SoakReport, summaryOf } from "./report.ts";
import { type SoakProgress, soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    /** Kinds of faults to leave out, separated by commas. */
    without: { type: "string", default: "" },
    /** One job, or a range such as 40-60. */
    "only-job": { type: "string" },
    shrink: { type: "boolean", default: false },
  },
});

const [seed, jobs] = [Number(values.seed), Number(values.jobs)];
const range = /^(\d+)(?:-(\d+))?$/.exec(values["only-job"] ?? "");
const only = range ? { first: Number(range[1]), last: Number(range[2] ?? range[1]) } : undefined;
const asked = new Set(values.without.split(",").filter((kind): kind is FaultKind => kind in FAULT_WEIGHTS));

const BAR_CHARS = 30;
let lastLine = 0;
function show({ ended, of, open, faults, failed, seconds }: SoakProgress): void {
  const filled = Math.round((ended / of) * BAR_CHARS);
  const bar = `${"█".repeat(filled)}${"░".repeat(BAR_CHARS - filled)}`;
  const rate = (ended / Math.max(seconds, 0.001)).toFixed(1);
  const line = `${bar} ${ended} of ${of} · ${rate} a second · ${open} open · ${faults} faults · ${failed} failed · ${seconds.toFixed(0)} s`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${line.slice(0, (process.stdout.columns ?? 120) - 1)}`);
  else if (seconds - lastLine >= 10) {
    lastLine = seconds;
    console.log(line);
  }
}

async function run(without: ReadonlySet<FaultKind>): Promise<SoakReport> {
  lastLine = 0;
  const report = await soak({ seed, jobs, without, ...(only ? { only } : {}), onProgress: show });
  if (process.stdout.isTTY) process.stdout.write("\n");
  console.log(summaryOf(report));
  return report;
}

/** Leaves out one kind of fault after the other, for as long as it still fails. */
async function shrink(from: ReadonlySet<FaultKind>): Promise<void> {
  const without = new Set(from);
  for (const kind of Object.keys(FAULT_WEIGHTS) as FaultKind[]) {
    if (without.has(kind)) continue;
    without.add(kind);
    console.log(`\nwithout ${[...without].join()}:`);
    if (isClean(await run(without))) without.delete(kind);
  }
  console.log(`\nIt still fails as: ${command(without)}`);
}

function command(without: ReadonlySet<FaultKind>): string {
  const parts = [`--jobs ${jobs} --seed ${seed}`];
  if (values["only-job"] !== undefined) parts.push(`--only-job ${values["only-job"]}`);
  if (without.size > 0) parts.push(`--without ${[...without].join()}`);
  return `npm run soak -- ${parts.join(" ")}`;
}

await ensureBuild();
const report = await run(asked);
if (!isClean(report)) {
  console.log(failuresOf(report));
  console.log(`\nAgain: ${command(asked)}`);
  if (values.shrink) await shrink(asked);
}
process.exit(isClean(report) ? 0 : 1);
