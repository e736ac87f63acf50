/**
 * A failed node as the rest of the product knows it, read from an `execution_error` wherever one is found: on the
 * socket, among history's messages, in a job. Tracebacks and inputs never get this far.
 */
import type * as z from "zod";
import type { ExecutionErrorSchema } from "./messages.ts";

/** What went wrong in which node. The node is the visible one: an inner node's failure blames its ancestor. */
export type ExecutionFailure = {
  readonly nodeId: string | null;
  readonly nodeType: string | null;
  /** The exception's own words, for the owner; may quote paths or prompt text, so not for viewers. */
  readonly message: string;
  readonly exceptionType: string;
  /** Ids of the nodes that had finished, in no order. */
  readonly executed: readonly string[];
  /** A branch was blocked on purpose: **not** an end, the run goes on to its success (protocol §2.6). */
  readonly blocked: boolean;
  readonly outOfMemory: boolean;
  /** A dependency cycle found at run time, which history records as a success (protocol §1.5). */
  readonly cycle: boolean;
};

const GPU_MEMORY_WORDS = /ran out of memory on your GPU|^(CUDA|HIP|MPS|XPU)\b[^\n]*out of memory/i;

/** Reads the failure out of a parsed `execution_error`. */
export function failureOf(message: z.infer<typeof ExecutionErrorSchema>): ExecutionFailure {
  const exceptionClass = message.exception_type.slice(message.exception_type.lastIndexOf(".") + 1);
  return {
    nodeId: message.node_id,
    nodeType: message.node_type,
    message: message.exception_message,
    exceptionType: message.exception_type,
    executed: message.executed,
    blocked: exceptionClass === "ExecutionBlocked",
    outOfMemory: exceptionClass === "OutOfMemoryError" || GPU_MEMORY_WORDS.test(message.exception_message),
    cycle: exceptionClass === "DependencyCycleError",
  };
}
