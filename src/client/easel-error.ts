/**
 * The one error that the client throws for what the service or the network did. What the app's own token provider
 * throws comes through as it is.
 */
import type { ErrorCode, FieldError, Problem } from "../contract/errors.ts";
import { parseJson } from "./decode.ts";

/**
 * Codes to switch on. `network`: no answer came, or half of one. `unexpected_answer`: something else than the service
 * answered. `protocol`: this client and the service do not understand each other. A newer service may send others.
 */
export type EaselErrorCode = ErrorCode | "network" | "unexpected_answer" | "protocol" | (string & {});

export class EaselError extends Error {
  declare readonly code: EaselErrorCode;
  /** Of HTTP; 0 where no answer came. */
  declare readonly status: number;
  /** Whether the same call may succeed later. */
  declare readonly retryable: boolean;
  /** When to come back, where the service said so. */
  declare readonly retryAfterMs: number | null;
  /** Safe to show; the service's own sentence comes in the language of `createClient({ language })`. */
  declare readonly userMessage: string;
  /** Which fields of the request are at fault, by JSON pointer. */
  declare readonly fields: FieldError[];
  /** For the service's log. */
  declare readonly requestId: string | null;

  constructor(code: EaselErrorCode, status: number, retryable: boolean, problem?: Partial<Problem>, cause?: unknown) {
    super(problem?.detail ?? code, { cause });
    this.name = "EaselError";
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.retryAfterMs = problem?.retry_after_ms ?? null;
    this.userMessage = problem?.user_message ?? (status ? "Something went wrong." : "No connection.");
    this.fields = problem?.errors ?? [];
    this.requestId = problem?.request_id ?? null;
  }
}

/** An answer that is no success, as an error; `text` is its body. */
export function errorOf({ status, headers }: Response, text: string): EaselError {
  const problem = parseJson(text) as Partial<Problem> | null | undefined;
  if (problem?.code) return new EaselError(problem.code, status, !!problem.retryable, problem);
  // A header of another kind, or none, is not a number.
  const retryAfterMs = Number(headers.get("retry-after")) * 1_000 || null;
  return new EaselError("unexpected_answer", status, status >= 500 || status === 429, { retry_after_ms: retryAfterMs });
}
