/** Fixed-width fields inside the few bytes a scanner has taken. Offsets outside the bytes read as zero. */

const byteAt = (bytes: Uint8Array, offset: number): number => bytes[offset] ?? 0;

/** Unsigned 16 bits, big-endian. */
export const u16be = (bytes: Uint8Array, offset: number): number =>
  byteAt(bytes, offset) * 0x100 + byteAt(bytes, offset + 1);

/** Unsigned 32 bits, big-endian. */
export const u32be = (bytes: Uint8Array, offset: number): number =>
  u16be(bytes, offset) * 0x10000 + u16be(bytes, offset + 2);

/** Unsigned 64 bits, big-endian; beyond 2^53 it is only as exact as a number can be. */
export const u64be = (bytes: Uint8Array, offset: number): number =>
  u32be(bytes, offset) * 0x1_0000_0000 + u32be(bytes, offset + 4);

/** Unsigned 16 bits, little-endian. */
export const u16le = (bytes: Uint8Array, offset: number): number =>
  byteAt(bytes, offset) + byteAt(bytes, offset + 1) * 0x100;

/** Unsigned 24 bits, little-endian. */
export const u24le = (bytes: Uint8Array, offset: number): number =>
  u16le(bytes, offset) + byteAt(bytes, offset + 2) * 0x10000;

/** Unsigned 32 bits, little-endian. */
export const u32le = (bytes: Uint8Array, offset: number): number =>
  u16le(bytes, offset) + u16le(bytes, offset + 2) * 0x10000;

/** `length` bytes as ISO 8859-1 text, one character a byte. */
export function latin1(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}

/** ISO 8859-1 bytes of a text, for tags. */
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Four bytes of an unsigned number, little-endian. */
export const toU32le = (value: number): Uint8Array =>
  Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);

/** The byte strings one after the other. */
export function concat(...pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Sets both sides of a picture, unless one is missing. */
export function setSize(media: { width: number | null; height: number | null }, width: number, height: number): void {
  if (width < 1 || height < 1) return;
  media.width = width;
  media.height = height;
}
