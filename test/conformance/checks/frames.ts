/** Text frames, frames of other packs, and JSON that is none (protocol §3, P14). */
import type { Check } from "../support/check.ts";
import { holds, same } from "../support/expect.ts";
import { flat, type Graph, through } from "../support/graphs.ts";
import { kindOf } from "../support/picture.ts";
import type { ConformanceServer } from "../support/server.ts";

const SIZE = "width: 16, height: 16\n batch size: 1";

function sizeGraph(server: ConformanceServer): Graph {
  const graph = through("GetImageSize", {}, "image", server.colour());
  return { ...graph, "3": { class_type: "PreviewAny", inputs: { source: ["2", 0] } } };
}

async function textFrame(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  await client.run(sizeGraph(server));
  const [frame] = client.binaries;
  same(Buffer.from(frame ?? []).toString("latin1"), `\0\0\0\x03\0\0\0\x012${SIZE}`, "a TEXT frame");
}

async function textToAll(server: ConformanceServer): Promise<void> {
  const [owner, other] = [await server.open(), await server.open({ flags: false })];
  const graph = sizeGraph(server);
  await owner.run(graph);
  await other.settle();
  same([owner.binaries.length, other.binaries.length], [1, 1], "TEXT frames of two clients");
  await owner.run(graph);
  await other.settle();
  same([owner.binaries.length, other.binaries.length], [1, 1], "TEXT frames after a cached run");
}

async function oddFrames(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  server.fault({ type: "oddFrames" });
  await client.until(() => client.binaries.length === 4, "four frames");
  const [webp, helper, deploy, own] = client.binaries.map((frame) => Buffer.from(frame));
  same([webp?.readUInt32BE(4), kindOf(webp?.subarray(8) ?? Buffer.alloc(0))], [1, "WEBP"], "WEBP labelled JPEG");
  const at = (frame: Buffer | undefined, offset: number) => kindOf(frame?.subarray(offset) ?? Buffer.alloc(0));
  same([at(helper, 8), at(helper, 28)], [null, "JPEG"], "a VideoHelperSuite frame");
  same([deploy?.readUInt32BE(4), at(deploy, 32)], [3, "WEBP"], "a comfyui-deploy frame");
  same(own?.readUInt32BE(0), 99, "a type of a pack's own");
}

async function notANumber(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const id = await client.run({ "1": flat(1), "2": { class_type: "ProbeNaN", inputs: { images: ["1", 0] } } });
  const scores = '"scores": [NaN, Infinity, "NaN"]';
  holds(
    client.texts.some((text) => text.includes(scores)),
    "executed holds bare NaN and Infinity",
    client.texts.at(-4),
  );
  const { text } = await server.call("GET", `/history/${id}`);
  holds(text.includes(scores), "history holds them too", text);
}

/** Checks 55 to 57 and 73. */
export const FRAME_CHECKS: readonly Check[] = [
  { number: 55, title: "A TEXT frame is type, length, node id, text", run: textFrame },
  { number: 56, title: "Frames of other packs come as they are", needs: "fault", run: oddFrames },
  { number: 57, title: "NaN and Infinity stand bare in events and history", needs: "probe", run: notANumber },
  { number: 73, title: "A TEXT frame goes to every socket, only when its node runs", run: textToAll },
];
