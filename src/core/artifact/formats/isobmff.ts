/**
 * MP4, MOV and M4A (ISO/IEC 14496-12; QuickTime). ComfyUI writes prompt and workflow into `moov/udta/meta`. Boxes are
 * kept by an allow-list per place; any other becomes a `free` box of the same length with zeros in it, so that no
 * offset into the media data moves.
 */
import { bytesOf, concat, latin1, setSize, u32be, u64be } from "../fields.ts";
import {
  EndedEarly,
  rest,
  type Scan,
  type ScanContext,
  skip,
  skipZeros,
  take,
  takeOrEnd,
  Unreadable,
} from "../scan.ts";

const names = (list: string): ReadonlySet<string> => new Set(list.split(" "));

/** The boxes that are looked into, and which children of theirs are kept. The file itself goes by "". */
const KEPT: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["", names("ftyp styp moov moof mdat mfra sidx ssix prft pdin wide")],
  ["moov", names("mvhd trak mvex iods")],
  ["trak", names("tkhd tref edts mdia tapt trgr")],
  ["mdia", names("mdhd hdlr minf elng")],
  ["minf", names("vmhd smhd hmhd sthd nmhd gmhd dinf stbl hdlr")],
  ["stbl", names("stsd stts ctts cslg stss stps stsc stsz stz2 stco co64 sgpd sbgp sdtp subs saiz saio")],
  ["moof", names("mfhd traf")],
  ["traf", names("tfhd tfdt trun sdtp sbgp sgpd subs saiz saio senc")],
]);
const PADDING = names("free skip");
const MAX_TRACK_HEADER_BYTES = 96;

type Box = { name: string; start: number; head: Uint8Array; payloadBytes: number };

/** Scans an ISO media file; finds size, length, and whether there is a picture in it at all. */
export function* scanIsobmff(context: ScanContext): Scan {
  const seen = new Set<string>();
  yield* scanChildren(context, "", Number.POSITIVE_INFINITY, seen);
  // Without a movie box no player can open the file: the writer was stopped before the end.
  if (!seen.has("moov")) throw new EndedEarly("no movie box");
  if (context.media.width === null && context.media.kind === "video") {
    Object.assign(context.media, { contentType: "audio/mp4", kind: "audio", extension: "m4a" });
  }
}

function* scanChildren(context: ScanContext, parent: string, end: number, seen: Set<string>): Scan {
  const { plan } = context;
  while (context.at < end) {
    const box = yield* boxHead(context, end);
    if (box === null) return;
    const { name, start, payloadBytes } = box;
    const boxEnd = context.at + payloadBytes;
    seen.add(name);
    if (PADDING.has(name) && Number.isFinite(payloadBytes)) {
      if (yield* skipZeros(payloadBytes)) plan.keep(start, boxEnd);
      else blank(context, box);
    } else if (KEPT.get(parent)?.has(name) !== true) {
      yield* skipOrRest(payloadBytes);
      blank(context, box);
    } else if (KEPT.has(name)) {
      plan.keep(start, context.at);
      yield* scanChildren(context, name, boxEnd, seen);
    } else {
      if (name === "mvhd") readMovieHeader(context, yield* take(Math.min(payloadBytes, 32)));
      if (name === "tkhd") readTrackHeader(context, yield* take(Math.min(payloadBytes, MAX_TRACK_HEADER_BYTES)));
      yield* skipOrRest(boxEnd - context.at);
      plan.keep(start, context.at);
    }
  }
}

/** The next box's head; null at the end of the file. The payload of a box without a length has an infinite one. */
function* boxHead(context: ScanContext, end: number): Scan<Box | null> {
  const start = context.at;
  let head: Uint8Array = (yield* Number.isFinite(end) ? take(8) : takeOrEnd(8)).slice();
  if (head.length === 0) return null;
  const name = latin1(head, 4, 4);
  let bytes = u32be(head, 0);
  if (bytes === 1) {
    head = concat(head, yield* take(8));
    bytes = u64be(head, 8);
  } else if (bytes === 0) {
    bytes = end - start;
  }
  if (bytes < head.length || start + bytes > end || !/^[\x20-\x7e\xa9]{4}$/.test(name)) throw new Unreadable("box");
  return { name, start, head, payloadBytes: bytes - head.length };
}

function* skipOrRest(bytes: number): Scan {
  if (Number.isFinite(bytes)) yield* skip(bytes);
  else yield* rest();
}

/** Writes a `free` box in the place of one that has just been passed. */
function blank({ plan, at }: ScanContext, { name, start, head }: Box): void {
  plan.remove(name);
  plan.write(concat(head.subarray(0, 4), bytesOf("free"), head.subarray(8)));
  plan.writeZeros(at - start - head.length);
}

/** Version 0 has 32-bit times, version 1 has 64-bit ones. */
function readMovieHeader({ media }: ScanContext, payload: Uint8Array): void {
  const isLong = payload[0] === 1;
  const unitsPerSecond = u32be(payload, isLong ? 20 : 12);
  const duration = isLong ? u64be(payload, 24) : u32be(payload, 16);
  const isUnknown = duration === 0 || duration >= (isLong ? Number.MAX_SAFE_INTEGER : 0xffff_ffff);
  if (unitsPerSecond > 0 && !isUnknown) media.durationMs = Math.round((duration / unitsPerSecond) * 1000);
}

/** The first track with a size is the picture; a matrix without diagonal lays it on its side. */
function readTrackHeader({ media }: ScanContext, payload: Uint8Array): void {
  if (media.width !== null) return;
  const matrix = payload[0] === 1 ? 52 : 40;
  const width = Math.round(u32be(payload, matrix + 36) / 0x10000);
  const height = Math.round(u32be(payload, matrix + 40) / 0x10000);
  const isTurned =
    u32be(payload, matrix) === 0 && u32be(payload, matrix + 16) === 0 && u32be(payload, matrix + 4) !== 0;
  if (isTurned) setSize(media, height, width);
  else setSize(media, width, height);
}
