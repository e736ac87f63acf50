/** `easelcast/client`: what an app imports. */
export type { Share, Upload } from "../contract/api.ts";
export type { FieldError } from "../contract/errors.ts";
export type { Job, JobError, JobStatus, Output, Preview, Progress, Queue } from "../contract/job.ts";
export type { ViewerEvent } from "../contract/viewer.ts";
export type {
  Changes,
  Client,
  ClientOptions,
  CreatedJob,
  JobFilters,
  JobHandle,
  JobPage,
  JobRequest,
  Me,
  ShareRequest,
  SubmitOptions,
  SubmittedJob,
} from "./create-client.ts";
export { createClient } from "./create-client.ts";
export { EaselError, type EaselErrorCode } from "./easel-error.ts";
export type { Link } from "./follow-with.ts";
export type { Store } from "./followed-jobs.ts";
export type { Fetch, TokenProvider } from "./http.ts";
export type { FollowJobOptions, JobFollow, JobUpdate, PreviewWish } from "./job-follow.ts";
export { newJobId } from "./job-id.ts";
export type { WebSocketClass, WebSocketLike } from "./job-sockets.ts";
export type { Transport } from "./ladder.ts";
export type { UploadData, UploadOptions } from "./upload.ts";
