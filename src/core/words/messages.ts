/**
 * What one language has to say: a total record, so that a missing sentence does not compile. Sentences are for the person who
 * waits for a picture: calm, plain, without a word about nodes, backends or codes. Nobody is addressed with a familiar "you".
 */
import type { JobErrorCode, JobPhase, NoticeCode, QueueReason } from "../../contract/job.ts";

/** Forms of a counted phrase by plural category (CLDR); `#` stands for the number. */
export type Plural = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

export type Messages = {
  /** What is being done, as a headline. */
  phases: Record<JobPhase, string>;
  /** Why a job waits, as the second half of `place`. */
  reasons: Record<QueueReason, string>;
  /** Why a job ended without success. */
  failures: Record<JobErrorCode, string>;
  /** Trouble that does not end the job. */
  notices: Record<NoticeCode, string>;
  /** Why a request was refused. */
  problems: Record<ProblemSentence, string>;
  headlines: {
    done: string;
    stopped: string;
    stopping: string;
    /** A job that waits while no painter is there. */
    offline: string;
    nextInLine: string;
    aheadInLine: Plural;
    /** `{place}` is nextInLine or aheadInLine, `{reason}` one of reasons. */
    place: string;
    /** `{phase}` is one of phases, `{left}` is secondsLeft or minutesLeft. */
    progress: string;
    secondsLeft: Plural;
    minutesLeft: Plural;
  };
};

/** What a person can be told about a refused request (problem-words.ts says which code is which). */
export const PROBLEM_SENTENCES = [
  "app_mistake",
  "sign_in",
  "try_again",
  "no_credit",
  "not_allowed",
  "recipe_unavailable",
  "not_shared",
  "link_over",
  "share_expired",
  "share_revoked",
  "gone",
  "out_of_date",
  "still_working",
  "too_late",
  "limit_reached",
  "too_large",
  "unusable_file",
  "add_again",
  "check_inputs",
  "content_rejected",
  "not_set_up",
  "slow_down",
  "day_used_up",
  "wait_for_yours",
  "too_many_open",
  "busy",
  "maintenance",
  "our_side",
] as const;
export type ProblemSentence = (typeof PROBLEM_SENTENCES)[number];
