/**
 * Secret keys for servers: `ec_sk_live_` or `ec_sk_test_`, 43 base62 characters (256 bits) and a checksum of 6. The
 * checksum lets a typo be told from a revoked key without a look-up. Only the SHA-256 of a key is ever configured.
 */
import { base62, constantTimeEqual, hex, sha256 } from "../util/ids.ts";

const KEY = /^ec_sk_(live|test)_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/** CRC-32 (IEEE) of a text's bytes. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function checksum(body: string): string {
  const crc = crc32(body);
  return base62(new Uint8Array([crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255]), 6);
}

/** A new key from 32 random bytes. */
export function mintSecretKey(mode: "live" | "test", random: Uint8Array): string {
  const body = base62(random, 43);
  return `ec_sk_${mode}_${body}${checksum(body)}`;
}

/** Whether a text has the form and the checksum of a secret key. */
export function isSecretKey(text: string): boolean {
  const match = KEY.exec(text);
  return match !== null && checksum(match[2] ?? "") === match[3];
}

/** What is configured in place of a key: its SHA-256 in hex. */
export const hashSecretKey = async (key: string): Promise<string> => hex(await sha256(key));

/** Whether `key` is one of those whose hashes are configured; every hash is compared, in constant time. */
export async function isKnownKey(key: string, hashes: readonly string[]): Promise<boolean> {
  const hash = await hashSecretKey(key);
  return hashes.reduce((known, one) => constantTimeEqual(hash, one) || known, false);
}
