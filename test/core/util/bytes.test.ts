import { describe, expect, it } from "vitest";
import { decodeUtf8, hasBytesAt, readUint32 } from "../../../src/core/util/bytes.ts";

const view = new Uint8Array([9, 0xff, 0xfe, 0, 1, 2]).subarray(1);

describe("bytes", () => {
  it("reads big-endian integers within a view, and null beyond it", () => {
    expect(readUint32(view, 0)).toBe(0xfffe0001);
    expect(readUint32(view, 1)).toBe(0xfe000102);
    for (const offset of [2, 99, -1]) expect(readUint32(view, offset)).toBeNull();
  });

  it("finds a pattern only where it stands whole", () => {
    expect(hasBytesAt(view, 3, [1, 2])).toBe(true);
    expect(hasBytesAt(view, 4, [2, 3])).toBe(false);
    expect(hasBytesAt(view, -1, [9])).toBe(false);
  });

  it("decodes broken UTF-8 with replacement characters", () => {
    expect(decodeUtf8(new Uint8Array([0x61, 0xff, 0xc3, 0xa9]))).toBe("a\ufffdé");
  });
});
