/** Which receiver is told of which event. */
import { type EventType, PROGRESS_INTERVAL_MS } from "../../contract/webhook.ts";

/**
 * Whether a receiver with these filters gets events of this type. What is said about webhooks themselves goes to every
 * endpoint that it is sent to, whatever its filters: nobody asks for bad news in advance.
 */
export function wants(filters: readonly string[], type: EventType): boolean {
  if (type === "webhook.disabled" || type === "webhook.test") return true;
  return filters.some((filter) => filter === type || filter === "job.*");
}

/** Whether another `job.progress` of a job may be sent. `lastAt` is when the last one was made, or null. */
export const progressIsDue = (lastAt: number | null, now: number): boolean =>
  lastAt === null || now - lastAt >= PROGRESS_INTERVAL_MS;
