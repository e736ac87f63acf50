/**
 * How much later the product is than a bare client of the same ComfyUI: at the end of a run with its output stored, and
 * at a step in its middle. Runs of all alternate on one fake; each is timed from the moment at which the fake
 * hands the event to its socket. The end is also held against a bare client that has a bare Worker store the output,
 * because the local stand-in of R2 takes several times as long as everything else together.
 */
import { BareClient } from "./support/bare-client.ts";
import { startBareStore } from "./support/bare-store.ts";
import { type BenchFake, newGraph, startFake } from "./support/fake.ts";
import type { Mark } from "./support/fake-process.ts";
import { type Bench, difference, type Figure, quantile } from "./support/figure.ts";
import { endOf, type Service, startService } from "./support/service.ts";

const RUNS = 40;
const WARM_UP_RUNS = 4;
const OUTPUT_BYTES = 1_500_000;
const RUN_STEPS = 8;
const RUN_STEP_MS = 30;

const TICK_RUNS = 4;
const TICKS = 16;
/** Steps stand alone: far enough apart that the 100 ms between two progress events never holds one back. */
const TICK_MS = 250;

export const latency: Bench = {
  name: "latency",
  run: async () => [...(await measureEnd()), ...(await measureTicks())],
};

async function measureEnd(): Promise<Figure[]> {
  return withBoth({ outputPadBytes: OUTPUT_BYTES, stepMs: RUN_STEP_MS }, async (fake, service, client) => {
    const store = await startBareStore();
    const bare: number[] = [];
    const bareStored: number[] = [];
    const product: number[] = [];
    for (let run = -WARM_UP_RUNS; run < RUNS; run++) {
      const alone = await client.run(newGraph(RUN_STEPS));
      const aloneEnd = markOf(await fake.marks(), "execution_success", alone.promptId);
      const storing = await client.run(newGraph(RUN_STEPS), store.store);
      const storingEnd = markOf(await fake.marks(), "execution_success", storing.promptId);
      const { id } = await service.create({ graph: newGraph(RUN_STEPS) });
      const end = endOf(await service.watch(id));
      const productEnd = markOf(await fake.marks(), "execution_success", end.job.backend?.prompt_id ?? "");
      const sizes = [alone.outputBytes, storing.outputBytes, await service.readRaw(end.job.outputs[0]?.id ?? "")];
      if (Math.min(...sizes) < 0.99 * OUTPUT_BYTES) throw new Error(`Outputs of ${sizes.join(", ")} bytes.`);
      if (run < 0) continue;
      bare.push(alone.doneAt - aloneEnd.at);
      bareStored.push(storing.doneAt - storingEnd.at);
      product.push(end.at - productEnd.at);
    }
    await store.dispose();
    const over = (name: string, baseline: readonly number[], share: number, limit: number) =>
      difference(name, quantile(product, share), quantile(baseline, share), limit);
    return [
      over("end of run -> end, 1.5 MB stored, over bare client, p50", bare, 0.5, 10),
      over("end of run -> end, 1.5 MB stored, over bare client, p95", bare, 0.95, 25),
      over("the same over a bare client and Worker that store it, p50", bareStored, 0.5, 10),
      over("the same over a bare client and Worker that store it, p95", bareStored, 0.95, 25),
    ];
  });
}

async function measureTicks(): Promise<Figure[]> {
  return withBoth({ stepMs: TICK_MS }, async (fake, service, client) => {
    const bare: number[] = [];
    const product: number[] = [];
    for (let run = -1; run < TICK_RUNS; run++) {
      const { heard, promptId } = await client.run(newGraph(TICKS));
      const steps = heard.flatMap(({ type, data, at }) =>
        type === "progress" ? [{ step: Number(data.value), at }] : [],
      );
      const bareDelays = delays(await fake.marks(), promptId, steps);
      const { id } = await service.create({ graph: newGraph(TICKS) });
      const seen = await service.watch(id);
      const shown = seen.flatMap(({ event, at }) =>
        event.type === "progress" && event.data.step !== null ? [{ step: event.data.step, at }] : [],
      );
      const productDelays = delays(await fake.marks(), endOf(seen).job.backend?.prompt_id ?? "", shown);
      if (run < 0) continue;
      bare.push(...bareDelays);
      product.push(...productDelays);
    }
    return [
      difference("step at ComfyUI -> one viewer, p50", quantile(product, 0.5), quantile(bare, 0.5), 5),
      {
        ...difference("step at ComfyUI -> one viewer, p95", quantile(product, 0.95), quantile(bare, 0.95), 0),
        budget: null,
        verdict: "info",
      },
    ];
  });
}

/** Time from each step's first message at the fake to its first sight. The first step shares its moment with the node's start. */
function delays(marks: readonly Mark[], promptId: string, seen: readonly { step: number; at: number }[]): number[] {
  const found: number[] = [];
  for (let step = 2; step <= TICKS; step++) {
    const left = marks.find((mark) => mark.promptId === promptId && mark.value === step);
    const came = seen.find((one) => one.step === step);
    if (left && came) found.push(came.at - left.at);
  }
  if (found.length < TICKS - 3) throw new Error(`Only ${found.length} of ${TICKS - 1} steps were seen.`);
  return found;
}

function markOf(marks: readonly Mark[], type: string, promptId: string): Mark {
  const mark = marks.find((one) => one.type === type && one.promptId === promptId);
  if (!mark) throw new Error(`The fake sent no ${type} of ${promptId}.`);
  return mark;
}

async function withBoth(
  options: Parameters<typeof startFake>[0],
  act: (fake: BenchFake, service: Service, client: BareClient) => Promise<Figure[]>,
): Promise<Figure[]> {
  const fake = await startFake(options);
  const service = await startService(fake.url);
  const client = await BareClient.open(fake.url);
  try {
    return await act(fake, service, client);
  } finally {
    client.close();
    await service.dispose();
    fake.stop();
  }
}
