/** Runs the requests of core/comfy over a fetch: timeouts, bounded bodies, faults told apart. */
import type { ComfyRequest } from "../../core/comfy/requests.ts";
import type { Fault } from "../../core/job/state.ts";
import { err, ok, type Result } from "../../core/util/result.ts";
import type { ComfyFetch } from "./comfy-fetcher.ts";

/** How long ComfyUI may take to answer. A busy interpreter answers late without being dead (protocol P6). */
export const COMFY_TIMEOUT_MS = 15_000;
/** Largest answer that is read: history entries carry the whole prompt, object lists are larger still. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

export type Reply = { status: number; body: string };

/** Sends a request and reads the whole answer; any status is an answer, only the lack of one is a fault. */
export async function callComfy(
  send: ComfyFetch,
  request: ComfyRequest,
  signal?: AbortSignal,
  timeoutMs: number = COMFY_TIMEOUT_MS,
): Promise<Result<Reply, Fault>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await send(request.path, {
      method: request.method,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const body = await readBounded(response);
    if (body === null) return err({ kind: "http", status: response.status, detail: "The answer is too large." });
    return ok({ status: response.status, body });
  } catch (error) {
    return err(faultOf(error, timeout));
  }
}

/** The fault behind a failed fetch. */
export function faultOf(error: unknown, timeout?: AbortSignal): Fault {
  if (timeout?.aborted) return { kind: "timeout" };
  return { kind: "unreachable", detail: error instanceof Error ? error.name : "unknown" };
}

/** The fault that a status stands for, or null where the answer is from ComfyUI itself (protocol §1.0). */
export function statusFault(status: number): Fault | null {
  if (status === 401 || status === 403) return { kind: "refused", status };
  if (status === 502 || status === 503 || status === 504 || (status >= 520 && status <= 530)) {
    return { kind: "unreachable", detail: `status ${status}` };
  }
  return null;
}

async function readBounded(response: Response): Promise<string | null> {
  if (Number(response.headers.get("content-length") ?? 0) > MAX_REPLY_BYTES) {
    await response.body?.cancel();
    return null;
  }
  if (!response.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > MAX_REPLY_BYTES) {
      await reader.cancel();
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
}
