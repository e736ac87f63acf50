/** Ranges and validators by RFC 9110, and the mapping of ranges onto a plan. */
import { describe, expect, it } from "vitest";
import type { CleanPlan } from "../../../src/core/artifact/clean-plan.ts";
import { contentRange, matchesEtag, parseRange, planRead, strongEtag } from "../../../src/core/artifact/serve.ts";

describe("parseRange", () => {
  it.each([
    [null, { type: "full" }],
    ["bytes=0-0", { type: "range", offset: 0, length: 1 }],
    ["bytes=0-", { type: "range", offset: 0, length: 100 }],
    ["bytes=10-19", { type: "range", offset: 10, length: 10 }],
    ["Bytes=10-19", { type: "range", offset: 10, length: 10 }],
    ["bytes=90-9999", { type: "range", offset: 90, length: 10 }],
    [`bytes=99-${"9".repeat(400)}`, { type: "range", offset: 99, length: 1 }],
    ["bytes=-7", { type: "range", offset: 93, length: 7 }],
    ["bytes=-1000", { type: "range", offset: 0, length: 100 }],
    ["bytes=100-", { type: "unsatisfiable" }],
    ["bytes=100-200", { type: "unsatisfiable" }],
    [`bytes=${"9".repeat(400)}-`, { type: "unsatisfiable" }],
    ["bytes=-0", { type: "unsatisfiable" }],
    ["bytes=9-8", { type: "ignored" }],
    ["bytes=0-1,5-6", { type: "ignored" }],
    ["bytes=-", { type: "ignored" }],
    ["bytes=", { type: "ignored" }],
    ["bytes=a-b", { type: "ignored" }],
    ["bytes=1.5-2", { type: "ignored" }],
    ["bytes=--5", { type: "ignored" }],
    ["bytes 0-5", { type: "ignored" }],
    ["seconds=0-5", { type: "ignored" }],
    ["", { type: "ignored" }],
  ])("reads %j of 100 bytes as %j", (header, expected) => {
    expect(parseRange(header, 100)).toEqual(expected);
  });

  it("finds nothing to cut in an empty file", () => {
    expect(parseRange("bytes=0-", 0)).toEqual({ type: "unsatisfiable" });
    expect(parseRange("bytes=-5", 0)).toEqual({ type: "ignored" });
  });

  it("names the range it gave, or the size it could not cut", () => {
    expect(contentRange({ offset: 10, length: 5 }, 100)).toBe("bytes 10-14/100");
    expect(contentRange(null, 100)).toBe("bytes */100");
  });
});

describe("planRead", () => {
  const plan: CleanPlan = {
    status: "cleaned",
    parts: [
      { type: "copy", from: 0, to: 10 },
      { type: "bytes", base64: "AQIDBA==" },
      { type: "zeros", count: 5 },
      { type: "copy", from: 30, to: 40 },
    ],
    sizeBytes: 29,
    removed: ["x"],
  };

  it("reads the whole copy in as many steps as it has parts", () => {
    expect(planRead(plan, null)).toEqual([
      { type: "read", offset: 0, length: 10 },
      { type: "bytes", bytes: Uint8Array.of(1, 2, 3, 4) },
      { type: "zeros", count: 5 },
      { type: "read", offset: 30, length: 10 },
    ]);
  });

  it("cuts the first and the last part and leaves out the others", () => {
    expect(planRead(plan, { offset: 12, length: 3 })).toEqual([
      { type: "bytes", bytes: Uint8Array.of(3, 4) },
      { type: "zeros", count: 1 },
    ]);
    expect(planRead(plan, { offset: 20, length: 4 })).toEqual([{ type: "read", offset: 31, length: 4 }]);
  });

  it("has no step for an empty range, and none for a file nobody vouches for", () => {
    expect(planRead(plan, { offset: 10, length: 0 })).toEqual([]);
    expect(planRead({ status: "unknown", parts: [], sizeBytes: 0, removed: [] }, null)).toEqual([]);
  });
});

describe("entity tags", () => {
  const etag = strongEtag("0123456789abcdef".repeat(4), "clean");

  it("are strong and differ by variant", () => {
    expect(etag).toBe('"0123456789abcdef0123456789abcdef-clean"');
    expect(strongEtag("0123456789abcdef".repeat(4), "raw")).not.toBe(etag);
  });

  it("match in lists, weakly, and by star", () => {
    expect(matchesEtag(etag, etag)).toBe(true);
    expect(matchesEtag(`"other", W/${etag}`, etag)).toBe(true);
    expect(matchesEtag("*", etag)).toBe(true);
    expect(matchesEtag('"other"', etag)).toBe(false);
    expect(matchesEtag(etag.replaceAll('"', ""), etag)).toBe(false);
    expect(matchesEtag(null, etag)).toBe(false);
  });
});
