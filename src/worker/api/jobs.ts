/** How the Worker reaches a job: by project and id, or by the object's name that a share token carries. */

import { JobIdSchema } from "../../contract/ids.ts";
import { jobObjectName } from "../../core/auth/share-token.ts";
import { ApiError } from "./problem.ts";

/** The one project of this deployment; projects proper come with tenants. */
export const PROJECT = "default";

/** The object of a job. A new stub per call: one that has seen an error may be broken for good. */
export async function jobStub(env: Env, jobId: string) {
  if (!JobIdSchema.safeParse(jobId).success) throw new ApiError("not_found", "There is no job of that id.");
  return env.JOBS.getByName(await jobObjectName(PROJECT, jobId));
}

/** The error for a job that is not there (any more). */
export function absentJob(type: "unknown" | "erased"): ApiError {
  if (type === "erased")
    return new ApiError("job_expired", "The job and its media were removed when its time was over.");
  return new ApiError("not_found", "There is no job of that id.");
}
