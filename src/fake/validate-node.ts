/** Validation of the inputs of one node and everything above it, with ComfyUI's error shapes (protocol §1.2). */
import { CoercionError, coerce } from "./coerce.ts";
import { classOf } from "./graph.ts";
import { isList, isObject, type Json, type JsonObject, numberOf, pythonRepr, pythonText } from "./json.ts";
import type { InputSpec, NodeClass, NodeEnvironment } from "./nodes/node-class.ts";
import { since } from "./version.ts";

/** One entry of `node_errors[id].errors`. */
export type NodeError = JsonObject;

/** What validation found out about a node. */
export interface NodeVerdict {
  readonly valid: boolean;
  readonly errors: readonly NodeError[];
}

/** A Python exception that leaves the validation of a node. */
export class ValidationException extends Error {
  readonly exceptionType: string;
  /** The node whose validation raised it. */
  readonly nodeId: string;
  constructor(exceptionType: string, message: string, nodeId: string) {
    super(message);
    this.exceptionType = exceptionType;
    this.nodeId = nodeId;
  }
}

/** A static cycle before 0.20: ends in a refusal without any node error. */
export class StaticCycle extends Error {}

/** The traceback of an exception during validation. */
export const VALIDATION_TRACEBACK = ['  File "/comfy/execution.py", line 943, in validate_inputs\n'];

/** An error with its four fields. */
export function nodeError(type: string, message: string, details: string, extra_info: JsonObject): NodeError {
  return { type, message, details, extra_info };
}

/** Validates the nodes of one prompt; values are coerced in place, as ComfyUI does. */
export class NodeValidator {
  readonly #prompt: JsonObject;
  readonly #classes: ReadonlyMap<string, NodeClass>;
  readonly #environment: NodeEnvironment;
  /** Verdicts so far, in the order in which they were reached. */
  readonly verdicts = new Map<string, NodeVerdict>();

  constructor(prompt: JsonObject, classes: ReadonlyMap<string, NodeClass>, environment: NodeEnvironment) {
    this.#prompt = prompt;
    this.#classes = classes;
    this.#environment = environment;
  }

  /** The verdict on a node. Throws `ValidationException` and `StaticCycle`. */
  validate(id: string, path: readonly string[] = []): NodeVerdict {
    const known = this.verdicts.get(id);
    if (known !== undefined) return known;
    if (path.includes(id)) return this.#cycle([...path.slice(path.indexOf(id)), id]);
    const node = this.#prompt[id];
    const nodeClass = this.#classes.get(classOf(node));
    if (!isObject(node) || nodeClass === undefined) throw new ValidationException("KeyError", pythonRepr(id), id);
    const inputs = node.inputs;
    if (!isObject(inputs)) throw new ValidationException("KeyError", "'inputs'", id);
    const { required, optional = {} } = nodeClass.inputs(this.#environment);
    const errors: NodeError[] = [];
    let valid = true;
    for (const [name, spec] of Object.entries({ ...required, ...optional })) {
      const value = inputs[name];
      if (value === undefined) {
        if (name in required) errors.push(missing(name));
      } else if (isList(value)) {
        const result = this.#checkLink(id, name, spec, value, path);
        if (result === "upstream") valid = false;
        else if (result !== null) errors.push(result);
      } else {
        const error = this.#checkValue(nodeClass, inputs, name, spec, value);
        if (error !== null) errors.push(error);
      }
    }
    errors.push(...this.#customCheck(nodeClass, inputs));
    const earlier = this.verdicts.get(id);
    if (earlier !== undefined) return earlier;
    const verdict = { valid: valid && errors.length === 0, errors };
    this.verdicts.set(id, verdict);
    return verdict;
  }

  #cycle(path: readonly string[]): NodeVerdict {
    if (!since(this.#environment.options.version, "0.20.0")) throw new StaticCycle();
    const details = path.map((id) => `${id} (${classOf(this.#prompt[id])})`).join(" -> ");
    const cycle_nodes = path.slice(0, -1);
    for (const node_id of cycle_nodes) {
      const extra = { node_id, cycle_nodes };
      const errors = [nodeError("dependency_cycle", "Dependency cycle detected", details, extra)];
      this.verdicts.set(node_id, { valid: false, errors });
    }
    return { valid: false, errors: [] };
  }

  #checkLink(
    id: string,
    name: string,
    spec: InputSpec,
    value: readonly Json[],
    path: readonly string[],
  ): NodeError | "upstream" | null {
    const input_config = configOf(spec);
    if (value.length !== 2) {
      const message = "Bad linked input, must be a length-2 list of [node_id, slot_index]";
      return nodeError("bad_linked_input", message, name, { input_name: name, input_config, received_value: value });
    }
    const [from = null, slot = null] = value;
    const source = typeof from === "string" ? this.#prompt[from] : undefined;
    if (typeof from !== "string" || source === undefined) {
      throw new ValidationException("KeyError", pythonRepr(from), id);
    }
    const outputs = this.#classes.get(classOf(source))?.outputs ?? [];
    if (typeof slot !== "number") {
      throw new ValidationException("TypeError", "tuple indices must be integers or slices, not str", id);
    }
    const received = outputs.at(slot)?.[0];
    if (received === undefined) throw new ValidationException("IndexError", "tuple index out of range", id);
    if (!matches(received, spec[0])) {
      const wanted = isList(spec[0]) ? pythonRepr(spec[0]) : spec[0];
      const details = `${name}, received_type(${received}) mismatch input_type(${wanted})`;
      const extra = { input_name: name, input_config, received_type: received, linked_node: value };
      return nodeError("return_type_mismatch", "Return type mismatch between linked nodes", details, extra);
    }
    try {
      return this.validate(from, [...path, id]).valid ? null : "upstream";
    } catch (error) {
      if (!(error instanceof ValidationException)) throw error;
      const inner = nodeError(
        "exception_during_inner_validation",
        "Exception when validating inner node",
        error.message,
        {
          input_name: name,
          input_config,
          exception_message: error.message,
          exception_type: error.exceptionType,
          traceback: VALIDATION_TRACEBACK,
          linked_node: value,
        },
      );
      this.verdicts.set(from, { valid: false, errors: [inner] });
      return "upstream";
    }
  }

  #checkValue(nodeClass: NodeClass, inputs: JsonObject, name: string, spec: InputSpec, given: Json): NodeError | null {
    const [type, options = {}] = spec;
    const extra = { input_name: name, input_config: configOf(spec) };
    let value = isObject(given) && given.__value__ !== undefined ? given.__value__ : given;
    inputs[name] = value;
    try {
      value = coerce(value, typeof type === "string" ? type : "COMBO");
      inputs[name] = value;
    } catch (error) {
      if (!(error instanceof CoercionError)) throw error;
      const message = `Failed to convert an input value to a ${type} value`;
      const details = `${name}, ${pythonText(value)}, ${error.message}`;
      const more = { ...extra, received_value: value, exception_message: error.message };
      return nodeError("invalid_input_type", message, details, more);
    }
    if (nodeClass.check?.input === name) return null;
    const full = { ...extra, received_value: value };
    const number = numberOf(value);
    const min = numberOf(options.min);
    if (number !== null && min !== null && number < min) {
      const message = `Value ${pythonText(value)} smaller than min of ${pythonText(options.min ?? null)}`;
      return nodeError("value_smaller_than_min", message, name, full);
    }
    const max = numberOf(options.max);
    if (number !== null && max !== null && number > max) {
      const message = `Value ${pythonText(value)} bigger than max of ${pythonText(options.max ?? null)}`;
      return nodeError("value_bigger_than_max", message, name, full);
    }
    if (!isList(type) || type.some((option) => option === value)) return null;
    const long = type.length > 20;
    const list = long ? `(list of length ${type.length})` : pythonRepr(type);
    const details = `${name}: '${pythonText(value)}' not in ${list}`;
    const listed = { ...full, input_config: long ? null : full.input_config };
    return nodeError("value_not_in_list", "Value not in list", details, listed);
  }

  #customCheck(nodeClass: NodeClass, inputs: JsonObject): NodeError[] {
    const check = nodeClass.check;
    const value = check === undefined ? undefined : inputs[check.input];
    if (check === undefined || value === undefined || isList(value)) return [];
    const wrong = check.run(value, this.#environment);
    if (wrong === null) return [];
    const message = "Custom validation failed for node";
    const extra = { input_name: check.input };
    return [nodeError("custom_validation_failed", message, `${check.input} - ${wrong}`, extra)];
  }
}

function missing(name: string): NodeError {
  return nodeError("required_input_missing", "Required input is missing", name, { input_name: name });
}

function configOf(spec: InputSpec): Json {
  return [spec[0], spec[1] ?? {}];
}

/** Whether an output type may be linked to an input type: one in common, or anything goes. */
function matches(received: string, wanted: string | readonly string[]): boolean {
  if (typeof wanted !== "string") return received === "COMBO";
  if (received === "*" || wanted === "*") return true;
  const types = new Set(wanted.split(","));
  return received.split(",").some((type) => types.has(type));
}
