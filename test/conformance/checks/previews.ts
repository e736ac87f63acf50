/** Pictures that come over the socket: latent previews and results (protocol §3). */
import type { Check } from "../support/check.ts";
import type { Client } from "../support/client.ts";
import { splitPreview, wordAt } from "../support/events.ts";
import { has, holds, keys, same } from "../support/expect.ts";
import { flat, streaming, txt2img } from "../support/graphs.ts";
import { jpegSize, kindOf } from "../support/picture.ts";
import type { ConformanceServer } from "../support/server.ts";

const METADATA = ["node_id", "prompt_id", "display_node_id", "parent_node_id", "real_node_id", "image_type"];

/** Pairs of neighbours in the order of frames. */
function pairs(client: Client): Set<string> {
  return new Set(client.types.slice(1).map((type, i) => `${client.types[i]} ${type}`));
}

async function latentPreviews(server: ConformanceServer): Promise<void> {
  const { checkpoint } = server;
  const sample = () => txt2img(server.colour(), { checkpoint, prefix: "conformance/sample" });
  const client = await server.open({ flags: false });
  await client.run(sample(), { extra_data: { preview_method: "latent2rgb" } });
  const [frame = new Uint8Array(8)] = client.binaries;
  same([wordAt(frame, 0), wordAt(frame, 4)], [1, 1], "type and image type of a preview");
  const image = frame.subarray(8);
  same(kindOf(image), "JPEG", "the kind of its picture");
  const { width, height } = jpegSize(image);
  holds(width === height && width > 64, "its picture is larger than the 64×64 latent", [width, height]);
  if (server.fake !== null) same(width, 96, "its width: the preview size");
  same(client.binaries.length, 3, "previews of three steps");
  holds(!pairs(client).has("progress_state frame 1"), "each comes right after its progress", client.types);
  client.forget();
  if (server.since("0.5.0")) {
    await client.run(sample(), { extra_data: { preview_method: "none" } });
    same(client.binaries.length, 0, "previews with preview_method none");
  }
  if (server.fake === null) return;
  const off = await server.control.with({ previewMethod: "none" });
  const quiet = await off.open();
  for (const [preview_method, from] of [
    ["default", ""],
    ["latent2rgb", "0.5.0"],
  ] as const) {
    quiet.forget();
    await quiet.run(sample(), { extra_data: { preview_method } });
    const expected = from !== "" && server.since(from) ? 3 : 0;
    same(quiet.binaries.length, expected, `previews when off, asked for ${preview_method}`);
  }
}

async function withMetadata(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const prompt_id = await client.run(streaming(server.colour(), 2));
  same(
    client.binaries.map((frame) => wordAt(frame, 0)),
    [4, 4],
    "types of the frames",
  );
  const { metadata, image } = splitPreview(client.binaries[0] ?? new Uint8Array(8));
  keys(metadata, METADATA, "the description");
  const node = { display_node_id: "2", parent_node_id: null, real_node_id: "2" };
  has(metadata, { node_id: "2", prompt_id, ...node, image_type: "image/png" }, "the description");
  same(kindOf(image), "PNG", "the kind of the picture");
  const found = pairs(client);
  holds(found.has("progress_state frame 4") && found.has("frame 4 progress"), "it comes before its progress", [
    ...found,
  ]);
}

async function toSocket(server: ConformanceServer): Promise<void> {
  const client = await server.open({ flags: false });
  const graph = streaming(server.colour(), 3);
  for (const cached of [[], ["1"]]) {
    client.forget();
    const id = await client.run(graph);
    same(client.dataOf("execution_cached")[0]?.nodes, cached, "cached nodes");
    const frames = client.binaries.map((frame) => [wordAt(frame, 0), wordAt(frame, 4), kindOf(frame.subarray(8))]);
    same(frames, Array(3).fill([1, 2, "PNG"]), "frames");
    const ticks = client.dataOf("progress").map(({ value, max, node }) => [value, max, node]);
    same(
      ticks,
      [0, 1, 2].map((value) => [value, 3, "2"]),
      "progress",
    );
    same(client.types.includes("executed"), false, "executed");
    same((await server.history(id))?.outputs, {}, "outputs in history");
  }
}

async function directSenders(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const send = { class_type: "ETN_SendImageWebSocket", inputs: { images: ["1", 0] } };
  await client.run({ "1": flat(1, 16, 2), "2": send });
  const own = client.types.filter((type) => type.startsWith("frame") || type === "executed" || type === "progress");
  same(own, ["frame 1", "frame 1", "executed"], "frames, then executed, no progress");
  same(
    client.binaries.map((frame) => wordAt(frame, 4)),
    [2, 2],
    "image types",
  );
  const placeholder = { source: "websocket", "content-type": "image/png", type: "output" };
  same(client.dataOf("executed")[0]?.output, { images: [placeholder, placeholder] }, "placeholders");
}

/** Checks 51 to 54. */
export const PREVIEW_CHECKS: readonly Check[] = [
  {
    number: 51,
    title: "Latent previews are enlarged JPEGs after their progress",
    needs: "previews",
    run: latentPreviews,
  },
  { number: 52, title: "With metadata negotiated a preview describes itself, before its progress", run: withMetadata },
  { number: 53, title: "SaveImageWebsocket sends PNGs with progress from 0, and nothing is kept", run: toSocket },
  { number: 54, title: "Direct senders send type 1, then placeholders", needs: "probe", run: directSenders },
];
