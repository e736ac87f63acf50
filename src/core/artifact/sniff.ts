/**
 * What a file is, from its first bytes. Names of files are claims of a remote machine and decide only where the bytes
 * say nothing. Whatever a browser would execute (HTML, SVG, XML, PDF) is plain bytes here: it is never served as itself.
 */
import type { OutputType } from "../../contract/job.ts";
import { latin1, u16be, u32be } from "./fields.ts";

/** A media type, what it means to a viewer, and the extension (no dot) a download gets. */
export type MediaType = { contentType: string; kind: OutputType; extension: string };

/** As many first bytes as `sniff` can make use of. */
export const SNIFF_BYTES = 512;

const type = (contentType: string, kind: OutputType, extension: string): MediaType => ({
  contentType,
  kind,
  extension,
});

/** Bytes nobody can say more about. */
export const OPAQUE: MediaType = type("application/octet-stream", "file", "bin");
const PLAIN_TEXT = type("text/plain; charset=utf-8", "text", "txt");
const JSON_TEXT = type("application/json", "text", "json");

/** Tab, line feed, form feed, carriage return. */
const TEXT_CONTROLS: readonly number[] = [0x09, 0x0a, 0x0c, 0x0d];

/** Types for what has no telling first bytes, by extension. All of them are inert in a browser. */
const BY_EXTENSION: Readonly<Record<string, MediaType>> = {
  obj: type("model/obj", "model", "obj"),
  stl: type("model/stl", "model", "stl"),
  ply: type("application/octet-stream", "model", "ply"),
  fbx: type("application/octet-stream", "model", "fbx"),
  splat: type("application/octet-stream", "model", "splat"),
  ksplat: type("application/octet-stream", "model", "ksplat"),
  spz: type("application/octet-stream", "model", "spz"),
  gltf: type("model/gltf+json", "model", "gltf"),
  usdz: type("model/vnd.usdz+zip", "model", "usdz"),
  csv: type("text/csv; charset=utf-8", "text", "csv"),
  srt: type("text/plain; charset=utf-8", "text", "srt"),
  vtt: type("text/vtt; charset=utf-8", "text", "vtt"),
  md: type("text/plain; charset=utf-8", "text", "md"),
  exr: type("image/x-exr", "file", "exr"),
  tif: type("image/tiff", "file", "tiff"),
  tiff: type("image/tiff", "file", "tiff"),
  latent: type("application/octet-stream", "file", "latent"),
  safetensors: type("application/octet-stream", "file", "safetensors"),
  npy: type("application/octet-stream", "file", "npy"),
  zip: type("application/zip", "file", "zip"),
};

/** The type by the first bytes (`SNIFF_BYTES` of them, or the whole file if it is shorter); null if they say nothing. */
export function sniff(head: Uint8Array): MediaType | null {
  const tag = latin1(head, 0, 4);
  if (latin1(head, 0, 8) === "\x89PNG\r\n\x1a\n") return type("image/png", "image", "png");
  if (tag.startsWith("\xff\xd8\xff")) return type("image/jpeg", "image", "jpg");
  if (/^GIF8[79]a/.test(latin1(head, 0, 6))) return type("image/gif", "image", "gif");
  if (tag === "RIFF" || tag === "RF64") return sniffRiff(head);
  if (latin1(head, 4, 4) === "ftyp") return sniffFileType(head);
  if (/^(moov|mdat|wide)$/.test(latin1(head, 4, 4))) return type("video/quicktime", "video", "mov");
  if (tag === "\x1a\x45\xdf\xa3") return sniffMatroska(head);
  if (tag === "fLaC") return type("audio/flac", "audio", "flac");
  if (tag === "OggS") return sniffOgg(head);
  if (tag.startsWith("ID3") || isMp3Frame(head)) return type("audio/mpeg", "audio", "mp3");
  if (u16be(head, 0) === 0xfff1 || u16be(head, 0) === 0xfff9) return type("audio/aac", "audio", "aac");
  if (tag === "glTF") return type("model/gltf-binary", "model", "glb");
  if (tag === "%PDF") return OPAQUE;
  return sniffText(head);
}

/**
 * The type to serve a file as: by its bytes, or, where they say nothing or only "text", by the extension of `filename`
 * if that is on the list of inert types.
 */
export function contentTypeFor(sniffed: MediaType | null, filename: string): MediaType {
  const extension = /\.([a-z0-9]{1,12})$/i.exec(filename)?.[1]?.toLowerCase() ?? "";
  const claimed = Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined;
  if (sniffed === null) return claimed?.kind === "text" ? OPAQUE : (claimed ?? OPAQUE);
  return sniffed.kind === "text" ? (claimed ?? sniffed) : sniffed;
}

function sniffRiff(head: Uint8Array): MediaType | null {
  switch (latin1(head, 8, 4)) {
    case "WEBP":
      return type(
        "image/webp",
        latin1(head, 12, 4) === "VP8X" && ((head[20] ?? 0) & 2) !== 0 ? "animated" : "image",
        "webp",
      );
    case "WAVE":
      return type("audio/wav", "audio", "wav");
    case "AVI ":
      return type("video/x-msvideo", "video", "avi");
    default:
      return null;
  }
}

/** ISO base media by its brands (ISO/IEC 14496-12 §4.3): the major one, then the compatible ones. */
function sniffFileType(head: Uint8Array): MediaType {
  const major = latin1(head, 8, 4);
  const brandsEnd = Math.min(u32be(head, 0), head.length);
  const brands = new Set([major]);
  for (let at = 16; at + 4 <= brandsEnd; at += 4) brands.add(latin1(head, at, 4));
  if (brands.has("avis")) return type("image/avif", "animated", "avif");
  if (brands.has("avif")) return type("image/avif", "image", "avif");
  if (/^(hei[cxms]|hev[cxms]|mif1|msf1)$/.test(major)) return type("image/heic", "image", "heic");
  if (major === "qt  ") return type("video/quicktime", "video", "mov");
  if (/^(M4A|M4B|F4A) $/.test(major)) return type("audio/mp4", "audio", "m4a");
  return type("video/mp4", "video", "mp4");
}

/** WebM unless the document type in the EBML header says Matroska. */
function sniffMatroska(head: Uint8Array): MediaType {
  if (latin1(head, 0, 64).includes("matroska")) return type("video/x-matroska", "video", "mkv");
  return type("video/webm", "video", "webm");
}

/** Ogg by the first packet of its first page, which starts after a one-entry segment table. */
function sniffOgg(head: Uint8Array): MediaType {
  const packet = latin1(head, 28, 8);
  if (packet === "OpusHead") return type("audio/ogg", "audio", "opus");
  if (packet.startsWith("\x80theora")) return type("video/ogg", "video", "ogv");
  return type("audio/ogg", "audio", "ogg");
}

/** An MPEG audio layer III header with no reserved value in it. */
function isMp3Frame(head: Uint8Array): boolean {
  const second = head[1] ?? 0;
  const third = head[2] ?? 0;
  const layerThree = (second & 0xe6) === 0xe2 && (second & 0x18) !== 0x08;
  return head[0] === 0xff && layerThree && third >> 4 !== 0xf && third >> 4 !== 0 && (third & 0x0c) !== 0x0c;
}

/** Text is UTF-8 without control characters; markup among it is opaque. */
function sniffText(head: Uint8Array): MediaType | null {
  const isControl = (byte: number) => byte === 0x7f || (byte < 0x20 && !TEXT_CONTROLS.includes(byte));
  if (head.length === 0 || head.some(isControl)) return null;
  let text: string;
  try {
    // In streaming mode a character cut by the end of `head` is no error.
    text = new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
  } catch {
    return null;
  }
  const start = text.trimStart();
  if (start.startsWith("<")) return OPAQUE;
  return /^(\{\s*(["}]|$)|\[\s*(["{[\]\d-]|true|false|null|$))/.test(start) ? JSON_TEXT : PLAIN_TEXT;
}
