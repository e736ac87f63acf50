/** Encodes a preview as ComfyUI's own frame type 4, so that decoders written for ComfyUI read it (api D4). */
import type { PreviewFrameHeader } from "../../contract/viewer.ts";

const PREVIEW_WITH_METADATA = 4;

/** u32be 4 | u32be n | n bytes JSON | image. */
export function encodePreviewFrame(header: PreviewFrameHeader, image: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const frame = new Uint8Array(8 + json.byteLength + image.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint32(0, PREVIEW_WITH_METADATA);
  view.setUint32(4, json.byteLength);
  frame.set(json, 8);
  frame.set(image, 8 + json.byteLength);
  return frame;
}
