/** Pictures: real PNGs to upload, and what kind and size a received one has. */
import { crc32, deflateSync } from "node:zlib";

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** An 8×8 PNG of one colour (RGBA, 0 to 255 each). */
export function png(...colour: readonly [number, number, number, number]): Buffer {
  const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 6, 0, 0, 0]);
  const row = [0, ...Array.from({ length: 8 }, () => colour).flat()];
  const rows = Buffer.from(Array.from({ length: 8 }, () => row).flat());
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const idat = chunk("IDAT", deflateSync(rows));
  return Buffer.concat([signature, chunk("IHDR", header), idat, chunk("IEND", Buffer.alloc(0))]);
}

/** Width and height in a JPEG's frame header. */
export function jpegSize(jpeg: Uint8Array): { width: number; height: number } {
  const bytes = Buffer.from(jpeg);
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const type = bytes[at + 1] ?? 0;
    const isFrame = type >= 0xc0 && type <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(type);
    if (isFrame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
  }
  return { width: 0, height: 0 };
}

/** What the first bytes say: JPEG, PNG, WEBP or nothing known. */
export function kindOf(image: Uint8Array): "JPEG" | "PNG" | "WEBP" | null {
  const start = Buffer.from(image.subarray(0, 12)).toString("latin1");
  if (start.startsWith("\xff\xd8\xff")) return "JPEG";
  if (start.startsWith("\x89PNG")) return "PNG";
  return start.startsWith("RIFF") && start.endsWith("WEBP") ? "WEBP" : null;
}
