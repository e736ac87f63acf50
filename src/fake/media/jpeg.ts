/**
 * A baseline JPEG encoder (4:4:4, standard Huffman tables) for previews: no maintained encoder in plain JavaScript runs
 * in workerd.
 */
import { BLOCK_ORDER, CHROMA_TABLE, HUFFMAN, type HuffmanSpec, LUMA_TABLE } from "./jpeg-tables.ts";
import type { Picture } from "./picture.ts";

interface Codes {
  readonly code: Uint16Array;
  readonly size: Uint8Array;
}

function buildCodes(spec: HuffmanSpec): Codes {
  const code = new Uint16Array(256);
  const size = new Uint8Array(256);
  let next = 0;
  let at = 0;
  spec.counts.forEach((count, i) => {
    for (let n = 0; n < count; n++) {
      const symbol = spec.symbols[at++] ?? 0;
      code[symbol] = next++;
      size[symbol] = i + 1;
    }
    next <<= 1;
  });
  return { code, size };
}

/** Bytes with bit-wise appending and JPEG's escape of 0xFF. */
class BitWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;
  #pending = 0;
  #count = 0;

  byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = value;
  }

  marker(type: number, body: readonly number[]): void {
    this.byte(0xff);
    this.byte(type);
    this.byte((body.length + 2) >> 8);
    this.byte((body.length + 2) & 255);
    for (const value of body) this.byte(value);
  }

  bits(value: number, size: number): void {
    this.#pending = (this.#pending << size) | (value & ((1 << size) - 1));
    this.#count += size;
    while (this.#count >= 8) {
      const out = (this.#pending >> (this.#count - 8)) & 255;
      this.byte(out);
      if (out === 255) this.byte(0);
      this.#count -= 8;
    }
    this.#pending &= (1 << this.#count) - 1;
  }

  finish(): Uint8Array {
    this.bits(0x7f, 7);
    this.byte(0xff);
    this.byte(0xd9);
    return this.#bytes.slice(0, this.#length);
  }
}

const COSINES = Float32Array.from({ length: 64 }, (_, i) => {
  const u = i >> 3;
  const x = i & 7;
  return 0.5 * (u === 0 ? Math.SQRT1_2 : 1) * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});

/** Two passes of the one-dimensional transform, in place. */
function transform(block: Float32Array, scratch: Float32Array): void {
  for (let row = 0; row < 64; row += 8) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += (COSINES[u * 8 + x] ?? 0) * (block[row + x] ?? 0);
      scratch[row + u] = sum;
    }
  }
  for (let column = 0; column < 8; column++) {
    for (let v = 0; v < 8; v++) {
      let sum = 0;
      for (let y = 0; y < 8; y++) sum += (COSINES[v * 8 + y] ?? 0) * (scratch[y * 8 + column] ?? 0);
      block[v * 8 + column] = sum;
    }
  }
}

function bitLength(value: number): number {
  return 32 - Math.clz32(Math.abs(value));
}

function writeBlock(out: BitWriter, block: Int16Array, before: number, dc: Codes, ac: Codes): void {
  const difference = (block[0] ?? 0) - before;
  const size = bitLength(difference);
  out.bits(dc.code[size] ?? 0, dc.size[size] ?? 0);
  if (size > 0) out.bits(difference < 0 ? difference - 1 : difference, size);
  let zeros = 0;
  for (let i = 1; i < 64; i++) {
    const value = block[i] ?? 0;
    if (value === 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) out.bits(ac.code[0xf0] ?? 0, ac.size[0xf0] ?? 0);
    const length = bitLength(value);
    const symbol = (zeros << 4) | length;
    out.bits(ac.code[symbol] ?? 0, ac.size[symbol] ?? 0);
    out.bits(value < 0 ? value - 1 : value, length);
    zeros = 0;
  }
  if (zeros > 0) out.bits(ac.code[0] ?? 0, ac.size[0] ?? 0);
}

function scaledTable(table: readonly number[], quality: number): number[] {
  const scale = quality < 50 ? 5000 / quality : 200 - quality * 2;
  return table.map((value) => Math.max(1, Math.min(255, Math.floor((value * scale + 50) / 100))));
}

function writeHeader(out: BitWriter, picture: Picture, tables: readonly (readonly number[])[]): void {
  out.byte(0xff);
  out.byte(0xd8);
  out.marker(0xe0, [74, 70, 73, 70, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  tables.forEach((table, id) => {
    out.marker(0xdb, [id, ...BLOCK_ORDER.map((i) => table[i] ?? 1)]);
  });
  const { width, height } = picture;
  const components = [1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1];
  out.marker(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 3, ...components]);
  for (const spec of HUFFMAN) out.marker(0xc4, [spec.id, ...spec.counts, ...spec.symbols]);
  out.marker(0xda, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
}

/** The bytes of a JPEG file; `quality` from 1 to 100. */
export function encodeJpeg(picture: Picture, quality: number): Uint8Array {
  const { width, height, rgb } = picture;
  const tables = [scaledTable(LUMA_TABLE, quality), scaledTable(CHROMA_TABLE, quality)];
  const codes = HUFFMAN.map(buildCodes);
  const out = new BitWriter();
  writeHeader(out, picture, tables);
  const planes = [new Float32Array(64), new Float32Array(64), new Float32Array(64)] as const;
  const scratch = new Float32Array(64);
  const block = new Int16Array(64);
  const before = [0, 0, 0];
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      for (let i = 0; i < 64; i++) {
        const x = Math.min(width - 1, left + (i & 7));
        const y = Math.min(height - 1, top + (i >> 3));
        const at = (y * width + x) * 3;
        const r = rgb[at] ?? 0;
        const g = rgb[at + 1] ?? 0;
        const b = rgb[at + 2] ?? 0;
        planes[0][i] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
        planes[1][i] = -0.168736 * r - 0.331264 * g + 0.5 * b;
        planes[2][i] = 0.5 * r - 0.418688 * g - 0.081312 * b;
      }
      planes.forEach((plane, p) => {
        transform(plane, scratch);
        const kind = p === 0 ? 0 : 1;
        const table = tables[kind] ?? [];
        for (let i = 0; i < 64; i++) {
          const from = BLOCK_ORDER[i] ?? 0;
          block[i] = Math.round((plane[from] ?? 0) / (table[from] ?? 1));
        }
        const dc = codes[kind * 2];
        const ac = codes[kind * 2 + 1];
        if (dc !== undefined && ac !== undefined) writeBlock(out, block, before[p] ?? 0, dc, ac);
        before[p] = block[0] ?? 0;
      });
    }
  }
  return out.finish();
}
