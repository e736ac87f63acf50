/**
 * A workflow and a caller's inputs → the graph to run. Everything that was left open is decided here, once: defaults
 * are filled in and the seed is drawn, so that a repeat of the job is the same picture. No upload is looked up and
 * nothing is asked of a backend.
 */
import { must } from "../util/assert.ts";
import { err, ok, type Result } from "../util/result.ts";
import type { WorkflowDefinition } from "./define.ts";
import { type ApiGraph, type Slot, withInputs } from "./graph.ts";
import { type OutputNode, outputNodes } from "./outputs.ts";
import { literalsOf, type Param, type ParamValue } from "./params.ts";
import { type InputProblem, inputProblems } from "./problems.ts";
import { inputsSchema, RANDOM_SEED } from "./schema.ts";
import { type DrawSeed, drawSeed, seedLiteral } from "./seeds.ts";

/** An uploaded image that the graph reads, and where its file name on the backend has to be put. */
export type BoundImage = { name: string; uploadId: string; slots: Slot[] };

export type BoundWorkflow = {
  /** Ready to submit but for the images: their slots hold the upload's id until `placeImages` has put the file names. */
  graph: ApiGraph;
  /** The inputs as they count: defaults filled in, the seed as a decimal string. */
  inputs: Record<string, string | number | boolean>;
  /** The seed in use, drawn or given, as a decimal string; null if the workflow has none. */
  seed: string | null;
  images: BoundImage[];
  /** The picture's size in pixels if it is known before the run. */
  aspect: { width: number; height: number } | null;
  outputs: OutputNode[];
};

/**
 * Binds `inputs` (undefined or null count as `{}`). `draw` is called once per seed that is not given. The error lists
 * all problems at once.
 */
export function bindWorkflow(
  workflow: WorkflowDefinition,
  inputs: unknown,
  draw: DrawSeed,
): Result<BoundWorkflow, InputProblem[]> {
  const given = inputs ?? {};
  const parsed = inputsSchema(workflow).safeParse(given);
  if (!parsed.success) return err(inputProblems(parsed.error.issues, given, workflow.params));

  const bound = Object.entries(workflow.params).map(([name, param]) => {
    const value = must(parsed.data[name], `a parsed value of ${name}`);
    return { name, param, value: param.type === "seed" && value === RANDOM_SEED ? drawSeed(draw) : value };
  });
  const graph = withInputs(
    workflow.graph,
    bound.flatMap(({ param, value }) =>
      literalsOf(param, value).map(([slot, literal]) => [slot, toJson(literal)] as const),
    ),
  );
  const seed = bound.find(({ param }) => param.type === "seed");
  return ok({
    graph,
    inputs: Object.fromEntries(bound.map(({ name, value }) => [name, typeof value === "bigint" ? `${value}` : value])),
    seed: seed === undefined ? null : seed.value.toString(),
    images: bound.flatMap(imagesOf),
    aspect: aspectOf(workflow, parsed.data),
    outputs: outputNodes(graph),
  });
}

/**
 * The graph with each image's file name on the backend in its slots (`LoadImage` takes `name` or `subfolder/name`).
 * Images without a name in `fileNames` (upload id → file name) keep the upload's id, which ComfyUI refuses by name.
 */
export function placeImages(
  graph: ApiGraph,
  images: readonly BoundImage[],
  fileNames: ReadonlyMap<string, string>,
): ApiGraph {
  return withInputs(
    graph,
    images.flatMap(({ uploadId, slots }) => slots.map((slot) => [slot, fileNames.get(uploadId) ?? uploadId] as const)),
  );
}

function toJson(literal: ParamValue): string | number | boolean | bigint {
  return typeof literal === "bigint" ? seedLiteral(literal) : literal;
}

function imagesOf({ name, param, value }: { name: string; param: Param; value: ParamValue }): BoundImage[] {
  return param.type === "image" ? [{ name, uploadId: String(value), slots: [...param.slots] }] : [];
}

function aspectOf(workflow: WorkflowDefinition, values: Record<string, ParamValue>): BoundWorkflow["aspect"] {
  if (workflow.aspect === null) return null;
  const width = values[workflow.aspect.width];
  const height = values[workflow.aspect.height];
  return typeof width === "number" && typeof height === "number" ? { width, height } : null;
}
