/**
 * JSON as Python's `json` module reads and writes it, which is what ComfyUI puts on the wire: separators ", " and ": ",
 * ASCII escapes, bare NaN and Infinity, `1` and `1.0` kept apart, integers of any size (seeds exceed 2^53).
 */

/** A Python float: prints with a fraction or an exponent even when its value is whole. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A JSON value. A plain `number` is a Python int when whole; a `Map` is an object whose key order is kept. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyFloat
  | readonly Json[]
  | JsonObject
  | ReadonlyMap<string, Json>;

/** A JSON object without a prototype, so that no key is special. */
export interface JsonObject {
  [key: string]: Json;
}

/** Whether `value` is a JSON object (not a list, a float or a map). */
export function isObject(value: Json | undefined): value is JsonObject {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof PyFloat) &&
    !(value instanceof Map)
  );
}

/** Whether `value` is a JSON list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The number in an int or float, or null. Integers beyond 2^53 lose precision. */
export function numberOf(value: Json | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value instanceof PyFloat ? value.value : null;
}

/** Python's `repr` of a float: shortest digits, exponent below 1e-4 and from 1e16. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return Number.isInteger(value) ? `${Object.is(value, -0) ? "-0" : value}.0` : String(value);
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The text `json.dumps(value)` gives. */
export function printJson(value: Json): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "boolean":
    case "bigint":
      return String(value);
    case "number":
      return Number.isInteger(value) ? String(value) : floatText(value);
    case "string":
      return quoted(value);
  }
  if (value instanceof PyFloat) return floatText(value.value);
  if (isList(value)) return `[${value.map(printJson).join(", ")}]`;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return `{${entries.map(([key, item]) => `${quoted(key)}: ${printJson(item)}`).join(", ")}}`;
}

/** The text `str(value)` gives, used in validation messages. */
export function pythonText(value: Json): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return value;
  return isList(value) || isObject(value) ? pythonRepr(value) : printJson(value);
}

/** The text `repr(value)` gives. */
export function pythonRepr(value: Json): string {
  if (typeof value === "string") {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    return `${quote}${value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll(quote, `\\${quote}`)}${quote}`;
  }
  if (isList(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  if (isObject(value)) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`)
      .join(", ")}}`;
  }
  return pythonText(value);
}
