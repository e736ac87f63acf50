/**
 * Whether the GPU waits for us: sixty jobs of 100 ms each in line for one backend. Busy is the time between a prompt's
 * start and its success at the fake, out of the time from the first start to the last success. The baseline puts all
 * prompts into ComfyUI's own queue at once.
 */
import { BareClient } from "./support/bare-client.ts";
import { sleep } from "./support/clock.ts";
import { newGraph, startFake } from "./support/fake.ts";
import type { Mark } from "./support/fake-process.ts";
import type { Bench } from "./support/figure.ts";
import { startService } from "./support/service.ts";

const JOBS = 60;
const STEPS = 5;
const STEP_MS = 20;
const BUDGET = 0.98;
const TIMEOUT_MS = 60_000;

export const gpuBusy: Bench = {
  name: "gpu-busy",
  run: async () => {
    const fake = await startFake({ stepMs: STEP_MS, nodeMs: 0 });
    const service = await startService(fake.url);
    const client = await BareClient.open(fake.url);
    try {
      await client.run(newGraph(STEPS));
      await fake.marks();
      for (let job = 0; job < JOBS; job++) await client.submit(newGraph(STEPS));
      const bare = busyShare(await finished(fake.marks));
      for (let job = 0; job < JOBS; job++) await service.create({ graph: newGraph(STEPS) });
      const product = busyShare(await finished(fake.marks));
      return [
        {
          name: "GPU busy, 60 queued jobs of 100 ms",
          measured: percent(product),
          baseline: percent(bare),
          compared: `${((product - bare) * 100).toFixed(2)} points`,
          budget: `>= ${percent(BUDGET)}`,
          verdict: product >= BUDGET ? "ok" : "OVER",
        },
      ];
    } finally {
      client.close();
      await service.dispose();
      fake.stop();
    }
  },
};

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

async function finished(take: () => Promise<Mark[]>): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (let waited = 0; waited < TIMEOUT_MS; waited += 100) {
    marks.push(...(await take()));
    if (marks.filter(({ type }) => type === "execution_success").length >= JOBS) return marks;
    await sleep(100);
  }
  throw new Error("The jobs did not end in time.");
}

function busyShare(marks: readonly Mark[]): number {
  const starts = new Map<string, number>();
  let busy = 0;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const { type, promptId, at } of marks) {
    if (type === "execution_start") {
      starts.set(promptId, at);
      first = Math.min(first, at);
    }
    if (type === "execution_success") {
      busy += at - (starts.get(promptId) ?? at);
      last = Math.max(last, at);
    }
  }
  return busy / (last - first);
}
