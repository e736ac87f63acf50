/**
 * The job as the outside sees it: one document with one counter. Everything that shows a job (GET, stream, page,
 * webhook) shows this object or a cut of it. Absent values are null, never left out. Times are whole seconds, UTC.
 */
import * as z from "zod";
import { JobIdSchema, OutputIdSchema, ShareIdSchema } from "./ids.ts";

/** A string whose set of values may grow: clients treat an unknown one as "something new", never as an error. */
export const openEnum = <const T extends readonly string[]>(values: T, description: string) =>
  z.string().meta({ description, examples: [values[0]], "x-extensible-enum": [...values] }) as z.ZodType<T[number]>;

export const JOB_STATUSES = ["queued", "running", "canceling", "succeeded", "failed", "canceled", "expired"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const JOB_PHASES = [
  "waiting",
  "assigning",
  "fetching_inputs",
  "loading_model",
  "encoding",
  "sampling",
  "decoding",
  "saving",
  "uploading",
  "retrying",
  "done",
] as const;
export type JobPhase = (typeof JOB_PHASES)[number];

export const QUEUE_REASONS = [
  "your_concurrency",
  "workers_busy",
  "worker_starting",
  "backend_offline",
  "paused",
] as const;
export type QueueReason = (typeof QUEUE_REASONS)[number];

export const OUTPUT_TYPES = ["image", "animated", "video", "audio", "text", "model", "file"] as const;
export type OutputType = (typeof OUTPUT_TYPES)[number];

/** Trouble on the way to the machine that does not end the job. */
export const NOTICE_CODES = ["connection_lost", "no_news", "not_answering", "refused"] as const;
export type NoticeCode = (typeof NOTICE_CODES)[number];

/** What went wrong with a job. These are not HTTP codes. */
export const JOB_ERROR_CODES = [
  "node_failed",
  "invalid_workflow",
  "out_of_memory",
  "model_missing",
  "node_missing",
  "input_unreadable",
  "worker_lost",
  "backend_unreachable",
  "backend_refused",
  "start_timeout",
  "run_timeout",
  "output_missing",
  "output_too_large",
  "storage_failed",
  "interrupted",
  "internal",
] as const;
export type JobErrorCode = (typeof JOB_ERROR_CODES)[number];

/** A time as it is answered. */
export const TimestampSchema = z
  .string()
  .meta({ description: "RFC 3339, UTC, whole seconds.", examples: ["2026-11-20T07:11:43Z"] });

export const ProgressSchema = z
  .object({
    value: z.number().min(0).max(1).nullable().meta({
      description: "Share done; null when there is no honest number. Never falls within one attempt; 1 means stored.",
    }),
    kind: openEnum(["determinate", "indeterminate"] as const, "Whether value is a number."),
    step: z.int().nullable(),
    steps: z.int().nullable(),
    nodes_done: z.int().nullable(),
    nodes_total: z.int().nullable(),
    current_node: z.string().nullable(),
    current_node_class: z.string().nullable(),
    current_node_title: z.string().nullable(),
    message: z.string().nullable(),
    eta_ms: z
      .int()
      .nullable()
      .meta({ description: "Time left until the end, learned from earlier runs and this one; null when not known." }),
    eta_confidence: openEnum(["low", "medium", "high"] as const, "How far to trust eta_ms.").nullable(),
  })
  .meta({ id: "Progress" });
export type Progress = z.infer<typeof ProgressSchema>;

export const QueueSchema = z
  .object({
    position: z.int().nullable().meta({ description: "1 is next." }),
    ahead: z.int().nullable(),
    reason: openEnum(QUEUE_REASONS, "Why it waits."),
    est_start_ms: z.int().nullable(),
    est_start_p90_ms: z.int().nullable(),
  })
  .meta({ id: "QueuePlace" });
export type Queue = z.infer<typeof QueueSchema>;

export const PreviewSchema = z
  .object({
    rev: z.int().meta({ description: "Grows with each preview of the job." }),
    url: z.string().nullable(),
    content_type: z.string(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    size_bytes: z.int(),
    node_id: z.string().nullable(),
    step: z.int().nullable(),
    steps: z.int().nullable(),
  })
  .meta({ id: "Preview" });
export type Preview = z.infer<typeof PreviewSchema>;

export const OutputSchema = z
  .object({
    object: z.literal("output"),
    id: OutputIdSchema,
    job_id: JobIdSchema,
    index: z.int(),
    node_id: z.string(),
    name: z.string(),
    label: z.string().nullable().meta({ description: "What a direct-send node called this output." }),
    type: openEnum(OUTPUT_TYPES, "What it is."),
    temporary: z.boolean().meta({ description: "A preview node's picture, kept because the caller asked for it." }),
    content_type: z.string(),
    size_bytes: z.int().meta({ description: "Of the copy behind url; where there is none, of the original." }),
    width: z.int().nullable(),
    height: z.int().nullable(),
    duration_ms: z.int().nullable(),
    hash: z.string().nullable().meta({
      description:
        "sha256: and 64 hex digits, of the file as ComfyUI made it; null for viewers, who do not get that file.",
    }),
    url: z.string().nullable().meta({
      description:
        "Stable until url_expires_at; the copy without prompt and workflow. Null for text, and where no such copy can be made: then only GET /v1/outputs/{id}/raw has the file.",
    }),
    url_expires_at: TimestampSchema.nullable(),
    text: z.string().nullable(),
    metadata_stripped: z.boolean(),
  })
  .meta({ id: "Output" });
export type Output = z.infer<typeof OutputSchema>;

export const JobErrorSchema = z
  .object({
    code: openEnum(JOB_ERROR_CODES, "What kind of failure."),
    message: z.string().meta({ description: "For the developer." }),
    user_message: z.string().meta({ description: "Safe and plain, for the person who waits." }),
    retryable: z.boolean(),
    stage: openEnum(JOB_PHASES, "Where it happened.").nullable(),
    node_id: z.string().nullable(),
    class_type: z.string().nullable(),
    input: z.string().nullable(),
    doc_url: z.string(),
  })
  .meta({ id: "JobError" });
export type JobError = z.infer<typeof JobErrorSchema>;

export const NoticeSchema = z
  .object({
    code: openEnum(NOTICE_CODES, "What the trouble is."),
    message: z.string().meta({ description: "One sentence for a person; it is gone when the trouble is." }),
  })
  .meta({ id: "Notice" });
export type Notice = z.infer<typeof NoticeSchema>;

export const WarningSchema = z.object({ code: z.string(), message: z.string() }).meta({ id: "Warning" });
export type Warning = z.infer<typeof WarningSchema>;

export const JobSchema = z
  .object({
    object: z.literal("job"),
    id: JobIdSchema,
    seq: z.int().meta({
      description: "Grows with each visible change; it is the ETag, the poll cursor and the stream's cursor.",
    }),
    status: openEnum(JOB_STATUSES, "Where the job stands."),
    terminal: z.boolean(),
    phase: openEnum(JOB_PHASES, "What is being done."),
    headline: z.string().meta({ description: "One sentence for a person." }),
    notice: NoticeSchema.nullable().meta({ description: "Trouble that is being dealt with; null when all is well." }),
    workflow: z.object({ id: z.string(), version: z.int(), name: z.string() }).nullable(),
    user: z.string().nullable().meta({ description: "Whose job it is, in your own naming." }),
    metadata: z.record(z.string(), z.string()),
    priority: openEnum(["low", "normal", "high"] as const, "Among the waiting jobs of one user."),
    rerun_of: JobIdSchema.nullable(),
    inputs: z.record(z.string(), z.unknown()).nullable(),
    seed: z.string().nullable().meta({ description: "The seed in use; a string because it has 64 bits." }),
    attempt: z.int(),
    max_attempts: z.int(),
    created_at: TimestampSchema,
    started_at: TimestampSchema.nullable(),
    finished_at: TimestampSchema.nullable(),
    expires_at: TimestampSchema,
    deadline: z.object({ start_by: TimestampSchema.nullable(), finish_by: TimestampSchema.nullable() }),
    queue: QueueSchema.nullable(),
    progress: ProgressSchema,
    preview: PreviewSchema.nullable(),
    outputs: z.array(OutputSchema),
    outputs_expected: z
      .int()
      .nullable()
      .meta({ description: "How many results are stored or on their way; null before the first was announced." }),
    error: JobErrorSchema.nullable(),
    warnings: z.array(WarningSchema),
    cancel: z.object({ requested_at: TimestampSchema, by: z.string(), reason: z.string().nullable() }).nullable(),
    metrics: z.object({
      queue_ms: z.int().nullable(),
      load_ms: z.int().nullable(),
      run_ms: z.int().nullable(),
      total_ms: z.int().nullable(),
    }),
    share: z.object({ id: ShareIdSchema, url: z.string().nullable(), expires_at: TimestampSchema }).nullable(),
    viewers: z.object({ now: z.int(), peak: z.int(), total: z.int() }),
    backend: z.object({ kind: z.string(), worker: z.string().nullable(), prompt_id: z.string().nullable() }).nullable(),
    poll_after_ms: z.int().nullable(),
    links: z.object({
      self: z.string(),
      events: z.string(),
      websocket: z.string(),
      cancel: z.string(),
      rerun: z.string(),
    }),
  })
  .meta({ id: "Job" });
export type Job = z.infer<typeof JobSchema>;

/** What a share link shows: the same document without what only the owner may see. `outputs` carry share URLs. */
export type PublicJob = Omit<
  Job,
  "workflow" | "user" | "metadata" | "priority" | "rerun_of" | "inputs" | "backend" | "share" | "links" | "error"
> & {
  aspect: { width: number; height: number } | null;
  error: Pick<JobError, "code" | "user_message" | "retryable"> | null;
};
