/**
 * Pictures for tests: from a real ComfyUI (the captures), and built here byte by byte. Those that can hold metadata can be
 * given some.
 */
import { crc32, deflateSync } from "node:zlib";
import { be16, be32, join, le16, le32, PROMPT, zeros } from "./artifact-bytes.ts";
import { exchangesOf, loadCapture } from "./captures.ts";

/** The body of the first successful download in a capture whose path contains `pathPart`. */
export function captured(capture: string, pathPart: string): Uint8Array {
  for (const { path, status, res } of exchangesOf(loadCapture(capture), "GET", /^\/view$/)) {
    if (status === 200 && path.includes(pathPart) && typeof res === "object" && "b64" in res) {
      return new Uint8Array(Buffer.from(res.b64, "base64"));
    }
  }
  throw new Error(`no ${pathPart} in ${capture}`);
}

/** A PNG chunk with its checksum. */
export const pngChunk = (name: string, data: Uint8Array | string = ""): Uint8Array => {
  const body = join(name, data);
  return join(be32(body.length - 4), body, be32(crc32(body)));
};
/** The first bytes of every PNG. */
export const PNG_SIGNATURE = join("\x89PNG\r\n\x1a\n");
/** A black PNG; `extra` chunks stand between its head and its data. */
export const png = (width: number, height: number, ...extra: Uint8Array[]): Uint8Array =>
  join(
    PNG_SIGNATURE,
    pngChunk("IHDR", join(be32(width), be32(height), Uint8Array.of(8, 2, 0, 0, 0))),
    ...extra,
    pngChunk("IDAT", deflateSync(zeros((width * 3 + 1) * height))),
    pngChunk("IEND"),
  );
/** Two frames of 250 ms, and the prompt in a `comf` chunk as ComfyUI writes it. */
export const apng = (): Uint8Array => {
  const control = (sequence: number, numerator: number, denominator: number) =>
    pngChunk("fcTL", join(be32(sequence), be32(4), be32(3), zeros(8), be16(numerator), be16(denominator), 0, 0));
  const frame = deflateSync(zeros(39));
  return join(
    PNG_SIGNATURE,
    pngChunk("IHDR", join(be32(4), be32(3), Uint8Array.of(8, 2, 0, 0, 0))),
    pngChunk("acTL", join(be32(2), be32(0))),
    pngChunk("comf", `prompt\0${PROMPT}`),
    control(0, 1, 4),
    pngChunk("IDAT", frame),
    control(1, 25, 0),
    pngChunk("fdAT", join(be32(2), frame)),
    pngChunk("IEND"),
  );
};

/** A JPEG marker with its segment. */
export const jpegSegment = (code: number, data: Uint8Array | string): Uint8Array => {
  const body = join(data);
  return join(0xff, code, be16(body.length + 2), body);
};
/** An EXIF segment, little-endian, with the prompt as the camera model and an orientation. */
export const exif = (orientation: number): Uint8Array =>
  jpegSegment(
    0xe1,
    join(
      "Exif\0\0II*\0",
      le32(8),
      le16(2),
      le16(0x0110),
      le16(2),
      le32(PROMPT.length),
      le32(38),
      le16(0x0112),
      le16(3),
      le32(1),
      le16(orientation),
      le16(0),
      le32(0),
      PROMPT,
    ),
  );
/** A capture's JPEG (32 × 24) with `segments` behind its start, in the place of nothing. */
export const jpeg = (...segments: Uint8Array[]): Uint8Array => {
  const real = captured("25-view-variants", "plain.jpg&type=input");
  return join(real.subarray(0, 2), ...segments, real.subarray(2));
};

/** Data cut into GIF sub-blocks. */
export const gifSubBlocks = (data: Uint8Array | string): Uint8Array => {
  const body = join(data);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += 255) {
    const block = body.subarray(at, at + 255);
    blocks.push(join(block.length, block));
  }
  return join(...blocks, 0);
};
const gifFrame = (): Uint8Array =>
  join("\x21\xf9\x04\x00", le16(7), "\0\0", "\x2c", zeros(4), le16(1), le16(1), 0, 2, gifSubBlocks("\x44\x01"));
/** One black pixel a frame; `extra` stands before the frames. */
export const gif = (frames: number, ...extra: Uint8Array[]): Uint8Array =>
  join("GIF89a", le16(1), le16(1), "\x80\0\0", zeros(6), ...extra, ...Array.from({ length: frames }, gifFrame), "\x3b");
/** A GIF comment that holds the prompt. */
export const gifComment = (): Uint8Array => join("\x21\xfe", gifSubBlocks(PROMPT));
/** A GIF application extension; `id` has 11 characters. */
export const gifApplication = (id: string, data: Uint8Array | string): Uint8Array =>
  join("\x21\xff\x0b", id, gifSubBlocks(data));
