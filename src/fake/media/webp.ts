/**
 * A lossless WebP encoder (VP8L) without any prediction: every colour byte is a literal with a code of fixed length. The
 * files are as large as the pixels but valid, which is all that GET /view?preview=webp needs here.
 */
import { concat } from "../encode.ts";
import type { Picture } from "./picture.ts";

/** Bits, least significant first. */
class BitWriter {
  readonly bytes: number[] = [];
  #pending = 0;
  #count = 0;

  put(value: number, size: number): void {
    for (let i = 0; i < size; i++) {
      this.#pending |= ((value >> i) & 1) << this.#count++;
      if (this.#count < 8) continue;
      this.bytes.push(this.#pending);
      this.#pending = 0;
      this.#count = 0;
    }
  }

  flush(): void {
    if (this.#count > 0) this.put(0, 8 - this.#count);
  }
}

/** Order in which the lengths of the length codes are written. */
const LENGTH_ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8];

/** A code in which the first 256 symbols have 8 bits and the rest, up to `total`, do not occur. */
function writeLiteralCode(out: BitWriter, total: number): void {
  out.put(0, 1);
  out.put(LENGTH_ORDER.length - 4, 4);
  for (const symbol of LENGTH_ORDER) out.put(symbol === 0 || symbol === 8 ? 1 : 0, 3);
  out.put(0, 1);
  for (let symbol = 0; symbol < total; symbol++) out.put(symbol < 256 ? 1 : 0, 1);
}

/** A code with the one symbol `symbol`, which takes no bits. */
function writeSingleCode(out: BitWriter, symbol: number): void {
  out.put(1, 1);
  out.put(0, 1);
  out.put(1, 1);
  out.put(symbol, 8);
}

const REVERSED = Uint8Array.from({ length: 256 }, (_, value) => {
  let reversed = 0;
  for (let i = 0; i < 8; i++) reversed |= ((value >> i) & 1) << (7 - i);
  return reversed;
});

/** The bytes of a WebP file. Transparency is dropped. */
export function encodeWebp(picture: Picture): Uint8Array {
  const out = new BitWriter();
  out.put(picture.width - 1, 14);
  out.put(picture.height - 1, 14);
  out.put(0, 1);
  out.put(0, 3);
  out.put(0, 1);
  out.put(0, 1);
  out.put(0, 1);
  writeLiteralCode(out, 280);
  writeLiteralCode(out, 256);
  writeLiteralCode(out, 256);
  writeSingleCode(out, 255);
  writeSingleCode(out, 0);
  const { rgb } = picture;
  for (let i = 0; i < rgb.length; i += 3) {
    out.put(REVERSED[rgb[i + 1] ?? 0] ?? 0, 8);
    out.put(REVERSED[rgb[i] ?? 0] ?? 0, 8);
    out.put(REVERSED[rgb[i + 2] ?? 0] ?? 0, 8);
  }
  out.flush();
  const data = concat([Uint8Array.of(0x2f), Uint8Array.from(out.bytes)]);
  const padded = data.length + (data.length & 1);
  const text = new TextEncoder();
  return concat([
    text.encode("RIFF"),
    littleEndian(padded + 12),
    text.encode("WEBPVP8L"),
    littleEndian(data.length),
    data,
    new Uint8Array(padded - data.length),
  ]);
}

function littleEndian(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
}
