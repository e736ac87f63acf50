/** Any thrown value → the one error body. Handlers throw `ApiError`; everything else is a bug and says nothing. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { ERRORS, type ErrorCode, type FieldError, type Problem } from "../../contract/errors.ts";
import { localeOf } from "../../core/words/locale.ts";
import { problemMessage } from "../../core/words/problem-words.ts";
import { errorName, log } from "../log.ts";
import type { ApiEnv } from "./api-env.ts";

export type ApiErrorOptions = {
  errors?: FieldError[];
  headers?: Record<string, string>;
  retryAfterMs?: number;
};

/** An expected failure of a request. `detail` says what is wrong and what to do. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly options: ApiErrorOptions;
  constructor(code: ErrorCode, detail: string, options: ApiErrorOptions = {}) {
    super(detail);
    this.name = "ApiError";
    this.code = code;
    this.options = options;
  }
}

/** The response of an error; `user_message` is in the language that the caller reads. */
export function problemResponse(c: Context<ApiEnv>, error: unknown): Response {
  const { code, message, options } = apiErrorOf(error, c);
  const { status, title, retryable } = ERRORS[code];
  const requestId = c.get("requestId") ?? "req_unknown";
  const lang = localeOf(c.req.header("accept-language"));
  const retryAfterMs = options.retryAfterMs ?? (retryable ? 1_000 : null);
  const problem: Problem = {
    type: `${new URL(c.req.url).origin}/errors/${code}`,
    title,
    status,
    detail: message,
    instance: `urn:easel:${requestId}`,
    code,
    request_id: requestId,
    retryable,
    retry_after_ms: retryAfterMs,
    user_message: problemMessage(code, lang),
    errors: options.errors ?? [],
  };
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "content-language": lang,
      vary: "Accept-Language",
      "should-retry": String(retryable),
      ...(status === 401 ? { "www-authenticate": challengeOf(code, c.req.header("authorization") !== undefined) } : {}),
      ...(retryAfterMs === null ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
      ...options.headers,
    },
  });
}

/** RFC 6750 §3: says what is wrong with the credential, unless none was sent. */
function challengeOf(code: ErrorCode, wasSent: boolean): string {
  if (code === "unauthenticated" && !wasSent) return "Bearer";
  return `Bearer error="invalid_token", error_description="${ERRORS[code].title}"`;
}

function apiErrorOf(error: unknown, c: Context<ApiEnv>): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof HTTPException && error.status < 500) {
    if (error.status === 415) return new ApiError("unsupported_media_type", "Send the body as application/json.");
    return new ApiError("invalid_json", "The body is not valid JSON.");
  }
  const overloaded = typeof error === "object" && error !== null && "overloaded" in error && error.overloaded === true;
  log("error", "request_failed", {
    request: c.get("requestId") ?? null,
    path: c.req.routePath,
    error: errorName(error),
  });
  return overloaded
    ? new ApiError("unavailable", "Please try again in a moment.")
    : new ApiError("internal", "The failure was logged.");
}
