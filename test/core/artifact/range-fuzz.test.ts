/** Range headers and validators as anybody may write them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentRange, matchesEtag, parseRange, strongEtag } from "../../../src/core/artifact/serve.ts";

const number = fc.oneof(fc.nat({ max: 50 }).map(String), fc.bigInt({ min: 0n }).map(String), fc.constant(""));
const range = fc.oneof(
  fc.string(),
  fc.tuple(number, number).map(([from, to]) => `bytes=${from}-${to}`),
  fc
    .array(fc.tuple(number, number), { maxLength: 4 })
    .map((all) => `bytes=${all.map((one) => one.join("-")).join(", ")}`),
  fc.constantFrom("bytes=--1", "bytes=1e1-2e1", "bytes=+1-2", "bytes=0x1-0x2", "items=0-1", "BYTES=0-1", "bytes=0-1\n"),
);

describe("a Range header", () => {
  it("[M4] of any text asks for bytes that the file has, or for none", () => {
    fc.assert(
      fc.property(range, fc.nat({ max: 40 }), (header, size) => {
        const asked = parseRange(header, size);
        if (asked.type !== "range") return;
        expect(asked.length).toBeGreaterThan(0);
        expect(asked.offset).toBeGreaterThanOrEqual(0);
        expect(asked.offset + asked.length).toBeLessThanOrEqual(size);
        expect(contentRange(asked, size)).toMatch(/^bytes \d+-\d+\/\d+$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it("[M4] of any length that is no single range is passed over", () => {
    for (const header of [
      `bytes=${"0-1,".repeat(100_000)}`,
      `bytes=${"9".repeat(500_000)}-`,
      `bytes=${"-".repeat(500_000)}`,
    ])
      expect(["ignored", "unsatisfiable"]).toContain(parseRange(header, 100).type);
  });
});

describe("an If-None-Match header", () => {
  const etag = strongEtag("ab".repeat(32), "clean");

  it("[M4] of any text matches only where it names the tag, or all of them", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (matchesEtag(text, etag)) expect(text).toMatch(/\*|"/);
      }),
    );
    expect(matchesEtag(etag, etag)).toBe(true);
    for (const other of ["", '"', '""', etag.slice(1), etag.slice(0, -1), etag.toUpperCase()])
      expect(matchesEtag(other, etag), other).toBe(false);
  });
});
