/**
 * WAV and RF64 (RIFF; EBU Tech 3306). Only chunks that playing needs are kept; any other (`LIST`, `id3 `, `bext`) becomes
 * a `JUNK` chunk of the same length. What follows the RIFF structure is left out.
 */
import { bytesOf, concat, latin1, u32le } from "../fields.ts";
import { dropRest, rest, type Scan, type ScanContext, skip, skipZeros, take, takeOrEnd, Unreadable } from "../scan.ts";

const KEPT = new Set(["fmt ", "fact", "data", "ds64", "PEAK"]);
const PADDING = new Set(["JUNK", "junk", "PAD ", "FLLR"]);
/** A length that was not known when the head was written: in RF64 it stands in `ds64`, else the data fill the file. */
const UNKNOWN_BYTES = 0xffff_ffff;

/** Scans a WAV file; finds how long it plays. */
export function* scanWav(context: ScanContext): Scan {
  const { plan, media } = context;
  const riffBytes = u32le(yield* take(12), 4);
  plan.keep(0, context.at);
  let riffEnd = riffBytes === UNKNOWN_BYTES || riffBytes === 0 ? Number.POSITIVE_INFINITY : 8 + riffBytes;
  let longDataBytes = Number.POSITIVE_INFINITY;
  let bytesPerSecond = 0;
  let dataBytes = 0;
  while (context.at + 8 <= riffEnd) {
    const start = context.at;
    const head = (yield* Number.isFinite(riffEnd) ? take(8) : takeOrEnd(8)).slice();
    if (head.length < 8) {
      if (head.length > 0) plan.remove("trailing bytes");
      break;
    }
    const name = latin1(head, 0, 4);
    let bytes = u32le(head, 4);
    if (name === "data" && bytes === UNKNOWN_BYTES) bytes = longDataBytes;
    if (bytes === UNKNOWN_BYTES) throw new Unreadable("chunk length");
    const end = context.at + bytes;
    if (Number.isFinite(end) && end > riffEnd) throw new Unreadable("chunk length");

    let isKept = KEPT.has(name);
    if (name === "fmt ") bytesPerSecond = u32le(yield* take(Math.min(bytes, 12)), 8);
    if (name === "ds64") {
      const sizes = yield* take(Math.min(bytes, 16));
      riffEnd = 8 + u32le(sizes, 0) + u32le(sizes, 4) * 0x1_0000_0000;
      longDataBytes = u32le(sizes, 8) + u32le(sizes, 12) * 0x1_0000_0000;
    }
    if (PADDING.has(name)) isKept = yield* skipZeros(bytes);
    if (Number.isFinite(end)) yield* skip(end - context.at);
    else yield* rest();
    if (name === "data") dataBytes = context.at - start - head.length;
    if (bytes % 2 === 1) yield* takeOrEnd(1);
    if (isKept) {
      plan.keep(start, context.at);
    } else {
      plan.remove(name.trim());
      plan.write(concat(bytesOf("JUNK"), head.subarray(4)));
      plan.writeZeros(context.at - start - head.length);
    }
  }
  if (bytesPerSecond > 0 && dataBytes > 0) media.durationMs = Math.round((dataBytes / bytesPerSecond) * 1000);
  yield* dropRest(context);
}
