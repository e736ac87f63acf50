import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText } from "../../../src/core/comfy/events.ts";
import { parseHistoryReply } from "../../../src/core/comfy/history.ts";
import { type ComfyOutput, collectOutputs, MAX_OUTPUTS_PER_NODE } from "../../../src/core/comfy/outputs.ts";
import { exchangesOf, framesIn, loadCapture } from "../../support/captures.ts";

const file = (filename: string, more = {}) => ({ filename, subfolder: "", type: "output", ...more });
const hints = (output: unknown) =>
  collectOutputs("9", output).map(
    (one) => `${one.key}/${one.position} ${one.kind} ${one.mediaHint} ${one.contentType}`,
  );

/** What was heard of a prompt, and what its history says of it afterwards. */
function bothTellings(name: string): { heard: ComfyOutput[]; read: ComfyOutput[] } {
  const capture = loadCapture(name);
  const [exchange] = exchangesOf(capture, "GET", /\/history\/[0-9a-f-]{36}$/);
  const promptId = exchange?.path.slice(-36) ?? "";
  const history = parseHistoryReply(promptId, exchange?.status ?? 0, String(exchange?.res));
  const heard = framesIn(capture)
    .filter((frame) => typeof frame === "string")
    .map(decodeText)
    .flatMap((event) =>
      event.type === "executed" && event.promptId === promptId ? collectOutputs(event.node, event.output) : [],
    );
  return { heard, read: history.ok && history.value ? [...history.value.outputs] : [] };
}

describe("collectOutputs", () => {
  it.each(["04-batch2-save-and-preview", "27-text-output", "27b-video-output", "03b-cached-intermediate-output"])(
    "[C18] names an output alike in the event and in history: %s",
    (name) => {
      const { heard, read } = bothTellings(name);
      const inOrder = (outputs: ComfyOutput[]) => outputs.map((output) => JSON.stringify(output)).sort();
      expect(read.length).toBeGreaterThan(0);
      expect(inOrder(heard)).toEqual(inOrder(read));
    },
  );

  it("[C18] gives a file its place in its list, where unusable neighbours still count", () => {
    const images = [
      file("a.png"),
      { foo: 1 },
      null,
      file(""),
      file("b.png", { subfolder: "x\\y", type: "temp", id: "asset" }),
    ];
    expect(collectOutputs("9", { images })).toEqual([
      expect.objectContaining({ position: 0, filename: "a.png", folderType: "output" }),
      {
        nodeId: "9",
        key: "images",
        position: 4,
        kind: "file",
        filename: "b.png",
        subfolder: "x\\y",
        folderType: "temp",
        mediaHint: "image",
        contentType: "image/png",
      },
    ]);
  });

  it("[C19] tells kinds by the file before the key, and animation by its flag", () => {
    expect(hints({ images: [file("a.mp4")], animated: [true] })).toEqual(["images/0 file video video/mp4"]);
    expect(hints({ images: [file("a.webp"), file("b.webp")], animated: [true] })).toEqual([
      "images/0 file animated image/webp",
      "images/1 file animated image/webp",
    ]);
    expect(hints({ images: [file("a.png")], animated: [false] })).toEqual(["images/0 file image image/png"]);
    expect(hints({ gifs: [file("v_00001.mp4", { format: "video/h264-mp4" })] })).toEqual([
      "gifs/0 file video video/mp4",
    ]);
    expect(hints({ gifs: [file("v.webp"), file("v.gif")] })).toEqual([
      "gifs/0 file animated image/webp",
      "gifs/1 file animated image/gif",
    ]);
    expect(hints({ gifs: [file("v.unknown", { format: "video/x-new" })] })).toEqual(["gifs/0 file video video/x-new"]);
    expect(hints({ audio: [file("a.flac")], "3d": [file("m.glb"), file("m.ply")] })).toEqual([
      "audio/0 file audio audio/flac",
      "3d/0 file model model/gltf-binary",
      "3d/1 file model application/octet-stream",
    ]);
    expect(hints({ latents: [file("l.latent")], other: [file("noext")] })).toEqual([
      "latents/0 file file application/octet-stream",
      "other/0 file file null",
    ]);
    expect(hints({ images: [file("noext")] })).toEqual(["images/0 file image null"]);
  });

  it("[C20] reads placeholders for pictures that come as frames or from another address", () => {
    expect(
      collectOutputs("9", {
        images: [
          { source: "websocket", "content-type": "image/png", type: "output" },
          { source: "http", id: "ab12", "content-type": "image/jpeg", type: "output" },
          { source: "http", "content-type": "image/jpeg" },
        ],
      }),
    ).toEqual([
      { nodeId: "9", key: "images", position: 0, kind: "frame", mediaHint: "image", contentType: "image/png" },
      {
        nodeId: "9",
        key: "images",
        position: 1,
        kind: "http",
        remoteId: "ab12",
        mediaHint: "image",
        contentType: "image/jpeg",
      },
    ]);
  });

  it("[C19] reads texts, a single text, and the model file of a 3D preview", () => {
    expect(collectOutputs("2", { text: ["a", "b"] }).map((one) => one.kind === "text" && one.text)).toEqual(["a", "b"]);
    expect(collectOutputs("2", { text: "alone" })).toMatchObject([{ kind: "text", text: "alone", position: 0 }]);
    expect(collectOutputs("2", { result: ["mesh\\sub\\m.glb [temp]", { position: {} }, "x.glb"] })).toEqual([
      {
        nodeId: "2",
        key: "result",
        position: 0,
        kind: "file",
        filename: "m.glb",
        subfolder: "mesh/sub",
        folderType: "temp",
        mediaHint: "model",
        contentType: "model/gltf-binary",
      },
    ]);
    expect(collectOutputs("2", { result: ["some text"], string: ["x"], unfinished_batch: [true] })).toEqual([]);
  });

  it("moves a directory inside a file name to the subfolder, where /view looks for it", () => {
    expect(collectOutputs("2", { images: [file("a/b.png", { subfolder: "s" })] })).toMatchObject([
      { filename: "b.png", subfolder: "s/a" },
    ]);
  });

  it("is bounded in number and in length, and passes over unknown folders", () => {
    const many = { images: Array.from({ length: MAX_OUTPUTS_PER_NODE + 5 }, () => file("a.png")) };
    expect(collectOutputs("9", many).length).toBe(MAX_OUTPUTS_PER_NODE);
    expect(collectOutputs("9", { images: [file("x".repeat(2000)), file("a.png", { type: "secret" })] })).toEqual([]);
    const [text] = collectOutputs("9", { text: ["x".repeat(100_000)] });
    expect(text?.kind === "text" && text.text.length).toBe(64 * 1024);
  });

  it("[C2] never throws, whatever a node puts out", () => {
    const keys = fc.constantFrom("images", "text", "result", "animated", "gifs", "x");
    const entry = fc.record(
      {
        filename: fc.jsonValue(),
        subfolder: fc.jsonValue(),
        type: fc.jsonValue(),
        source: fc.constantFrom("http", "websocket"),
        id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const output = fc.dictionary(keys, fc.oneof(fc.jsonValue(), fc.array(fc.oneof(entry, fc.jsonValue()))));
    fc.assert(
      fc.property(fc.oneof(output, fc.jsonValue()), (value) => {
        expect(Array.isArray(collectOutputs("1", value))).toBe(true);
      }),
    );
  });
});
