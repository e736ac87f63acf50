/** How a run ends badly, in the words of ComfyUI's events (protocol §2.4, §2.6). */
import { type Json, type JsonObject, pythonText } from "./json.ts";
import { type Inputs, NodeFailure } from "./nodes/value.ts";

/** The prompt was interrupted; raised where ComfyUI tests its flag. */
export class Interrupted extends Error {}

/** The server process ended; whatever was running stops without a trace. */
export class ServerStopped extends Error {}

/** Links form a cycle that only showed while running. */
export class RuntimeCycle extends Error {}

/** Frames with server paths, as real ones have, without source lines. */
const TRACEBACK = [
  '  File "/comfy/execution.py", line 542, in execute\n',
  '  File "/comfy/execution.py", line 303, in process_inputs\n',
];

/** The part of `execution_error` that describes the exception. */
export function describeFailure(error: unknown, inputs: Inputs | null): JsonObject {
  if (error instanceof RuntimeCycle) {
    return {
      exception_message: "Dependency cycle detected",
      exception_type: "graph.DependencyCycleError",
      traceback: [],
      current_inputs: [],
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    exception_message: `${message}\n`,
    exception_type: error instanceof NodeFailure ? error.exceptionType : "RuntimeError",
    traceback: TRACEBACK,
    current_inputs: inputs === null ? {} : printedInputs(inputs),
  };
}

/** Inputs as the server prints them: each a list with the text of its value. */
function printedInputs(inputs: Inputs): ReadonlyMap<string, Json> {
  const printed = new Map<string, Json>();
  for (const [name, value] of inputs.entries) {
    const json = value.type === "json" ? value.json : null;
    const text =
      value.type === "images" ? "tensor([[[[0.1255, 0.1255, 0.2078],\n          ...]]]])" : `<${value.type}>`;
    printed.set(name, [value.type === "json" ? (typeof json === "object" ? pythonText(json) : json) : text]);
  }
  return printed;
}
