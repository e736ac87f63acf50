/**
 * A workflow: a graph as ComfyUI exports it, and the parameters a caller may set. Defining one does nothing but hold
 * it to the types; whether its graph and example are sound is for the tests of the workflow.
 */
import type { ApiGraph } from "./graph.ts";
import type { Param } from "./params.ts";

/** What `defineWorkflow` takes: `G` is the type of the imported graph, `K` the parameters' names. */
export type WorkflowSpec<G, K extends string> = {
  /** What callers name it by: lower case, digits and dashes. */
  id: string;
  /** Grows with each change a caller can notice. Both versions may be registered at once. */
  version: number;
  /** What people call it. */
  name: string;
  description: string;
  /** False: runs on a stock ComfyUI without any model file. */
  needsModel: boolean;
  graph: G;
  /** In the order in which a form shows them. */
  params: Record<K, Param<G>>;
  /** The parameters that set the picture's size, for a placeholder of the right shape; null if not known beforehand. */
  aspect: { width: NoInfer<K>; height: NoInfer<K> } | null;
  /** Inputs that work, for documentation and tests. */
  example: Partial<Record<NoInfer<K>, unknown>>;
};

/** A workflow, whatever its graph. */
export type WorkflowDefinition = WorkflowSpec<ApiGraph, string>;

/**
 * Holds a definition to its graph: a binding to a node or input that is not in the imported JSON, to a link, or to a
 * literal of the wrong type is a compile error.
 */
export function defineWorkflow<G extends ApiGraph, K extends string>(spec: WorkflowSpec<G, K>): WorkflowDefinition;
export function defineWorkflow(spec: WorkflowDefinition): WorkflowDefinition {
  return spec;
}

/**
 * The same workflow with other defaults, so that an owner can name the checkpoint that is on the box. Names the
 * workflow does not have are ignored, so one setting can serve all workflows; seeds and images have no default. The
 * values are checked when a job is bound, like a caller's.
 */
export function withDefaults(workflow: WorkflowDefinition, defaults: Record<string, unknown>): WorkflowDefinition {
  const params = Object.entries(workflow.params).map(([name, param]): [string, Param] => {
    if (!Object.hasOwn(defaults, name) || param.type === "seed" || param.type === "image") return [name, param];
    return [name, { ...param, default: defaults[name] } as Param];
  });
  return { ...workflow, params: Object.fromEntries(params) };
}
