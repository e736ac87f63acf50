/** Reading request bodies: bounded while they stream in, parsed exactly, refused by content type before anything else. */
import type { Context } from "hono";
import type * as z from "zod";
import { MAX_JSON_BYTES } from "../../contract/api.ts";
import type { FieldError } from "../../contract/errors.ts";
import { parseExact } from "../../core/util/exact-json.ts";
import { jsonFault } from "../../core/util/plain-json.ts";
import type { ApiEnv } from "./api-env.ts";
import { ApiError } from "./problem.ts";

/** Errors that are told of one request, and characters of each: a refusal is short, whatever it refuses. */
const MAX_ERRORS = 50;
const MAX_ERROR_CHARS = 300;

/** The body's bytes; refused as soon as it is known to be larger than `maxBytes`, or has broken off. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = new ApiError("payload_too_large", `At most ${maxBytes} bytes.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge;
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge;
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError("invalid_parameter", "The body broke off before its end: send it again.");
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

/** The JSON body, with long integers kept exact (they come as bigint). */
export async function readJson(c: Context<ApiEnv>, options: { optional?: boolean } = {}): Promise<unknown> {
  const type = c.req.header("content-type");
  // No body at all still comes as an empty stream.
  if (options.optional && type === undefined && (await readBody(c.req.raw, MAX_JSON_BYTES)).byteLength === 0) return {};
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type ?? "")) {
    throw new ApiError("unsupported_media_type", "Send the body as application/json.");
  }
  const bytes = await readBody(c.req.raw, MAX_JSON_BYTES);
  return parseJson(bytes, options.optional === true);
}

/** Parses JSON bytes; empty ones are `{}` where the body is optional. */
export function parseJson(bytes: Uint8Array, optional = false): unknown {
  if (optional && bytes.byteLength === 0) return {};
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new ApiError("invalid_json", "The body is not UTF-8.");
  }
  const parsed = parseExact(text);
  if (!parsed.ok) throw new ApiError("invalid_json", "The body is not valid JSON.");
  const fault = jsonFault(parsed.value);
  if (fault !== null) throw new ApiError("invalid_json", fault);
  return parsed.value;
}

/** A value held to a schema; what is wrong is named field by field. */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.slice(0, MAX_ERRORS).map((issue): FieldError => {
    const path = issue.path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
    return { pointer: `#${path}`, code: issue.code, detail: issue.message };
  });
  throw invalidInputs(errors);
}

/** The error for inputs that are not valid. */
export function invalidInputs(
  errors: FieldError[],
  code: "invalid_inputs" | "invalid_workflow" | "workflow_format_ui" | "unsafe_url" = "invalid_inputs",
): ApiError {
  const told = errors.slice(0, MAX_ERRORS).map((error) => {
    return { ...error, pointer: shortened(error.pointer), detail: shortened(error.detail) };
  });
  const count = told.length === 1 ? "1 thing needs attention" : `${told.length} things need attention`;
  return new ApiError(code, `${count}: ${told[0]?.pointer ?? "#"}: ${told[0]?.detail ?? ""}`.slice(0, 500), {
    errors: told,
  });
}

const shortened = (text: string): string =>
  text.length > MAX_ERROR_CHARS ? `${text.slice(0, MAX_ERROR_CHARS)}…`.toWellFormed() : text;
