/**
 * Events for trying a receiver out: they look like the real ones, have mode `test` and are of a job that does not exist.
 * Also the examples of the documentation.
 */
import type { Job, JobStatus } from "../../contract/job.ts";
import type { JobEventType } from "../../contract/webhook.ts";
import type { WebhookEvent } from "../../contract/webhook-bodies.ts";
import { timestamp } from "../job/project.ts";
import { userMessage } from "../job/words.ts";
import { must } from "../util/assert.ts";
import { frame, type JobChange, jobEvent, type Stamp } from "./events.ts";

/** The job of samples, which no real job can be: its time would be 1970. */
export const SAMPLE_JOB_ID = `job_${"0".repeat(26)}`;

/** What a sample is made of. `origin` is the service's own. */
export type SampleStamp = Omit<Stamp, "mode"> & { origin: string };

/** A sample of a job's event. */
export function sampleEvent(type: JobEventType, { origin, ...stamp }: SampleStamp): WebhookEvent {
  const job = sampleJob(type, stamp.at, origin);
  return must(jobEvent(changeOf(type, job), job, { ...stamp, mode: "test" }), "an event of the wanted type");
}

/** The test ping. `endpointId` is null where the receiver is no endpoint of the project. */
export function pingEvent(endpointId: string | null, stamp: Omit<Stamp, "mode">): WebhookEvent {
  return {
    ...frame({ ...stamp, mode: "test" }, "webhook.test"),
    data: {
      endpoint: endpointId === null ? null : { id: endpointId },
      message: "A test. If the signature fits, answer 2xx; there is nothing to do.",
    },
  };
}

function changeOf(type: JobEventType, job: Job): JobChange {
  switch (type) {
    case "job.started":
      return { type: "status", previous: "queued", status: "running" };
    case "job.progress":
      return { type: "progress" };
    case "job.output":
      return { type: "output", output: must(job.outputs[0], "the sample's result") };
    case "job.deleted":
      return { type: "deleted" };
    default:
      return { type: "status", previous: "running", status: job.status };
  }
}

const STATUS: Readonly<Record<JobEventType, JobStatus>> = {
  "job.started": "running",
  "job.progress": "running",
  "job.output": "running",
  "job.succeeded": "succeeded",
  "job.failed": "failed",
  "job.canceled": "canceled",
  "job.expired": "expired",
  "job.deleted": "succeeded",
};

function sampleJob(type: JobEventType, at: number, origin: string): Job {
  const status = STATUS[type];
  const ended = status !== "running";
  const self = `${origin}/v1/jobs/${SAMPLE_JOB_ID}`;
  const painted = status === "succeeded" || type === "job.output";
  const code = status === "failed" ? "out_of_memory" : status === "expired" ? "start_timeout" : null;
  const started = status === "expired" ? null : at - 18_200;
  return {
    object: "job",
    id: SAMPLE_JOB_ID,
    seq: 77,
    status,
    terminal: ended,
    phase: ended ? "done" : "sampling",
    headline: "",
    notice: null,
    workflow: { id: "txt2img", version: 1, name: "Text to image" },
    user: "u_42",
    metadata: { screen: "editor" },
    priority: "normal",
    rerun_of: null,
    inputs: null,
    seed: null,
    attempt: 1,
    max_attempts: 2,
    created_at: timestamp(at - 27_200),
    started_at: started === null ? null : timestamp(started),
    finished_at: ended ? timestamp(at) : null,
    expires_at: timestamp(at + 7 * 86_400_000),
    deadline: { start_by: null, finish_by: null },
    queue: null,
    progress: {
      value: ended ? 1 : 0.62,
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
    outputs: painted ? [sampleOutput(at, origin)] : [],
    outputs_expected: 1,
    error: code && {
      code,
      message:
        code === "out_of_memory" ? "KSampler: the GPU ran out of memory" : "No machine was free before the deadline",
      user_message: userMessage(code),
      retryable: true,
      stage: null,
      node_id: code === "out_of_memory" ? "3" : null,
      class_type: code === "out_of_memory" ? "KSampler" : null,
      input: null,
      doc_url: `${origin}/errors/${code}`,
    },
    warnings: [],
    cancel: status === "canceled" ? { requested_at: timestamp(at - 1_000), by: "user", reason: "changed_mind" } : null,
    metrics: {
      queue_ms: started === null ? null : 9_000,
      load_ms: started === null ? null : 3_100,
      run_ms: ended && started !== null ? 18_200 : null,
      total_ms: ended ? 27_200 : null,
    },
    share: null,
    viewers: { now: 0, peak: 0, total: 0 },
    backend: null,
    poll_after_ms: null,
    links: {
      self,
      events: `${self}/events`,
      websocket: `${self.replace(/^http/, "ws")}/events`,
      cancel: `${self}/cancel`,
      rerun: `${self}/rerun`,
    },
  };
}

const sampleOutput = (at: number, origin: string): Job["outputs"][number] => ({
  object: "output",
  id: `out_${"0".repeat(26)}`,
  job_id: SAMPLE_JOB_ID,
  index: 0,
  node_id: "9",
  name: "sample.png",
  label: null,
  type: "image",
  temporary: false,
  content_type: "image/png",
  size_bytes: 1_848_320,
  width: 1_024,
  height: 1_024,
  duration_ms: null,
  hash: `sha256:${"0".repeat(64)}`,
  url: `${origin}/m/sample/out_${"0".repeat(26)}/original.png`,
  url_expires_at: timestamp(at + 2 * 86_400_000),
  text: null,
  metadata_stripped: true,
});
