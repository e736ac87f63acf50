/**
 * PNG: writes 8-bit RGB or RGBA with text chunks, as ComfyUI saves them; reads any non-interlaced 8-bit PNG, which is
 * enough for uploads. Compression comes in from outside.
 */
import { concat, words } from "../encode.ts";
import { randomSource } from "../random.ts";
import type { Picture } from "./picture.ts";

/** zlib-format compression and its inverse; `inflate` rejects damaged data. */
export interface Zlib {
  deflate(bytes: Uint8Array): Promise<Uint8Array>;
  inflate(bytes: Uint8Array): Promise<Uint8Array>;
}

/** The first eight bytes of every PNG. */
export const PNG_SIGNATURE: readonly number[] = [137, 80, 78, 71, 13, 10, 26, 10];

const MAX_PIXELS = 64_000_000;
const CHUNK_OVERHEAD = 12;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(parts: readonly Uint8Array[]): number {
  let crc = 0xffffffff;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) crc = (CRC_TABLE[(crc ^ (part[i] ?? 0)) & 255] ?? 0) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(type);
  return concat([words(data.length), name, data, words(crc32([name, data]))]);
}

function filtered(picture: Picture): { rows: Uint8Array; channels: number } {
  const channels = picture.alpha === undefined ? 3 : 4;
  const stride = picture.width * channels;
  const rows = new Uint8Array((stride + 1) * picture.height);
  let above = new Uint8Array(stride);
  for (let y = 0; y < picture.height; y++) {
    const line = new Uint8Array(stride);
    for (let x = 0; x < picture.width; x++) {
      const from = (y * picture.width + x) * 3;
      for (let c = 0; c < 3; c++) line[x * channels + c] = picture.rgb[from + c] ?? 0;
      if (picture.alpha !== undefined) line[x * 4 + 3] = picture.alpha[y * picture.width + x] ?? 255;
    }
    const out = y * (stride + 1);
    rows[out] = 2;
    for (let i = 0; i < stride; i++) rows[out + 1 + i] = (line[i] ?? 0) - (above[i] ?? 0);
    above = line;
  }
  return { rows, channels };
}

/** What goes into a PNG beside the picture. */
export interface PngExtras {
  /** tEXt chunks, in order. Values are ASCII. */
  readonly texts: readonly (readonly [string, string])[];
  /** The file is brought to this size by a private ancillary chunk of incompressible bytes, if it is smaller. */
  readonly padToBytes?: number;
}

/** The bytes of a PNG file. */
export async function encodePng(picture: Picture, zlib: Zlib, extras: PngExtras): Promise<Uint8Array> {
  const { rows, channels } = filtered(picture);
  const header = concat([words(picture.width, picture.height), Uint8Array.of(8, channels === 4 ? 6 : 2, 0, 0, 0)]);
  const encoder = new TextEncoder();
  const before = [
    Uint8Array.from(PNG_SIGNATURE),
    chunk("IHDR", header),
    ...extras.texts.map(([key, text]) => chunk("tEXt", encoder.encode(`${key}\0${text}`))),
  ];
  const after = [chunk("IDAT", await zlib.deflate(rows)), chunk("IEND", new Uint8Array(0))];
  const size = [...before, ...after].reduce((sum, part) => sum + part.length, 0);
  return concat([...before, ...padding((extras.padToBytes ?? 0) - size), ...after]);
}

/** A chunk of `size` bytes in all, or none if that is too few. */
function padding(size: number): Uint8Array[] {
  if (size <= CHUNK_OVERHEAD) return [];
  const random = randomSource("padding");
  return [
    chunk(
      "paDd",
      Uint8Array.from({ length: size - CHUNK_OVERHEAD }, () => random() * 256),
    ),
  ];
}

/** Undoes the row filters in place; false if a filter type is unknown. */
function unfilter(rows: Uint8Array, stride: number, height: number, channels: number): boolean {
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1) + 1;
    const type = rows[start - 1] ?? 0;
    if (type > 4) return false;
    for (let i = 0; i < stride; i++) {
      const left = i < channels ? 0 : (rows[start + i - channels] ?? 0);
      const up = y === 0 ? 0 : (rows[start + i - stride - 1] ?? 0);
      const corner = y === 0 || i < channels ? 0 : (rows[start + i - stride - 1 - channels] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][type] ?? 0;
      rows[start + i] = (rows[start + i] ?? 0) + guess;
    }
  }
  return true;
}

function paeth(left: number, up: number, corner: number): number {
  const a = Math.abs(up - corner);
  const b = Math.abs(left - corner);
  const c = Math.abs(left + up - 2 * corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** Channels per PNG colour type: grey, RGB, palette, grey+alpha, RGBA. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** The picture in PNG bytes, or null if they are damaged or of a kind not read here (interlaced, not 8 bits). */
export async function decodePng(bytes: Uint8Array, zlib: Zlib): Promise<Picture | null> {
  if (!PNG_SIGNATURE.every((byte, i) => bytes[i] === byte) || bytes.length < 33) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const channels = CHANNELS[bytes[25] ?? 255];
  if (bytes[24] !== 8 || bytes[28] !== 0 || channels === undefined) return null;
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) return null;
  const data: Uint8Array[] = [];
  let palette: Uint8Array | null = null;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const size = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + size);
    if (type === "PLTE") palette = body;
    if (type === "IDAT") data.push(body);
    if (type === "IEND") break;
    at += 12 + size;
  }
  const rows = await zlib.inflate(concat(data)).catch(() => null);
  const stride = width * channels;
  if (rows === null || rows.length < (stride + 1) * height || !unfilter(rows, stride, height, channels)) return null;
  const rgb = new Uint8Array(width * height * 3);
  const alpha = channels === 2 || channels === 4 ? new Uint8Array(width * height) : null;
  for (let p = 0; p < width * height; p++) {
    const from = Math.floor(p / width) * (stride + 1) + 1 + (p % width) * channels;
    for (let c = 0; c < 3; c++) {
      const value = rows[from + (channels >= 3 ? c : 0)] ?? 0;
      rgb[p * 3 + c] = palette !== null && channels === 1 ? (palette[value * 3 + c] ?? 0) : value;
    }
    if (alpha !== null) alpha[p] = rows[from + channels - 1] ?? 255;
  }
  return alpha === null ? { width, height, rgb } : { width, height, rgb, alpha };
}
