/**
 * What one job of 30 s costs: rows, calls and bucket operations, counted inside workerd by a script in front of the
 * built Worker, and priced as Cloudflare's Workers Paid plan does. One viewer watches to the end; no webhook.
 */
import { readFileSync } from "node:fs";
import { sleep } from "./support/clock.ts";
import { newGraph, startFake } from "./support/fake.ts";
import { type Bench, type Figure, limited } from "./support/figure.ts";
import { startLaidOpen } from "./support/laid-open.ts";
import { endOf } from "./support/service.ts";

const STEPS = 30;
const STEP_MS = 1_000;
const ROWS_BUDGET = 18;
const COST_BUDGET = 0.11;
/** After the end the lease is given back and the last alarm set. */
const SETTLE_MS = 1_000;

/** US dollars per unit, beyond what the plan includes. */
const PRICE = {
  workerRequest: 0.3e-6,
  cpuMs: 0.02e-6,
  objectRequest: 0.15e-6,
  gbSecond: 12.5e-6,
  rowWritten: 1e-6,
  rowRead: 0.001e-6,
  bucketWrite: 4.5e-6,
  bucketRead: 0.36e-6,
  logLine: 0.6e-6,
} as const;
/** Of the model and not counted here: requests of the caller, CPU of each, log lines, ComfyUI's messages (20 to a request). */
const MODEL = { workerRequests: 5, cpuMs: 25, logLines: 10, comfyMessages: 100 } as const;
const OBJECT_GB = 0.128;

const COUNTED = [
  "rowsWritten",
  "rowsRead",
  "alarmsSet",
  "objectCalls",
  "messagesIn",
  "bucketWrites",
  "bucketReads",
] as const;
type Counts = Record<(typeof COUNTED)[number], number>;

export const storage: Bench = {
  name: "storage",
  run: async () => {
    const fake = await startFake({ stepMs: STEP_MS, outputPadBytes: 1_500_000 });
    const script = readFileSync(new URL("./support/counting-front.js", import.meta.url), "utf8");
    const service = await startLaidOpen(fake.url, { script });
    try {
      const counts = async () => (await (await fetch(`${service.url}/bench/counts`)).json()) as Counts;
      // The first job finds the pool empty and makes its tables.
      endOf(await service.watch((await service.create({ graph: newGraph(1) })).id));
      await sleep(SETTLE_MS);
      const before = await counts();
      const { id } = await service.create({ graph: newGraph(STEPS) });
      const { job } = endOf(await service.watch(id));
      await sleep(SETTLE_MS);
      const after = await counts();
      return figures(
        Object.fromEntries(COUNTED.map((name) => [name, after[name] - before[name]])) as Counts,
        (job.metrics.total_ms ?? 0) / 1_000,
      );
    } finally {
      await service.dispose();
      fake.stop();
    }
  },
};

function figures(counts: Counts, seconds: number): Figure[] {
  const rows = counts.rowsWritten + counts.alarmsSet;
  const messages = (counts.messagesIn + MODEL.comfyMessages) / 20;
  const cost =
    MODEL.workerRequests * PRICE.workerRequest +
    MODEL.cpuMs * PRICE.cpuMs +
    MODEL.logLines * PRICE.logLine +
    (counts.objectCalls + messages) * PRICE.objectRequest +
    seconds * OBJECT_GB * PRICE.gbSecond +
    rows * PRICE.rowWritten +
    counts.rowsRead * PRICE.rowRead +
    counts.bucketWrites * PRICE.bucketWrite +
    counts.bucketReads * PRICE.bucketRead;
  const info = (name: string, count: number): Figure => ({
    name,
    measured: String(count),
    baseline: null,
    compared: null,
    budget: null,
    verdict: "info",
  });
  return [
    { ...limited("rows written per job, alarms included", rows, ROWS_BUDGET, "rows"), measured: `${rows} rows` },
    info("of these, alarms set", counts.alarmsSet),
    info("rows read per job", counts.rowsRead),
    info("calls of objects per job", counts.objectCalls),
    info("bucket writes per job", counts.bucketWrites),
    info("bucket reads per job", counts.bucketReads),
    {
      ...limited("1,000 such jobs, without storage over time, US$", cost * 1_000, COST_BUDGET, ""),
      measured: `$${(cost * 1_000).toFixed(4)}`,
      budget: `<= $${COST_BUDGET}`,
    },
  ];
}
