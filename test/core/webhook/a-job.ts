/** A job document for the tests of webhooks, with something in every field that must not leave. */
import type { Job, Output } from "../../../src/contract/job.ts";

export const SECRET_WORDS = "a secret lighthouse in fog";
export const JOB_ID = "job_01kag3x7p2v9m4t8r6c5n1d0ze";
export const ORIGIN = "https://api.example.com";
export const STAMP = {
  id: "evt_01kag40f9x000000000000000a",
  at: Date.parse("2026-11-20T07:12:01Z"),
  project: "prj_01kag40f9x000000000000000b",
  mode: "live",
} as const;

export function anOutput(index: number, changes: Partial<Output> = {}): Output {
  return {
    object: "output",
    id: `out_${String(index).padStart(26, "0")}`,
    job_id: JOB_ID,
    index,
    node_id: "9",
    name: `${SECRET_WORDS}.png`,
    label: SECRET_WORDS,
    type: "image",
    temporary: false,
    content_type: "image/png",
    size_bytes: 1_848_320,
    width: 1_024,
    height: 1_024,
    duration_ms: null,
    hash: `sha256:${"9f".repeat(32)}`,
    url: `${ORIGIN}/m/1vq.abc/out_${index}/original.png`,
    url_expires_at: "2026-11-22T00:00:00Z",
    text: SECRET_WORDS,
    metadata_stripped: true,
    ...changes,
  };
}

export function aJob(changes: Partial<Job> = {}): Job {
  const self = `${ORIGIN}/v1/jobs/${JOB_ID}`;
  return {
    object: "job",
    id: JOB_ID,
    seq: 77,
    status: "succeeded",
    terminal: true,
    phase: "done",
    headline: "Done",
    notice: null,
    workflow: { id: "portrait-flux", version: 3, name: "Portrait" },
    user: "u_42",
    metadata: { screen: "editor" },
    priority: "normal",
    rerun_of: null,
    inputs: { prompt: SECRET_WORDS, seed: "7" },
    seed: "918273645546372819",
    attempt: 1,
    max_attempts: 2,
    created_at: "2026-11-20T07:11:43Z",
    started_at: "2026-11-20T07:11:52Z",
    finished_at: "2026-11-20T07:12:01Z",
    expires_at: "2026-11-27T07:11:43Z",
    deadline: { start_by: null, finish_by: "2026-11-20T07:16:43Z" },
    queue: null,
    progress: {
      value: 0.62,
      kind: "determinate",
      step: 15,
      steps: 24,
      nodes_done: 5,
      nodes_total: 9,
      current_node: "3",
      current_node_class: "KSampler",
      current_node_title: "Sampler",
      message: "Sampler 15/24",
      eta_ms: 4_200,
      eta_confidence: "medium",
    },
    preview: null,
    outputs: [anOutput(0)],
    outputs_expected: 1,
    error: null,
    warnings: [{ code: "x", message: SECRET_WORDS }],
    cancel: null,
    metrics: { queue_ms: 9_000, load_ms: 3_100, run_ms: 18_200, total_ms: 27_200 },
    share: { id: `shr_${"0".repeat(26)}`, url: `${ORIGIN}/s/${SECRET_WORDS}`, expires_at: "2026-11-27T07:11:43Z" },
    viewers: { now: 0, peak: 0, total: 0 },
    backend: { kind: "comfyui", worker: SECRET_WORDS, prompt_id: SECRET_WORDS },
    poll_after_ms: null,
    links: { self, events: self, websocket: self, cancel: self, rerun: self },
    ...changes,
  };
}
