/**
 * What is said to people about a job: the headline of each moment, the sentence for each failure and for each trouble, in each of
 * the languages of core/words. No node names and no backend text ever stand here.
 */
import type { JobErrorCode, JobPhase, NoticeCode, QueueReason } from "../../contract/job.ts";
import { assertNever } from "../util/assert.ts";
import { MESSAGES } from "../words/all-messages.ts";
import { counted, filled } from "../words/counted.ts";
import { DEFAULT_LANG, type Lang } from "../words/languages.ts";

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
export const userMessage = (code: JobErrorCode, lang: Lang = DEFAULT_LANG): string => MESSAGES[lang].failures[code];

/** The sentence for trouble that does not end the job. */
export const noticeMessage = (code: NoticeCode, lang: Lang = DEFAULT_LANG): string => MESSAGES[lang].notices[code];

/** Whether trying the same again makes sense. */
export const isRetryable = (code: JobErrorCode): boolean => RETRYABLE.includes(code);

/** One sentence for the moment. */
export function headline(moment: Moment, lang: Lang = DEFAULT_LANG): string {
  const { headlines, failures, phases } = MESSAGES[lang];
  const { status } = moment;
  switch (status) {
    case "succeeded":
      return headlines.done;
    case "failed":
      return failures[moment.error ?? "internal"];
    case "canceled":
      return headlines.stopped;
    case "expired":
      return failures[moment.error ?? "start_timeout"];
    case "canceling":
      return headlines.stopping;
    case "queued":
      return queued(moment, lang);
    case "running": {
      const phase = phases[moment.phase];
      return moment.etaMs === null ? phase : filled(headlines.progress, { phase, left: timeLeft(moment.etaMs, lang) });
    }
    default:
      return assertNever(status);
  }
}

function queued({ phase, ahead, reason, attempt }: Moment, lang: Lang): string {
  const { headlines, phases, reasons } = MESSAGES[lang];
  if (phase !== "waiting") return phases[phase];
  if (attempt > 1 && ahead === null) return phases.retrying;
  if (reason === "backend_offline") return headlines.offline;
  if (ahead === null) return phases.waiting;
  const place = ahead === 0 ? headlines.nextInLine : counted(lang, headlines.aheadInLine, ahead);
  return reason === null ? place : filled(headlines.place, { place, reason: reasons[reason] });
}

/** Time left as people say it: seconds below a minute, then minutes. */
function timeLeft(ms: number, lang: Lang): string {
  const { secondsLeft, minutesLeft } = MESSAGES[lang].headlines;
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 60 ? counted(lang, secondsLeft, seconds) : counted(lang, minutesLeft, Math.round(seconds / 60));
}
