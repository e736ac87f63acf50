/**
 * GET /queue (protocol §1.4): which prompts run and wait, and in which order they will run. Prompts themselves and
 * `extra_data`, which holds secrets on old servers, are dropped at once.
 */
import { err, ok, type Result } from "../util/result.ts";
import { type ReplyError, readRecord } from "./replies.ts";

/** A waiting prompt; `position` is the number of waiting prompts ahead of it. */
export type PendingPrompt = { readonly promptId: string; readonly number: number; readonly position: number };

/** The queue at one moment. `running` has at most one member on every server known. */
export type QueueSnapshot = { readonly running: readonly string[]; readonly pending: readonly PendingPrompt[] };

/** Where a prompt is. */
export type QueuePlace =
  | { readonly type: "running" }
  | { readonly type: "pending"; readonly position: number }
  | { readonly type: "absent" };

/**
 * Reads GET /queue. The pending list is a heap, so it is sorted here as the server will take it: by number, then id.
 * One unreadable member makes the whole reply malformed: a prompt overlooked would count as lost.
 */
export function parseQueueReply(status: number, body: string): Result<QueueSnapshot, ReplyError> {
  const reply = readRecord(status, body);
  if (!reply.ok) return reply;
  const running = readItems(reply.value.queue_running);
  const pending = readItems(reply.value.queue_pending);
  if (running === null || pending === null) return err("malformed");
  pending.sort((a, b) => a.number - b.number || (a.promptId < b.promptId ? -1 : a.promptId > b.promptId ? 1 : 0));
  return ok({
    running: running.map((item) => item.promptId),
    pending: pending.map((item, position) => ({ ...item, position })),
  });
}

/** Where the prompt is in this snapshot. `absent` also holds for one that has ended. */
export function placeInQueue(queue: QueueSnapshot, promptId: string): QueuePlace {
  if (queue.running.includes(promptId)) return { type: "running" };
  const waiting = queue.pending.find((item) => item.promptId === promptId);
  return waiting ? { type: "pending", position: waiting.position } : { type: "absent" };
}

function readItems(value: unknown): { promptId: string; number: number }[] | null {
  if (!Array.isArray(value)) return null;
  const items: { promptId: string; number: number }[] = [];
  for (const item of value) {
    if (!Array.isArray(item) || typeof item[0] !== "number" || typeof item[1] !== "string") return null;
    items.push({ number: item[0], promptId: item[1] });
  }
  return items;
}
