/**
 * A page for each error code: of an answer (contract/errors.ts) and of a job (`error.code` of a job document). Total by type: a code
 * without a page does not compile. Pages are made at build time; nothing of this is in the Worker.
 */
import type { ErrorCode } from "../contract/errors.ts";
import type { JobErrorCode } from "../contract/job.ts";
import type { ErrorDoc } from "./error-doc.ts";
import { accessErrors } from "./errors/access.ts";
import { conflictErrors } from "./errors/conflicts.ts";
import { inputErrors } from "./errors/inputs.ts";
import { jobErrors } from "./errors/jobs.ts";
import { limitErrors } from "./errors/limits.ts";
import { requestErrors } from "./errors/requests.ts";

/** Codes of answers. */
export const ERROR_DOCS: Record<ErrorCode, ErrorDoc> = {
  ...requestErrors,
  ...accessErrors,
  ...conflictErrors,
  ...inputErrors,
  ...limitErrors,
};

/** Codes of jobs that ended without success. */
export const JOB_ERROR_DOCS: Record<JobErrorCode, ErrorDoc> = jobErrors;
