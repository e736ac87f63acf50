/** Python's `int()`, `float()`, `str()` and `bool()` as validation applies them to plain inputs (protocol §1.2). */
import { isList, isObject, type Json, numberOf, PyFloat, pythonRepr, pythonText } from "./json.ts";

/** The value cannot be converted; the message is Python's. */
export class CoercionError extends Error {}

/** The value converted to the type of the input. Types other than the four basic ones pass as they are. */
export function coerce(value: Json, type: string): Json {
  switch (type) {
    case "INT":
      return toInt(value);
    case "FLOAT":
      return toFloat(value);
    case "STRING":
      return pythonText(value);
    case "BOOLEAN":
      return isTruthy(value);
    default:
      return value;
  }
}

function toInt(value: Json): Json {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof PyFloat) {
    if (Number.isNaN(value.value)) throw new CoercionError("cannot convert float NaN to integer");
    if (!Number.isFinite(value.value)) throw new CoercionError("cannot convert float infinity to integer");
    return shortInt(BigInt(Math.trunc(value.value)));
  }
  if (typeof value === "string") {
    if (/^\s*[+-]?\d+(_\d+)*\s*$/.test(value)) return shortInt(BigInt(value.replaceAll(/[\s_+]/g, "")));
    throw new CoercionError(`invalid literal for int() with base 10: ${pythonRepr(value)}`);
  }
  throw new CoercionError(
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
  );
}

function shortInt(value: bigint): Json {
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

/** Python's `float(value)`. Throws `CoercionError`. */
export function toFloat(value: Json): PyFloat {
  if (value instanceof PyFloat) return value;
  if (typeof value === "boolean") return new PyFloat(value ? 1 : 0);
  const number = numberOf(value);
  if (number !== null) return new PyFloat(number);
  if (typeof value !== "string") {
    throw new CoercionError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
  }
  const text = value.trim().toLowerCase();
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(text)) return new PyFloat(Number(text));
  if (/^[+-]?inf(inity)?$/.test(text)) return new PyFloat(text.startsWith("-") ? -Infinity : Infinity);
  if (/^[+-]?nan$/.test(text)) return new PyFloat(Number.NaN);
  throw new CoercionError(`could not convert string to float: ${pythonRepr(value)}`);
}

function isTruthy(value: Json): boolean {
  if (value === null) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return value !== "";
  const number = numberOf(value);
  if (number !== null) return number !== 0;
  return isList(value) ? value.length > 0 : Object.keys(value).length > 0;
}

function typeName(value: Json): string {
  if (value === null) return "NoneType";
  return isList(value) ? "list" : isObject(value) ? "dict" : typeof value;
}
