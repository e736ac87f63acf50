/**
 * From a create request to what the job is: workflow bound or graph checked, uploads looked up, times reckoned.
 * Everything that can be refused is refused here, before any object is touched.
 */

import type { JobCreate } from "../../contract/job-requests.ts";
import { uploadKey } from "../../core/artifact/key.ts";
import type { JobImage, JobSpec } from "../../core/job/spec.ts";
import { stringifyExact } from "../../core/util/exact-json.ts";
import { hex, sha256 } from "../../core/util/ids.ts";
import { type BoundImage, bindWorkflow } from "../../core/workflow/bind.ts";
import { type ApiGraph, type ApiNode, closure, titleOf } from "../../core/workflow/graph.ts";
import { directSendLabels, refusedNodes } from "../../core/workflow/guard.ts";
import { executionRoots, websocketOutputNodes } from "../../core/workflow/outputs.ts";
import { MAX_GRAPH_BYTES, parseGraph } from "../../core/workflow/parse-graph.ts";
import { prepareGraph } from "../../core/workflow/prepare.ts";
import type { WorkflowRegistry } from "../../core/workflow/registry.ts";
import { randomiseSeeds } from "../../core/workflow/seeds.ts";
import { configOf } from "../config.ts";
import type { Reader } from "./auth/principal.ts";
import { invalidInputs } from "./body.ts";
import { ApiError } from "./problem.ts";
import { registryOf } from "./registry.ts";
import { mayUse } from "./uploads.ts";

/** A job that names no deadline ends after this. */
const DEFAULT_FINISH_SECONDS = 3_600;
/** A job that names no retention is removed after this (api D2). */
const DEFAULT_RETENTION_SECONDS = 7 * 86_400;

const draw = (): bigint => crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;

type Bound = Pick<JobSpec, "workflow" | "inputs" | "seed" | "aspect"> & { graph: ApiGraph; images: BoundImage[] };

export type JobPlan = { spec: JobSpec; graph: string };

export type PlanContext = {
  jobId: string;
  project: string;
  /** Whose job it is to be. */
  user: string | null;
  /** Who asks: only uploads that the caller may use are found. */
  reader: Reader;
  origin: string;
  now: number;
  /** Of the request as it came. */
  fingerprint: string;
};

/** What to create; nothing is changed by planning it. */
export async function planJob(env: Env, request: JobCreate, context: PlanContext): Promise<JobPlan> {
  const { allowedNodes } = configOf(env);
  const bound = request.workflow === undefined ? bindGraph(request, allowedNodes) : bindNamed(registryOf(env), request);
  const { graph } = prepareGraph(bound.graph);
  const runs = closure(graph, executionRoots(graph));
  const text = stringifyExact(graph);
  const { now } = context;
  const seconds = (value: number | undefined) => (value === undefined ? null : now + value * 1000);
  const spec: JobSpec = {
    id: context.jobId,
    project: context.project,
    user: context.user,
    rerunOf: null,
    concurrent: null,
    projectConcurrent: null,
    fingerprint: context.fingerprint,
    origin: context.origin,
    workflow: bound.workflow,
    inputs: bound.inputs,
    seed: bound.seed,
    metadata: request.metadata,
    priority: request.priority,
    images: await Promise.all(bound.images.map((image) => findUpload(env, context, image))),
    plan: Object.entries(graph).flatMap(([id, node]) =>
      runs.has(id) ? [{ id, classType: node.class_type, title: titleOf(node), units: unitsOf(node) }] : [],
    ),
    socketNodes: websocketOutputNodes(graph),
    labels: Object.fromEntries(Object.entries(directSendLabels(graph)).map(([id, { event }]) => [id, event])),
    keepTemporary: request.keep_temporary,
    aspect: bound.aspect,
    shape: await shapeOf(bound.workflow, graph),
    createdAt: now,
    startBy: seconds(request.deadline.start_within_seconds),
    finishBy: now + (request.deadline.finish_within_seconds ?? DEFAULT_FINISH_SECONDS) * 1000,
    expiresAt: now + (request.retention.expires_in_seconds ?? DEFAULT_RETENTION_SECONDS) * 1000,
  };
  return { spec, graph: text };
}

function bindNamed(registry: WorkflowRegistry, request: JobCreate): Bound {
  const workflow = registry.find(request.workflow ?? "");
  if (!workflow) {
    const names = registry
      .list()
      .map((one) => one.id)
      .join(", ");
    throw new ApiError("workflow_not_found", `There is no workflow of that name. There are: ${names}.`);
  }
  const bound = bindWorkflow(workflow, request.inputs, draw);
  if (!bound.ok) throw invalidInputs(bound.error);
  const { graph, inputs, seed, images, aspect } = bound.value;
  return {
    workflow: { id: workflow.id, version: workflow.version, name: workflow.name },
    graph,
    inputs,
    seed,
    images,
    aspect,
  };
}

function bindGraph(request: JobCreate, allowedNodes: readonly string[]): Bound {
  if (Object.keys(request.inputs).length > 0) {
    throw invalidInputs([
      { pointer: "#/inputs", code: "unknown_parameter", detail: "A raw graph has no inputs: set them in its nodes." },
    ]);
  }
  const parsed = parseGraph(request.graph);
  if (!parsed.ok) {
    const ui = parsed.error.some((problem) => problem.code === "workflow_format_ui");
    throw invalidInputs(parsed.error, ui ? "workflow_format_ui" : "invalid_workflow");
  }
  if (stringifyExact(parsed.value).length > MAX_GRAPH_BYTES) {
    throw new ApiError("payload_too_large", `A graph may have at most ${MAX_GRAPH_BYTES} bytes.`);
  }
  const refused = refusedNodes(parsed.value, allowedNodes);
  if (refused.length > 0) throw new ApiError("graph_not_allowed", refused[0]?.detail ?? "", { errors: refused });
  const drawn = request.randomize_seeds ? randomiseSeeds(parsed.value, draw) : null;
  return {
    workflow: null,
    graph: drawn?.graph ?? parsed.value,
    inputs: null,
    seed: drawn?.seeds[0]?.value ?? null,
    images: [],
    aspect: null,
  };
}

async function findUpload(env: Env, { project, reader }: PlanContext, image: BoundImage): Promise<JobImage> {
  const object = await env.MEDIA.head(uploadKey(image.uploadId));
  if (!object || !mayUse(object, project, reader)) {
    const detail =
      "There is no upload of that id. Upload the file first (POST /v1/uploads); uploads are kept for a day.";
    throw new ApiError("missing_upload", detail, {
      errors: [{ pointer: `#/inputs/${image.name}`, code: "missing_upload", detail }],
    });
  }
  const slots = image.slots.map(([node, input]): [string, string] => [node, input]);
  return { name: image.name, uploadId: image.uploadId, contentType: object.httpMetadata?.contentType ?? "", slots };
}

/** Longest chain of steps that is believed. */
const MAX_UNITS = 10_000;

/** A sampler's steps, less those that its denoise leaves out. */
function unitsOf({ inputs: { steps, denoise } }: ApiNode): number {
  if (typeof steps !== "number" || !(steps >= 1)) return 1;
  const share = typeof denoise === "number" && denoise > 0 && denoise < 1 ? denoise : 1;
  return Math.min(MAX_UNITS, Math.max(1, Math.round(steps * share)));
}

/** What decides how long a node takes besides its steps. */
const SIZE_INPUTS = ["width", "height", "batch_size"];

/** Runs are alike when they are of one workflow, or of graphs with the same nodes, and make pictures of the same size. */
async function shapeOf(workflow: JobSpec["workflow"], graph: ApiGraph): Promise<string> {
  const nodes = Object.entries(graph).map(([id, { class_type, inputs }]) => {
    const sizes = SIZE_INPUTS.map((name) => (typeof inputs[name] === "number" ? inputs[name] : ""));
    return [id, class_type, ...sizes].join(":");
  });
  const digest = hex(await sha256(nodes.sort().join("\n"))).slice(0, 32);
  return workflow ? `${workflow.id}@${workflow.version}:${digest}` : digest;
}
