/**
 * WebP (RFC 9649). ComfyUI puts prompt and workflow into an EXIF chunk. Chunks are kept by an allow-list; leaving some
 * out changes the length in the RIFF header and the flags in `VP8X`, so the copy gets a new head.
 */
import { bytesOf, concat, latin1, setSize, toU32le, u16le, u24le, u32le } from "../fields.ts";
import { dropRest, type Scan, type ScanContext, skip, take, takeOrEnd, Unreadable } from "../scan.ts";

const KEPT = new Set(["VP8X", "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP"]);
const KEPT_IN_FRAME = new Set(["VP8 ", "VP8L", "ALPH"]);
const RIFF_HEAD_BYTES = 12;
const EXIF_AND_XMP_FLAGS = 0x0c;
const ANIMATION_FLAG = 0x02;

/** Scans a WebP; finds size, and whether it is an animation and how long. */
export function* scanWebp(context: ScanContext): Scan {
  const { plan, media } = context;
  const riffEnd = 8 + u32le(yield* take(RIFF_HEAD_BYTES), 4);
  let extendedHead: Uint8Array = new Uint8Array(0);
  while (context.at + 8 <= riffEnd) {
    const start = context.at;
    const head = yield* take(8);
    const name = latin1(head, 0, 4);
    const bytes = u32le(head, 4);
    const dataEnd = context.at + bytes;
    if (dataEnd > riffEnd) throw new Unreadable("chunk length");

    if (name === "VP8X" && start === RIFF_HEAD_BYTES && bytes === 10) {
      const data = (yield* take(bytes)).slice();
      setSize(media, u24le(data, 4) + 1, u24le(data, 7) + 1);
      media.kind = ((data[0] ?? 0) & ANIMATION_FLAG) !== 0 ? "animated" : "image";
      data[0] = (data[0] ?? 0) & ~EXIF_AND_XMP_FLAGS;
      extendedHead = concat(bytesOf("VP8X"), toU32le(bytes), data);
      continue;
    }
    if (name === "ANMF") media.durationMs = (media.durationMs ?? 0) + (yield* scanFrame(context, dataEnd));
    else if (media.width === null) setCodedSize(context, name, yield* take(Math.min(bytes, 10)));
    yield* skip(dataEnd - context.at);
    if (bytes % 2 === 1) yield* takeOrEnd(1);
    if (KEPT.has(name)) plan.keep(start, context.at);
    else plan.remove(name.trim());
  }
  yield* dropRest(context);
  const bodyBytes = 4 + extendedHead.length + plan.sizeBytes;
  plan.prepend(concat(bytesOf("RIFF"), toU32le(bodyBytes), bytesOf("WEBP"), extendedHead));
}

/** Walks one animation frame and returns how long it shows. Metadata hidden inside a frame cannot be cut out. */
function* scanFrame(context: ScanContext, end: number): Scan<number> {
  const durationMs = u24le(yield* take(Math.min(16, end - context.at)), 12);
  while (context.at + 8 <= end) {
    const head = yield* take(8);
    const bytes = u32le(head, 4);
    if (!KEPT_IN_FRAME.has(latin1(head, 0, 4)) || context.at + bytes > end) throw new Unreadable("frame");
    yield* skip(Math.min(bytes + (bytes % 2), end - context.at));
  }
  return durationMs;
}

/** The size in the bitstream's own header, for files without `VP8X`. */
function setCodedSize({ media }: ScanContext, name: string, data: Uint8Array): void {
  if (name === "VP8 ") setSize(media, u16le(data, 6) & 0x3fff, u16le(data, 8) & 0x3fff);
  if (name !== "VP8L") return;
  const packed = u32le(data, 1);
  setSize(media, (packed & 0x3fff) + 1, ((packed >>> 14) & 0x3fff) + 1);
}
