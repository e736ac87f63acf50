/**
 * Reads the recorded conversations under `test/fixtures`; their format is described in the README beside them. Only
 * reads: replaying one is the part of whoever needs it.
 */
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../fixtures/comfyui-0.27.0/", import.meta.url);

/** A frame, or the opening or closing, of a socket. */
export type SocketLine = { t_ms: number; ch: "ws"; conn: string } & (
  | { dir: "open"; path?: string; error?: string }
  | { dir: "in" | "out"; text?: string; b64?: string }
  | { dir: "close"; by?: string; code?: number; how?: string; error?: string }
);

/** One file of a recorded form. */
export type MultipartFile = {
  field: string;
  filename: string;
  content_type: string;
  size: number;
  sha256: string;
  b64: string;
};

/** One HTTP exchange; `status` is null where no answer came. */
export type HttpLine = {
  t_ms: number;
  t_req_ms: number;
  ch: "http";
  conn: string;
  method: string;
  path: string;
  status: number | null;
  req_headers: Record<string, string>;
  req: string | { multipart: { fields: Record<string, string>; files: MultipartFile[] } } | null;
  res_headers: Record<string, string>;
  res: string | { b64: string } | { sha256: string; size: number };
};

/** Something that happened outside the two channels. */
export type NoteLine = { t_ms: number; ch: "note"; text: string };

/** A line after the first. */
export type CaptureLine = SocketLine | HttpLine | NoteLine;

/** A whole conversation; `meta` holds its scenario, prompts and circumstances. */
export type Capture = { name: string; meta: Record<string, unknown>; lines: CaptureLine[] };

/** The names of all recordings, in order. */
export function captureNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".jsonl"))
    .map((file) => file.slice(0, -".jsonl".length))
    .sort();
}

/** Loads one recording by name, such as `12-interrupt`. */
export function loadCapture(name: string): Capture {
  const [first, ...rest] = readFileSync(new URL(`${name}.jsonl`, FOLDER), "utf8")
    .trimEnd()
    .split("\n");
  const { meta } = JSON.parse(first ?? "{}") as { meta: Record<string, unknown> };
  return { name, meta, lines: rest.map((line) => JSON.parse(line) as CaptureLine) };
}

/** Loads all recordings. */
export function loadCaptures(): Capture[] {
  return captureNames().map(loadCapture);
}

/** What the server sent on the sockets of this recording: a string for a text frame, bytes for a binary one. */
export function framesIn(capture: Capture, conn?: string): (string | Uint8Array)[] {
  return capture.lines.flatMap((line): (string | Uint8Array)[] => {
    if (line.ch !== "ws" || line.dir !== "in" || (conn !== undefined && line.conn !== conn)) return [];
    if (line.text !== undefined) return [line.text];
    return line.b64 === undefined ? [] : [new Uint8Array(Buffer.from(line.b64, "base64"))];
  });
}

/** The HTTP exchanges of this recording whose method and path (without its query) match. */
export function exchangesOf(capture: Capture, method: string, path: RegExp): HttpLine[] {
  return capture.lines.filter(
    (line) => line.ch === "http" && line.method === method && path.test(line.path.split("?")[0] ?? ""),
  ) as HttpLine[];
}
