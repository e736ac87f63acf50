/** Small true things that job tests are made of: a spec, outputs, ends, events. Each can be changed in part. */
import type { ComfyEvent } from "../../src/core/comfy/events.ts";
import type { JobSpec } from "../../src/core/job/spec.ts";
import type { Failure, Found, RunOutcome, Stored, Wanted } from "../../src/core/job/state.ts";

export const HOUR = 3_600_000;
export const START = 1_763_600_000_000;

/** A text-to-image job of three nodes: `1` loads, `3` samples, `9` saves. */
export function specOf(part: Partial<JobSpec> = {}): JobSpec {
  return {
    id: "job_01kag3000000000000000000aa",
    project: "prj_01kag3000000000000000000aa",
    user: null,
    rerunOf: null,
    concurrent: null,
    projectConcurrent: null,
    fingerprint: "f".repeat(64),
    origin: "https://api.example",
    workflow: { id: "portrait", version: 1, name: "Portrait" },
    inputs: { prompt: "a fox" },
    seed: "42",
    metadata: {},
    priority: "normal",
    images: [],
    plan: [
      { id: "1", classType: "CheckpointLoaderSimple", title: null, units: 1 },
      { id: "3", classType: "KSampler", title: "Sampler", units: 1 },
      { id: "9", classType: "SaveImage", title: null, units: 1 },
    ],
    socketNodes: [],
    labels: {},
    keepTemporary: false,
    aspect: null,
    shape: "portrait@1",
    createdAt: START,
    startBy: START + HOUR,
    finishBy: START + 2 * HOUR,
    expiresAt: START + 100 * HOUR,
    ...part,
  };
}

export const fileOf = (nodeId: string, position = 0, part: Partial<Wanted> = {}): Wanted => ({
  key: `${nodeId}/images/${position}`,
  nodeId,
  position,
  source: { type: "file", filename: `out_${position}.png`, subfolder: "", folder: "output" },
  hint: "image",
  temporary: false,
  ...part,
});

export const storedOf = (nodeId = "9", part: Partial<Stored> = {}): Omit<Stored, "index" | "key"> => ({
  id: "out_01kag3000000000000000000aa",
  nodeId,
  name: "out_0.png",
  label: null,
  type: "image",
  temporary: false,
  contentType: "image/png",
  sizeBytes: 10,
  width: 64,
  height: 64,
  durationMs: null,
  sha256: "0".repeat(64),
  text: null,
  cleanable: true,
  ...part,
});

export const success = (...wanted: Wanted[]): Found => ({
  type: "ended",
  outcome: { result: "success", failure: null, wanted },
});

export const failureOf = (part: Partial<Failure> = {}): Failure => ({
  code: "node_failed",
  detail: "KSampler: boom",
  nodeId: "3",
  classType: "KSampler",
  input: null,
  ...part,
});

export const endedBy = (result: RunOutcome["result"], failure: Failure | null = null, ...wanted: Wanted[]): Found => ({
  type: "ended",
  outcome: { result, failure, wanted },
});

/** A preview frame; without `promptId` it is one that names nothing. */
export const pictureOf = (part: Partial<Extract<ComfyEvent, { type: "preview" }>> = {}): ComfyEvent => ({
  type: "preview",
  nodeId: null,
  displayNodeId: null,
  promptId: null,
  outputId: null,
  imageType: "image/png",
  bytes: new Uint8Array([1, 2, 3]),
  metadata: false,
  ...part,
});

export type ProgressNodes = Extract<ComfyEvent, { type: "progressState" }>["nodes"];

export const nodeState = (nodeId: string, value: number, max: number, state = "running"): ProgressNodes[number] => ({
  nodeId,
  value,
  max,
  state,
  displayNodeId: nodeId,
  parentNodeId: null,
  realNodeId: nodeId,
});
