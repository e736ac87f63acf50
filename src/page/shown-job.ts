/**
 * The part of a public job that the page shows, copied field by field. Whatever else a job carries (node names, seeds,
 * reasons, fields of a newer server) reaches neither the HTML, nor the state inside it, nor the screen.
 */
import type { Output, Preview, Progress, PublicJob, Queue } from "../contract/job.ts";

/** How far the work is. */
export type ShownProgress = Pick<Progress, "value" | "step" | "steps" | "eta_ms" | "eta_confidence">;
/** The place in line. */
export type ShownQueue = Pick<Queue, "position" | "reason" | "est_start_ms">;
/** The newest preview; its bytes are at a path of the share link. */
export type ShownPreview = Pick<Preview, "rev" | "width" | "height">;
/** One result. */
export type ShownOutput = Pick<
  Output,
  "id" | "index" | "name" | "label" | "type" | "size_bytes" | "width" | "height" | "url" | "url_expires_at" | "text"
>;
/** What the page knows of a job. */
export type ShownJob = Pick<
  PublicJob,
  "seq" | "status" | "terminal" | "phase" | "headline" | "started_at" | "expires_at" | "aspect"
> & {
  queue: ShownQueue | null;
  progress: ShownProgress;
  preview: ShownPreview | null;
  outputs: ShownOutput[];
  /** What stands in the way at the moment. */
  trouble: string | null;
  /** How many results are ready or on their way. */
  expected: number | null;
  /** The code of why it failed, and what the server says to it where the page does not know the code. */
  failure: string | null;
  user_message: string | null;
  retryable: boolean;
  total_ms: number | null;
  watching: number;
};

export const showProgress = (it: Progress): ShownProgress => ({
  value: it.value,
  step: it.step,
  steps: it.steps,
  eta_ms: it.eta_ms,
  eta_confidence: it.eta_confidence,
});

export const showQueue = (it: Queue): ShownQueue => ({
  position: it.position,
  reason: it.reason,
  est_start_ms: it.est_start_ms,
});

export const showPreview = (it: Preview): ShownPreview => ({ rev: it.rev, width: it.width, height: it.height });

/** The output as shown. A URL that is neither http(s) nor a path of this host is taken as none. */
export const showOutput = (it: Output): ShownOutput => ({
  id: it.id,
  index: it.index,
  name: it.name,
  label: it.label,
  type: it.type,
  size_bytes: it.size_bytes,
  width: it.width,
  height: it.height,
  url: it.url !== null && /^(?:https?:\/\/|\/(?!\/))/.test(it.url) ? it.url : null,
  url_expires_at: it.url_expires_at,
  text: it.text,
});

/** The job as shown. Temporary outputs (a preview node's pictures) are no results and are left out. */
export const showJob = (job: PublicJob): ShownJob => ({
  seq: job.seq,
  status: job.status,
  terminal: job.terminal,
  phase: job.phase,
  headline: job.headline,
  started_at: job.started_at,
  expires_at: job.expires_at,
  aspect: job.aspect && { width: job.aspect.width, height: job.aspect.height },
  queue: job.queue && showQueue(job.queue),
  progress: showProgress(job.progress),
  preview: job.preview && showPreview(job.preview),
  outputs: job.outputs.filter((output) => !output.temporary).map(showOutput),
  trouble: job.notice?.code ?? null,
  expected: job.outputs_expected,
  failure: job.error?.code ?? null,
  user_message: job.error?.user_message ?? null,
  retryable: job.error?.retryable ?? false,
  total_ms: job.metrics?.total_ms ?? null,
  watching: job.viewers?.now ?? 0,
});
