/** What goes over the WebSocket, byte for byte: text events and the binary frames of protocol §3. */
import { type Json, printJson } from "./json.ts";

/** Image codes of a type 1 frame: anything that is not PNG is labelled JPEG (protocol §3). */
export const JPEG_CODE = 1;
export const PNG_CODE = 2;

/** The text frame of an event. */
export function encodeEvent(type: string, data: Json): string {
  return printJson({ type, data });
}

/** Bytes one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Unsigned 32-bit big-endian words. */
export function words(...values: number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value);
  });
  return bytes;
}

/** Type 1: a picture without metadata. */
export function encodePreview(code: number, image: Uint8Array): Uint8Array {
  return concat([words(1, code), image]);
}

/** Type 3: a text about a node. */
export function encodeText(nodeId: string, text: string): Uint8Array {
  const id = new TextEncoder().encode(nodeId);
  return concat([words(3, id.length), id, new TextEncoder().encode(text)]);
}

/** Type 4: a picture behind a JSON description of where it comes from. */
export function encodePreviewWithMetadata(metadata: Json, image: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(printJson(metadata));
  return concat([words(4, json.length), json, image]);
}
