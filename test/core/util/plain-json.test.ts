/** What is refused of JSON values although their grammar allows it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonFault, MAX_JSON_DEPTH } from "../../../src/core/util/plain-json.ts";

const nested = (depth: number): unknown => JSON.parse(`${'[{"a":'.repeat(depth / 2)}1${"}]".repeat(depth / 2)}`);

describe("a JSON value", () => {
  it("[S3] is taken as deep as anybody needs, and refused beyond, however deep that is", () => {
    expect(jsonFault(nested(MAX_JSON_DEPTH))).toBeNull();
    for (const depth of [MAX_JSON_DEPTH + 2, 10_000, 200_000])
      expect(jsonFault(nested(depth))).toContain("levels deep");
  });

  it("[S3] with half a surrogate pair anywhere is refused, in names as in texts", () => {
    for (const text of ['"\\ud800"', '{"\\udc00":1}', '[[{"a":["b\\ud83d"]}]]'])
      expect(jsonFault(JSON.parse(text))).toContain("half");
    expect(jsonFault(JSON.parse('{"\\ud83d\\ude00":"\\ud83d\\ude00"}'))).toBeNull();
  });

  it("[S3] of well-formed text and usual depth has no fault, and is left as it is", () => {
    const values = fc.jsonValue({ stringUnit: "grapheme", maxDepth: 10 });
    fc.assert(
      fc.property(values, (value) => {
        const before = JSON.stringify(value);
        expect(jsonFault(value)).toBeNull();
        expect(JSON.stringify(value)).toBe(before);
      }),
    );
  });
});
