/** GET /view (protocol §1.8). */
import { type FileRoot, isFileRoot, normalPath, type StoredFile, splitAnnotation } from "../files.ts";
import { type Call, emptyResponse, type FakeResponse, serverError } from "../http.ts";
import { encodeJpeg } from "../media/jpeg.ts";
import type { Picture } from "../media/picture.ts";
import { decodePng, encodePng } from "../media/png.ts";
import { encodeWebp } from "../media/webp.ts";
import type { ServerProcess } from "../process.ts";
import { since } from "../version.ts";

const MIME: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  svg: "image/svg+xml",
  mp4: "video/mp4",
  webm: "video/webm",
  flac: "audio/x-flac",
  mp3: "audio/mpeg",
  wav: "audio/x-wav",
  glb: "model/gltf-binary",
  txt: "text/plain",
  json: "application/json",
  html: "text/html",
  xhtml: "application/xhtml+xml",
  js: "text/javascript",
  css: "text/css",
  xml: "text/xml",
};

const SCRIPTABLE = new Set(["text/html", "application/xhtml+xml", "text/javascript", "text/css"]);
const DOCUMENTS = new Set(["text/xml", "application/xml", "image/svg+xml"]);

interface Located {
  readonly name: string;
  readonly file: StoredFile;
}

/** The file that a query names, or the status of the refusal. */
function locate(call: Call, server: ServerProcess): Located | number {
  const given = call.query.get("filename");
  if (given === null) return 404;
  const annotated = splitAnnotation(given);
  if (annotated.name === "" || annotated.name.startsWith("/") || annotated.name.includes("..")) return 400;
  const type = annotated.root ?? call.query.get("type") ?? "output";
  if (!isFileRoot(type)) return 400;
  const folder = normalPath(call.query.get("subfolder") ?? "");
  if (folder === null) return 403;
  const name = annotated.name.slice(annotated.name.lastIndexOf("/") + 1);
  const file = server.environment.files.get(type satisfies FileRoot, folder === "" ? name : `${folder}/${name}`);
  return file === undefined ? 404 : { name, file };
}

/** GET /view. */
export async function getView(call: Call, server: ServerProcess): Promise<FakeResponse> {
  if (server.faults.take("view404") !== null) return emptyResponse(404);
  const found = locate(call, server);
  if (typeof found === "number") return emptyResponse(found);
  const response = (await reencoded(call, server, found)) ?? raw(call, server, found);
  const cut = server.faults.take("viewTruncated");
  if (cut !== null) return { ...response, delivery: { type: "truncate", afterBytes: cut.afterBytes } };
  const slow = server.faults.take("viewSlow");
  if (slow === null) return response;
  return { ...response, delivery: { type: "trickle", chunkBytes: slow.chunkBytes, everyMs: slow.everyMs } };
}

/** `preview` and `channel`; null if the file goes out as it is. */
async function reencoded(call: Call, server: ServerProcess, found: Located): Promise<FakeResponse | null> {
  const preview = call.query.get("preview");
  const channel = call.query.get("channel");
  if (preview === null && channel !== "rgb" && channel !== "a") return null;
  const { ports } = server.environment;
  const picture = await decodePng(found.file.bytes, ports);
  if (picture === null) return serverError();
  const [format, quality] = (preview ?? "").split(";");
  const headers = [["content-disposition", disposition(found.name)]] as const;
  if (preview !== null && format === "jpeg" && !(channel ?? "").includes("a")) {
    const body = encodeJpeg(picture, Number(quality) >= 1 && Number(quality) <= 100 ? Number(quality) : 90);
    return { status: 200, headers: [["content-type", "image/jpeg"], ...headers], body };
  }
  if (preview !== null) {
    return { status: 200, headers: [["content-type", "image/webp"], ...headers], body: encodeWebp(picture) };
  }
  const body = await encodePng(channel === "a" ? alphaOf(picture) : withoutAlpha(picture), ports, { texts: [] });
  return { status: 200, headers: [["content-type", "image/png"], ...headers], body };
}

function withoutAlpha({ width, height, rgb }: Picture): Picture {
  return { width, height, rgb };
}

/** Black with the picture's transparency (opaque if it has none). */
function alphaOf({ width, height, rgb, alpha }: Picture): Picture {
  return { width, height, rgb: new Uint8Array(rgb.length), alpha: alpha ?? new Uint8Array(width * height).fill(255) };
}

function disposition(name: string): string {
  return `filename="${name}"`;
}

/** If-None-Match decides where it is given, else If-Modified-Since, which knows whole seconds. */
function isUnchanged(call: Call, etag: string, file: StoredFile): boolean {
  const tags = call.headers["if-none-match"];
  if (tags !== undefined) return tags.split(",").some((tag) => tag.trim() === etag || tag.trim() === "*");
  const since = Date.parse(call.headers["if-modified-since"] ?? "");
  return !Number.isNaN(since) && Math.floor(file.modifiedAt / 1000) * 1000 <= since;
}

function raw(call: Call, server: ServerProcess, { name, file }: Located): FakeResponse {
  const hardened = since(server.environment.options.version, "0.28.0");
  const extension = name.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "";
  const known = MIME[extension] ?? "application/octet-stream";
  const type = SCRIPTABLE.has(known) || (hardened && DOCUMENTS.has(known)) ? "application/octet-stream" : known;
  const attached = hardened && type !== known;
  const etag = `"${file.hash.slice(0, 16)}-${file.bytes.length.toString(16)}"`;
  const headers: [string, string][] = [
    ["content-type", type],
    ["content-disposition", attached ? `attachment; ${disposition(name)}` : disposition(name)],
    ["etag", etag],
    ["last-modified", new Date(file.modifiedAt).toUTCString()],
  ];
  if (attached) headers.push(["cache-control", "no-store"], ["vary", "Sec-Fetch-Dest"]);
  if (hardened) headers.push(["x-content-type-options", "nosniff"]);
  if (isUnchanged(call, etag, file)) return { status: 304, headers, body: null };
  const range = /^bytes=(\d*)-(\d*)$/.exec(call.headers.range ?? "");
  const total = file.bytes.length;
  if (range === null || (range[1] === "" && range[2] === "")) {
    return { status: 200, headers: [...headers, ["accept-ranges", "bytes"]], body: file.bytes };
  }
  const start = range[1] === "" ? Math.max(0, total - Number(range[2])) : Number(range[1]);
  const end = range[1] === "" || range[2] === "" ? total : Math.min(total, Number(range[2]) + 1);
  if (start >= total || start >= end) {
    const kept = headers.filter(([header]) => header.startsWith("content-"));
    return { status: 416, headers: [...kept, ["content-range", `bytes */${total}`]], body: null };
  }
  headers.push(["accept-ranges", "bytes"], ["content-range", `bytes ${start}-${end - 1}/${total}`]);
  return { status: 206, headers, body: file.bytes.subarray(start, end) };
}
