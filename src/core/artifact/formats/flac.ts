/**
 * FLAC (RFC 9639). ComfyUI writes prompt and workflow as Vorbis comments. The blocks that decoding and seeking need are
 * kept; any other becomes a PADDING block of the same length. An ID3v1 tag behind the audio is left out.
 */
import { latin1, u32be } from "../fields.ts";
import { rest, type Scan, type ScanContext, skip, skipZeros, take, Unreadable } from "../scan.ts";

const MAGIC_BYTES = 4;
const BLOCK_HEAD_BYTES = 4;
const ID3V1_BYTES = 128;
const APE_FOOTER_BYTES = 32;
const STREAMINFO = 0;
const PADDING = 1;
const SEEKTABLE = 3;
const BLOCK_NAMES: ReadonlyMap<number, string> = new Map([
  [PADDING, "PADDING"],
  [2, "APPLICATION"],
  [4, "VORBIS_COMMENT"],
  [5, "CUESHEET"],
  [6, "PICTURE"],
]);

/** Scans a FLAC file; finds how long it plays. */
export function* scanFlac(context: ScanContext): Scan {
  const { plan, media } = context;
  yield* skip(MAGIC_BYTES);
  plan.keep(0, MAGIC_BYTES);
  for (let isLast = false; !isLast; ) {
    const start = context.at;
    const head = (yield* take(BLOCK_HEAD_BYTES)).slice();
    const bytes = u32be(head, 0) % 0x100_0000;
    const blockType = (head[0] ?? 0) & 0x7f;
    const end = context.at + bytes;
    isLast = ((head[0] ?? 0) & 0x80) !== 0;
    let isKept = blockType === STREAMINFO || blockType === SEEKTABLE;
    if (blockType === STREAMINFO) media.durationMs = playingMs(yield* take(Math.min(bytes, 18)));
    if (blockType === PADDING) isKept = yield* skipZeros(bytes);
    yield* skip(end - context.at);
    if (isKept) {
      plan.keep(start, end);
    } else {
      plan.remove(BLOCK_NAMES.get(blockType) ?? `block ${blockType}`);
      head[0] = (isLast ? 0x80 : 0) | PADDING;
      plan.write(head);
      plan.writeZeros(bytes);
    }
  }
  const audioStart = context.at;
  const tail = yield* rest(ID3V1_BYTES);
  if (latin1(tail, tail.length - APE_FOOTER_BYTES, 8) === "APETAGEX") throw new Unreadable("trailing tag");
  const hasId3 = tail.length === ID3V1_BYTES && latin1(tail, 0, 3) === "TAG";
  if (hasId3) plan.remove("ID3v1");
  plan.keep(audioStart, context.at - (hasId3 ? ID3V1_BYTES : 0));
}

/** From 20 bits of sample rate at byte 10 and 36 bits of sample count that end at byte 18. */
function playingMs(streamInfo: Uint8Array): number | null {
  const samplesPerSecond = Math.floor(u32be(streamInfo, 10) / 0x1000);
  const samples = ((streamInfo[13] ?? 0) % 0x10) * 0x1_0000_0000 + u32be(streamInfo, 14);
  return samplesPerSecond > 0 && samples > 0 ? Math.round((samples / samplesPerSecond) * 1000) : null;
}
