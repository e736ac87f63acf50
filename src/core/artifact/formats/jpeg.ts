/**
 * JPEG (ITU-T T.81 annex B). Segments are kept by an allow-list: the picture's own, JFIF, ICC profile and the Adobe
 * colour transform. Of EXIF only the orientation survives, rewritten: without it a phone's picture would lie on its side.
 */
import { latin1, setSize, u16be, u16le, u32be, u32le } from "../fields.ts";
import { dropRest, type Scan, type ScanContext, seekPast, skip, take, Unreadable } from "../scan.ts";

const SOI_BYTES = 2;
const MARKER_BYTES = 2;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
const COM = 0xfe;
const KEPT_APPLICATION_DATA: ReadonlyMap<number, string> = new Map([
  [0xe0, "JFIF\0"],
  [0xe2, "ICC_PROFILE\0"],
  [0xee, "Adobe"],
]);
const MAX_IDENTIFIER_BYTES = 13;
const ORIENTATION_TAG = 0x0112;

const isRestart = (code: number) => code >= 0xd0 && code <= 0xd7;
/** Tables, frames and scans: everything the picture itself is made of, without the markers that have no segment. */
const isPictureSegment = (code: number) =>
  code >= 0xc0 && code <= 0xdf && !isRestart(code) && code !== 0xd8 && code !== EOI;
const isApplicationSegment = (code: number) => (code >= 0xe0 && code <= 0xef) || code === COM;
const isFrameHeader = (code: number) => code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;

/** Scans a JPEG; the size found is the one shown, after turning by the orientation. */
export function* scanJpeg(context: ScanContext): Scan {
  const { plan, media } = context;
  let orientation = 1;
  yield* skip(SOI_BYTES);
  plan.keep(0, SOI_BYTES);
  let start = context.at;
  let code = yield* nextCode();
  while (code !== EOI) {
    const bytes = u16be(yield* take(2), 0) - 2;
    if (bytes < 0) throw new Unreadable("segment");
    const end = context.at + bytes;
    if (isPictureSegment(code)) {
      if (isFrameHeader(code)) {
        const frame = yield* take(Math.min(bytes, 5));
        setSize(media, u16be(frame, 3), u16be(frame, 1));
      }
      plan.keep(start, end);
    } else if (isApplicationSegment(code)) {
      // Whole, because the orientation may stand anywhere in it; no segment is longer than a `take`.
      const data = yield* take(bytes);
      const kept = KEPT_APPLICATION_DATA.get(code);
      if (kept !== undefined && latin1(data, 0, kept.length) === kept) {
        plan.keep(start, end);
      } else {
        plan.remove(segmentName(code, data));
        const found = code === APP1 ? exifOrientation(data) : 1;
        if (found !== 1 && orientation === 1) {
          orientation = found;
          plan.write(orientationSegment(orientation));
        }
      }
    } else throw new Unreadable("marker");
    yield* skip(end - context.at);

    if (code === SOS) {
      code = yield* codeAfterScan();
      start = context.at - MARKER_BYTES;
      plan.keep(end, start);
    } else {
      start = context.at;
      code = yield* nextCode();
    }
  }
  plan.keep(start, context.at);
  if (orientation >= 5) setSize(media, media.height ?? 0, media.width ?? 0);
  yield* dropRest(context);
}

/** The code of the marker that must stand here, after any number of fill bytes. */
function* nextCode(): Scan<number> {
  let code = (yield* take(1))[0];
  if (code !== 0xff) throw new Unreadable("no marker");
  while (code === 0xff) code = (yield* take(1))[0];
  return code ?? 0;
}

/** The code of the marker that ends the entropy-coded data; stuffed zeros and restarts belong to the data. */
function* codeAfterScan(): Scan<number> {
  for (;;) {
    yield* seekPast(0xff);
    let code = (yield* take(1))[0] ?? 0;
    while (code === 0xff) code = (yield* take(1))[0] ?? 0;
    if (code !== 0 && !isRestart(code)) return code;
  }
}

function segmentName(code: number, data: Uint8Array): string {
  if (code === COM) return "COM";
  const identifier = /^[\w./: ]*/.exec(latin1(data, 0, MAX_IDENTIFIER_BYTES))?.[0] ?? "";
  return `APP${code - 0xe0}${identifier && `:${identifier}`}`;
}

/** The orientation (1 to 8) in an EXIF segment's first directory; 1, upright, if it says nothing valid. */
function exifOrientation(data: Uint8Array): number {
  if (latin1(data, 0, 6) !== "Exif\0\0") return 1;
  const tiff = data.subarray(6);
  const bigEndian = latin1(tiff, 0, 2) === "MM";
  const u16 = bigEndian ? u16be : u16le;
  const directory = (bigEndian ? u32be : u32le)(tiff, 4);
  const entries = u16(tiff, directory);
  for (let at = directory + 2; at < directory + 2 + entries * 12 && at + 12 <= tiff.length; at += 12) {
    if (u16(tiff, at) !== ORIENTATION_TAG) continue;
    const orientation = u16(tiff, at + 8);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/** An APP1 segment of EXIF with one entry. */
const orientationSegment = (orientation: number): Uint8Array =>
  // Marker and length 34 | "Exif" | big-endian TIFF, directory at 8 | 1 entry: tag, SHORT, count 1, value | no next one.
  Uint8Array.of(
    0xff,
    APP1,
    0,
    34,
    0x45,
    0x78,
    0x69,
    0x66,
    0,
    0,
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  );
