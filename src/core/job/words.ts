/**
 * What is said to people about a job, in plain English: the headline of each moment and the sentence for each failure.
 * No node names and no backend text ever stand here.
 */
import type { JobErrorCode, JobPhase, QueueReason } from "../../contract/job.ts";

/** What the headline is made of. */
export type Moment = {
  status: "queued" | "running" | "canceling" | "succeeded" | "failed" | "canceled" | "expired";
  phase: JobPhase;
  attempt: number;
  ahead: number | null;
  reason: QueueReason | null;
  etaMs: number | null;
  error: JobErrorCode | null;
};

const PHASE_WORDS: Record<JobPhase, string> = {
  waiting: "Waiting for its turn",
  assigning: "Getting ready",
  fetching_inputs: "Handing over your picture",
  loading_model: "Warming up the model",
  encoding: "Reading the description",
  sampling: "Painting",
  decoding: "Developing the picture",
  saving: "Saving",
  uploading: "Storing the result",
  retrying: "Trying again",
  done: "Done",
};

const REASON_WORDS: Record<QueueReason, string> = {
  your_concurrency: "your other pictures come first",
  workers_busy: "the painter is busy",
  worker_starting: "the painter is starting",
  backend_offline: "the painter is offline",
  paused: "the line is paused",
};

const FAILURE_WORDS: Record<JobErrorCode, string> = {
  node_failed: "Something went wrong while making this picture.",
  invalid_workflow: "This recipe cannot be run as it is.",
  out_of_memory: "This picture was too big for the machine. Try a smaller size.",
  model_missing: "The machine does not have the model that this needs.",
  node_missing: "The machine does not have a part that this recipe needs.",
  input_unreadable: "The picture you sent could not be read.",
  worker_lost: "The machine was restarted in the middle. Please try again.",
  backend_unreachable: "The machine could not be reached. Please try again.",
  backend_refused: "The machine did not let us in. Its owner has to look at it.",
  start_timeout: "It took too long to start.",
  run_timeout: "It took too long.",
  output_missing: "The result was made but could not be found. Please try again.",
  output_too_large: "The result is too large to keep.",
  storage_failed: "The result could not be stored. Please try again.",
  interrupted: "It was stopped at the machine.",
  internal: "Something went wrong on our side. Please try again.",
};

/** Failures after which the same request may well succeed. */
const RETRYABLE: readonly JobErrorCode[] = [
  "out_of_memory",
  "worker_lost",
  "backend_unreachable",
  "start_timeout",
  "output_missing",
  "storage_failed",
  "internal",
];

/** The sentence for the person who waits. */
export const userMessage = (code: JobErrorCode): string => FAILURE_WORDS[code];

/** Whether trying the same again makes sense. */
export const isRetryable = (code: JobErrorCode): boolean => RETRYABLE.includes(code);

/** A duration as people say it. */
export function inWords(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}

/** One sentence for the moment. */
export function headline(moment: Moment): string {
  switch (moment.status) {
    case "succeeded":
      return "Done";
    case "failed":
      return FAILURE_WORDS[moment.error ?? "internal"];
    case "canceled":
      return "Stopped";
    case "expired":
      return FAILURE_WORDS[moment.error ?? "start_timeout"];
    case "canceling":
      return "Stopping";
    case "queued":
      return queued(moment);
    case "running": {
      const words = PHASE_WORDS[moment.phase];
      return moment.etaMs === null ? words : `${words} – about ${inWords(moment.etaMs)} left`;
    }
  }
}

function queued({ phase, ahead, reason, attempt }: Moment): string {
  if (phase !== "waiting") return PHASE_WORDS[phase];
  if (attempt > 1 && ahead === null) return PHASE_WORDS.retrying;
  if (reason === "backend_offline") return "Waiting – the painter is offline";
  if (ahead === 0) return `Next in line${reason ? ` – ${REASON_WORDS[reason]}` : ""}`;
  if (ahead !== null) return `${ahead} ahead in line${reason ? ` – ${REASON_WORDS[reason]}` : ""}`;
  return PHASE_WORDS.waiting;
}
