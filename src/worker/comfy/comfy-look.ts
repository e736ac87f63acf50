/** What queue and history say of a prompt, and how it is stopped: the machine's `look` and `cancel_run` over HTTP. */
import { parseHistoryReply } from "../../core/comfy/history.ts";
import { parseQueueReply, placeInQueue } from "../../core/comfy/queue.ts";
import { cancelJob, deleteQueued, getHistory, getQueue, interruptPrompt } from "../../core/comfy/requests.ts";
import { capabilitiesOf, parseVersion } from "../../core/comfy/version.ts";
import type { Fault, Found } from "../../core/job/state.ts";
import { outcomeOf } from "../../core/job/verdict.ts";
import type { ComfyFetch } from "./comfy-fetcher.ts";
import { callComfy, statusFault } from "./comfy-http.ts";

/**
 * Looks in history, then in the queue, then once more in history: a prompt leaves the queue in the moment in which its
 * entry is written, so only what is in neither after that is absent (protocol P7).
 */
export async function lookFor(send: ComfyFetch, promptId: string, signal: AbortSignal): Promise<Found> {
  const first = await readHistory(send, promptId, signal);
  if (first.type !== "absent") return first;
  const queue = await callComfy(send, getQueue(), signal);
  if (!queue.ok) return { type: "unreachable", fault: queue.error };
  const parsed = parseQueueReply(queue.value.status, queue.value.body);
  if (!parsed.ok) return { type: "unreachable", fault: faultOfStatus(queue.value.status) };
  const place = placeInQueue(parsed.value, promptId);
  if (place.type !== "absent") return place;
  return readHistory(send, promptId, signal);
}

async function readHistory(send: ComfyFetch, promptId: string, signal: AbortSignal): Promise<Found> {
  const reply = await callComfy(send, getHistory(promptId), signal);
  if (!reply.ok) return { type: "unreachable", fault: reply.error };
  const entry = parseHistoryReply(promptId, reply.value.status, reply.value.body);
  if (!entry.ok) return { type: "unreachable", fault: faultOfStatus(reply.value.status) };
  return entry.value === null ? { type: "absent" } : { type: "ended", outcome: outcomeOf(entry.value) };
}

const faultOfStatus = (status: number): Fault =>
  statusFault(status) ?? { kind: "http", status, detail: "not an answer of ComfyUI" };

/** Asks ComfyUI to stop a prompt, wherever it stands. What comes of it is seen by looking. */
export async function cancelPrompt(
  send: ComfyFetch,
  promptId: string,
  version: string | null,
  signal: AbortSignal,
): Promise<void> {
  const can = capabilitiesOf(version === null ? null : parseVersion(version));
  if (can.jobsCancel) {
    const reply = await callComfy(send, cancelJob(promptId), signal);
    if (reply.ok && reply.value.status === 200) return;
  }
  await callComfy(send, deleteQueued([promptId]), signal);
  if (can.interruptByPromptId) {
    await callComfy(send, interruptPrompt(promptId), signal);
    return;
  }
  // An older server interrupts whatever runs, so it is asked first what that is.
  const queue = await callComfy(send, getQueue(), signal);
  const parsed = queue.ok ? parseQueueReply(queue.value.status, queue.value.body) : null;
  if (parsed?.ok && placeInQueue(parsed.value, promptId).type === "running") {
    await callComfy(send, interruptPrompt(promptId), signal);
  }
}
