/** Any thrown value → the one error body. Handlers throw `ApiError`; everything else is a bug and says nothing. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { ERRORS, type ErrorCode, type FieldError, type Problem } from "../../contract/errors.ts";
import { errorName, log } from "../log.ts";
import type { ApiEnv } from "./api-env.ts";

export type ApiErrorOptions = {
  errors?: FieldError[];
  userMessage?: string;
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

/** What people are told where nothing better is known. */
function userMessage(status: number): string {
  if (status === 429 || status === 503) return "The service is busy. Please try again in a moment.";
  if (status >= 500) return "Something went wrong on our side. Please try again.";
  if (status === 404 || status === 410) return "This is no longer here.";
  return "This request could not be carried out.";
}

/** The response of an error. */
export function problemResponse(c: Context<ApiEnv>, error: unknown): Response {
  const { code, message, options } = apiErrorOf(error, c);
  const { status, title, retryable } = ERRORS[code];
  const requestId = c.get("requestId") ?? "req_unknown";
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
    user_message: options.userMessage ?? userMessage(status),
    errors: options.errors ?? [],
  };
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "should-retry": String(retryable),
      ...(retryAfterMs === null ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
      ...options.headers,
    },
  });
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
