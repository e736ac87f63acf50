/**
 * Ids: 128 bits as 26 lower-case Crockford base32 characters behind a type prefix. Minted ones are ULIDs and sort by
 * time; derived ones are digests, so that the same thing gets the same id however often it is named.
 */

const CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz";
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** 16 bytes as 26 characters. */
export function crockford(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes.subarray(0, 16)) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < 26; i++) {
    text = CROCKFORD.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}

/** A ULID for `now` (ms) with 10 random bytes. */
export function ulid(now: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  let time = now;
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes.set(random.subarray(0, 10), 6);
  return crockford(bytes);
}

/** Bytes as `length` base62 characters; 16 bytes fit into 22. */
export function base62(bytes: Uint8Array, length: number): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < length; i++) {
    text = BASE62.charAt(Number(value % 62n)) + text;
    value /= 62n;
  }
  return text;
}

/** The 16 bytes that `crockford` writes as this text, or null where it writes none so. */
export const fromCrockford = (text: string): Uint8Array | null =>
  text.length === 26 ? fromDigits(text, CROCKFORD, 16) : null;

/** The bytes that `base62` writes as this text, or null where they do not fit into `byteLength` or a character is odd. */
export const fromBase62 = (text: string, byteLength: number): Uint8Array | null => fromDigits(text, BASE62, byteLength);

function fromDigits(text: string, alphabet: string, byteLength: number): Uint8Array | null {
  let value = 0n;
  for (const character of text) {
    const digit = alphabet.indexOf(character);
    if (digit === -1) return null;
    value = value * BigInt(alphabet.length) + BigInt(digit);
  }
  const bytes = new Uint8Array(byteLength);
  for (let i = byteLength - 1; i >= 0; i--) {
    bytes[i] = Number(value & 255n);
    value >>= 8n;
  }
  return value === 0n ? bytes : null;
}

/** SHA-256 of a text. */
export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Bytes as lower-case hex. */
export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** An id derived from what it names: the same parts give the same id. */
export async function derivedId(prefix: string, ...parts: string[]): Promise<string> {
  return `${prefix}_${crockford(await sha256(parts.map((part) => `${part.length}:${part}`).join("")))}`;
}

/** Whether two texts are equal, in a time that depends on their lengths alone. */
export function constantTimeEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    difference |= a.charCodeAt(i % (a.length || 1)) ^ b.charCodeAt(i % (b.length || 1));
  return difference === 0;
}
