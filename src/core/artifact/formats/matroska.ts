/**
 * WebM and Matroska (RFC 8794, RFC 9559). ComfyUI writes prompt and workflow as tags. Elements are kept by an allow-list
 * per place; any other becomes a Void element of the same length, so that no position in the file moves. Files written
 * live, whose segment or clusters have no length, are read too.
 */
import { latin1, setSize, u32be } from "../fields.ts";
import { dropRest, type Scan, type ScanContext, skip, skipZeros, take, Unreadable } from "../scan.ts";
import { type Element, elementHead, toFloat, toUint, writeVoid } from "./ebml.ts";

const SEGMENT = 0x18538067;
const SEEK_HEAD = 0x114d9b74;
const SEEK = 0x4dbb;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const DURATION = 0x4489;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;
const TRACK_NAME = 0x536e;
const VIDEO = 0xe0;
const PIXEL_WIDTH = 0xb0;
const PIXEL_HEIGHT = 0xba;
const CLUSTER = 0x1f43b675;
const CUES = 0x1c53bb6b;
const VOID = 0xec;
/** An id of 4 bytes, a position of 8, and their heads need a third of it. */
const MAX_SEEK_BYTES = 64;

const REMOVED_NAMES: ReadonlyMap<number, string> = new Map([
  [0x1254c367, "Tags"],
  [0x1941a469, "Attachments"],
  [0x1043a770, "Chapters"],
  [0x7ba9, "Title"],
  [0x7384, "SegmentFilename"],
  [0x4461, "DateUTC"],
  [TRACK_NAME, "TrackName"],
  [SEEK, "Seek"],
  // Its checksum would be wrong once anything beside it is blank.
  [0xbf, "CRC-32"],
]);

/** Cluster children too: those of a cluster without a length are met as if they were the segment's own. */
const SEGMENT_CHILDREN = new Set([SEEK_HEAD, INFO, TRACKS, CLUSTER, CUES, 0xe7, 0xa3, 0xa0, 0xa7, 0xab, 0x5854]);
const INFO_CHILDREN = new Set([TIMESTAMP_SCALE, DURATION, 0x4d80, 0x5741, 0x73a4]);
const isKept = (parent: number, id: number): boolean => {
  if (parent === SEGMENT) return SEGMENT_CHILDREN.has(id);
  if (parent === INFO) return INFO_CHILDREN.has(id);
  if (parent === TRACKS) return id === TRACK_ENTRY;
  return id !== TRACK_NAME && id !== 0xbf;
};

type Facts = { timestampScaleNs: number; duration: number; hasVideo: boolean; pixelWidth: number };

/** Scans a WebM or Matroska file; finds size, length, and whether there is a picture in it at all. */
export function* scanMatroska(context: ScanContext): Scan {
  const { plan, media } = context;
  const header = yield* elementHead(context, Number.POSITIVE_INFINITY);
  if (header === null || !Number.isFinite(header.payloadBytes)) throw new Unreadable("EBML header");
  yield* skip(header.payloadBytes);
  const segment = yield* elementHead(context, Number.POSITIVE_INFINITY);
  if (segment?.id !== SEGMENT) throw new Unreadable("no segment");
  plan.keep(0, context.at);

  const facts: Facts = { timestampScaleNs: 1_000_000, duration: 0, hasVideo: false, pixelWidth: 0 };
  yield* scanChildren(context, SEGMENT, context.at + segment.payloadBytes, facts);
  const durationMs = Math.round((facts.duration * facts.timestampScaleNs) / 1e6);
  if (durationMs > 0 && Number.isSafeInteger(durationMs)) media.durationMs = durationMs;
  if (!facts.hasVideo && media.contentType === "video/webm")
    Object.assign(media, { contentType: "audio/webm", kind: "audio" });
  yield* dropRest(context);
}

function* scanChildren(context: ScanContext, parent: number, end: number, facts: Facts): Scan {
  const { plan } = context;
  while (context.at < end) {
    const element = yield* elementHead(context, end);
    if (element === null) return;
    const { id, start, payloadBytes } = element;
    const elementEnd = context.at + payloadBytes;
    if (id === CLUSTER && parent === SEGMENT) {
      if (Number.isFinite(payloadBytes)) yield* skip(payloadBytes);
      plan.keep(start, context.at);
    } else if (!Number.isFinite(payloadBytes)) {
      throw new Unreadable("element without length");
    } else if (id === VOID) {
      if (yield* skipZeros(payloadBytes)) plan.keep(start, elementEnd);
      else blank(context, element);
    } else if (id === SEEK) {
      yield* scanSeek(context, element);
    } else if (!isKept(parent, id)) {
      yield* skip(payloadBytes);
      blank(context, element);
    } else if ([SEEK_HEAD, INFO, TRACKS, TRACK_ENTRY, VIDEO].includes(id)) {
      plan.keep(start, context.at);
      yield* scanChildren(context, id, elementEnd, facts);
    } else {
      if (payloadBytes <= 8) readValue(context, id, yield* take(payloadBytes), facts);
      else yield* skip(payloadBytes);
      plan.keep(start, elementEnd);
    }
  }
}

/** Keeps an entry of the seek head only if what it points to stays. */
function* scanSeek(context: ScanContext, element: Element): Scan {
  const end = context.at + element.payloadBytes;
  const payload = yield* take(Math.min(element.payloadBytes, MAX_SEEK_BYTES));
  const at = latin1(payload, 0, MAX_SEEK_BYTES).indexOf("\x53\xab\x84");
  const isKept = at >= 0 && SEGMENT_CHILDREN.has(u32be(payload, at + 3));
  yield* skip(end - context.at);
  if (isKept) context.plan.keep(element.start, end);
  else blank(context, element);
}

function blank(context: ScanContext, element: Element): void {
  context.plan.remove(REMOVED_NAMES.get(element.id) ?? (element.id === VOID ? "Void" : `0x${element.id.toString(16)}`));
  writeVoid(context.plan, context.at - element.start);
}

function readValue({ media }: ScanContext, id: number, payload: Uint8Array, facts: Facts): void {
  switch (id) {
    case TIMESTAMP_SCALE:
      facts.timestampScaleNs = toUint(payload);
      break;
    case DURATION:
      facts.duration = toFloat(payload);
      break;
    case TRACK_TYPE:
      facts.hasVideo ||= toUint(payload) === 1;
      break;
    case PIXEL_WIDTH:
      facts.pixelWidth = toUint(payload);
      break;
    case PIXEL_HEIGHT:
      if (media.width === null) setSize(media, facts.pixelWidth, toUint(payload));
      break;
  }
}
