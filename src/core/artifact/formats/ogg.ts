/**
 * Opus in Ogg (RFC 3533, RFC 7845). ComfyUI writes prompt and workflow into the comment header. Its pages keep their
 * number and length: the comments become padding, which RFC 7845 §5.2 allows, and each such page gets a new checksum.
 * Other codecs in Ogg are not vouched for.
 */
import { bytesOf, concat, latin1, toU32le, u16le, u32le } from "../fields.ts";
import { dropRest, EndedEarly, type Scan, type ScanContext, skip, take, takeOrEnd, Unreadable } from "../scan.ts";

const PAGE_HEAD_BYTES = 27;
const CHECKSUM_OFFSET = 22;
const FIRST_PAGE_FLAG = 2;
const LAST_PAGE_FLAG = 4;
const NO_GRANULE = 0xffff_ffff;
const SAMPLES_PER_MS = 48;
/** A comment header without vendor and comments: two lengths of zero. */
const BARE_COMMENTS = concat(bytesOf("OpusTags"), new Uint8Array(8));

type Page = { start: number; head: Uint8Array; payloadBytes: number };

/** Scans an Ogg file; finds how long it plays. */
export function* scanOgg(context: ScanContext): Scan {
  const { plan, media } = context;
  const first = yield* pageHead(context);
  const opusHead = first === null ? new Uint8Array(0) : (yield* take(Math.min(first.payloadBytes, 19))).slice();
  if (first === null || latin1(opusHead, 0, 8) !== "OpusHead") throw new Unreadable("not Opus");
  yield* skip(first.start + first.head.length + first.payloadBytes - context.at);
  plan.keep(0, context.at);
  yield* blankComments(context);

  let samples = 0;
  for (;;) {
    const page = yield* pageHead(context);
    if (page === null) throw new EndedEarly("no last page");
    const flags = page.head[5] ?? 0;
    if ((flags & FIRST_PAGE_FLAG) !== 0 || u32le(page.head, 14) !== u32le(first.head, 14))
      throw new Unreadable("second stream");
    yield* skip(page.payloadBytes);
    plan.keep(page.start, context.at);
    const isGranule = u32le(page.head, 10) !== NO_GRANULE;
    if (isGranule) samples = u32le(page.head, 10) * 0x1_0000_0000 + u32le(page.head, 6);
    if ((flags & LAST_PAGE_FLAG) !== 0) break;
  }
  const preSkip = u16le(opusHead, 10);
  if (samples > preSkip) media.durationMs = Math.round((samples - preSkip) / SAMPLES_PER_MS);
  yield* dropRest(context);
}

/** The head of the next page with its segment table; null at the end of the file. */
function* pageHead(context: ScanContext): Scan<Page | null> {
  const start = context.at;
  const fixed = (yield* takeOrEnd(PAGE_HEAD_BYTES)).slice();
  if (fixed.length < PAGE_HEAD_BYTES) return null;
  if (latin1(fixed, 0, 5) !== "OggS\0") throw new Unreadable("page");
  const head = concat(fixed, yield* take(fixed[26] ?? 0));
  const payloadBytes = head.subarray(PAGE_HEAD_BYTES).reduce((sum, segment) => sum + segment, 0);
  return { start, head, payloadBytes };
}

/** Empties the pages of the comment header, which begins and ends on pages of its own (RFC 7845 §3). */
function* blankComments(context: ScanContext): Scan {
  const { plan } = context;
  const table = checksumTable();
  for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
    const page = yield* pageHead(context);
    if (page === null) throw new EndedEarly("no comment header");
    const { head, payloadBytes } = page;
    const lastSegment = head.findIndex((segment, index) => index >= PAGE_HEAD_BYTES && segment < 255);
    isLast = lastSegment >= 0;
    if (isLast && lastSegment !== head.length - 1) throw new Unreadable("comment header shares its page");
    const start = isFirst ? BARE_COMMENTS : new Uint8Array(0);
    const payload = yield* take(payloadBytes);
    if (isFirst && (payloadBytes < start.length || latin1(payload, 0, 8) !== "OpusTags"))
      throw new Unreadable("comments");
    head.set(toU32le(0), CHECKSUM_OFFSET);
    const blank = new Uint8Array(payloadBytes);
    blank.set(start);
    head.set(toU32le(checksum(table, head, blank)), CHECKSUM_OFFSET);
    plan.write(concat(head, start));
    plan.writeZeros(payloadBytes - start.length);
  }
  plan.remove("OpusTags");
}

/** The table of the checksum of RFC 3533 §6: polynomial 0x04c11db7, most significant bit first, no inversion. */
function checksumTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index << 24;
    for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
    return value;
  });
}

function checksum(table: Uint32Array, ...pieces: Uint8Array[]): number {
  let sum = 0;
  for (const piece of pieces) for (const byte of piece) sum = (sum << 8) ^ (table[(sum >>> 24) ^ byte] ?? 0);
  return sum;
}
