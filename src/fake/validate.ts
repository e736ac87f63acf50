/** Validation of a whole prompt: which outputs may run, and the refusal otherwise (protocol §1.2). */
import { isList, isObject, type Json, type JsonObject, printJson } from "./json.ts";
import type { NodeClass, NodeEnvironment } from "./nodes/node-class.ts";
import {
  type NodeError,
  NodeValidator,
  nodeError,
  StaticCycle,
  VALIDATION_TRACEBACK,
  ValidationException,
} from "./validate-node.ts";
import { since } from "./version.ts";

/** Either outputs to run (with the errors of outputs that are left out) or the `error` of a 400. */
export type Verdict =
  | { readonly ok: true; readonly outputs: readonly string[]; readonly nodeErrors: Json }
  | { readonly ok: false; readonly error: Json; readonly nodeErrors: Json };

/** A prompt so malformed that ComfyUI answers 500. */
export class MalformedPrompt extends Error {}

/** Judges a prompt. `targets` is `partial_execution_targets`. Throws `MalformedPrompt`. */
export function validatePrompt(
  prompt: JsonObject,
  targets: readonly Json[] | null,
  classes: ReadonlyMap<string, NodeClass>,
  environment: NodeEnvironment,
): Verdict {
  const outputs: string[] = [];
  for (const [id, node] of Object.entries(prompt)) {
    if (!isObject(node)) throw new MalformedPrompt(`node ${id} is ${printJson(node).slice(0, 40)}`);
    const nodeClass = typeof node.class_type === "string" ? classes.get(node.class_type) : undefined;
    if (nodeClass === undefined) return { ok: false, error: missingClass(id, node, environment), nodeErrors: {} };
    if (nodeClass.isOutput === true && (targets === null || targets.includes(id))) outputs.push(id);
  }
  if (outputs.length === 0) {
    return { ok: false, error: nodeError("prompt_no_outputs", "Prompt has no outputs", "", {}), nodeErrors: {} };
  }
  const validator = new NodeValidator(prompt, classes, environment);
  const good: string[] = [];
  const reasons: string[] = [];
  const nodeErrors = new Map<string, { errors: readonly NodeError[]; dependent_outputs: string[]; class_type: Json }>();
  for (const output of outputs) {
    const verdict = validateOutput(validator, output);
    if (verdict.valid) {
      good.push(output);
      continue;
    }
    reasons.push(...verdict.errors.map(({ message, details }) => `${message}: ${details}`));
    for (const [id, { valid, errors }] of validator.verdicts) {
      if (valid || errors.length === 0) continue;
      const node = prompt[id];
      const class_type = isObject(node) ? (node.class_type ?? null) : null;
      const entry = nodeErrors.get(id) ?? { errors, dependent_outputs: [], class_type };
      entry.dependent_outputs.push(output);
      nodeErrors.set(id, entry);
    }
  }
  const listed: Json = new Map([...nodeErrors].map(([id, entry]) => [id, { ...entry }]));
  if (good.length > 0) return { ok: true, outputs: good, nodeErrors: listed };
  const message = "Prompt outputs failed validation";
  const error = nodeError("prompt_outputs_failed_validation", message, reasons.join("\n"), {});
  return { ok: false, error, nodeErrors: listed };
}

function validateOutput(validator: NodeValidator, output: string): { valid: boolean; errors: readonly NodeError[] } {
  try {
    return validator.validate(output);
  } catch (error) {
    if (error instanceof StaticCycle) return { valid: false, errors: [] };
    if (!(error instanceof ValidationException)) throw error;
    const extra = { exception_type: error.exceptionType, traceback: VALIDATION_TRACEBACK };
    const found = nodeError("exception_during_validation", "Exception when validating node", error.message, extra);
    const verdict = { valid: false, errors: [found] };
    validator.verdicts.set(output, verdict);
    return verdict;
  }
}

function missingClass(id: string, node: JsonObject, environment: NodeEnvironment): Json {
  const class_type = typeof node.class_type === "string" ? node.class_type : null;
  const details = `Node ID '#${id}'`;
  if (!since(environment.options.version, "0.12.0")) {
    const message =
      class_type === null
        ? "Cannot execute because a node is missing the class_type property."
        : `Cannot execute because node ${class_type} does not exist.`;
    return nodeError("invalid_prompt", message, details, {});
  }
  const meta = isObject(node._meta) && typeof node._meta.title === "string" ? node._meta.title : null;
  const node_title = meta ?? class_type;
  const message =
    class_type === null
      ? `Node '${node_title ?? `ID #${id}`}' has no class_type. The workflow may be corrupted or a custom node is missing.`
      : `Node '${node_title}' not found. The custom node may not be installed.`;
  return nodeError("missing_node_type", message, details, { node_id: id, class_type, node_title });
}

/** The targets in a request: null means all. Throws `MalformedPrompt` if it is no list. */
export function readTargets(value: Json | undefined): readonly Json[] | null {
  if (value === undefined || value === null) return null;
  if (!isList(value)) throw new MalformedPrompt("partial_execution_targets");
  return value;
}
