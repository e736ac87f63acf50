/** Base64 for URLs (RFC 4648 §5) as tokens use it: no padding, one spelling for each byte string. */
import { encodeBase64Url } from "../artifact/base64.ts";

/** The bytes, or null for anything but the one text that `encodeBase64Url` gives for them. */
export function decodeBase64Url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  // The last character may hold bits that belong to no byte; they must be zero.
  return encodeBase64Url(bytes) === text ? bytes : null;
}
