/**
 * What a node put out, read from `executed.output` or from history's `outputs[id]`, which have the same shapes
 * (protocol §1.6). Only lists of known forms are taken: files, texts, 3D previews, and the placeholders of nodes that
 * send their pictures another way. Fetching and storing them is not done here.
 */
import type { OutputType } from "../../contract/job.ts";
import { isRecord, type JsonRecord } from "./json.ts";
import { contentTypeOf, mediaOf } from "./media.ts";

/** At most so many outputs of one node are taken. */
export const MAX_OUTPUTS_PER_NODE = 1000;
/** A text output that is longer is cut. */
export const MAX_OUTPUT_TEXT_CHARS = 64 * 1024;
const MAX_PATH_CHARS = 1024;

/** The folder of the server in which a file lies; `temp` is emptied at each start of the server. */
export type FolderType = "output" | "temp" | "input";

/** The name of a file on the server, as `/view` asks for it. */
export type ComfyFile = { readonly filename: string; readonly subfolder: string; readonly folderType: FolderType };

/**
 * One output. `nodeId`, `key` and `position` (the index in the key's list) name it: the same output has the same name
 * whether it is heard on the socket or read in history.
 */
export type ComfyOutput = {
  readonly nodeId: string;
  readonly key: string;
  readonly position: number;
  readonly mediaHint: OutputType;
  /** MIME type by the file's extension or by the node's word; null if neither tells. */
  readonly contentType: string | null;
} & (
  | ({ readonly kind: "file" } & ComfyFile)
  | { readonly kind: "text"; readonly text: string }
  /** Sent as a binary frame before this: the n-th placeholder stands for the n-th picture. */
  | { readonly kind: "frame" }
  /** To be fetched from `/api/etn/image/{remoteId}`. */
  | { readonly kind: "http"; readonly remoteId: string }
);

/** All outputs in one node's output value, in the order of their keys and lists. Anything else in it is passed over. */
export function collectOutputs(nodeId: string, output: unknown): ComfyOutput[] {
  const found: ComfyOutput[] = [];
  if (!isRecord(output)) return found;
  for (const key of Object.keys(output)) {
    const value = output[key];
    const items = Array.isArray(value) ? value : [value];
    for (const [position, item] of items.entries()) {
      if (found.length >= MAX_OUTPUTS_PER_NODE) return found;
      const address = { nodeId, key, position };
      const one = isRecord(item)
        ? readEntry(address, item, isAnimated(output, position))
        : typeof item === "string"
          ? readString(address, item)
          : null;
      if (one) found.push(one);
    }
  }
  return found;
}

type Address = { nodeId: string; key: string; position: number };

function readEntry(address: Address, entry: JsonRecord, animated: boolean): ComfyOutput | null {
  const named = entry["content-type"] ?? entry.format;
  const contentType = typeof named === "string" && /^[a-z]+\/[\w.+-]{1,80}$/i.test(named) ? named : null;
  if (typeof entry.filename === "string") {
    const file = readFile(entry.filename, entry.subfolder, entry.type);
    return file && fileOutput(address, file, contentType, animated);
  }
  const media = { mediaHint: mediaOf("", contentType, address.key, animated), contentType };
  if (entry.source === "websocket") return { ...address, ...media, kind: "frame" };
  if (entry.source === "http" && typeof entry.id === "string" && entry.id.length <= MAX_PATH_CHARS) {
    return { ...address, ...media, kind: "http", remoteId: entry.id };
  }
  return null;
}

function readString(address: Address, text: string): ComfyOutput | null {
  if (address.key === "text") {
    const cut = text.slice(0, MAX_OUTPUT_TEXT_CHARS);
    return { ...address, kind: "text", mediaHint: "text", contentType: "text/plain", text: cut };
  }
  // Preview3D's `result` is [path of the model, camera]; the path may use Windows' separator.
  if (address.key !== "result" || address.position !== 0) return null;
  const annotated = /^(.*) \[(output|temp|input)\]$/s.exec(text);
  const file = readFile((annotated?.[1] ?? text).replaceAll("\\", "/"), "", annotated?.[2]);
  return file && mediaOf(file.filename, contentTypeOf(file.filename), "", false) === "model"
    ? fileOutput(address, file, null, false)
    : null;
}

function fileOutput(address: Address, file: ComfyFile, named: string | null, animated: boolean): ComfyOutput {
  const contentType = contentTypeOf(file.filename) ?? named;
  const mediaHint = mediaOf(file.filename, contentType, address.key, animated);
  return { ...address, kind: "file", ...file, mediaHint, contentType };
}

/** `/view` drops directories inside a file name, so they are moved to the subfolder. */
function readFile(path: string, subfolder: unknown, folder: unknown): ComfyFile | null {
  const folderType = folder ?? "output";
  if (folderType !== "output" && folderType !== "temp" && folderType !== "input") return null;
  const parent = typeof subfolder === "string" ? subfolder : "";
  if (path.length + parent.length > MAX_PATH_CHARS) return null;
  const slash = path.lastIndexOf("/");
  const filename = path.slice(slash + 1);
  if (filename === "") return null;
  const inner = slash > 0 ? path.slice(0, slash) : "";
  return { filename, subfolder: parent && inner ? `${parent}/${inner}` : parent || inner, folderType };
}

/** `animated` has one flag per file, or one for all of them. */
function isAnimated(output: JsonRecord, position: number): boolean {
  const flags = output.animated;
  return Array.isArray(flags) && (flags[position] ?? flags[0]) === true;
}
