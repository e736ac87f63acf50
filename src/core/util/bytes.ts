/**
 * Reading of bytes that came from outside: every function is total, whatever the offset, and none of them copies.
 * No writing here, and no knowledge of any format.
 */

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The unsigned 32-bit big-endian integer at `offset`, or null where fewer than four bytes are left. */
export function readUint32(bytes: Uint8Array, offset: number): number | null {
  if (offset < 0 || offset + 4 > bytes.length) return null;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

/** Whether `pattern` stands at `offset`, whole. */
export function hasBytesAt(bytes: Uint8Array, offset: number, pattern: readonly number[]): boolean {
  if (offset < 0 || offset + pattern.length > bytes.length) return false;
  return pattern.every((byte, index) => bytes[offset + index] === byte);
}

/** The bytes as UTF-8; what is not UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}
