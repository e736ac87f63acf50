/** POST /upload/image and /upload/mask (protocol §1.9). */
import { type FileRoot, isFileRoot, normalPath } from "../files.ts";
import { type Call, emptyResponse, type FakeResponse, jsonResponse, serverError } from "../http.ts";
import { isObject } from "../json.ts";
import { parseJson } from "../json-parse.ts";
import { decodePng, encodePng } from "../media/png.ts";
import { type Part, parseMultipart } from "../multipart.ts";
import type { ServerProcess } from "../process.ts";
import { fingerprint } from "../random.ts";

interface Target {
  readonly root: FileRoot;
  readonly subfolder: string;
  readonly filename: string;
  readonly overwrite: boolean;
  readonly data: Uint8Array;
  readonly fields: ReadonlyMap<string, string>;
}

/** Where an upload goes, or its refusal. */
function readTarget(call: Call): Target | FakeResponse {
  const parts = parseMultipart(call.headers["content-type"] ?? "", call.body);
  if (parts === null) return serverError();
  const fields = new Map<string, string>();
  let image: Part | undefined;
  for (const part of parts) {
    if (part.name === "image") image = part;
    else if (part.filename === null) fields.set(part.name, new TextDecoder().decode(part.data));
  }
  const root = fields.get("type") ?? "input";
  if (!isFileRoot(root)) return serverError();
  if (image === undefined) return emptyResponse(400);
  if (image.filename === null || image.filename === "") return serverError();
  const subfolder = fields.get("subfolder") ?? "";
  if (normalPath(subfolder) === null || normalPath(`${subfolder}/${image.filename}`.replace(/^\//, "")) === null) {
    return emptyResponse(400);
  }
  const overwrite = ["true", "1"].includes(fields.get("overwrite") ?? "");
  return { root, subfolder, filename: image.filename, overwrite, data: image.data, fields };
}

function join(folder: string, name: string): string {
  return normalPath(folder === "" ? name : `${folder}/${name}`) ?? name;
}

/** The name under which the file may be stored; an existing file with the same bytes counts as stored. */
function freeName(server: ServerProcess, target: Target): { name: string; exists: boolean } {
  const { files } = server.environment;
  const dot = target.filename.lastIndexOf(".");
  const [stem, extension] =
    dot <= 0 ? [target.filename, ""] : [target.filename.slice(0, dot), target.filename.slice(dot)];
  const hash = fingerprint(target.data);
  let name = target.filename;
  for (let i = 1; !target.overwrite; i++) {
    const existing = files.get(target.root, join(target.subfolder, name));
    if (existing === undefined) break;
    if (existing.hash === hash) return { name, exists: true };
    name = `${stem} (${i})${extension}`;
  }
  return { name, exists: false };
}

function stored(target: Target, name: string): FakeResponse {
  return jsonResponse({ name, subfolder: target.subfolder, type: target.root });
}

/** Whether the folder part of the file name itself exists: only `subfolder` is made on demand. */
function hasOwnFolder(server: ServerProcess, target: Target): boolean {
  const slash = target.filename.lastIndexOf("/");
  if (slash === -1) return true;
  return server.environment.files.hasFolder(target.root, join(target.subfolder, target.filename.slice(0, slash)));
}

/** POST /upload/image. No check that it is an image. */
export function postUploadImage(call: Call, server: ServerProcess): FakeResponse {
  const target = readTarget(call);
  if ("status" in target) return target;
  if (!hasOwnFolder(server, target)) return serverError();
  const { name, exists } = freeName(server, target);
  const { files, ports } = server.environment;
  if (!exists) files.put(target.root, join(target.subfolder, name), target.data.slice(), ports.now());
  return stored(target, name);
}

/** POST /upload/mask: the original with the upload's transparency. Answers 200 even if there is no original. */
export async function postUploadMask(call: Call, server: ServerProcess): Promise<FakeResponse> {
  const target = readTarget(call);
  if ("status" in target) return target;
  const { files, ports } = server.environment;
  const { name } = freeName(server, target);
  const text = target.fields.get("original_ref");
  const reference = text === undefined ? null : readReference(text);
  if (reference === null) return serverError();
  const original = files.get(reference.root, join(reference.subfolder, reference.filename));
  if (original === undefined) return stored(target, name);
  const picture = await decodePng(original.bytes, ports);
  const mask = await decodePng(target.data, ports);
  if (picture === null || mask?.alpha === undefined) return serverError();
  if (picture.width !== mask.width || picture.height !== mask.height) return serverError();
  const { width, height, rgb } = picture;
  const masked = await encodePng({ width, height, rgb, alpha: mask.alpha }, ports, { texts: [] });
  files.put(target.root, join(target.subfolder, name), masked, ports.now());
  return stored(target, name);
}

function readReference(text: string): { root: FileRoot; subfolder: string; filename: string } | null {
  try {
    const value = parseJson(text);
    if (!isObject(value) || typeof value.filename !== "string") return null;
    const root = value.type === undefined ? "output" : String(value.type);
    const subfolder = typeof value.subfolder === "string" ? value.subfolder : "";
    return isFileRoot(root) ? { root, subfolder, filename: value.filename } : null;
  } catch {
    return null;
  }
}
