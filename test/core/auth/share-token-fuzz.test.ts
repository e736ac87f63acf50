/** Share tokens as anybody may make them up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobObjectName, mintShareToken, readShareToken } from "../../../src/core/auth/share-token.ts";

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe("a share token", () => {
  it("[A3] comes back as the halves it was made of, whatever the random bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), sixteen, async (project, jobId, random) => {
        const name = await jobObjectName(project, jobId);
        const token = mintShareToken(name, random);
        expect(readShareToken(token)).toEqual({ objectName: name, secret: token.slice(22) });
      }),
    );
  });

  it("[A3] of other bytes has another secret: none is lost in writing them down", () => {
    fc.assert(
      fc.property(sixteen, sixteen, (one, other) => {
        fc.pre(one.join() !== other.join());
        expect(mintShareToken("n".repeat(22), one)).not.toBe(mintShareToken("n".repeat(22), other));
      }),
    );
  });

  it("[A3] is 44 letters and digits, and no other text is looked at", () => {
    const near = fc.string({ unit: fc.constantFrom(..."Az09_- /\né"), minLength: 40, maxLength: 48 });
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: "binary" })), (text) => {
        expect(readShareToken(text) !== null).toBe(/^[0-9A-Za-z]{44}$/.test(text) && text.length === 44);
      }),
      { numRuns: 1_000 },
    );
  });
});
