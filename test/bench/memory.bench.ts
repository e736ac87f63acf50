/**
 * A result of 500 MB on its way into storage: how far the memory of the product's isolate rises above what it holds at
 * rest, as V8 tells by the inspector (heap, embedder and array buffers, garbage included). The memory of the whole
 * workerd process is told beside it, with that of a bare Worker doing the same: the local stand-in of R2 is in it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { startBareStore } from "./support/bare-store.ts";
import { sleep } from "./support/clock.ts";
import { newGraph, startFake } from "./support/fake.ts";
import { amount, type Bench, type Figure, limited } from "./support/figure.ts";
import { type HugeOutput, startHugeOutput } from "./support/huge-output.ts";
import { openInspector } from "./support/inspector.ts";
import { startLaidOpen } from "./support/laid-open.ts";
import { endOf, type Service } from "./support/service.ts";

const OUTPUT_BYTES = 500_000_000;
const WARM_UP_BYTES = 1_500_000;
const WARM_UP_JOBS = 3;
const BUDGET_MB = 32;
const SAMPLE_MS = 20;

/** Reads a size in MB; 0 where this machine does not tell. */
type Gauge = () => Promise<number> | number;

export const memory: Bench = {
  name: "memory",
  run: async () => {
    const fake = await startFake({ stepMs: 10 });
    const door = await startHugeOutput(fake.url);
    try {
      const bare = await bareRise(door);
      const product = await productRise(door);
      return [
        limited("isolate above rest while 500 MB are stored", product.isolateMb, BUDGET_MB, "MB"),
        ...processOf(product.processMb, bare),
      ];
    } finally {
      door.close();
      fake.stop();
    }
  },
};

function processOf(productMb: number, bareMb: number): Figure[] {
  if (process.platform !== "linux") return [];
  return [
    {
      name: "process above rest, R2's local stand-in included",
      measured: amount(productMb, "MB"),
      baseline: amount(bareMb, "MB"),
      compared: `${productMb < bareMb ? "" : "+"}${amount(productMb - bareMb, "MB")}`,
      budget: null,
      verdict: "info",
    },
  ];
}

async function bareRise(door: HugeOutput): Promise<number> {
  const bare = await startBareStore();
  try {
    const gauge = residentMb(workerdOf(process.pid));
    const store = async (sizeBytes: number) => {
      door.sizeBytes = sizeBytes;
      if ((await bare.store(`${door.url}/view`)) !== sizeBytes) throw new Error("The file was not stored whole.");
    };
    for (let job = 0; job < WARM_UP_JOBS; job++) await store(WARM_UP_BYTES);
    const [rise = 0] = await risesDuring([gauge], () => store(OUTPUT_BYTES));
    return rise;
  } finally {
    await bare.dispose();
  }
}

async function productRise(door: HugeOutput): Promise<{ isolateMb: number; processMb: number }> {
  const service = await startLaidOpen(door.url, { inspectorPort: 0 });
  const inspector = await openInspector(service.inspector);
  try {
    const resident = residentMb(workerdOf(process.pid));
    for (let job = 0; job < WARM_UP_JOBS; job++) await store(service, door, WARM_UP_BYTES);
    await inspector.collectGarbage();
    const gauges = [async () => (await inspector.usedBytes()) / 1e6, resident];
    const [isolateMb = 0, processMb = 0] = await risesDuring(gauges, () => store(service, door, OUTPUT_BYTES));
    return { isolateMb, processMb };
  } finally {
    inspector.close();
    await service.dispose();
  }
}

/** How far each gauge rises above its value before, while something is done. */
async function risesDuring(gauges: readonly Gauge[], act: () => Promise<void>): Promise<number[]> {
  await sleep(1_000);
  const rest = await Promise.all(gauges.map((gauge) => gauge()));
  const peak = [...rest];
  let over = false;
  const sampling = (async () => {
    while (!over) {
      for (const [index, gauge] of gauges.entries()) peak[index] = Math.max(peak[index] ?? 0, await gauge());
      await sleep(SAMPLE_MS);
    }
  })();
  await act();
  over = true;
  await sampling;
  return peak.map((value, index) => value - (rest[index] ?? 0));
}

/** Runs a job whose result has this size, and makes sure that it has arrived. */
async function store(service: Service, door: HugeOutput, sizeBytes: number): Promise<void> {
  door.sizeBytes = sizeBytes;
  const { id } = await service.create({ graph: newGraph(2) });
  const { job } = endOf(await service.watch(id));
  if (job.outputs[0]?.size_bytes !== sizeBytes) throw new Error("The output was not stored whole.");
}

/** Resident memory of a process, from /proc, in pages of 4 kB. */
function residentMb(pid: number | null): Gauge {
  if (pid === null) return () => 0;
  return () => (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096) / 1e6;
}

/** The one workerd among the children of a process; null where there is no /proc. */
function workerdOf(parent: number): number | null {
  if (process.platform !== "linux") return null;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [, command, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${name}/stat`, "utf8")) ?? [];
      const [state, ofParent] = rest?.split(" ") ?? [];
      if (command === "workerd" && state !== "Z" && ofParent === String(parent)) return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error("There is no workerd among the children of the bench.");
}
