/** PNG, JPEG, WebP and GIF: what stays, what goes, and that the copy is a valid file. */
import { crc32, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { MAX_PARTS } from "../../../src/core/artifact/clean-plan.ts";
import { be32, join, noise, PROMPT, riff, riffChunk, zeros } from "../../support/artifact-bytes.ts";
import {
  apng,
  captured,
  exif,
  gif,
  gifApplication,
  gifComment,
  jpeg,
  jpegSegment,
  png,
  pngChunk,
} from "../../support/artifact-pictures.ts";
import { cleanCopy, inspect } from "../../support/artifacts.ts";

const copyOf = (file: Uint8Array): Buffer => Buffer.from(cleanCopy(file, inspect(file).clean));

/** The chunks of a PNG by name, after checking every checksum. */
function pngChunks(file: Buffer): { name: string; data: Buffer }[] {
  const chunks: { name: string; data: Buffer }[] = [];
  let at = 8;
  while (at < file.length) {
    const bytes = file.readUInt32BE(at);
    const name = file.toString("latin1", at + 4, at + 8);
    expect(crc32(file.subarray(at + 4, at + 8 + bytes))).toBe(file.readUInt32BE(at + 8 + bytes));
    chunks.push({ name, data: file.subarray(at + 8, at + 8 + bytes) });
    at += bytes + 12;
  }
  expect(at).toBe(file.length);
  return chunks;
}

describe("PNG", () => {
  it("of a real server loses its prompt and keeps every pixel", () => {
    const file = captured("01-txt2img-metadata", ".png");
    const before = pngChunks(Buffer.from(file));
    const after = pngChunks(copyOf(file));
    expect(before.map(({ name }) => name)).toEqual(["IHDR", "tEXt", "IDAT", "IEND"]);
    expect(after).toEqual(before.filter(({ name }) => name !== "tEXt"));
    expect(inflateSync(after[1]?.data ?? "").length).toBe(128 * (128 * 3 + 1));
  });

  it("keeps the chunks that change how the picture looks and no other", () => {
    const kept = ["PLTE", "tRNS", "sRGB", "gAMA", "cHRM", "iCCP", "cICP", "pHYs", "sBIT"];
    const dropped = ["tEXt", "zTXt", "iTXt", "eXIf", "tIME", "comf", "prVt", "hIST", "caBX"];
    const file = png(4, 4, ...[...kept, ...dropped].map((name) => pngChunk(name, `key\0${PROMPT}`)));
    expect(pngChunks(copyOf(file)).map(({ name }) => name)).toEqual(["IHDR", ...kept, "IDAT", "IEND"]);
    expect(inspect(file).clean.removed.slice(0, 4)).toEqual(["tEXt:key", "zTXt:key", "iTXt:key", "eXIf"]);
  });

  it("is an animation if it says so, and its frames add up to its length", () => {
    expect(inspect(apng())).toMatchObject({
      contentType: "image/apng",
      kind: "animated",
      extension: "png",
      durationMs: 500,
    });
    expect(inspect(png(9, 4))).toMatchObject({
      contentType: "image/png",
      kind: "image",
      width: 9,
      height: 4,
      durationMs: null,
    });
  });

  it("loses what follows its end", () => {
    const file = join(png(4, 4), PROMPT);
    expect(copyOf(file)).toEqual(Buffer.from(png(4, 4)));
    expect(inspect(file).clean.removed).toEqual(["trailing bytes"]);
  });

  it("with thousands of data chunks is one copied range", () => {
    const many = Array.from({ length: 3000 }, () => pngChunk("IDAT", "x"));
    expect(inspect(png(4, 4, pngChunk("tEXt", "a"), ...many)).clean.parts).toHaveLength(2);
  });

  it("with metadata in more places than a plan has parts is not vouched for", () => {
    const many = Array.from({ length: MAX_PARTS + 1 }, () => [pngChunk("tEXt", "a"), pngChunk("IDAT", "x")]).flat();
    expect(inspect(png(4, 4, ...many)).clean.status).toBe("unknown");
  });

  it("whose first chunk is another or whose chunk length is absurd is not vouched for", () => {
    const absurd = join(png(4, 4).subarray(0, 33), be32(0xffff_fff0), "tEXt", PROMPT);
    expect(inspect(absurd)).toMatchObject({ clean: { status: "unknown" }, width: 4 });
    expect(inspect(join(png(4, 4).subarray(0, 8), pngChunk("tEXt", PROMPT)))).toMatchObject({
      clean: { status: "unknown" },
    });
  });
});

describe("JPEG", () => {
  const markers = (file: Buffer): string[] => {
    const found: string[] = [];
    for (let at = 2; file[at + 1] !== 0xda; at += 2 + file.readUInt16BE(at + 2)) {
      expect(file[at]).toBe(0xff);
      found.push((file[at + 1] ?? 0).toString(16));
    }
    return found;
  };

  it("loses EXIF, XMP, comments and application data, keeps JFIF, ICC and Adobe", () => {
    const icc = jpegSegment(0xe2, join("ICC_PROFILE\0", 1, 1, noise(50)));
    const adobe = jpegSegment(0xee, join("Adobe", zeros(7)));
    const dirt = [
      exif(1),
      jpegSegment(0xe1, `http://ns.adobe.com/xap/1.0/\0${PROMPT}`),
      jpegSegment(0xe2, `MPF\0${PROMPT}`),
      jpegSegment(0xe0, `JFXX\0${PROMPT}`),
      jpegSegment(0xed, PROMPT),
      jpegSegment(0xfe, PROMPT),
    ];
    expect(copyOf(jpeg(icc, ...dirt, adobe))).toEqual(Buffer.from(jpeg(icc, adobe)));
    expect(inspect(jpeg(...dirt)).clean.removed).toContain("APP1:Exif");
  });

  it("keeps the orientation in a fresh EXIF of one entry, and tells the size as shown", () => {
    const file = jpeg(exif(6), exif(3));
    const copy = copyOf(file);
    expect(markers(copy).slice(0, 2)).toEqual(["e1", "e0"]);
    expect(copy.toString("latin1", 6, 12)).toBe("Exif\0\0");
    expect(copy.readUInt16BE(12 + 8)).toBe(1);
    expect(copy.readUInt16BE(12 + 10)).toBe(0x0112);
    expect(copy.readUInt16BE(12 + 18)).toBe(6);
    expect(inspect(file)).toMatchObject({ width: 24, height: 32 });
    expect(inspect(jpeg(exif(3)))).toMatchObject({ width: 32, height: 24 });
  });

  it("writes no EXIF for an upright picture or an orientation that does not exist", () => {
    expect(copyOf(jpeg(exif(1)))).toEqual(Buffer.from(jpeg()));
    expect(copyOf(jpeg(exif(9)))).toEqual(Buffer.from(jpeg()));
  });

  it("with several scans, restarts, stuffed bytes and fill bytes is copied to its end and no further", () => {
    const scan = (data: string) => join(jpegSegment(0xda, zeros(10)), data);
    const start = join("\xff\xd8", jpegSegment(0xc2, join(8, 0, 5, 0, 6, zeros(3))));
    const picture = join(
      start,
      scan("\x01\xff\x00\xff\xd0\x02\xff\xd7"),
      jpegSegment(0xc4, zeros(20)),
      scan("\x03\xff\xff\x00\x04\xff"),
      "\xff\xd9",
    );
    expect(inspect(picture)).toMatchObject({ width: 6, height: 5, truncated: false, clean: { status: "clean" } });
    const dirty = join(picture.subarray(0, -2), jpegSegment(0xfe, PROMPT), "\xff\xd9", PROMPT);
    expect(copyOf(dirty)).toEqual(Buffer.from(picture));
    expect(inspect(dirty).clean.removed).toEqual(["COM", "trailing bytes"]);
  });
});

describe("WebP", () => {
  it("of a real server loses its EXIF chunk, and head and flags say so", () => {
    const file = captured("27b-video-output", ".webp");
    const copy = copyOf(file);
    expect(copy.readUInt32LE(4)).toBe(copy.length - 8);
    expect(Buffer.from(file)[20]).toBe(0x08);
    expect(copy[20]).toBe(0);
    expect(copy.subarray(24)).toEqual(Buffer.from(file.subarray(24, copy.length)));
  });

  it("keeps animation and alpha flags, adds up the frames, drops what it does not know", () => {
    const extended = riffChunk("VP8X", join(0x1e, zeros(3), 9, 0, 0, 4, 0, 0));
    const frame = (ms: number) =>
      riffChunk("ANMF", join(zeros(12), ms & 255, ms >> 8, 0, 0, riffChunk("ALPH", "a"), riffChunk("VP8 ", noise(21))));
    const body = [riffChunk("ANIM", zeros(6)), frame(100), frame(400)];
    const file = riff(
      "WEBP",
      extended,
      ...body,
      riffChunk("XMP ", PROMPT),
      riffChunk("what", PROMPT),
      riffChunk("EXIF", PROMPT),
    );
    const clean = riff("WEBP", riffChunk("VP8X", join(0x12, zeros(3), 9, 0, 0, 4, 0, 0)), ...body);
    expect(inspect(file)).toMatchObject({ kind: "animated", width: 10, height: 5, durationMs: 500 });
    expect(inspect(file).clean.removed).toEqual(["XMP", "what", "EXIF"]);
    expect(copyOf(file)).toEqual(Buffer.from(clean));
  });

  it("knows the size of a lossless picture without an extended head", () => {
    const bits = (300 - 1) | ((200 - 1) << 14);
    const file = riff(
      "WEBP",
      riffChunk("VP8L", join(0x2f, bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, bits >>> 24, noise(9))),
    );
    expect(inspect(file)).toMatchObject({ width: 300, height: 200, kind: "image", clean: { status: "clean" } });
  });

  it("with metadata inside a frame or a chunk beyond its end is not vouched for", () => {
    const frame = riffChunk("ANMF", join(zeros(16), riffChunk("EXIF", PROMPT)));
    expect(inspect(riff("WEBP", frame)).clean.status).toBe("unknown");
    const long = riff("WEBP", riffChunk("VP8 ", noise(20)));
    long[16] = 99;
    expect(inspect(long).clean.status).toBe("unknown");
  });
});

describe("GIF", () => {
  it("loses comments, texts and unknown application data, keeps loop count and frames", () => {
    const loop = gifApplication("NETSCAPE2.0", "\x01\0\0");
    const plainText = join("\x21\x01\x0c", zeros(12), "\x05hello\0");
    const file = gif(
      2,
      loop,
      gifComment(),
      gifApplication("ImageMagick", PROMPT.repeat(9)),
      plainText,
      join("\x21\x07\0"),
    );
    expect(copyOf(file)).toEqual(Buffer.from(gif(2, loop)));
    expect(inspect(file).clean.removed).toEqual(["comment", "application:ImageMagick", "plain text", "extension 7"]);
  });

  it("is an animation from the second frame on", () => {
    expect(inspect(gif(1))).toMatchObject({ kind: "image", durationMs: null });
    expect(inspect(gif(5))).toMatchObject({ kind: "animated", durationMs: 350 });
  });
});
