/**
 * ComfyUI's binary frames (protocol §3): previews with and without metadata, text, and the layouts that known packs
 * put under the preview's number. Labels lie, so the picture's own first bytes decide what it is. Integers are
 * big-endian; pictures are views into the frame, never copies.
 */
import { decodeUtf8, hasBytesAt, readUint32 } from "../util/bytes.ts";
import { parseComfyJson } from "./json.ts";
import { PreviewMetadataSchema } from "./messages.ts";

const PREVIEW_IMAGE = 1;
const TEXT = 3;
const PREVIEW_IMAGE_WITH_METADATA = 4;

const PICTURE_OFFSET = 8;
/** VideoHelperSuite: frame index, then the node id as a 16-byte length-prefixed string, then the picture. */
const VHS_NODE_ID_OFFSET = 12;
const VHS_PICTURE_OFFSET = 28;
/** comfyui-deploy: the output id in 24 bytes of ASCII padded with NUL, then the picture. */
const DEPLOY_PICTURE_OFFSET = 32;

/** Longest JSON head of a preview, and longest node id of a text frame. */
const MAX_HEAD_BYTES = 64 * 1024;
/** A text frame is a status line; what is longer is cut. */
const MAX_TEXT_BYTES = 64 * 1024;

/** The picture formats that are told apart. */
export type ImageType = "image/jpeg" | "image/png" | "image/webp" | "image/gif";

/** What a binary frame holds. `preview` is also how nodes that answer over the socket send their results. */
export type Frame =
  | {
      readonly type: "preview";
      readonly nodeId: string | null;
      readonly displayNodeId: string | null;
      /** Null in frames without metadata: the prompt that runs for this socket. */
      readonly promptId: string | null;
      /** comfyui-deploy's name for the result; null everywhere else. */
      readonly outputId: string | null;
      readonly imageType: ImageType;
      /** A view into the frame. */
      readonly bytes: Uint8Array;
      /** Whether the frame named its node and prompt itself (type 4). */
      readonly metadata: boolean;
    }
  | { readonly type: "text"; readonly nodeId: string; readonly text: string }
  | { readonly type: "ignored"; readonly reason: "unknown_frame_type" }
  | { readonly type: "undecodable"; readonly reason: "truncated_frame" | "no_image" | "bad_metadata" };

/** Decodes one binary frame. Total: any bytes yield a frame. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const type = readUint32(bytes, 0);
  if (type === null) return { type: "undecodable", reason: "truncated_frame" };
  if (type === PREVIEW_IMAGE) return decodePreview(bytes);
  if (type === TEXT) return decodeTextFrame(bytes);
  if (type === PREVIEW_IMAGE_WITH_METADATA) return decodePreviewWithMetadata(bytes);
  return { type: "ignored", reason: "unknown_frame_type" };
}

/** The format of the picture that begins at `offset`, by its first bytes; null if none does. */
export function sniffImage(bytes: Uint8Array, offset = 0): ImageType | null {
  if (hasBytesAt(bytes, offset, [0xff, 0xd8, 0xff])) return "image/jpeg";
  if (hasBytesAt(bytes, offset, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "image/png";
  if (hasBytesAt(bytes, offset, [0x47, 0x49, 0x46, 0x38])) return "image/gif";
  const riff = hasBytesAt(bytes, offset, [0x52, 0x49, 0x46, 0x46]);
  return riff && hasBytesAt(bytes, offset + 8, [0x57, 0x45, 0x42, 0x50]) ? "image/webp" : null;
}

function decodePreview(bytes: Uint8Array): Frame {
  if (bytes.length <= PICTURE_OFFSET) return { type: "undecodable", reason: "truncated_frame" };
  return (
    pictureAt(bytes, PICTURE_OFFSET, {}) ??
    pictureAt(bytes, VHS_PICTURE_OFFSET, { nodeId: readVhsNodeId(bytes) }) ??
    pictureAt(bytes, DEPLOY_PICTURE_OFFSET, { outputId: readDeployOutputId(bytes) }) ?? {
      type: "undecodable",
      reason: "no_image",
    }
  );
}

function decodePreviewWithMetadata(bytes: Uint8Array): Frame {
  const head = readHead(bytes);
  if (head === null) return { type: "undecodable", reason: "truncated_frame" };
  const json = parseComfyJson(decodeUtf8(head));
  const metadata = PreviewMetadataSchema.safeParse(json.ok ? json.value : null);
  if (!metadata.success) return { type: "undecodable", reason: "bad_metadata" };
  const { node_id, display_node_id, prompt_id } = metadata.data;
  const names = { nodeId: node_id, displayNodeId: display_node_id, promptId: prompt_id, metadata: true };
  return pictureAt(bytes, 8 + head.length, names) ?? { type: "undecodable", reason: "no_image" };
}

function decodeTextFrame(bytes: Uint8Array): Frame {
  const nodeId = readHead(bytes);
  if (nodeId === null) return { type: "undecodable", reason: "truncated_frame" };
  const start = 8 + nodeId.length;
  return {
    type: "text",
    nodeId: decodeUtf8(nodeId),
    text: decodeUtf8(bytes.subarray(start, start + MAX_TEXT_BYTES)),
  };
}

type Preview = Extract<Frame, { type: "preview" }>;

function pictureAt(bytes: Uint8Array, offset: number, names: Partial<Preview>): Preview | null {
  const imageType = sniffImage(bytes, offset);
  if (imageType === null) return null;
  return {
    type: "preview",
    nodeId: null,
    displayNodeId: null,
    promptId: null,
    outputId: null,
    metadata: false,
    ...names,
    imageType,
    bytes: bytes.subarray(offset),
  };
}

/** The part after the type whose length stands before it; null if it is longer than the frame or than allowed. */
function readHead(bytes: Uint8Array): Uint8Array | null {
  const length = readUint32(bytes, 4);
  if (length === null || length > MAX_HEAD_BYTES || 8 + length > bytes.length) return null;
  return bytes.subarray(8, 8 + length);
}

function readVhsNodeId(bytes: Uint8Array): string | null {
  const length = bytes[VHS_NODE_ID_OFFSET] ?? 0;
  const start = VHS_NODE_ID_OFFSET + 1;
  if (length === 0 || start + length > VHS_PICTURE_OFFSET) return null;
  return decodeUtf8(bytes.subarray(start, start + length));
}

function readDeployOutputId(bytes: Uint8Array): string | null {
  const padded = decodeUtf8(bytes.subarray(PICTURE_OFFSET, DEPLOY_PICTURE_OFFSET));
  const id = padded.replace(/\0+$/, "");
  return /^[\x21-\x7e]+$/.test(id) ? id : null;
}
