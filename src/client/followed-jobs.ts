/**
 * What is being followed, kept in the app's store over restarts: per job its id and its last known state, whose `seq` is
 * the cursor. A store that fails costs the memory, never the following.
 */
import type { Job } from "../contract/job.ts";
import { looksLikeJob, parseJson } from "./decode.ts";
import { MAX_FOLLOWED } from "./limits.ts";

/** Where the app keeps small texts: AsyncStorage, MMKV, localStorage, a file. One store per person who signs in. */
export type Store = {
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  set(key: string, value: string): unknown;
  delete(key: string): unknown;
};

/** A followed job; `job` is null before anything was heard of it. */
export type FollowedJob = { id: string; job: Job | null };

/** Under this name in the store. */
const KEY = "easelcast.jobs";

export type FollowedJobs = {
  list(): Promise<FollowedJob[]>;
  keep(id: string, job: Job | null): void;
  forget(id: string): void;
};

/** The list in `store`; without a store nothing is kept. */
export function createFollowedJobs(store: Store | undefined): FollowedJobs {
  // Changes wait for one another: each reads what the one before has written.
  let turn: Promise<unknown> = Promise.resolve();

  async function read(): Promise<FollowedJob[]> {
    const list: unknown = parseJson((await store?.get(KEY)) ?? "[]");
    if (!Array.isArray(list)) return [];
    return (list as (FollowedJob | null)[]).flatMap((one) =>
      typeof one?.id === "string" ? [{ id: one.id, job: looksLikeJob(one.job) ? one.job : null }] : [],
    );
  }

  function change(id: string, next: FollowedJob[]): void {
    if (!store) return;
    turn = turn
      .then(async () => {
        const list = [...(await read()).filter((one) => one.id !== id), ...next].slice(-MAX_FOLLOWED);
        await (list.length > 0 ? store.set(KEY, JSON.stringify(list)) : store.delete(KEY));
      })
      .catch(() => {});
  }

  return {
    list: () => turn.then(read).catch(() => []),
    keep: (id, job) => change(id, [{ id, job }]),
    forget: (id) => change(id, []),
  };
}
