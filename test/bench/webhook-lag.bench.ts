/**
 * Webhooks: how long after its end a job's event arrives, whether a slow receiver delays a fast one when many jobs end
 * at once, and what a delivery costs in rows. Times are taken in one process: it watches, and it is the receiver.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { nowMs, sleep } from "./support/clock.ts";
import { newGraph, startFake } from "./support/fake.ts";
import { type Bench, type Figure, limited, quantile, ratio } from "./support/figure.ts";
import { type LaidOpen, startLaidOpen } from "./support/laid-open.ts";
import { endOf, type Service } from "./support/service.ts";

const RUNS = 40;
const WARM_UP_RUNS = 4;
const LAG_MS = 30;

/** Jobs that end at once. */
const JOBS = 200;
/** Rounds with a slow receiver, each after one without. */
const ROUNDS = 3;
/** Outlasts the bench; one runs and one waits behind it, so that all others stay in line. */
const BUSY_STEPS = 10_000;
const BUSY_JOBS = 2;
/** The fast receiver's 95th percentile may grow so much by a slow one beside it. */
const UNDELAYED = 1.5;

/** After the end the last row is written and the last alarm set. */
const SETTLE_MS = 1_500;

export const webhookLag: Bench = {
  name: "webhook-lag",
  run: async () => [...(await measureLag()), ...(await measureIsolation()), ...(await measureRows())],
};

type Receiver = {
  url: string;
  /** When the last event of a job arrived. */
  arrived(jobId: string): Promise<number>;
  /** Gives no answer from now on. */
  hold(): void;
  /** Gives all answers that are due, and from now on at once. */
  release(): void;
  close(): void;
};

async function startReceiver(): Promise<Receiver> {
  const arrivals = new Map<string, number>();
  const waiting = new Map<string, (at: number) => void>();
  const due: (() => void)[] = [];
  let holds = false;
  const server = createServer((request, response) => {
    const at = nowMs();
    const jobId = String(request.headers["easel-job-id"]);
    arrivals.set(jobId, at);
    waiting.get(jobId)?.(at);
    request.resume();
    const answer = () => void response.writeHead(204).end();
    if (holds) due.push(answer);
    else answer();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    arrived: (jobId) =>
      new Promise((resolve) => {
        const known = arrivals.get(jobId);
        if (known === undefined) waiting.set(jobId, resolve);
        else resolve(known);
      }),
    hold: () => {
      holds = true;
    },
    release: () => {
      holds = false;
      for (const answer of due.splice(0)) answer();
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function withService<T>(
  { stepMs }: { stepMs: number },
  act: (service: Service) => Promise<T>,
  laidOpen: LaidOpen = {},
): Promise<T> {
  const fake = await startFake({ stepMs });
  const vars = { ALLOW_LOCAL_URLS: "on", COMFY_BACKENDS: JSON.stringify([{ url: fake.url, slots: 1 }]) };
  const service = await startLaidOpen(fake.url, { ...laidOpen, vars });
  try {
    return await act(service);
  } finally {
    await service.dispose();
    fake.stop();
  }
}

async function addEndpoint({ url, key }: Service, receiver: Receiver): Promise<void> {
  const answer = await fetch(`${url}/v1/webhooks`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ url: receiver.url }),
  });
  if (answer.status !== 201) throw new Error(`POST /v1/webhooks: ${answer.status} ${await answer.text()}`);
}

/** From the `end` that a viewer gets to the arrival of the event. */
async function measureLag(): Promise<Figure[]> {
  const receiver = await startReceiver();
  const lags = await withService({ stepMs: 5 }, async (service) => {
    await addEndpoint(service, receiver);
    const found: number[] = [];
    for (let run = -WARM_UP_RUNS; run < RUNS; run++) {
      const { id } = await service.create({ graph: newGraph(4) });
      const { at } = endOf(await service.watch(id));
      const lag = (await receiver.arrived(id)) - at;
      if (run >= 0) found.push(lag);
    }
    return found;
  });
  receiver.close();
  return [
    limited("end of the job -> its event at the receiver, p50", quantile(lags, 0.5), LAG_MS, "ms"),
    {
      ...limited("end of the job -> its event at the receiver, p95", quantile(lags, 0.95), 0, "ms"),
      budget: null,
      verdict: "info",
    },
  ];
}

/** Jobs that wait are all canceled at once; the time is counted from the first call. */
async function endAll(service: Service, fast: Receiver): Promise<number[]> {
  const ids: string[] = [];
  for (let n = 0; n < JOBS; n++) ids.push((await service.create({ graph: newGraph(1) })).id);
  const began = nowMs();
  await Promise.all(ids.map((id) => service.cancel(id)));
  return Promise.all(ids.map(async (id) => (await fast.arrived(id)) - began));
}

async function measureIsolation(): Promise<Figure[]> {
  const [fast, other] = [await startReceiver(), await startReceiver()];
  const times = { without: [] as number[], beside: [] as number[] };
  await withService({ stepMs: 100 }, async (service) => {
    for (const receiver of [other, fast]) await addEndpoint(service, receiver);
    for (let n = 0; n < BUSY_JOBS; n++) await service.create({ graph: newGraph(BUSY_STEPS) });
    await endAll(service, fast);
    for (let round = 0; round < ROUNDS; round++) {
      times.without.push(...(await endAll(service, fast)));
      other.hold();
      times.beside.push(...(await endAll(service, fast)));
      other.release();
      await sleep(SETTLE_MS);
    }
  });
  for (const receiver of [fast, other]) receiver.close();
  const figure = (share: number, limit: number | null) =>
    ratio(
      `${JOBS} jobs end at once: at a fast receiver, beside a slow over a fast one, p${share * 100}`,
      quantile(times.beside, share),
      quantile(times.without, share),
      limit,
    );
  return [figure(0.5, null), figure(0.95, UNDELAYED)];
}

/** Rows of one job with a receiver of its end, less those of one without. */
async function measureRows(): Promise<Figure[]> {
  const receiver = await startReceiver();
  const script = readFileSync(new URL("./support/counting-front.js", import.meta.url), "utf8");
  const rows = await withService(
    { stepMs: 5 },
    async (service) => {
      type Counts = { rowsWritten: number; alarmsSet: number };
      const counted = async () => {
        const { rowsWritten, alarmsSet } = (await (await fetch(`${service.url}/bench/counts`)).json()) as Counts;
        return rowsWritten + alarmsSet;
      };
      const rowsOf = async () => {
        const before = await counted();
        endOf(await service.watch((await service.create({ graph: newGraph(4) })).id));
        await sleep(SETTLE_MS);
        return (await counted()) - before;
      };
      // The first finds objects without tables.
      await rowsOf();
      const without = await rowsOf();
      await addEndpoint(service, receiver);
      await rowsOf();
      return { without, with: await rowsOf() };
    },
    { script },
  );
  receiver.close();
  const info = (name: string, count: number): Figure => ({
    name,
    measured: `${count} rows`,
    baseline: null,
    compared: null,
    budget: null,
    verdict: "info",
  });
  return [
    info("rows written for one delivered event, alarms and ledger included", rows.with - rows.without),
    info("rows written for a job without webhooks", rows.without),
  ];
}
