import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBinary } from "../../../src/core/comfy/events.ts";
import { decodeFrame, sniffImage } from "../../../src/core/comfy/frames.ts";
import { framesIn, loadCapture, loadCaptures } from "../../support/captures.ts";

const JPEG = [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 9];
const WEBP = [...Buffer.from("RIFF\x04\0\0\0WEBPVP8 ", "latin1")];
const GIF = [...Buffer.from("GIF89a", "latin1")];

const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const ascii = (text: string, width = text.length) => [...Buffer.from(text.padEnd(width, "\0"), "latin1")];
const frame = (...parts: number[][]) => new Uint8Array(parts.flat());

describe("decodeBinary", () => {
  it("[C9] tells a picture's format by its bytes, whatever its label says", () => {
    for (const [bytes, imageType] of [
      [JPEG, "image/jpeg"],
      [PNG, "image/png"],
      [WEBP, "image/webp"],
      [GIF, "image/gif"],
    ] as const) {
      for (const label of [1, 2, 3, 77]) {
        const decoded = decodeBinary(frame(u32(1), u32(label), [...bytes]));
        expect(decoded).toMatchObject({ type: "preview", imageType, metadata: false, nodeId: null, promptId: null });
        expect(decoded.type === "preview" && [...decoded.bytes]).toEqual(bytes);
      }
    }
    expect(sniffImage(new Uint8Array(ascii("RIFF\x04\0\0\0WAVE")))).toBeNull();
  });

  it("hands out the picture as a view into the frame, not as a copy", () => {
    const whole = new Uint8Array([7, 7, 7, ...u32(1), ...u32(1), ...JPEG]);
    const decoded = decodeBinary(whole.subarray(3));
    expect(decoded.type === "preview" && decoded.bytes.buffer).toBe(whole.buffer);
    expect(decoded.type === "preview" && decoded.bytes.byteOffset).toBe(11);
  });

  it("[C10] reads node and prompt of a type 4 frame, and its PNG though the label is free", () => {
    const head = ascii('{"node_id": "2.0.1", "display_node_id": "2", "prompt_id": "p", "image_type": "image/jpeg"}');
    const decoded = decodeBinary(frame(u32(4), u32(head.length), head, PNG));
    expect(decoded).toMatchObject({
      nodeId: "2.0.1",
      displayNodeId: "2",
      promptId: "p",
      imageType: "image/png",
      metadata: true,
    });
  });

  it("[C10] keeps a type 4 frame whose head lacks names or holds NaN", () => {
    const head = ascii('{"node_id": NaN}');
    expect(decodeBinary(frame(u32(4), u32(head.length), head, JPEG))).toMatchObject({
      type: "preview",
      nodeId: null,
      metadata: true,
    });
  });

  it("[C11] finds the picture at 28 with VideoHelperSuite's node id, and at 32 with comfyui-deploy's output id", () => {
    const vhs = frame(u32(1), u32(1), u32(5), [3, ...ascii("12a", 15)], JPEG);
    expect(decodeBinary(vhs)).toMatchObject({
      type: "preview",
      nodeId: "12a",
      outputId: null,
      imageType: "image/jpeg",
    });
    const deploy = frame(u32(1), u32(3), ascii("cat_picture", 24), WEBP);
    expect(decodeBinary(deploy)).toMatchObject({
      type: "preview",
      nodeId: null,
      outputId: "cat_picture",
      imageType: "image/webp",
    });
    const badLength = frame(u32(1), u32(1), u32(5), [200, ...ascii("12", 15)], JPEG);
    expect(decodeBinary(badLength)).toMatchObject({ type: "preview", nodeId: null });
    const notAscii = frame(u32(1), u32(1), ascii("\xe9\0x", 24), PNG);
    expect(decodeBinary(notAscii)).toMatchObject({ type: "preview", outputId: null });
  });

  it("[C12] drops truncated frames, frames without a picture, and types that packs invent", () => {
    const cases: [Uint8Array, string][] = [
      [frame(), "truncated_frame"],
      [frame([0, 0, 1]), "truncated_frame"],
      [frame(u32(1), u32(1)), "truncated_frame"],
      [frame(u32(1), u32(1), [1, 2, 3]), "no_image"],
      [frame(u32(1), u32(1), JPEG.slice(0, 2)), "no_image"],
      [frame(u32(4), u32(50), ascii("{}")), "truncated_frame"],
      [frame(u32(4), u32(0xffffffff), ascii("{}")), "truncated_frame"],
      [frame(u32(4), u32(2), ascii("[]"), JPEG), "bad_metadata"],
      [frame(u32(4), u32(2), ascii("{]"), JPEG), "bad_metadata"],
      [frame(u32(4), u32(2), ascii("{}")), "no_image"],
      [frame(u32(3), u32(9), ascii("2")), "truncated_frame"],
    ];
    for (const [bytes, reason] of cases) expect(decodeBinary(bytes)).toEqual({ type: "undecodable", reason });
    for (const type of [0, 2, 99, 0xffffffff]) {
      expect(decodeBinary(frame(u32(type), JPEG))).toEqual({ type: "ignored", reason: "unknown_frame_type" });
    }
  });

  it("[C13] reads a text frame's node and text", () => {
    expect(decodeBinary(frame(u32(3), u32(1), [0x32], [0x68, 0xc3, 0xa9]))).toEqual({
      type: "text",
      nodeId: "2",
      text: "hé",
    });
    expect(decodeBinary(frame(u32(3), u32(0)))).toEqual({ type: "text", nodeId: "", text: "" });
    const long = decodeBinary(frame(u32(3), u32(1), [0x32], new Array<number>(70_000).fill(0x61)));
    expect(long.type === "text" && long.text.length).toBe(64 * 1024);
  });

  it("[C9] tells previews from results of SaveImageWebsocket in recorded frames", () => {
    const formats = (name: string) =>
      framesIn(loadCapture(name))
        .filter((part) => typeof part !== "string")
        .map((part) => {
          const decoded = decodeFrame(part);
          return decoded.type === "preview" ? `${decoded.imageType} ${decoded.nodeId}` : decoded.type;
        });
    expect(formats("15b-save-image-websocket-no-flags").filter((format) => format === "image/png null").length).toBe(2);
    const named = formats("15-save-image-websocket");
    expect(new Set(named.map((format) => format.split(" ")[0]))).toEqual(new Set(["image/jpeg", "image/png"]));
    expect(named.every((format) => !format.endsWith("null"))).toBe(true);
  });

  it("[C12] never throws, whatever the bytes", () => {
    const prefixed = fc.tuple(fc.constantFrom(1, 2, 3, 4, 99), fc.uint8Array({ maxLength: 80 }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof decodeBinary(bytes).type).toBe("string");
      }),
    );
    fc.assert(
      fc.property(prefixed, ([type, rest]) => {
        expect(typeof decodeBinary(frame(u32(type), [...rest])).type).toBe("string");
      }),
    );
  });

  it("[C12] never throws on a recorded frame that is cut or has a byte changed", () => {
    const recorded = loadCaptures().flatMap((capture) => framesIn(capture).filter((part) => typeof part !== "string"));
    fc.assert(
      fc.property(fc.nat(recorded.length - 1), fc.nat(400), fc.nat(400), fc.nat(255), (index, end, at, byte) => {
        const bytes = recorded[index]?.slice(0, end) ?? new Uint8Array();
        if (at < bytes.length) bytes[at] = byte;
        expect(typeof decodeBinary(bytes).type).toBe("string");
      }),
    );
  });
});
