/**
 * What kind of thing a file is, by its name, its announced type and the key it stands under (protocol §1.6). A hint
 * for showing it before its bytes are seen; the bytes have the last word elsewhere.
 */
import type { OutputType } from "../../contract/job.ts";

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["apng", "image/apng"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["webp", "image/webp"],
  ["gif", "image/gif"],
  ["avif", "image/avif"],
  ["bmp", "image/bmp"],
  ["tif", "image/tiff"],
  ["tiff", "image/tiff"],
  ["exr", "image/x-exr"],
  ["svg", "image/svg+xml"],
  ["mp4", "video/mp4"],
  ["m4v", "video/mp4"],
  ["webm", "video/webm"],
  ["mov", "video/quicktime"],
  ["mkv", "video/x-matroska"],
  ["avi", "video/x-msvideo"],
  ["wav", "audio/wav"],
  ["mp3", "audio/mpeg"],
  ["flac", "audio/flac"],
  ["ogg", "audio/ogg"],
  ["opus", "audio/ogg"],
  ["m4a", "audio/mp4"],
  ["aac", "audio/aac"],
  ["glb", "model/gltf-binary"],
  ["gltf", "model/gltf+json"],
  ["obj", "model/obj"],
  ["stl", "model/stl"],
  ["usdz", "model/vnd.usdz+zip"],
  ["fbx", "application/octet-stream"],
  ["ply", "application/octet-stream"],
  ["splat", "application/octet-stream"],
  ["spz", "application/octet-stream"],
  ["txt", "text/plain"],
  ["json", "application/json"],
  ["latent", "application/octet-stream"],
  ["safetensors", "application/octet-stream"],
]);

/** 3D formats that have no MIME type of their own. */
const UNTYPED_MODELS: ReadonlySet<string> = new Set(["fbx", "ply", "splat", "spz"]);
const ANIMATED_FORMATS: ReadonlySet<string> = new Set(["image/gif", "image/apng"]);
const KEYS: ReadonlyMap<string, OutputType> = new Map([
  ["images", "image"],
  ["gifs", "animated"],
  ["video", "video"],
  ["videos", "video"],
  ["audio", "audio"],
  ["3d", "model"],
]);

/** The MIME type that belongs to the file's extension, or null. */
export function contentTypeOf(filename: string): string | null {
  return CONTENT_TYPES.get(extensionOf(filename)) ?? null;
}

/**
 * The kind of a file. The type says more than the key, since core puts videos under `images`; `animated` is the node's
 * own flag, and `gifs` the key under which packs put moving pictures.
 */
export function mediaOf(filename: string, contentType: string | null, key: string, animated: boolean): OutputType {
  if (UNTYPED_MODELS.has(extensionOf(filename))) return "model";
  const family = contentType?.slice(0, contentType.indexOf("/"));
  if (family === "video" || family === "audio" || family === "model") return family;
  if (family === "image") {
    return animated || key === "gifs" || ANIMATED_FORMATS.has(contentType ?? "") ? "animated" : "image";
  }
  return contentType === null ? (KEYS.get(key) ?? "file") : "file";
}

function extensionOf(filename: string): string {
  return filename.slice(filename.lastIndexOf(".") + 1).toLowerCase();
}
