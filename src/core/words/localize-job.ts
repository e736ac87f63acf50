/**
 * A job document in the reader's language. Jobs keep and send their sentences in English; here the sentences for people are made
 * anew from the document's own fields. A word that this version does not know (a newer phase, an older code) leaves the
 * document's sentence as it is.
 */
import { JOB_STATUSES, type Job, type Notice, type PublicJob } from "../../contract/job.ts";
import { headline, noticeMessage, userMessage } from "../job/words.ts";
import { MESSAGES } from "./all-messages.ts";
import type { Lang } from "./languages.ts";

/** The same document with `headline`, `notice.message` and `error.user_message` in `lang`; nothing else differs. */
export function localizeJob<J extends Job | PublicJob>(job: J, lang: Lang): J {
  const { error } = job;
  return {
    ...job,
    headline: headlineIn(job, lang),
    notice: job.notice && localizeNotice(job.notice, lang),
    error: error && {
      ...error,
      user_message: isKnown("failures", error.code) ? userMessage(error.code, lang) : error.user_message,
    },
  };
}

/** A notice in `lang`. */
export const localizeNotice = (notice: Notice, lang: Lang): Notice =>
  isKnown("notices", notice.code) ? { ...notice, message: noticeMessage(notice.code, lang) } : notice;

function headlineIn(job: Job | PublicJob, lang: Lang): string {
  const reason = job.queue?.reason ?? null;
  const error = job.error?.code ?? null;
  const known =
    (JOB_STATUSES as readonly string[]).includes(job.status) &&
    isKnown("phases", job.phase) &&
    (reason === null || isKnown("reasons", reason)) &&
    (error === null || isKnown("failures", error));
  if (!known) return job.headline;
  const { status, phase, attempt, queue, progress } = job;
  return headline({ status, phase, attempt, ahead: queue?.ahead ?? null, reason, etaMs: progress.eta_ms, error }, lang);
}

/** Enums are open on the wire: a document may name what this version has no word for. */
const isKnown = (kind: "phases" | "reasons" | "failures" | "notices", name: string): boolean =>
  Object.hasOwn(MESSAGES.en[kind], name);
