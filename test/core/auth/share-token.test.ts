/** Share tokens. */
import { describe, expect, it } from "vitest";
import { hashShareSecret, jobObjectName, mintShareToken, readShareToken } from "../../../src/core/auth/share-token.ts";

const random = Uint8Array.from({ length: 16 }, (_, i) => 255 - i);

describe("share tokens", () => {
  it("[A3] find the job's object without naming the job", async () => {
    const name = await jobObjectName("default", "job_01kag3x7p2v9m4t8r6c5n1d0ze");
    const token = mintShareToken(name, random);
    expect(token).toMatch(/^[0-9A-Za-z]{44}$/);
    expect(readShareToken(token)).toEqual({ objectName: name, secret: token.slice(22) });
    expect(token).not.toContain("01kag3x7p2");
  });

  it("[A3] lead to another object in another project", async () => {
    expect(await jobObjectName("a", "job_1")).not.toBe(await jobObjectName("b", "job_1"));
    expect(await jobObjectName("a", "bjob_1")).not.toBe(await jobObjectName("ab", "job_1"));
  });

  it.each(["", "x", "a".repeat(43), "a".repeat(45), `${"a".repeat(43)}/`, `${"a".repeat(43)}\n`])(
    "[A3] cannot be %j",
    (text) => {
      expect(readShareToken(text)).toBeNull();
    },
  );

  it("[A3] are kept as a hash that does not carry the secret", async () => {
    const hash = await hashShareSecret("s3cret");
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hash).not.toBe(await hashShareSecret("s3creT"));
  });
});
