/**
 * MP3 (ISO/IEC 11172-3, 13818-3) with its tags (ID3v2, ID3v1, APE, Lyrics3). ComfyUI writes prompt and workflow into an
 * ID3v2 head. Only frames are kept; they are walked one by one, which also gives the length.
 */
import { latin1 } from "../fields.ts";
import { EndedEarly, rest, type Scan, type ScanContext, skip, takeOrEnd, Unreadable } from "../scan.ts";

const FRAME_HEAD_BYTES = 4;
const ID3_HEAD_BYTES = 10;
/** By the 4 bits of the header: layer III of MPEG-1, and of MPEG-2 and 2.5. */
const MPEG1_KBIT_PER_S = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG2_KBIT_PER_S = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MPEG1_SAMPLES_PER_S = [44_100, 48_000, 32_000];

type Frame = { bytes: number; ms: number };

/** Scans an MP3; finds how long it plays. */
export function* scanMp3(context: ScanContext): Scan {
  const { plan, media } = context;
  let durationMs = 0;
  for (;;) {
    const start = context.at;
    const head = (yield* takeOrEnd(FRAME_HEAD_BYTES)).slice();
    if (head.length === 0) break;
    const frame = parseFrameHead(head);
    const tag = latin1(head, 0, 3);
    if (frame !== null) {
      yield* skip(frame.bytes - head.length);
      plan.keep(start, context.at);
      durationMs += frame.ms;
    } else if (tag === "ID3") {
      plan.remove("ID3v2");
      yield* skipId3(context);
    } else if (tag === "TAG" || tag === "APE" || tag === "LYR" || head.every((byte) => byte === 0)) {
      // These end the file, one behind the other.
      plan.remove(head[0] === 0 ? "trailing bytes" : tag);
      yield* rest();
    } else throw new Unreadable("frame");
  }
  if (durationMs === 0) throw new EndedEarly("no frame");
  media.durationMs = Math.round(durationMs);
}

/** Passes over an ID3v2 tag whose first four bytes have been taken. */
function* skipId3(context: ScanContext): Scan {
  const start = context.at - FRAME_HEAD_BYTES;
  const head = yield* takeOrEnd(ID3_HEAD_BYTES - FRAME_HEAD_BYTES);
  const hasFooter = ((head[1] ?? 0) & 0x10) !== 0;
  // Four digits of 7 bits each, so that a length never looks like the start of a frame.
  const bytes = head.subarray(2).reduce((value, digit) => value * 0x80 + (digit & 0x7f), 0);
  yield* skip(start + ID3_HEAD_BYTES + bytes + (hasFooter ? ID3_HEAD_BYTES : 0) - context.at);
}

/** Length in bytes and in time of the frame with this head; null if it is none, or of free bit rate. */
function parseFrameHead(head: Uint8Array): Frame | null {
  const [first = 0, second = 0, third = 0] = head;
  const version = (second >> 3) & 3;
  const isLayerThree = (second & 0xe6) === 0xe2;
  const kbitPerSecond = (version === 3 ? MPEG1_KBIT_PER_S : MPEG2_KBIT_PER_S)[third >> 4] ?? 0;
  const mpeg1Rate = MPEG1_SAMPLES_PER_S[(third >> 2) & 3] ?? 0;
  if (head.length < FRAME_HEAD_BYTES || first !== 0xff || !isLayerThree || version === 1) return null;
  if (kbitPerSecond === 0 || mpeg1Rate === 0) return null;
  const samplesPerSecond = version === 3 ? mpeg1Rate : version === 2 ? mpeg1Rate / 2 : mpeg1Rate / 4;
  const samples = version === 3 ? 1152 : 576;
  const padding = (third >> 1) & 1;
  const bytes = Math.floor(((samples / 8) * kbitPerSecond * 1000) / samplesPerSecond) + padding;
  return { bytes, ms: (samples / samplesPerSecond) * 1000 };
}
