/** Secret keys. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProjectIdSchema } from "../../../src/contract/ids.ts";
import {
  findKey,
  hashSecretKey,
  matchesHash,
  mintSecretKey,
  newProjectId,
  readSecretKey,
} from "../../../src/core/auth/secret-key.ts";

const SCANNED = /^ec_(sk|ct|tk|pk)_(live|test)?_?[0-9A-Za-z_-]{20,}$/;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const bytes = (seed: number) => Uint8Array.from({ length: 32 }, (_, i) => (i * 7 + seed) % 256);
const project = newProjectId(1_795_158_721_000, bytes(5));
const key = mintSecretKey("live", project, bytes(1));

const projects = fc
  .tuple(fc.nat(2 ** 31), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([seconds, random]) => newProjectId(seconds * 100_000, random));
const modes = fc.constantFrom("live" as const, "test" as const);
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("secret keys", () => {
  it("[A1] have a prefix that says what they are, a project, 256 bits and a checksum", () => {
    expect(key).toMatch(/^ec_sk_live_[0-9A-Za-z]{71}$/);
    expect(key).toMatch(SCANNED);
    expect(mintSecretKey("test", project, bytes(1))).toMatch(/^ec_sk_test_/);
  });

  it("[A1] name their project, whichever it is", () => {
    fc.assert(
      fc.property(modes, projects, secrets, (mode, projectId, random) => {
        expect(ProjectIdSchema.safeParse(projectId).success).toBe(true);
        expect(readSecretKey(mintSecretKey(mode, projectId, random))).toEqual({ mode, projectId });
      }),
    );
    const last = `prj_7${"z".repeat(25)}`;
    expect(readSecretKey(mintSecretKey("live", last, bytes(0).fill(255)))?.projectId).toBe(last);
    const first = `prj_${"0".repeat(26)}`;
    expect(readSecretKey(mintSecretKey("live", first, bytes(0).fill(0)))?.projectId).toBe(first);
  });

  it("[A1] are made for no project whose id is not one of 128 bits", () => {
    for (const id of [
      "default",
      "prj_",
      project.slice(0, -1),
      `${project}0`,
      `prj_8${"0".repeat(25)}`,
      project.slice(4),
    ])
      expect(() => mintSecretKey("live", id, bytes(1))).toThrow(/128 bits/);
    expect(() => mintSecretKey("live", project, bytes(1).subarray(1))).toThrow(/256/);
  });

  it("[A1] tell a typing error from a key: any other character at any place, one too few, one too many", () => {
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom(...BASE62, "-", "_", " ", "\n", "é"), (at, character) => {
        fc.pre(key[at] !== character);
        expect(readSecretKey(key.slice(0, at) + character + key.slice(at + 1))).toBeNull();
        expect(readSecretKey(key.slice(0, at) + key.slice(at + 1))).toBeNull();
        expect(readSecretKey(key.slice(0, at) + character + key.slice(at))).toBeNull();
        expect(readSecretKey(key.slice(0, at))).toBeNull();
        expect(readSecretKey(key + character)).toBeNull();
      }),
      { numRuns: 1_000 },
    );
    // Two neighbours swapped, the other typing error of people.
    for (let i = "ec_sk_live_".length; i + 1 < key.length; i++) {
      const swapped = key.slice(0, i) + (key[i + 1] ?? "") + (key[i] ?? "") + key.slice(i + 2);
      if (swapped !== key) expect(readSecretKey(swapped)).toBeNull();
    }
  });

  it("[A1] name a project in one way: 22 characters beyond 128 bits are no project", () => {
    // 22 characters hold up to 131 bits; the checksum of this text is right.
    const beyond = "ec_sk_live_z".padEnd(11 + 22, "z").padEnd(11 + 65, "0");
    expect(readSecretKey(withChecksum(beyond))).toBeNull();
    const within = "ec_sk_live_".padEnd(11 + 65, "0");
    expect(readSecretKey(withChecksum(within))?.projectId).toBe(`prj_${"0".repeat(26)}`);
  });

  it("[A1] are nothing else, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: fc.constantFrom(...BASE62), minLength: 71 }),
        (a, b) => {
          for (const text of [a, b, `ec_sk_live_${a}`, `ec_sk_test_${b}`, `ec_sk_live_${b.slice(0, 71)}`])
            expect(readSecretKey(text)).toBeNull();
        },
      ),
    );
  });

  it("[A2] [A11] are known by their hash alone", async () => {
    const hash = await hashSecretKey(key);
    const other = await hashSecretKey(mintSecretKey("live", project, bytes(2)));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(matchesHash(hash, [other, hash])).toBe(true);
    expect(matchesHash(hash, [hash, other])).toBe(true);
    expect(matchesHash(hash, [other])).toBe(false);
    expect(matchesHash(hash, [])).toBe(false);
    const records = [
      { id: "key_a", hash: other },
      { id: "key_b", hash },
    ];
    expect(findKey(hash, records)?.id).toBe("key_b");
    expect(findKey(other, records)?.id).toBe("key_a");
    expect(findKey(await hashSecretKey(`${key} `), records)).toBeNull();
  });

  it("[A2] have a hash that differs with the mode", async () => {
    const twin = key.replace("_live_", "_test_");
    expect(readSecretKey(twin)?.mode).toBe("test");
    expect(await hashSecretKey(twin)).not.toBe(await hashSecretKey(key));
  });
});

/** The text with the checksum that `mintSecretKey` would give it, found by another way than its own: a table. */
function withChecksum(text: string): string {
  const table = Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc >>> 0;
  });
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text.slice(11))) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 255] ?? 0);
  let rest = ~crc >>> 0;
  let digits = "";
  for (let i = 0; i < 6; i++) {
    digits = BASE62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return text + digits;
}
