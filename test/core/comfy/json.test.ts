import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_JSON_DEPTH, parseComfyJson } from "../../../src/core/comfy/json.ts";
import { ok } from "../../../src/core/util/result.ts";

describe("parseComfyJson", () => {
  it("[C1] reads bare non-finite numbers as null and leaves the same words inside strings alone", () => {
    const text = String.raw`{"a": NaN, "b": [Infinity, -Infinity, -1], "NaN": "NaN \" Infinity", "c\\": NaN, "": "\\\" NaN"}`;
    expect(parseComfyJson(text)).toEqual(
      ok({ a: null, b: [null, null, -1], NaN: 'NaN " Infinity', "c\\": null, "": '\\" NaN' }),
    );
    expect(parseComfyJson("NaN")).toEqual(ok(null));
  });

  it("[C1] leaves a text malformed whose tokens stand in a wrong place or whose strings never end", () => {
    for (const text of ["1NaN", "NaNNaN", "{NaN: 1}", '"NaN', '["NaN\\"', "-NaN", "", "[NaN"]) {
      expect(parseComfyJson(text), text).toEqual({ ok: false, error: "malformed" });
    }
  });

  it("[C1] agrees with JSON.parse on any JSON, with non-finite numbers mixed in", () => {
    const withNonFinite = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        fc.string(),
        fc.constantFrom("NaN", '"NaN"', "\\Infinity\\", '\\"'),
        fc.integer(),
        fc.array(tie("value")),
        fc.dictionary(fc.string(), tie("value")),
      ),
    })).value;
    const asPython = (value: unknown): string => {
      if (typeof value === "number") return String(value);
      if (Array.isArray(value)) return `[${value.map(asPython).join(", ")}]`;
      if (typeof value !== "object" || value === null) return JSON.stringify(value);
      return `{${Object.entries(value)
        .map(([key, item]) => `${JSON.stringify(key)}: ${asPython(item)}`)
        .join(", ")}}`;
    };
    fc.assert(
      fc.property(withNonFinite, (value) => {
        expect(parseComfyJson(asPython(value))).toEqual(ok(JSON.parse(JSON.stringify(value))));
      }),
    );
  });

  it("refuses what is too long before parsing it, and what nests too deep", () => {
    expect(parseComfyJson("[1, 2]", 5)).toEqual({ ok: false, error: "too_large" });
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(parseComfyJson(nested(MAX_JSON_DEPTH)).ok).toBe(true);
    expect(parseComfyJson(nested(MAX_JSON_DEPTH + 1))).toEqual({ ok: false, error: "malformed" });
    expect(parseComfyJson(nested(500_000))).toEqual({ ok: false, error: "malformed" });
  });

  it("takes time in proportion to the length of a hostile text", () => {
    const text = `[NaN, "${'\\"'.repeat(200_000)}", "${"\\\\".repeat(200_000)}", NaN]`;
    const parsed = parseComfyJson(text);
    expect(parsed.ok && Array.isArray(parsed.value) && parsed.value.length).toBe(4);
  });
});
