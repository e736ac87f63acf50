/**
 * Every error of the HTTP API in one total table: a code without a status does not compile. The body on the wire is
 * `application/problem+json` (RFC 9457); clients switch on `code`.
 */
import * as z from "zod";

type Entry = {
  status: number;
  title: string;
  /** Whether the same request may succeed later. */
  retryable: boolean;
  /** Kept for what a later version gives: clients may handle it already. */
  reserved?: true;
};

const TABLE = {
  invalid_json: { status: 400, title: "The body is not valid JSON.", retryable: false },
  invalid_parameter: { status: 400, title: "A parameter is not valid.", retryable: false },
  invalid_header: { status: 400, title: "A header is not valid.", retryable: false },
  unauthenticated: { status: 401, title: "A valid credential is needed.", retryable: false },
  token_expired: { status: 401, title: "The token is over; get a new one and repeat.", retryable: false },
  token_revoked: { status: 401, title: "The token was revoked.", retryable: false },
  key_revoked: { status: 401, title: "The key was revoked or is over.", retryable: false },
  ticket_used: { status: 401, title: "The ticket was used already.", retryable: false },
  insufficient_credits: { status: 402, title: "There is no credit left.", retryable: false, reserved: true },
  scope_missing: { status: 403, title: "The credential may not do this.", retryable: false },
  secret_key_in_browser: { status: 403, title: "A secret key must not be used in a browser.", retryable: false },
  origin_not_allowed: { status: 403, title: "This origin may not call.", retryable: false, reserved: true },
  graph_not_allowed: { status: 403, title: "This graph is not allowed here.", retryable: false },
  workflow_not_allowed: { status: 403, title: "The credential may not run this workflow.", retryable: false },
  webhook_not_allowed: { status: 403, title: "The credential may not name webhooks.", retryable: false },
  embed_not_allowed: { status: 403, title: "This link may not be embedded.", retryable: false, reserved: true },
  not_revealed: { status: 403, title: "This share link does not show that.", retryable: false },
  attestation_required: { status: 403, title: "The app has to prove itself.", retryable: false, reserved: true },
  bad_signature: { status: 403, title: "The link is not valid.", retryable: false },
  user_blocked: { status: 403, title: "This user is blocked.", retryable: false, reserved: true },
  not_found: { status: 404, title: "There is nothing here.", retryable: false },
  workflow_not_found: { status: 404, title: "There is no such workflow.", retryable: false },
  replay_not_kept: { status: 404, title: "No recording was kept.", retryable: false, reserved: true },
  method_not_allowed: { status: 405, title: "This method is not for this address.", retryable: false },
  not_acceptable: {
    status: 406,
    title: "None of the accepted formats can be given.",
    retryable: false,
    reserved: true,
  },
  idempotency_in_progress: {
    status: 409,
    title: "The first of these requests is still at work.",
    retryable: true,
    reserved: true,
  },
  id_conflict: { status: 409, title: "The id is taken by another request.", retryable: false },
  job_not_finished: { status: 409, title: "The job has not ended yet.", retryable: true },
  job_not_queued: { status: 409, title: "The job no longer waits.", retryable: false },
  no_lease: { status: 409, title: "The job has no presence lease.", retryable: false, reserved: true },
  upload_in_use: { status: 409, title: "A job still needs the upload.", retryable: true, reserved: true },
  share_limit: { status: 409, title: "The job has as many share links as it may have.", retryable: false },
  endpoint_limit: { status: 409, title: "The project has as many endpoints as it may have.", retryable: false },
  endpoint_disabled: { status: 409, title: "The endpoint is disabled.", retryable: false },
  key_limit: { status: 409, title: "The project has as many keys as it may have.", retryable: false },
  key_ended: { status: 409, title: "The key is over already.", retryable: false },
  last_admin_key: { status: 409, title: "No key would be left that can make keys.", retryable: false },
  job_expired: { status: 410, title: "The job was removed when its time was over.", retryable: false },
  job_deleted: { status: 410, title: "The job was deleted.", retryable: false },
  media_expired: { status: 410, title: "The link to this file is over.", retryable: false },
  media_deleted: { status: 410, title: "The file was removed.", retryable: false },
  share_expired: { status: 410, title: "The share link is over.", retryable: false },
  share_revoked: { status: 410, title: "The share link was closed.", retryable: false },
  cursor_expired: { status: 410, title: "The cursor is too old; list everything anew.", retryable: false },
  version_conflict: { status: 412, title: "Somebody changed it in between.", retryable: false, reserved: true },
  payload_too_large: { status: 413, title: "The body is too large.", retryable: false },
  unsupported_media_type: { status: 415, title: "The content type is not supported.", retryable: false },
  range_not_satisfiable: { status: 416, title: "The range lies outside the file.", retryable: false },
  invalid_inputs: { status: 422, title: "Some inputs are not valid.", retryable: false },
  invalid_workflow: { status: 422, title: "The graph is not valid.", retryable: false },
  workflow_format_ui: { status: 422, title: "This is the editor's format, not the API format.", retryable: false },
  missing_upload: { status: 422, title: "An upload is not there.", retryable: false },
  unreadable_image: { status: 422, title: "The picture cannot be read.", retryable: false },
  digest_mismatch: { status: 422, title: "The bytes do not match their digest.", retryable: false },
  idempotency_mismatch: { status: 422, title: "The idempotency key was used for another request.", retryable: false },
  unsafe_url: { status: 422, title: "This address may not be called.", retryable: false },
  content_rejected: { status: 422, title: "The content is not accepted.", retryable: false, reserved: true },
  push_not_configured: { status: 422, title: "Push is not set up.", retryable: false, reserved: true },
  upgrade_required: { status: 426, title: "This address speaks WebSocket or SSE.", retryable: false },
  rate_limited: { status: 429, title: "Too many requests.", retryable: true },
  quota_exceeded: { status: 429, title: "The quota of the day is used up.", retryable: true },
  concurrency_limited: { status: 429, title: "Too many of these jobs run already.", retryable: true },
  queue_full: { status: 429, title: "Too many jobs are unfinished.", retryable: true },
  too_many_streams: { status: 429, title: "Too many open streams.", retryable: true },
  too_many_viewers: {
    status: 429,
    title: "Too many people are watching; poll instead.",
    retryable: true,
    reserved: true,
  },
  internal: { status: 500, title: "Something went wrong on our side.", retryable: true },
  backend_error: { status: 502, title: "ComfyUI answered with an error.", retryable: true, reserved: true },
  unavailable: { status: 503, title: "The service is busy for a moment.", retryable: true },
  no_workers: { status: 503, title: "No machine can take this now.", retryable: true, reserved: true },
  maintenance: { status: 503, title: "The service is being looked after.", retryable: true, reserved: true },
  misconfigured: { status: 503, title: "The service is not set up correctly.", retryable: false },
  backend_timeout: { status: 504, title: "ComfyUI did not answer in time.", retryable: true, reserved: true },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof TABLE;

/** Status, title and advice of each code. */
export const ERRORS: Record<ErrorCode, Entry> = TABLE;
export const ERROR_CODES = Object.keys(TABLE) as ErrorCode[];

export const FieldErrorSchema = z
  .object({
    pointer: z
      .string()
      .meta({ description: "JSON pointer into the request, as a fragment.", examples: ["#/inputs/steps"] }),
    code: z.string(),
    detail: z.string(),
  })
  .meta({ id: "FieldError" });
export type FieldError = z.infer<typeof FieldErrorSchema>;

export const ProblemSchema = z
  .object({
    type: z.string().meta({ description: "A page about this code." }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().meta({ "x-extensible-enum": ERROR_CODES }),
    request_id: z.string(),
    retryable: z.boolean(),
    retry_after_ms: z.int().nullable(),
    user_message: z.string(),
    errors: z.array(FieldErrorSchema),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof ProblemSchema>;
