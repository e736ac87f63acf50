/**
 * JSON as ComfyUI writes it: Python's encoder lets `NaN`, `Infinity` and `-Infinity` through, in events, history and
 * object_info alike (protocol §5 P14). They become null here, so that one odd number never costs a session.
 */
import { err, ok, type Result } from "../util/result.ts";

/** The longest text frame that is parsed, in UTF-16 units: some 35,000 nodes in one `progress_state`. */
export const MAX_EVENT_CHARS = 8 * 1024 * 1024;
/** The longest reply body that is parsed; an object_info with hundreds of packs stays below it. */
export const MAX_REPLY_CHARS = 24 * 1024 * 1024;
/** Deeper nesting is refused, so that whatever walks or stores the value later may recurse. */
export const MAX_JSON_DEPTH = 256;

/** A JSON object of unknown content. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Why a text is not taken; nesting beyond `MAX_JSON_DEPTH` counts as `malformed`. */
export type JsonError = "too_large" | "malformed";

/** Parses ComfyUI's JSON: bare non-finite numbers read as null, everything else as `JSON.parse` has it. Never throws. */
export function parseComfyJson(text: string, maxChars: number = MAX_REPLY_CHARS): Result<unknown, JsonError> {
  if (text.length > maxChars) return err("too_large");
  const plain = tryParse(text);
  if (plain.ok) return plain;
  return text.includes("NaN") || text.includes("Infinity") ? tryParse(withoutNonFinite(text)) : plain;
}

/** Whether the value is a JSON object, and neither an array nor null. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function tryParse(text: string): Result<unknown, JsonError> {
  try {
    const value: unknown = JSON.parse(text);
    return nestsWithin(value, MAX_JSON_DEPTH) ? ok(value) : err("malformed");
  } catch {
    return err("malformed");
  }
}

function nestsWithin(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => nestsWithin(item, depth - 1));
  const record = value as JsonRecord;
  for (const key in record) if (!nestsWithin(record[key], depth - 1)) return false;
  return true;
}

/** Replaces the three tokens outside strings, in one pass; a token in a wrong place stays an error for the parser. */
function withoutNonFinite(text: string): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const outside = quote === -1 ? text.slice(at) : text.slice(at, quote);
    pieces.push(outside.replace(/-?Infinity|NaN/g, "null"));
    if (quote === -1) break;
    const end = endOfString(text, quote);
    pieces.push(text.slice(quote, end));
    at = end;
  }
  return pieces.join("");
}

/** The index after the string that opens at `quote`, or the text's end if it is never closed. */
function endOfString(text: string, quote: number): number {
  let close = text.indexOf('"', quote + 1);
  while (close !== -1) {
    let first = close;
    while (text.charCodeAt(first - 1) === 0x5c) first -= 1;
    if ((close - first) % 2 === 0) return close + 1;
    close = text.indexOf('"', close + 1);
  }
  return text.length;
}
