/**
 * What a JSON value from outside may not have although its grammar allows it: nesting beyond all need, over which
 * whatever walks it later would fall, and half surrogate pairs, on which most other readers of JSON choke.
 */

/** The deepest nesting that is taken: a graph's values may have 32 levels, and lie a few below the body. */
export const MAX_JSON_DEPTH = 64;

/** What is wrong with a parsed value, as a sentence that quotes nothing of it; null where nothing is. Linear, and never throws. */
export function jsonFault(value: unknown): string | null {
  const pending: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value: one, depth } = next;
    if (typeof one === "string" && !one.isWellFormed()) return HALF_PAIR;
    if (typeof one !== "object" || one === null) continue;
    if (depth >= MAX_JSON_DEPTH) return `The body is nested more than ${MAX_JSON_DEPTH} levels deep.`;
    if (!Array.isArray(one) && !Object.keys(one).every((key) => key.isWellFormed())) return HALF_PAIR;
    for (const member of Object.values(one)) pending.push({ value: member, depth: depth + 1 });
  }
  return null;
}

const HALF_PAIR = "The body holds half of a surrogate pair, which is no text: take half characters out.";
