/**
 * Every error of the HTTP API in one total table: a code without a status does not compile. The body on the wire is
 * `application/problem+json` (RFC 9457); clients switch on `code`.
 */
import * as z from "zod";

type Entry = { status: number; title: string; retryable: boolean };

const TABLE = {
  invalid_json: { status: 400, title: "The body is not valid JSON.", retryable: false },
  invalid_parameter: { status: 400, title: "A parameter is not valid.", retryable: false },
  invalid_header: { status: 400, title: "A header is not valid.", retryable: false },
  unauthenticated: { status: 401, title: "A valid key is needed.", retryable: false },
  secret_key_in_browser: { status: 403, title: "A secret key must not be used in a browser.", retryable: false },
  graph_not_allowed: { status: 403, title: "This graph is not allowed here.", retryable: false },
  bad_signature: { status: 403, title: "The link is not valid.", retryable: false },
  not_revealed: { status: 403, title: "This share link does not show that.", retryable: false },
  not_found: { status: 404, title: "There is nothing here.", retryable: false },
  workflow_not_found: { status: 404, title: "There is no such workflow.", retryable: false },
  method_not_allowed: { status: 405, title: "This method is not for this address.", retryable: false },
  not_acceptable: { status: 406, title: "None of the accepted formats can be given.", retryable: false },
  id_conflict: { status: 409, title: "The id is taken by another request.", retryable: false },
  share_limit: { status: 409, title: "The job has as many share links as it may have.", retryable: false },
  job_expired: { status: 410, title: "The job was removed when its time was over.", retryable: false },
  media_expired: { status: 410, title: "The link to this file is over.", retryable: false },
  media_deleted: { status: 410, title: "The file was removed.", retryable: false },
  share_expired: { status: 410, title: "The share link is over.", retryable: false },
  share_revoked: { status: 410, title: "The share link was closed.", retryable: false },
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
  upgrade_required: { status: 426, title: "This address speaks WebSocket, SSE or JSON.", retryable: false },
  too_many_streams: { status: 429, title: "Too many open streams.", retryable: true },
  too_many_viewers: { status: 429, title: "Too many people are watching; poll instead.", retryable: true },
  internal: { status: 500, title: "Something went wrong on our side.", retryable: true },
  unavailable: { status: 503, title: "The service is busy for a moment.", retryable: true },
  misconfigured: { status: 503, title: "The service is not set up correctly.", retryable: false },
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
