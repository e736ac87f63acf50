/** EBML elements (RFC 8794): heads, numbers, and the Void element that takes a removed one's place. */
import type { CleanPlanBuilder } from "../clean-plan.ts";
import { type Scan, type ScanContext, take, takeOrEnd, Unreadable } from "../scan.ts";

/** One element. The id includes its length marker, as specifications write it; an unknown length is infinite. */
export type Element = { id: number; start: number; payloadBytes: number };

const VOID_ID = 0xec;
const MAX_ID_BYTES = 4;

/** The next element's head, which must end and whose payload must end by `end`; null at the end of the file. */
export function* elementHead(context: ScanContext, end: number): Scan<Element | null> {
  const start = context.at;
  const idHead = (yield* Number.isFinite(end) ? take(1) : takeOrEnd(1))[0];
  if (idHead === undefined) return null;
  const idBytes = vintBytes(idHead);
  if (idBytes > MAX_ID_BYTES) throw new Unreadable("element id");
  const id = toUint(yield* take(idBytes - 1), idHead);
  const sizeHead = (yield* take(1))[0] ?? 0;
  const sizeBytes = vintBytes(sizeHead);
  if (sizeBytes > 8) throw new Unreadable("element size");
  const size = toUint(yield* take(sizeBytes - 1), sizeHead & (0xff >> sizeBytes));
  const payloadBytes = size === 2 ** (7 * sizeBytes) - 1 ? Number.POSITIVE_INFINITY : size;
  if (Number.isFinite(payloadBytes) && context.at + payloadBytes > end) throw new Unreadable("element length");
  return { id, start, payloadBytes };
}

/** Writes a Void element of exactly `bytes` bytes; an element has at least 2. */
export function writeVoid(plan: CleanPlanBuilder, bytes: number): void {
  const sizeBytes = bytes < 9 ? 1 : 8;
  const payloadBytes = bytes - 1 - sizeBytes;
  const head = new Uint8Array(1 + sizeBytes);
  let rest = payloadBytes;
  for (let at = sizeBytes; at > 0; at -= 1, rest = Math.floor(rest / 0x100)) head[at] = rest % 0x100;
  head[0] = VOID_ID;
  // The marker of the number's length: 1 in the first bit for one byte, in the last for eight.
  head[1] = (head[1] ?? 0) | (sizeBytes === 1 ? 0x80 : 0x01);
  plan.write(head);
  plan.writeZeros(payloadBytes);
}

/** An unsigned number of up to 8 bytes, most significant first, after a first digit `head`. */
export function toUint(bytes: Uint8Array, head = 0): number {
  return bytes.reduce((value, byte) => value * 0x100 + byte, head);
}

/** A float of 4 or 8 bytes; 0 for any other length. */
export function toFloat(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return view.getFloat32(0);
  return bytes.length === 8 ? view.getFloat64(0) : 0;
}

/** The length of a variable-size number by its first byte: leading zeros and one; 9 if there is no marker in it. */
const vintBytes = (first: number): number => Math.clz32(first) - 23;
