/** Frames that a client must survive: of other packs, of no known kind, too large. */
import { concat, encodePreview, JPEG_CODE, words } from "./encode.ts";

/** Bad JSON, JSON of the wrong shape, empty and truncated binary frames. */
export function garbageFrames(): (string | Uint8Array)[] {
  return ["{bad json", "[]", '"text"', '{"type": 7}', new Uint8Array(0), Uint8Array.of(0, 0), words(4, 4_000_000)];
}

/** One type 1 frame of this size that is no picture. */
export function bigFrame(bytes: number): Uint8Array {
  return encodePreview(JPEG_CODE, new Uint8Array(Math.max(0, bytes - 8)));
}

/** Protocol §3: WEBP labelled JPEG, VideoHelperSuite (image at 28), comfyui-deploy (image at 32), an unknown type. */
export function oddFrames(): Uint8Array[] {
  const text = new TextEncoder();
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16);
  const webp = concat([text.encode("RIFF"), words(0), text.encode("WEBP")]);
  const nodeId = concat([Uint8Array.of(1), text.encode("3"), new Uint8Array(14)]);
  const outputId = concat([text.encode("output-id-of-deploy"), new Uint8Array(5)]);
  return [
    encodePreview(JPEG_CODE, webp),
    concat([words(1, 1, 0), nodeId, jpeg]),
    concat([words(1, 3), outputId, webp]),
    concat([words(99), text.encode("own")]),
  ];
}
