/**
 * Serving a stored file: which bytes of the original make up a range of the clean copy, and the HTTP rules of ranges and
 * validators (RFC 9110 §8.8, §13, §14). `If-Range` is the caller's: it decides whether the Range header is looked at.
 */
import { assertNever } from "../util/assert.ts";
import { decodeBase64 } from "./base64.ts";
import type { CleanPart, CleanPlan } from "./clean-plan.ts";

/** A stretch of `length` bytes from `offset` on. */
export type ByteRange = { offset: number; length: number };

/** One thing to write to the response: a range read of the stored original, literal bytes, or zeros. */
export type ReadStep =
  | { type: "read"; offset: number; length: number }
  | { type: "bytes"; bytes: Uint8Array }
  | { type: "zeros"; count: number };

/** What a Range header asks for. `full` and `ignored` are both answered 200 with everything, `unsatisfiable` 416. */
export type RangeRequest =
  | { type: "full" }
  | { type: "range"; offset: number; length: number }
  | { type: "unsatisfiable" }
  | { type: "ignored" };

/** The steps whose bytes, one after the other, are `range` of the clean copy (all of it if null). Never an empty step. */
export function planRead(plan: CleanPlan, range: ByteRange | null): ReadStep[] {
  const from = range?.offset ?? 0;
  const to = range === null ? plan.sizeBytes : range.offset + range.length;
  const steps: ReadStep[] = [];
  let partStart = 0;
  for (const part of plan.parts) {
    const length = partLength(part);
    const start = Math.max(from - partStart, 0);
    const end = Math.min(to - partStart, length);
    if (start < end) steps.push(cut(part, start, end));
    partStart += length;
  }
  return steps;
}

function partLength(part: CleanPart): number {
  switch (part.type) {
    case "copy":
      return part.to - part.from;
    case "bytes":
      return (part.base64.length / 4) * 3 - (part.base64.endsWith("==") ? 2 : part.base64.endsWith("=") ? 1 : 0);
    case "zeros":
      return part.count;
    default:
      return assertNever(part);
  }
}

/** The bytes `start` up to and without `end` of a part. */
function cut(part: CleanPart, start: number, end: number): ReadStep {
  switch (part.type) {
    case "copy":
      return { type: "read", offset: part.from + start, length: end - start };
    case "bytes":
      return { type: "bytes", bytes: decodeBase64(part.base64).subarray(start, end) };
    case "zeros":
      return { type: "zeros", count: end - start };
    default:
      return assertNever(part);
  }
}

/**
 * Reads a Range header for a representation of `sizeBytes`. One range is honoured, cut at the end; several, another unit
 * or nonsense are ignored, as RFC 9110 §14.2 lets a server do.
 */
export function parseRange(header: string | null, sizeBytes: number): RangeRequest {
  if (header === null) return { type: "full" };
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header);
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return { type: "ignored" };
  if (first === "") {
    const length = Math.min(Number(last), sizeBytes);
    if (Number(last) === 0) return { type: "unsatisfiable" };
    // A suffix of nothing is satisfiable, yet no Content-Range can say so: the whole of nothing is sent.
    return length === 0 ? { type: "ignored" } : { type: "range", offset: sizeBytes - length, length };
  }
  const offset = Number(first);
  const end = last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== "" && Number(last) < offset) return { type: "ignored" };
  if (offset >= sizeBytes) return { type: "unsatisfiable" };
  return { type: "range", offset, length: end - offset + 1 };
}

/** The Content-Range of a 206 answer; with null, of a 416 one. */
export function contentRange(range: ByteRange | null, sizeBytes: number): string {
  return range === null
    ? `bytes */${sizeBytes}`
    : `bytes ${range.offset}-${range.offset + range.length - 1}/${sizeBytes}`;
}

/** A strong entity tag, quotes included: the original's SHA-256 in hex names the bytes, `variant` what was made of them. */
export const strongEtag = (sha256Hex: string, variant: string): string => `"${sha256Hex.slice(0, 32)}-${variant}"`;

/** Whether an If-None-Match header names `etag`. It compares weakly, as RFC 9110 §13.1.2 asks. */
export function matchesEtag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([tag]) => tag === etag);
}
