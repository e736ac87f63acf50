/**
 * Creates: how many are accepted in a second beside an empty route of hono, and whether one takes longer when there are
 * many jobs already. Each has an Idempotency-Key, as an app sends it; the backend is busy, so all of them wait in line.
 */

import { startBareHono } from "./support/bare-hono.ts";
import { atOnce, type Caller, callerOf } from "./support/caller.ts";
import { newGraph, startFake } from "./support/fake.ts";
import { type Bench, type Figure, quantile, ratio } from "./support/figure.ts";
import { type BenchProject, type FilledService, startFilled } from "./support/filled.ts";
import { endOf } from "./support/service.ts";

const AT_ONCE = 16;
const ROUNDS = 10;
const ROUND_CREATES = 100;
const WARM_UP_ROUNDS = 2;
/** Each is a caller of its own, counted by itself. */
const USERS = 50;

const ROWS = { total: 10_000, users: 1_000, failEvery: 500, unfinished: 1_000 };
const CREATES = 300;
const WARM_UP_CREATES = 30;
const FLAT = 1.25;

const STEP_MS = 100;
/** Outlasts the bench. */
const BUSY_STEPS = 10_000;

let lastKey = 0;

export const creates: Bench = {
  name: "creates",
  run: async () => {
    const fake = await startFake({ stepMs: STEP_MS });
    const vars = { COMFY_BACKENDS: JSON.stringify([{ url: fake.url, slots: 1 }]) };
    const filled = await startFilled(fake.url, { vars });
    const hono = await startBareHono();
    const bare = callerOf(hono.url);
    try {
      const { job: sample } = endOf(
        await filled.service.watch((await filled.service.create({ graph: newGraph(1) })).id),
      );
      const small = await filled.project("empty");
      const large = await filled.project("full");
      await filled.fill(large, sample, ROWS);
      await filled.service.create({ graph: newGraph(BUSY_STEPS) });
      return [...(await flatness(filled.caller, small, large)), ...(await throughput(filled, bare))];
    } finally {
      bare.close();
      await hono.dispose();
      await filled.dispose();
      fake.stop();
    }
  },
};

/** One after the other, in turn to a project with many jobs and to one that begins empty. */
async function flatness(caller: Caller, small: BenchProject, large: BenchProject): Promise<Figure[]> {
  const times = new Map<BenchProject, number[]>([
    [small, []],
    [large, []],
  ]);
  for (let index = -WARM_UP_CREATES; index < CREATES; index++) {
    for (const [project, taken] of times) {
      const ms = await create(caller, project.key, `u_${Math.abs(index)}`);
      if (index >= 0) taken.push(ms);
    }
  }
  const at = (project: BenchProject, share: number) => quantile(times.get(project) ?? [], share);
  return [
    ratio("create with 10,000 jobs in the index, over an empty one, p50", at(large, 0.5), at(small, 0.5), FLAT),
    ratio("create with 10,000 jobs in the index, over an empty one, p95", at(large, 0.95), at(small, 0.95), null),
  ];
}

/** Many at once, in turn with the bare routes. */
async function throughput({ caller, project, token }: FilledService, bare: Caller): Promise<Figure[]> {
  const home = await project("throughput");
  const tokens = await Promise.all(Array.from({ length: USERS }, (_, user) => token(home, `u_${user}`)));
  const lanes = {
    empty: new Lane(() => post(bare, "/empty", "", null)),
    kept: new Lane(() => post(bare, "/kept", "", null)),
    own: new Lane((index) => create(caller, tokens[index % USERS] ?? "", null)),
  };
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const lane of Object.values(lanes)) await lane.round(round >= 0);
  }
  const { own, empty, kept } = lanes;
  return [
    ratio("creates accepted, 16 at once, over an empty route", own.perSecond, empty.perSecond, null, "/s"),
    ratio("the same over a route that makes one object with one row", own.perSecond, kept.perSecond, null, "/s"),
    ratio("create, 16 at once, over an empty route, p50", own.quantile(0.5), empty.quantile(0.5), null),
    ratio("create, 16 at once, over an empty route, p99", own.quantile(0.99), empty.quantile(0.99), null),
    ratio(
      "the same over a route that makes one object with one row, p99",
      own.quantile(0.99),
      kept.quantile(0.99),
      null,
    ),
  ];
}

/** Rounds of the same request, many at once. */
class Lane {
  readonly #act: (index: number) => Promise<number>;
  readonly #taken: number[] = [];
  #ms = 0;

  constructor(act: (index: number) => Promise<number>) {
    this.#act = act;
  }

  async round(counts: boolean): Promise<void> {
    const { results, ms } = await atOnce(ROUND_CREATES, AT_ONCE, this.#act);
    if (!counts) return;
    this.#taken.push(...results);
    this.#ms += ms;
  }

  get perSecond(): number {
    return (this.#taken.length / this.#ms) * 1_000;
  }

  quantile(share: number): number {
    return quantile(this.#taken, share);
  }
}

const create = (caller: Caller, bearer: string, user: string | null) => post(caller, "/v1/jobs", bearer, user);

/** The time of one create, or of the same request to another route. */
async function post(caller: Caller, path: string, bearer: string, user: string | null): Promise<number> {
  lastKey += 1;
  const answer = await caller.call(202, {
    method: "POST",
    path,
    bearer,
    headers: { "idempotency-key": `bench-${lastKey}` },
    body: { workflow: "txt2img", inputs: { prompt: "a lighthouse in fog" }, user },
  });
  return answer.ms;
}
