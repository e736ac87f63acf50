/**
 * Lists and the feed of changes with 100,000 jobs in the index and with 100, asked in turn. A page has 20 jobs with the
 * document of a real one each, unless its line says otherwise.
 */

import { changesScope, encodeCursor, listScope } from "../../src/core/tenant/cursor.ts";
import type { ListQuery } from "../../src/core/tenant/vocabulary.ts";
import type { Caller } from "./support/caller.ts";
import { newGraph, startFake } from "./support/fake.ts";
import { type Bench, type Figure, quantile, ratio } from "./support/figure.ts";
import { type BenchProject, type Filling, startFilled } from "./support/filled.ts";
import { endOf } from "./support/service.ts";

const SMALL = { total: 100, users: 5, failEvery: 100, unfinished: 0 } satisfies Filling;
const LARGE = { total: 100_000, users: 1_000, failEvery: 50_000, unfinished: 0 } satisfies Filling;
const PAGE = 20;
const RARE = "/v1/jobs?status=failed";
const FULL = { small: PAGE, large: PAGE };
/** A user with a job in both projects, and 20 at least. */
const USER = "u_3";
const ASKS = 200;
const WARM_UP_ASKS = 20;
const FLAT = 1.25;
const NO_FILTERS: Omit<ListQuery, "before" | "limit"> = {
  user: null,
  status: null,
  workflow: null,
  metadata: {},
  createdAfter: null,
  createdBefore: null,
};

type Filled = BenchProject & { rows: number; token: string };
type Ask = {
  name: string;
  path: (project: Filled) => string;
  byUser?: true;
  /** How many jobs the page shows. */
  jobs: { small: number; large: number };
  /** Ratio that is allowed; null for no budget. */
  budget: number | null;
};

const ASKED: readonly Ask[] = [
  { name: "list, the newest 20", path: () => "/v1/jobs", jobs: FULL, budget: FLAT },
  { name: "list, 20 from the middle on", path: middle, jobs: FULL, budget: FLAT },
  { name: "list of one user by a secret key", path: () => `/v1/jobs?user=${USER}`, jobs: FULL, budget: FLAT },
  { name: "list of one user by the app's token", path: () => "/v1/jobs", byUser: true, jobs: FULL, budget: FLAT },
  // One call looks through a bounded number of rows, which is more than the small project has.
  { name: "list by a status that no recent job has", path: () => RARE, jobs: { small: 1, large: 0 }, budget: null },
  { name: "changes, the last 20", path: lastChanges, jobs: FULL, budget: FLAT },
  { name: "changes, the first 20", path: () => "/v1/changes", jobs: FULL, budget: FLAT },
  { name: "changes of one user since long ago", path: () => "/v1/changes", byUser: true, jobs: FULL, budget: FLAT },
];

export const lists: Bench = {
  name: "lists",
  run: async () => {
    const fake = await startFake({ stepMs: 1 });
    const filled = await startFilled(fake.url);
    try {
      const { id } = await filled.service.create({ graph: newGraph(1) });
      const { job: sample } = endOf(await filled.service.watch(id));
      const fill = async (name: string, filling: Filling): Promise<Filled> => {
        const project = await filled.project(name);
        await filled.fill(project, sample, filling);
        return { ...project, rows: filling.total, token: await filled.token(project, USER) };
      };
      const small = await fill("small", SMALL);
      const large = await fill("large", LARGE);
      const figures: Figure[] = [];
      for (const ask of ASKED) {
        const inSmall: number[] = [];
        const inLarge: number[] = [];
        for (let index = -WARM_UP_ASKS; index < ASKS; index++) {
          const smallMs = await timeOf(filled.caller, ask, small);
          const largeMs = await timeOf(filled.caller, ask, large);
          if (index < 0) continue;
          inSmall.push(smallMs);
          inLarge.push(largeMs);
        }
        const at = (share: number) => [quantile(inLarge, share), quantile(inSmall, share)] as const;
        figures.push(ratio(`${ask.name}, 100,000 rows over 100, p50`, ...at(0.5), ask.budget));
      }
      return figures;
    } finally {
      await filled.dispose();
      fake.stop();
    }
  },
};

function middle({ id, rows }: Filled): string {
  return `/v1/jobs?cursor=${encodeCursor("list", listScope(id, NO_FILTERS), rows / 2)}`;
}

/** Each record is a change, and the numbers of changes begin with 2. */
function lastChanges({ id, rows }: Filled): string {
  return `/v1/changes?cursor=${encodeCursor("changes", changesScope(id, { user: null }), rows + 1 - PAGE)}`;
}

async function timeOf(caller: Caller, { path, byUser, jobs }: Ask, project: Filled): Promise<number> {
  const answer = await caller.call(200, { path: path(project), bearer: byUser ? project.token : project.key });
  const shown = answer.text.split('"object":"job"').length - 1;
  const wanted = project.rows === LARGE.total ? jobs.large : jobs.small;
  if (shown !== wanted) throw new Error(`${path(project)} shows ${shown} jobs and not ${wanted}.`);
  return answer.ms;
}
