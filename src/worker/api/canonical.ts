/** The same request, however its keys are ordered, as the same text. */
import { stringifyExact } from "../../core/util/exact-json.ts";

/** Exact JSON with sorted keys. */
export const canonical = (value: unknown): string => stringifyExact(sorted(value));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
