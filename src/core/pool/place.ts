/** What a waiting job is told of its place, and when it is worth telling again. */
import type { QueueReason } from "../../contract/job.ts";
import type { QueuePlace } from "../job/state.ts";
import { must } from "../util/assert.ts";
import type { Turn } from "./forecast.ts";
import type { Line } from "./line.ts";

/** Waiting jobs that are told of each move of the line. */
export const TOLD_PLACES = 20;

/** An expected start is told anew when it is off by this share of the wait, and by this much at least. */
const NEWS_SHARE = 0.2;
const NEWS_MS = 1_000;

/**
 * The place of a waiting job, from the first `TOLD_PLACES` turns. For those behind them `ahead` is how many would be
 * served before if nobody were at a limit, and the position is told only where it is certain: where nobody else waits.
 * Who can never be served has neither.
 */
export function placeOf(jobName: string, line: Line, turns: readonly Turn[], offline: boolean): QueuePlace {
  const { owner } = must(line.job(jobName), "the job in line");
  const reason = waitReason(offline, line.isAtLimit(owner));
  const index = turns.findIndex((turn) => turn.jobName === jobName);
  if (index >= 0) {
    const startMs = turns[index]?.startMs ?? null;
    return { position: index + 1, ahead: index, reason, estStartMs: offline ? null : startMs };
  }
  if (turns.length < TOLD_PLACES) return { position: null, ahead: null, reason, estStartMs: null };
  const { count, alone } = line.ahead(jobName);
  const ahead = Math.max(TOLD_PLACES, count);
  const estStartMs = reason === "workers_busy" ? beyond(turns, ahead) : null;
  return { position: alone ? ahead + 1 : null, ahead, reason, estStartMs };
}

/** Whether a job has to hear of its place: it moved, or the start it was told of is no longer about right. */
export function isNews(told: { place: QueuePlace; at: number } | undefined, place: QueuePlace, now: number): boolean {
  if (!told) return true;
  const { position, ahead, reason, estStartMs } = told.place;
  if (position !== place.position || ahead !== place.ahead || reason !== place.reason) return true;
  if (estStartMs === null || place.estStartMs === null) return estStartMs !== place.estStartMs;
  const expected = Math.max(0, estStartMs - (now - told.at));
  return Math.abs(place.estStartMs - expected) > Math.max(NEWS_MS, NEWS_SHARE * place.estStartMs);
}

function waitReason(offline: boolean, atLimit: boolean): QueueReason {
  if (offline) return "backend_offline";
  return atLimit ? "your_concurrency" : "workers_busy";
}

/** The start of one behind the last turn, at the pace of the turns. */
function beyond(turns: readonly Turn[], ahead: number): number | null {
  const first = turns[0]?.startMs ?? null;
  const last = turns.at(-1)?.startMs ?? null;
  if (first === null || last === null) return null;
  return Math.round(last + ((last - first) / Math.max(1, turns.length - 1)) * (ahead + 1 - turns.length));
}
