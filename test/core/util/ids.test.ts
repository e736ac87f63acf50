/** Ids. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JobIdSchema } from "../../../src/contract/ids.ts";
import { base62, constantTimeEqual, derivedId, hex, ulid } from "../../../src/core/util/ids.ts";

const random = (fill: number) => new Uint8Array(10).fill(fill);

describe("ids", () => {
  it("sort by the time at which they were minted", () => {
    const times = [0, 1, 999, 1_795_158_721_000, 1_795_158_721_001];
    const ids = times.map((time) => ulid(time, random(255 - (time % 200))));
    expect([...ids].sort()).toEqual(ids);
  });

  it("have the format that the API accepts", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.uint8Array({ minLength: 10, maxLength: 10 }), (time, bytes) => {
        expect(JobIdSchema.safeParse(`job_${ulid(time * 1000, bytes)}`).success).toBe(true);
      }),
    );
  });

  it("are the same for the same parts and others for parts that are split differently", async () => {
    expect(await derivedId("out", "a", "bc")).toBe(await derivedId("out", "a", "bc"));
    expect(await derivedId("out", "a", "bc")).not.toBe(await derivedId("out", "ab", "c"));
  });
});

describe("base62 and hex", () => {
  it("keep different bytes apart", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (a, b) => {
          expect(base62(a, 22) === base62(b, 22)).toBe(hex(a) === hex(b));
          expect(base62(a, 22)).toMatch(/^[0-9A-Za-z]{22}$/);
        },
      ),
    );
  });
});

describe("constantTimeEqual", () => {
  it("agrees with ===", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(constantTimeEqual(a, b)).toBe(a === b);
        expect(constantTimeEqual(a, a)).toBe(true);
      }),
    );
    expect(constantTimeEqual("aa", "a")).toBe(false);
    expect(constantTimeEqual("abab", "ab")).toBe(false);
  });
});
