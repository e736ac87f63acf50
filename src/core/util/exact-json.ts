/**
 * JSON that keeps 64-bit integers. ComfyUI's seeds go up to 2^64-1, a JavaScript number is exact only to 2^53-1. Here
 * an integer beyond that is a `bigint` in memory and bare digits on the wire, in both directions. Whoever parses a
 * graph, stores it or posts it uses this pair, so the seed that is shown is the seed that runs.
 */
import { err, ok, type Result } from "../util/result.ts";

/** Longer digit runs stay imprecise numbers: no seed has them, and converting them is slow. */
const MAX_INTEGER_DIGITS = 40;
const LONG_INTEGER = new RegExp(`^-?[0-9]{16,${MAX_INTEGER_DIGITS}}$`);
const MAX_DEPTH = 200;

/** Like `JSON.parse`, but integers outside ±(2^53-1) become `bigint`. The error is a sentence for the caller. */
export function parseExact(text: string): Result<unknown, string> {
  try {
    // The reviver costs several times the plain parse, and texts without a long run of digits cannot need it.
    return ok(/[0-9]{16}/.test(text) ? JSON.parse(text, reviveLongInteger) : JSON.parse(text));
  } catch (error) {
    // Also a RangeError: the reviver recurses, so nesting of many thousands overflows the stack.
    return err(error instanceof SyntaxError ? error.message : "nested too deeply");
  }
}

function reviveLongInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && LONG_INTEGER.test(source) ? BigInt(source) : value;
}

/**
 * Like `JSON.stringify` without spaces, but a `bigint` is written as bare digits. For plain JSON values only: throws a
 * TypeError on anything else (a function, a cycle), which is a bug of the caller.
 */
export function stringifyExact(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError("not plain JSON: nested too deeply");
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => write(item ?? null, depth + 1)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${JSON.stringify(key)}:${write(member, depth + 1)}`);
    return `{${members.join(",")}}`;
  }
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`not plain JSON: a ${typeof value}`);
  return text;
}
