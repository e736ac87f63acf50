/**
 * What is left when all jobs of a soak are over: places given back, nobody in line, in the bucket the results of these
 * jobs and nothing else, and in each object's storage (read from the files of the local runtime once it is stopped) no
 * wish and no alarm but the one for the end of retention.
 */
import type { Calls } from "./calls.ts";
import type { JobLife } from "./job-life.ts";
import { readObjects, type StoredObject } from "./object-files.ts";
import type { Stack } from "./stack.ts";

/** Time in which all wishes that clean up must have been made, those to backends that were away included. */
const CLEAN_UP_MS = 45_000;
/** An alarm set for something earlier than the retention goes off once more for nothing, within this time of the end. */
const LAST_ALARM_MS = 35_000;
/** An alarm that was due longer ago than this has been forgotten. */
const LATE_ALARM_MS = 5_000;

/** What is wrong; empty where all is well. Stops the Worker. */
export async function restOf(
  stack: Stack,
  calls: Calls,
  lives: readonly JobLife[],
  uploads: readonly string[],
): Promise<string[]> {
  const wrong: string[] = [];
  const until = Date.now() + CLEAN_UP_MS;
  for (;;) {
    const { queue } = await calls.health();
    if (queue?.waiting === 0 && queue.leased === 0) break;
    if (Date.now() > until) {
      wrong.push(`the pool still has ${JSON.stringify(queue)} ${CLEAN_UP_MS / 1000} s after the last job`);
      break;
    }
    await pause(250);
  }
  // Prompts that nobody waits for any more are canceled up to three times, a second apart.
  await pause(5_000);
  wrong.push(...keysOf(await stack.bucketKeys(), lives, uploads));
  await stack.stop();
  wrong.push(...storageOf(stack.folder, lives));
  return wrong;
}

/** The bucket holds the outputs of all jobs and the uploads, and nothing else. */
function keysOf(keys: readonly string[], lives: readonly JobLife[], uploads: readonly string[]): string[] {
  const expected = new Map<string, JobLife | null>(uploads.map((id) => [`u/${id}`, null]));
  for (const life of lives) {
    for (const { id } of life.final?.outputs ?? []) {
      expected.set(`o/${id}`, life);
      expected.set(`o/${id}.facts`, life);
    }
  }
  const have = new Set(keys);
  const missing = [...expected].filter(([key]) => !have.has(key));
  return [
    ...missing.map(([key, life]) => `job ${life?.plan.number}: ${key} is not in the bucket`),
    ...keys.filter((key) => !expected.has(key)).map((key) => `${key} is in the bucket and belongs to no result`),
  ];
}

/** What the objects have in store. */
function storageOf(folder: string, lives: readonly JobLife[]): string[] {
  const wrong: string[] = [];
  const objects = new Map(readObjects(folder).map((object) => [object.jobId, object]));
  for (const { id, plan, watchers, endedAt } of lives) {
    const object = objects.get(id);
    if (!object) {
      wrong.push(`job ${plan.number}: no object holds it`);
      continue;
    }
    const { effects, deadlines, events } = object;
    if (effects.length > 0) wrong.push(`job ${plan.number}: still wishes ${effects.join()}`);
    if (deadlines.join() !== "expire") wrong.push(`job ${plan.number}: still due ${deadlines.join()}`);
    if (!isAtRest(object, endedAt)) wrong.push(`job ${plan.number}: alarm ${JSON.stringify(object)}`);
    const ends = events.filter(({ type }) => type === "end").length;
    if (ends !== 1) wrong.push(`job ${plan.number}: ${ends} ends are stored`);
    for (const { ledger, plan: viewer } of watchers) {
      if (ledger.since === null || ledger.ends === 0) continue;
      const { since, durable } = ledger;
      const due = events.filter(({ seq, type }) => seq > since && (viewer.role === "owner" || type !== "warning"));
      const missed = due.filter(({ seq }) => !durable.has(seq));
      if (missed.length > 0)
        wrong.push(
          `job ${plan.number}: a ${viewer.role} by ${viewer.transport} missed ${missed.map(({ seq, type }) => `${type} ${seq}`).join()}; it saw ${[...durable].join()} since ${since}`,
        );
    }
  }
  return wrong;
}

/** Whether the only alarm of an ended job is that of its retention, or one that goes off before and then sets that. */
function isAtRest({ alarmAt, expiresAt }: StoredObject, endedAt: number): boolean {
  if (alarmAt === null || alarmAt === expiresAt) return alarmAt !== null;
  return alarmAt > Date.now() - LATE_ALARM_MS && alarmAt < endedAt + LAST_ALARM_MS;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
