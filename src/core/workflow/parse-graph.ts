/**
 * Foreign input → a graph that the rest may trust, or all that is wrong with it in words, each with its place. Checks
 * what ComfyUI would refuse without a clear answer, crash on, or take for something else (protocol §1.2, §5); whether
 * classes and values exist is the server's to say. Time is linear in the input and nothing in it can make it throw.
 */
import { err, ok, type Result } from "../util/result.ts";
import { type ApiGraph, type ApiNode, isLink } from "./graph.ts";
import { findCycle } from "./graph-cycle.ts";
import { isObject, recogniseOtherFormat } from "./graph-formats.ts";
import { pointer, quote } from "./pointer.ts";

/** Largest accepted graph as JSON text. The caller measures before it parses. */
export const MAX_GRAPH_BYTES = 1024 * 1024;
/** Most nodes; the largest published workflows have a few hundred. */
export const MAX_GRAPH_NODES = 2000;
/** Reporting stops here: who gets fifty problems has sent something else than a graph. */
export const MAX_GRAPH_PROBLEMS = 50;
/** Longest node id, class name and input name. */
export const MAX_NAME_LENGTH = 256;
const MAX_TITLE_LENGTH = 200;
const MAX_VALUE_DEPTH = 32;
const MAX_VALUES = 200_000;

export type GraphProblemCode =
  | "workflow_format_ui"
  | "workflow_wrapped"
  | "not_a_graph"
  | "empty_graph"
  | "too_many_nodes"
  | "bad_node_id"
  | "bad_node"
  | "missing_class_type"
  | "bad_inputs"
  | "bad_input_name"
  | "bad_link"
  | "bad_slot"
  | "missing_node"
  | "bad_value"
  | "dependency_cycle"
  | "node_refused";

/** One fault: `pointer` is its place in the request (`#/graph/12/inputs/model`), `detail` a sentence with the remedy. */
export type GraphProblem = { pointer: string; code: GraphProblemCode; detail: string };

export type GraphLimits = { maxNodes: number };

/**
 * Parses `value`, the JSON value a caller sent as graph (best read with `parseExact`, which keeps long seeds exact).
 *
 * A missing `inputs` becomes `{}` (without it ComfyUI's worker can die, protocol §5 P2) and keys ComfyUI does not read
 * are left out. A graph wrapped as a `/prompt` body (`{"prompt": {…}}`) is refused with the remedy rather than
 * unwrapped: the pointers of later errors would no longer fit what the caller sent.
 */
export function parseGraph(
  value: unknown,
  limits: GraphLimits = { maxNodes: MAX_GRAPH_NODES },
): Result<ApiGraph, GraphProblem[]> {
  if (!isObject(value)) {
    return refuse("not_a_graph", 'Must be an object of nodes: {"1": {"class_type": …, "inputs": {…}}, …}.');
  }
  const otherFormat = recogniseOtherFormat(value);
  if (otherFormat !== null) return err([otherFormat]);
  const entries = Object.entries(value);
  if (entries.length === 0) return refuse("empty_graph", "The graph has no nodes.");
  if (entries.length > limits.maxNodes) {
    return refuse("too_many_nodes", `At most ${limits.maxNodes} nodes, got ${entries.length}.`);
  }

  const problems: GraphProblem[] = [];
  const nodes: [string, ApiNode][] = [];
  const budget = { values: MAX_VALUES };
  for (const [id, node] of entries) {
    const parsed = parseNode(id, node, value, problems, budget);
    if (parsed !== null) nodes.push([id, parsed]);
    if (problems.length >= MAX_GRAPH_PROBLEMS) return err(problems.slice(0, MAX_GRAPH_PROBLEMS));
  }
  if (problems.length > 0) return err(problems);

  const graph = Object.fromEntries(nodes);
  const cycle = findCycle(graph);
  if (cycle !== null) {
    const path = [...cycle, cycle[0] ?? ""].map((id) => `${quote(id)} (${graph[id]?.class_type})`);
    const shown = path.length > 8 ? [...path.slice(0, 6), "…", path.at(-1)] : path;
    const detail = `These nodes wait for each other: ${shown.join(" → ")}.`;
    return err([{ pointer: pointer("graph", cycle[0] ?? ""), code: "dependency_cycle", detail }]);
  }
  return ok(graph);
}

function parseNode(
  id: string,
  node: unknown,
  graph: object,
  problems: GraphProblem[],
  budget: { values: number },
): ApiNode | null {
  const report = (code: GraphProblemCode, detail: string, ...place: string[]) => {
    problems.push({ pointer: pointer("graph", id.slice(0, MAX_NAME_LENGTH), ...place), code, detail });
    return null;
  };
  if (!isSaneName(id)) return report("bad_node_id", `${quote(id)} cannot be a node id.`);
  if (!isObject(node)) return report("bad_node", 'A node is an object: {"class_type": …, "inputs": {…}}.');
  const { class_type: classType, inputs = {}, _meta: meta } = node;
  if (typeof classType !== "string" || classType === "" || classType.length > MAX_NAME_LENGTH) {
    return report("missing_class_type", 'Needs "class_type", the name of the node\'s class.', "class_type");
  }
  if (!isObject(inputs)) return report("bad_inputs", '"inputs" must be an object.', "inputs");
  for (const [name, value] of Object.entries(inputs)) {
    const fault = isSaneName(name) ? checkInput(value, graph, budget) : BAD_INPUT_NAME;
    if (fault !== null) report(fault.code, fault.detail, "inputs", name.slice(0, MAX_NAME_LENGTH));
    if (problems.length >= MAX_GRAPH_PROBLEMS) return null;
  }
  const title = isObject(meta) && typeof meta.title === "string" ? meta.title.slice(0, MAX_TITLE_LENGTH) : undefined;
  return {
    class_type: classType,
    inputs: { ...inputs },
    ...(title === undefined ? {} : { _meta: { title: title.toWellFormed() } }),
  };
}

type Fault = { code: GraphProblemCode; detail: string };
const BAD_INPUT_NAME: Fault = { code: "bad_input_name", detail: "This cannot be the name of an input." };

function checkInput(value: unknown, graph: object, budget: { values: number }): Fault | null {
  if (isLink(value)) {
    const [nodeId, slot] = value;
    if (!Object.hasOwn(graph, nodeId)) {
      return { code: "missing_node", detail: `Links to node ${quote(nodeId)}, which is not in the graph.` };
    }
    if (Number.isInteger(slot) && slot >= 0) return null;
    return { code: "bad_slot", detail: `The slot of a link is 0 or a whole number above it, got ${slot}.` };
  }
  if (Array.isArray(value)) {
    const [first] = value;
    if (value.length === 2 && typeof first === "number" && Object.hasOwn(graph, String(first))) {
      return { code: "bad_link", detail: `Node ids are strings in links: write ["${first}", …].` };
    }
    const remedy = 'wrap a real list as {"__value__": […]}';
    return { code: "bad_link", detail: `ComfyUI takes every list for a link ["node id", slot]: ${remedy}.` };
  }
  return checkLiteral(value, budget);
}

/** Whether a literal is plain JSON of bounded depth; everything that writes it out recurses. */
function checkLiteral(literal: unknown, budget: { values: number }): Fault | null {
  const bad = (detail: string): Fault => ({ code: "bad_value", detail });
  const pending: { value: unknown; depth: number }[] = [{ value: literal, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    if (--budget.values < 0) return bad(`The graph has more than ${MAX_VALUES} values.`);
    if (typeof value === "number" && !Number.isFinite(value)) return bad("This number is too large to be written.");
    if (typeof value === "object" && value !== null) {
      if (depth >= MAX_VALUE_DEPTH) return bad(`Nested more than ${MAX_VALUE_DEPTH} levels deep.`);
      for (const member of Object.values(value)) pending.push({ value: member, depth: depth + 1 });
    } else if (typeof value === "undefined" || typeof value === "function" || typeof value === "symbol") {
      return bad("Not a JSON value.");
    }
  }
  return null;
}

/** Names that every object inherits are refused, so that a look-up by name can never find something that is not there. */
function isSaneName(name: string): boolean {
  return name !== "" && name.length <= MAX_NAME_LENGTH && name.isWellFormed() && !/\p{Cc}/u.test(name) && !(name in {});
}

function refuse(code: GraphProblemCode, detail: string): Result<never, GraphProblem[]> {
  return err([{ pointer: pointer("graph"), code, detail }]);
}
