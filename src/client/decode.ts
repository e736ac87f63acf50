/**
 * Bytes and text of the live protocol → events, tolerantly: a client must survive a newer server, so what it does not
 * know is skipped and what is broken is dropped. Checks only what a reader would trip over; schemas stay on the server.
 */
import type { Job, PublicJob } from "../contract/job.ts";
import type { PreviewFrameHeader, ViewerEvent, ViewerEventType } from "../contract/viewer.ts";

/** A job as its owner or as a viewer sees it. */
export type AnyJob = Job | PublicJob;

/** A binary preview: its description and the image's bytes (a view on the frame, not a copy). */
export type PreviewFrame = { header: PreviewFrameHeader; image: Uint8Array<ArrayBuffer> };

type Fields = Record<string, unknown>;

const MAX_TEXT_CHARS = 1 << 20;
const MAX_HEADER_BYTES = 1 << 16;
const FRAME_KIND = 4;
const IMAGE_TYPES = /^image\/(?:jpeg|png|webp|avif)$/;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNumberOrNull = (value: unknown) => value === null || typeof value === "number";
const isText = (value: unknown) => typeof value === "string";

/** Whether `value` has what any reader of a job relies on. */
export function looksLikeJob(value: unknown): boolean {
  return (
    isFields(value) &&
    Number.isInteger(value.seq) &&
    isText(value.status) &&
    isText(value.phase) &&
    typeof value.terminal === "boolean" &&
    isFields(value.progress) &&
    Array.isArray(value.outputs) &&
    value.outputs.every(isFields)
  );
}

const CHECKS: Record<ViewerEventType, (data: Fields) => boolean> = {
  hello: (data) => data.job === null || looksLikeJob(data.job),
  status: (data) => isText(data.status) && isText(data.phase) && typeof data.terminal === "boolean",
  queue: (data) => isNumberOrNull(data.position),
  progress: (data) => isNumberOrNull(data.value) && isText(data.phase),
  preview: (data) => Number.isInteger(data.rev),
  output: (data) => isFields(data.output) && isText(data.output.id),
  warning: (data) => isText(data.code),
  viewers: (data) => typeof data.now === "number",
  ping: () => true,
  end: (data) => looksLikeJob(data.job),
  bye: (data) => typeof data.reconnect === "boolean",
};

/** JSON text → value; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * One envelope (api D4) as the service sent it to somebody it knows: null when it is malformed or brings no whole job
 * where one belongs. The rest of it is the service's word. Never throws.
 */
export function readEvent<J extends AnyJob>(text: string): ViewerEvent<J> | null {
  const value = parseJson(text);
  if (!isFields(value) || !isFields(value.data)) return null;
  const { job } = value.data;
  return job && !looksLikeJob(job) ? null : (value as ViewerEvent<J>);
}

/** One envelope (api D4), checked as a stranger's: null when its type is unknown here or it is malformed. Never throws. */
export function decodeEvent<J extends AnyJob>(text: string): ViewerEvent<J> | null {
  if (text.length > MAX_TEXT_CHARS) return null;
  const value = parseJson(text);
  if (!isFields(value) || !isFields(value.data)) return null;
  const { type, seq, data } = value;
  if (typeof type !== "string" || !Object.hasOwn(CHECKS, type)) return null;
  if (seq !== null && !Number.isInteger(seq)) return null;
  return CHECKS[type as ViewerEventType](data) ? (value as ViewerEvent<J>) : null;
}

/** A binary preview frame (`u32be 4 | u32be n | n bytes JSON | image`), or null when it is anything else. Never throws. */
export function decodePreviewFrame(bytes: ArrayBuffer): PreviewFrame | null {
  if (bytes.byteLength < 8) return null;
  const view = new DataView(bytes);
  const headerBytes = view.getUint32(4);
  if (view.getUint32(0) !== FRAME_KIND) return null;
  if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes >= bytes.byteLength) return null;
  const header = parseJson(new TextDecoder().decode(new Uint8Array(bytes, 8, headerBytes)));
  if (!isFields(header) || !Number.isInteger(header.rev)) return null;
  const imageType = header.image_type;
  if (typeof imageType !== "string" || !IMAGE_TYPES.test(imageType)) return null;
  return { header: header as PreviewFrameHeader, image: new Uint8Array(bytes, 8 + headerBytes) };
}
