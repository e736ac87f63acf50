/**
 * A thousand viewers of one job at ten events a second, against a bare `ws` broadcast of the same text to the same
 * viewers. Fake, Worker, broadcast and viewers are processes of their own; rounds of both alternate. A delivery is timed
 * from the step's first message at the fake (the broadcast: from its first send) to its receipt by one viewer.
 */
import { LIVE_PROTOCOL } from "../../src/contract/viewer.ts";
import { BareClient } from "./support/bare-client.ts";
import type { BroadcastAsk } from "./support/broadcast-process.ts";
import { type Child, startChild } from "./support/child.ts";
import { sleep } from "./support/clock.ts";
import type { CrowdAsk, CrowdReport } from "./support/crowd-process.ts";
import { type BenchFake, newGraph, startFake } from "./support/fake.ts";
import { amount, type Bench, type Figure, quantile, ratio } from "./support/figure.ts";
import { endOf, type Seen, type Service, startService } from "./support/service.ts";

const VIEWERS = 1_000;
const ROUNDS = 2;
const STEPS = 40;
/** The fake, as ComfyUI does, holds back steps that are less than 100 ms apart: 9.8 a second all leave. */
const STEP_MS = 102;
const END_WITHIN_MS = 10_000;
const SUBMIT_MS = 1_000;
/** A prompt of somebody else that keeps ComfyUI busy until all viewers have come. */
const BLOCKING_STEPS = 10_000;

type Round = { delays: number[]; shown: number; lost: number };

export const fanout: Bench = {
  name: "fanout",
  run: async () => {
    const fake = await startFake({ stepMs: STEP_MS });
    const service = await startService(fake.url);
    const other = await BareClient.open(fake.url);
    const crowd = startChild("./crowd-process.ts");
    const server = startChild("./broadcast-process.ts");
    try {
      const address = await server.ask<string>({ type: "listen" } satisfies BroadcastAsk);
      const product: Round[] = [];
      const bare: Round[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const { seen, ...ours } = await productRound(fake, service, other, crowd);
        product.push(ours);
        bare.push(await bareRound(server, address, crowd, seen));
      }
      return figures(product, bare);
    } finally {
      crowd.stop();
      server.stop();
      other.close();
      await service.dispose();
      fake.stop();
    }
  },
};

async function productRound(
  fake: BenchFake,
  service: Service,
  other: BareClient,
  crowd: Child,
): Promise<Round & { seen: Seen[] }> {
  await other.submit(newGraph(BLOCKING_STEPS));
  const { id, new_share } = await service.create({ graph: newGraph(STEPS), share: {} });
  // Until the prompt stands in ComfyUI's queue; from then on nothing happens before everyone has come.
  await sleep(SUBMIT_MS);
  const watching = service.watch(id);
  const address = `${new_share?.url?.replace("http", "ws")}/events?previews=none`;
  await crowd.ask({ type: "join", address, protocol: LIVE_PROTOCOL, viewers: VIEWERS } satisfies CrowdAsk);
  await fake.marks();
  await other.interrupt();
  const report = await crowd.ask<CrowdReport>({ type: "leave", withinMs: END_WITHIN_MS + STEPS * STEP_MS });
  const seen = await watching;
  const promptId = endOf(seen).job.backend?.prompt_id;
  const left = new Map<number, number>();
  for (const { promptId: of, value, at } of await fake.marks()) {
    if (of === promptId && value !== null && !left.has(value)) left.set(value, at);
  }
  const durable = seen.flatMap(({ event }) =>
    event.type === "status" || event.type === "output" || event.type === "end" ? [`${event.type} ${event.seq}`] : [],
  );
  return { ...delivered(report, left, durable.join(", ")), seen };
}

async function bareRound(server: Child, address: string, crowd: Child, seen: readonly Seen[]): Promise<Round> {
  const frame = seen.find(({ event }) => event.type === "progress" && event.data.step !== null);
  const text = JSON.stringify(frame?.event);
  await crowd.ask({ type: "join", address, protocol: null, viewers: VIEWERS } satisfies CrowdAsk);
  const report = crowd.ask<CrowdReport>({ type: "leave", withinMs: END_WITHIN_MS + STEPS * STEP_MS });
  const last = '{"type":"end","seq":1}';
  const sent = await server.ask<number[]>({
    type: "broadcast",
    text,
    last,
    steps: STEPS,
    everyMs: STEP_MS,
  } satisfies BroadcastAsk);
  return delivered(await report, new Map(sent.map((at, index) => [index + 1, at])), "end 1");
}

/** The last step is left out on both sides: at ComfyUI it shares its moment with the end of its node. */
function delivered({ steps, times, histories }: CrowdReport, left: Map<number, number>, durable: string): Round {
  const delays: number[] = [];
  const shown = new Set<number>();
  steps.forEach((step, index) => {
    const at = left.get(step);
    if (at === undefined || step < 1 || step >= STEPS) return;
    shown.add(step);
    delays.push((times[index] ?? at) - at);
  });
  const whole = histories.find(([words]) => words === durable)?.[1] ?? 0;
  return { delays, shown: shown.size, lost: VIEWERS - whole };
}

function figures(product: readonly Round[], bare: readonly Round[]): Figure[] {
  const ours = product.flatMap(({ delays }) => delays);
  const theirs = bare.flatMap(({ delays }) => delays);
  const lost = product.reduce((sum, round) => sum + round.lost, 0);
  const perViewer = (of: readonly number[]) => (of.length / VIEWERS / ROUNDS / ((STEPS - 1) * STEP_MS)) * 1_000;
  return [
    ratio("1,000 viewers at 10 events/s, delivery p50", quantile(ours, 0.5), quantile(theirs, 0.5), 2),
    ratio("1,000 viewers at 10 events/s, delivery p99", quantile(ours, 0.99), quantile(theirs, 0.99), 3),
    {
      name: "progress events per viewer",
      measured: amount(perViewer(ours), "/s"),
      baseline: amount(perViewer(theirs), "/s"),
      compared: null,
      budget: null,
      verdict: "info",
    },
    {
      name: "viewers that missed a durable event",
      measured: `${lost} of ${VIEWERS * ROUNDS}`,
      baseline: `${bare.reduce((sum, round) => sum + round.lost, 0)} of ${VIEWERS * ROUNDS}`,
      compared: null,
      budget: "0",
      verdict: lost === 0 ? "ok" : "OVER",
    },
  ];
}
