/** How the Worker reaches a job, and how it answers with one. */
import type { Context } from "hono";
import { JobIdSchema } from "../../contract/ids.ts";
import type { Job } from "../../contract/job.ts";
import { jobObjectName } from "../../core/auth/share-token.ts";
import type { Lang } from "../../core/words/languages.ts";
import { localeOf } from "../../core/words/locale.ts";
import { localizeJob } from "../../core/words/localize-job.ts";
import type { Shown } from "../job/job-object.ts";
import type { ApiEnv } from "./api-env.ts";
import type { Principal } from "./auth/principal.ts";
import { etagOf } from "./preferences.ts";
import { ApiError } from "./problem.ts";

/** What a job's object says where it has no job for the caller. */
export type Absent = { type: "unknown" } | { type: "erased" } | { type: "deleted" };

/** The object of the caller's job. A new stub per call: one that has seen an error may be broken for good. */
export async function jobStub(env: Env, principal: Principal, jobId: string) {
  if (!JobIdSchema.safeParse(jobId).success) throw absentJob("unknown");
  return env.JOBS.getByName(await jobObjectName(principal.project.id, jobId));
}

/** The object that a route's `{id}` names. */
export const jobOf = (c: Context<ApiEnv>) => jobStub(c.env, c.get("principal"), c.req.param("id") ?? "");

/** The error for a job that is not there (any more). */
export function absentJob(type: Absent["type"]): ApiError {
  if (type === "erased")
    return new ApiError("job_expired", "The job and its media were removed when its time was over.");
  if (type === "deleted") return new ApiError("job_deleted", "The job and its media were deleted.");
  return new ApiError("not_found", "There is no job of that id.");
}

/** The language the caller reads. */
export const langOf = (c: Context<ApiEnv>): Lang => localeOf(c.req.header("accept-language") ?? null);

/** Sets what every answer with a job tells in headers. */
export function jobHeaders(c: Context<ApiEnv>, job: Pick<Shown, "seq" | "pollAfterMs">): void {
  c.header("etag", etagOf(job.seq, langOf(c)));
  c.header("cache-control", "private, no-store");
  c.header("vary", "Accept-Language");
  if (job.pollAfterMs !== null) c.header("retry-after", String(Math.ceil(job.pollAfterMs / 1000)));
}

/** Answers with a job, its sentences in the caller's language. */
export function answerJob(c: Context<ApiEnv>, shown: Shown, status: 200 | 201 | 202 = 200): Response {
  jobHeaders(c, shown);
  const lang = langOf(c);
  const json = lang === "en" ? shown.json : JSON.stringify(localizeJob(JSON.parse(shown.json) as Job, lang));
  return c.body(json, status, { "content-type": "application/json", "content-language": lang });
}
