import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExact, stringifyExact } from "../../../src/core/util/exact-json.ts";

describe("exact JSON", () => {
  it("keeps a 64-bit seed digit by digit, both ways", () => {
    const text = '{"3":{"inputs":{"seed":18446744073709551615,"low":-9007199254740993,"steps":20}}}';
    const parsed = parseExact(text);
    expect(parsed).toEqual({
      ok: true,
      value: { "3": { inputs: { seed: 18446744073709551615n, low: -9007199254740993n, steps: 20 } } },
    });
    expect(parsed.ok && stringifyExact(parsed.value)).toBe(text);
  });

  it("leaves integers alone that a number holds exactly", () => {
    const text = "[9007199254740991, 1e20, 0.1234567890123456789, -0]";
    expect(parseExact(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  it("does not mistake digits in text for a number", () => {
    expect(parseExact('["18446744073709551615"]')).toEqual({ ok: true, value: ["18446744073709551615"] });
  });

  it("agrees with JSON on everything else", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const parsed = parseExact(text);
        if (!/[0-9]{16}/.test(text)) expect(parsed).toEqual({ ok: true, value: JSON.parse(text) });
        expect(stringifyExact(value)).toBe(text);
      }),
    );
  });

  it("returns every integer as it was written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
        const parsed = parseExact(`[${integer}]`);
        return parsed.ok && stringifyExact(parsed.value) === `[${integer}]`;
      }),
    );
  });

  it("reports bad JSON and hopeless nesting as an error", () => {
    expect(parseExact("{").ok).toBe(false);
    expect(parseExact("").ok).toBe(false);
    expect(parseExact(`[11111111111111111111,${"[".repeat(400_000)}${"]".repeat(400_000)}]`)).toEqual({
      ok: false,
      error: "nested too deeply",
    });
  });

  it("leaves out undefined members, as JSON does", () => {
    expect(stringifyExact({ a: undefined, b: [undefined], c: 1 })).toBe('{"b":[null],"c":1}');
  });

  it("refuses to write what is not JSON", () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(() => stringifyExact(loop)).toThrow(TypeError);
    expect(() => stringifyExact({ f: () => 1 })).toThrow(TypeError);
  });
});
