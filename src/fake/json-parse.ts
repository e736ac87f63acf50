/**
 * The reading half of `json.ts`: `json.loads`, with Python's tolerance (NaN, Infinity) and types. Recursion is bounded
 * as Python bounds it; every refusal is `JsonSyntaxError`.
 */
import { type Json, type JsonObject, PyFloat } from "./json.ts";

/** The text is not what `json.loads` accepts. */
export class JsonSyntaxError extends Error {}

const MAX_DEPTH = 990;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: readonly (readonly [string, () => Json])[] = [
  ["null", () => null],
  ["true", () => true],
  ["false", () => false],
  ["NaN", () => new PyFloat(Number.NaN)],
  ["Infinity", () => new PyFloat(Number.POSITIVE_INFINITY)],
  ["-Infinity", () => new PyFloat(Number.NEGATIVE_INFINITY)],
];

/** The value that `json.loads(text)` gives. Throws `JsonSyntaxError`. */
export function parseJson(text: string): Json {
  let at = 0;

  function match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  }
  function fail(): never {
    throw new JsonSyntaxError(`Expecting value at char ${at}`);
  }
  function take(character: string): boolean {
    match(SPACE);
    if (text[at] !== character) return false;
    at++;
    return true;
  }
  function string(): string {
    if (text[at] !== '"') fail();
    const end = plainEnd(text, at + 1);
    if (end !== -1) {
      const plain = text.slice(at + 1, end);
      at = end + 1;
      return plain;
    }
    const found = match(STRING) ?? fail();
    try {
      return JSON.parse(found[0]);
    } catch {
      return fail();
    }
  }
  function number(): Json {
    const found = match(NUMBER) ?? fail();
    if (found[1] !== undefined || found[2] !== undefined) return new PyFloat(Number(found[0]));
    const whole = Number(found[0]);
    return Number.isSafeInteger(whole) ? whole : BigInt(found[0]);
  }
  function list(depth: number): Json {
    const items: Json[] = [];
    if (take("]")) return items;
    do items.push(value(depth));
    while (take(","));
    if (!take("]")) fail();
    return items;
  }
  function object(depth: number): Json {
    const entries: JsonObject = Object.create(null);
    if (take("}")) return entries;
    do {
      match(SPACE);
      const key = string();
      if (!take(":")) fail();
      entries[key] = value(depth);
    } while (take(","));
    if (!take("}")) fail();
    return entries;
  }
  function value(depth: number): Json {
    if (depth > MAX_DEPTH) throw new JsonSyntaxError("maximum recursion depth exceeded");
    match(SPACE);
    const next = text[at];
    if (next === '"') return string();
    if (take("{")) return object(depth + 1);
    if (take("[")) return list(depth + 1);
    for (const [word, made] of WORDS) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return made();
    }
    return number();
  }

  const result = value(0);
  match(SPACE);
  if (at !== text.length) fail();
  return result;
}

/** Where the string starting at `from` ends if it holds no escape and no control character, else -1. */
function plainEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i;
    if (code === 0x5c || code < 0x20) return -1;
  }
  return -1;
}
