/**
 * One sample job for each state of the live page, and what its stream says after the page has loaded. Used to look at
 * the page (scripts/page-states.ts) and to test it.
 */
import type { Output, PublicJob } from "../src/contract/job.ts";
import type { ViewerEvent, ViewerEventData, ViewerEventType } from "../src/contract/viewer.ts";

const JOB_ID = "job_01kag3x7p2v9m4t8r6c5n1d0ze";
const AT = "2026-11-20T07:11:50Z";

/** What the server of a sample does with a viewer's connection. */
export type SampleLink = "silent" | "live" | "dropped" | "revoked";

/** A state of the page: the job as rendered, then the events and previews that follow. */
export type PageSample = {
  name: string;
  job: PublicJob;
  link: SampleLink;
  events: ViewerEvent<PublicJob>[];
  /** Shares done of the previews that come as binary frames. */
  previews: number[];
  offline?: true;
  withoutScript?: true;
};

/** A public job that waits in line, with `changes`. */
export function sampleJob(changes: Partial<PublicJob> = {}): PublicJob {
  return {
    object: "job",
    id: JOB_ID,
    seq: 40,
    status: "queued",
    terminal: false,
    phase: "waiting",
    headline: "Second in line",
    notice: null,
    seed: null,
    attempt: 1,
    max_attempts: 2,
    created_at: "2026-11-20T07:11:43Z",
    started_at: null,
    finished_at: null,
    expires_at: "2026-11-27T07:11:43Z",
    deadline: { start_by: null, finish_by: null },
    queue: { position: 2, ahead: 1, reason: "workers_busy", est_start_ms: 11_000, est_start_p90_ms: 24_000 },
    progress: sampleProgress({}),
    preview: null,
    outputs: [],
    outputs_expected: null,
    error: null,
    warnings: [],
    cancel: null,
    metrics: { queue_ms: null, load_ms: null, run_ms: null, total_ms: null },
    viewers: { now: 3, peak: 7, total: 19 },
    poll_after_ms: 1000,
    aspect: { width: 832, height: 1216 },
    ...changes,
  };
}

/** Progress without a number, with `changes`. */
export const sampleProgress = (changes: Partial<PublicJob["progress"]>): PublicJob["progress"] => ({
  value: null,
  kind: "indeterminate",
  step: null,
  steps: null,
  nodes_done: null,
  nodes_total: null,
  current_node: null,
  current_node_class: null,
  current_node_title: null,
  message: null,
  eta_ms: null,
  eta_confidence: null,
  ...changes,
});

/** A stored picture at place `index`, with `changes`. */
export const sampleOutput = (index: number, changes: Partial<Output> = {}): Output => ({
  object: "output",
  id: `out_01kag3x7p2v9m4t8r6c5n1d0z${index}`,
  job_id: JOB_ID,
  index,
  node_id: "9",
  name: `lake-${index + 1}.png`,
  label: null,
  type: "image",
  temporary: false,
  content_type: "image/png",
  size_bytes: 1_848_320,
  width: 832,
  height: 1216,
  duration_ms: null,
  hash: `sha256:${"0".repeat(64)}`,
  url: `/s/sample/m/${index}/original`,
  url_expires_at: "2026-11-27T00:00:00Z",
  text: null,
  metadata_stripped: true,
  ...changes,
});

/** A viewer's event of the sample job. */
export function sampleEvent<T extends ViewerEventType>(
  type: T,
  seq: number | null,
  data: ViewerEventData<PublicJob>[T],
): ViewerEvent<PublicJob> {
  return { type, seq, at: AT, job_id: JOB_ID, data } as ViewerEvent<PublicJob>;
}

const running = (changes: Partial<PublicJob> = {}): PublicJob =>
  sampleJob({ status: "running", phase: "sampling", headline: "Painting", queue: null, started_at: AT, ...changes });

const painting = sampleProgress({
  value: 0.62,
  kind: "determinate",
  step: 15,
  steps: 24,
  eta_ms: 4_200,
  eta_confidence: "medium",
});

const ended = (status: string, changes: Partial<PublicJob> = {}): PublicJob =>
  running({
    status: status as PublicJob["status"],
    terminal: true,
    phase: "done",
    finished_at: AT,
    metrics: { queue_ms: 9_000, load_ms: 3_100, run_ms: 14_900, total_ms: 27_000 },
    ...changes,
  });

const preview = {
  rev: 9,
  url: null,
  content_type: "image/png",
  width: 208,
  height: 304,
  size_bytes: 18_233,
  node_id: "3",
  step: 15,
  steps: 24,
};

const failure = {
  code: "out_of_memory",
  user_message: "This picture was too big for the machine. Try a smaller size.",
  retryable: true,
} as const;

const sample = (name: string, job: PublicJob, more: Partial<PageSample> = {}): PageSample => ({
  name,
  job,
  link: "live",
  events: [],
  previews: [],
  ...more,
});

const square = { width: 1024, height: 1024 };
const wide = { width: 1344, height: 768 };
const four = [0, 1, 2, 3].map((index) => sampleOutput(index, square));

/** Every state of the table "What the live page shows". */
export const pageSamples: PageSample[] = [
  sample("connecting", sampleJob(), { link: "silent" }),
  sample("queued", sampleJob()),
  sample(
    "queued-asleep",
    sampleJob({
      queue: { position: 12, ahead: 11, reason: "backend_offline", est_start_ms: null, est_start_p90_ms: null },
    }),
  ),
  sample("loading", running({ phase: "loading_model" })),
  sample("running-no-number", running({ progress: sampleProgress({}) })),
  sample("running", running({ progress: painting })),
  sample("previewing", running({ progress: painting }), { previews: [0.2, 0.62] }),
  sample("previewing-wide", running({ progress: painting, aspect: wide }), { previews: [0.2, 0.62] }),
  sample("arriving", running({ phase: "saving", aspect: square, progress: sampleProgress({ value: 0.99 }) }), {
    previews: [0.8],
    events: [0, 1].map((index) =>
      sampleEvent("output", 50 + index, { output: sampleOutput(index, square), index, expected: 4 }),
    ),
  }),
  sample("reconnecting", running({ progress: painting, preview }), { link: "dropped" }),
  sample("offline", running({ progress: painting, preview }), { offline: true }),
  sample("without-script", running({ progress: painting, preview }), { withoutScript: true }),
  sample("succeeded", ended("succeeded", { preview, outputs: [sampleOutput(0)] })),
  sample("succeeded-wide", ended("succeeded", { aspect: wide, outputs: [sampleOutput(1, wide)] })),
  sample("succeeded-four", ended("succeeded", { aspect: square, outputs: four })),
  sample(
    "succeeded-files",
    ended("succeeded", {
      aspect: square,
      outputs: [
        sampleOutput(2, square),
        sampleOutput(4, { type: "audio", name: "waves.flac", label: "Waves at dusk", width: null, height: null }),
        sampleOutput(5, {
          type: "text",
          name: "caption.txt",
          url: null,
          text: "A lake at dusk,\nthe sun low over the hills.",
        }),
        sampleOutput(6, { type: "file", name: "lake-layers.zip", width: null, height: null }),
      ],
    }),
  ),
  sample("failed", ended("failed", { preview, error: failure })),
  sample(
    "failed-early",
    ended("failed", { error: { code: "unheard_of" as "internal", user_message: "", retryable: true } }),
  ),
  sample("canceled", ended("canceled", { preview })),
  sample("expired", ended("expired", { started_at: null })),
  sample("media-gone", ended("succeeded", { outputs: [sampleOutput(0, { url: null })] })),
  sample("revoked-while-open", running({ progress: painting, preview }), { link: "revoked" }),
];
