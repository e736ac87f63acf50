/**
 * PNG and APNG (PNG specification, third edition, §5). ComfyUI writes prompt and workflow as `tEXt`, in animations also
 * as a private `comf` chunk, so chunks are kept by an allow-list; each carries its own checksum and is copied whole.
 */
import { latin1, setSize, u16be, u32be } from "../fields.ts";
import { dropRest, type Scan, type ScanContext, skip, take, Unreadable } from "../scan.ts";

const SIGNATURE_BYTES = 8;
const CRC_BYTES = 4;
const MAX_KEYWORD_BYTES = 79;
const KEPT = new Set([
  "IHDR",
  "PLTE",
  "IDAT",
  "IEND",
  "tRNS",
  "sRGB",
  "gAMA",
  "cHRM",
  "iCCP",
  "cICP",
  "pHYs",
  "sBIT",
  "acTL",
  "fcTL",
  "fdAT",
]);
const WITH_KEYWORD = new Set(["tEXt", "zTXt", "iTXt"]);

/** Scans a PNG; finds size, and whether it is an animation and how long. */
export function* scanPng(context: ScanContext): Scan {
  const { plan, media } = context;
  yield* skip(SIGNATURE_BYTES);
  plan.keep(0, SIGNATURE_BYTES);
  for (;;) {
    const start = context.at;
    const head = yield* take(8);
    const bytes = u32be(head, 0);
    const name = latin1(head, 4, 4);
    const isFirst = start === SIGNATURE_BYTES;
    if (bytes > 0x7fff_ffff || !/^[A-Za-z]{4}$/.test(name) || isFirst !== (name === "IHDR"))
      throw new Unreadable("chunk");
    const end = context.at + bytes + CRC_BYTES;

    if (name === "IHDR") {
      const size = yield* take(Math.min(bytes, 8));
      setSize(media, u32be(size, 0), u32be(size, 4));
    } else if (name === "acTL") {
      Object.assign(media, { contentType: "image/apng", kind: "animated" });
    } else if (name === "fcTL") {
      media.durationMs = (media.durationMs ?? 0) + frameMs(yield* take(Math.min(bytes, 26)));
    }

    if (KEPT.has(name)) plan.keep(start, end);
    else if (WITH_KEYWORD.has(name)) plan.remove(`${name}:${keyword(yield* take(Math.min(bytes, MAX_KEYWORD_BYTES)))}`);
    else plan.remove(name);
    yield* skip(end - context.at);
    if (name === "IEND") break;
  }
  if (media.durationMs !== null) media.durationMs = media.kind === "animated" ? Math.round(media.durationMs) : null;
  yield* dropRest(context);
}

/** How long one frame shows; a denominator of 0 means hundredths (APNG `fcTL`). */
const frameMs = (control: Uint8Array): number => (u16be(control, 20) / (u16be(control, 22) || 100)) * 1000;

const keyword = (data: Uint8Array): string => latin1(data, 0, data.length).split("\0")[0] ?? "";
