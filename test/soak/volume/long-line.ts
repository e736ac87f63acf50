/** Thousands of jobs in line before a backend that is busy: created, placed, canceled. */
import { type Figure, limited, quantile } from "../../bench/support/figure.ts";
import { ticking } from "../../support/graphs.ts";
import { pause, Scene } from "./scene.ts";

const JOBS = 5_000;
const AT_ONCE = 12;
/** Jobs at the head of the line that are told where they stand. */
const TOLD = 20;

/** Runs `act` for each of these, some at a time; the time that each took, in order of their ends. */
async function each<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const item = items[next++];
      if (item === undefined) return;
      const startedAt = performance.now();
      await act(item);
      took.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return took;
}

export const longLine = (): Promise<Figure[]> =>
  Scene.play({}, async (scene) => {
    const { calls } = scene;
    const blockers = [
      await calls.create({ graph: ticking(9_000, 1_000, 1) }),
      await calls.create({ graph: ticking(9_000, 1_000, 2) }),
    ];
    const ids: string[] = [];
    const graph = ticking(3, 5, 3);
    const create = async () => void ids.push((await calls.create({ graph })).id);
    const created = await each(
      Array.from({ length: JOBS }, (_, number) => number),
      create,
    );
    const [first, last] = [quantile(created.slice(0, 500), 0.5), quantile(created.slice(-500), 0.5)];
    const full = scene.memoryMb;
    const { queue } = await calls.health();
    await pause(1_000);
    const heads = await Promise.all(ids.slice(0, TOLD + 5).map((id) => calls.job(id, null)));
    const places = heads.flatMap((job) => job.queue?.position ?? []).sort((a, b) => a - b);
    const wrong = Array.from({ length: TOLD }, (_, at) => at + 1).filter(
      (place) => places.filter((one) => one === place).length !== 1,
    );
    // Whoever leaves the line costs the same however long it is.
    const canceled = await each([...ids, ...blockers.map(({ id }) => id)], (id) => calls.cancel(id));
    const until = Date.now() + 60_000;
    let left = (await calls.health()).queue;
    while ((left?.waiting !== 0 || left.leased !== 0) && Date.now() < until) {
      await pause(500);
      left = (await calls.health()).queue;
    }
    const rest = scene.memoryMb;
    await pause(12_000);
    const [firstOut, lastOut] = [quantile(canceled.slice(0, 500), 0.5), quantile(canceled.slice(-500), 0.5)];
    return [
      limited(`${JOBS} jobs in line: not in line`, JOBS - (queue?.waiting ?? 0), 0, "jobs"),
      limited("creating the last 500, p50", last, Math.round(3 * first + 20), "ms", first),
      limited("wrong places at the head of the line", wrong.length, 0, "places"),
      limited("canceling, the first 500, p50", firstOut, Math.round(3 * lastOut + 20), "ms", lastOut),
      limited("left in the pool when all are canceled", (left?.waiting ?? 0) + (left?.leased ?? 0), 0, "jobs"),
      limited("memory of workerd with all in line", full, 1_500, "MB"),
      limited("memory of workerd 12 s after", scene.memoryMb, 1_500, "MB", rest),
    ];
  });
