/** Output nodes that write files or report text (protocol §1.6). */

import type { FileRoot } from "../files.ts";
import { type Json, type JsonObject, PyFloat, printJson } from "../json.ts";
import { flatPicture, type Picture } from "../media/picture.ts";
import { encodePng } from "../media/png.ts";
import { encodeWebp } from "../media/webp.ts";
import { randomSource } from "../random.ts";
import type { InputSpecs, NodeClass, NodeContext } from "./node-class.ts";
import { NodeFailure } from "./value.ts";

/** Only these are expanded by the server; `%date:…%` and `%Node.widget%` stay as they are. */
function expandPrefix(prefix: string, picture: Picture | undefined, now: number): string {
  const date = new Date(now);
  const two = (value: number): string => String(value).padStart(2, "0");
  return prefix
    .replaceAll("%width%", String(picture?.width ?? 0))
    .replaceAll("%height%", String(picture?.height ?? 0))
    .replaceAll("%year%", String(date.getUTCFullYear()))
    .replaceAll("%month%", two(date.getUTCMonth() + 1))
    .replaceAll("%day%", two(date.getUTCDate()))
    .replaceAll("%hour%", two(date.getUTCHours()))
    .replaceAll("%minute%", two(date.getUTCMinutes()))
    .replaceAll("%second%", two(date.getUTCSeconds()));
}

/** Writes files `<prefix>_<counter>_<extension>` and gives their entries. */
export async function writeFiles(
  context: NodeContext,
  root: FileRoot,
  prefix: string,
  extension: string,
  contents: readonly (() => Promise<Uint8Array>)[],
  first?: Picture,
): Promise<Json[]> {
  const place = context.files.nextName(root, expandPrefix(prefix, first, context.ports.now()));
  if (place === null)
    throw new NodeFailure("Exception", "**** ERROR: Saving image outside the output folder is not allowed.");
  const entries: Json[] = [];
  for (const [i, make] of contents.entries()) {
    const bytes = await make();
    const counter = String(place.counter + i).padStart(5, "0");
    const filename = `${place.name.replaceAll("%batch_num%", String(i))}_${counter}_.${extension}`;
    const path = place.subfolder === "" ? filename : `${place.subfolder}/${filename}`;
    context.files.put(root, path, bytes, context.ports.now());
    entries.push({ filename, subfolder: place.subfolder, type: root });
  }
  return entries;
}

function metadata(context: NodeContext): (readonly [string, string])[] {
  const extra = Object.entries(context.extraPngInfo ?? {}).map(([key, value]) => [key, printJson(value)] as const);
  return [["prompt", printJson(context.prompt)], ...extra];
}

function pngFiles(pictures: readonly Picture[], context: NodeContext): (() => Promise<Uint8Array>)[] {
  const extras = { texts: metadata(context), padToBytes: context.options.outputPadBytes };
  return pictures.map((picture) => () => encodePng(picture, context.ports, extras));
}

const SAVE_HIDDEN = { prompt: "PROMPT", extra_pnginfo: "EXTRA_PNGINFO" };

const saveImage: NodeClass = {
  name: "SaveImage",
  title: "Save Image",
  category: "image",
  isOutput: true,
  inputs: () => ({
    required: {
      images: ["IMAGE"],
      filename_prefix: ["STRING", { default: "ComfyUI" }],
    },
    hidden: SAVE_HIDDEN,
  }),
  outputs: [["IMAGE", "images"]],
  async run(inputs, context) {
    const images = inputs.images("images");
    const prefix = inputs.text("filename_prefix");
    const files = await writeFiles(context, "output", prefix, "png", pngFiles(images, context), images[0]);
    return { outputs: [inputs.value("images")], ui: { images: files } };
  },
};

/** Writes previews under temp; the letters in the name differ from node to node. */
export async function writeTempImages(pictures: readonly Picture[], context: NodeContext): Promise<Json[]> {
  const random = randomSource(`temp ${context.nodeId}`);
  const letters = Array.from({ length: 5 }, () => "abcdefghijklmnopqrstupvxyz"[Math.floor(random() * 26)]).join("");
  return writeFiles(context, "temp", `ComfyUI_temp_${letters}`, "png", pngFiles(pictures, context), pictures[0]);
}

const previewImage: NodeClass = {
  name: "PreviewImage",
  title: "Preview Image",
  category: "image",
  isOutput: true,
  inputs: () => ({ required: { images: ["IMAGE"] }, hidden: SAVE_HIDDEN }),
  outputs: [],
  run: async (inputs, context) => ({ ui: { images: await writeTempImages(inputs.images("images"), context) } }),
};

const previewAny: NodeClass = {
  name: "PreviewAny",
  title: "Preview as Text",
  category: "utils",
  isOutput: true,
  inputs: () => ({ required: { source: ["*", {}] } }),
  outputs: [["STRING", "STRING"]],
  async run(inputs) {
    const value = inputs.value("source");
    const text = value.type === "json" ? inputs.text("source") : `<${value.type}>`;
    return { outputs: [{ type: "json", json: text }], ui: { text: [text] } };
  },
};

const animationInputs = (): InputSpecs => ({
  required: {
    images: ["IMAGE"],
    filename_prefix: ["STRING", { default: "ComfyUI" }],
    fps: [
      "FLOAT",
      { default: new PyFloat(6), min: new PyFloat(0.01), max: new PyFloat(1000), step: new PyFloat(0.01) },
    ],
  },
  hidden: SAVE_HIDDEN,
});

/** A node that writes one small file under `images` with `animated`, as core saves video. */
function animationNode(
  name: string,
  title: string,
  extension: string,
  contents: (first: Picture) => Uint8Array,
  isAnimated: (frames: number) => boolean = () => true,
): NodeClass {
  return {
    name,
    title,
    category: "video",
    isOutput: true,
    inputs: animationInputs,
    outputs: [],
    async run(inputs, context) {
      const pictures = inputs.images("images");
      const first = pictures[0] ?? flatPicture(1, 1, 0);
      const prefix = inputs.text("filename_prefix");
      const images = await writeFiles(context, "output", prefix, extension, [async () => contents(first)]);
      return { ui: { images, animated: [isAnimated(pictures.length)] } satisfies JsonObject };
    },
  };
}

/** The EBML header of a WebM file and the `ftyp` box of an MP4: enough for a MIME sniffer, not for a player. */
const WEBM = [0x1a, 0x45, 0xdf, 0xa3, 0x87, 0x42, 0x82, 0x84, 0x77, 0x65, 0x62, 0x6d];
const MP4 = [0, 0, 0, 16, 0x66, 0x74, 0x79, 0x70, 0x69, 0x73, 0x6f, 0x6d, 0, 0, 2, 0];

/** The classes of this file. */
export const SAVING_NODES: readonly NodeClass[] = [
  saveImage,
  previewImage,
  previewAny,
  animationNode("SaveAnimatedWEBP", "SaveAnimatedWEBP", "webp", encodeWebp, (frames) => frames !== 1),
  animationNode("SaveWEBM", "Save WEBM", "webm", () => Uint8Array.from(WEBM)),
  animationNode("ProbeSaveVideo", "Probe: video under images", "mp4", () => Uint8Array.from(MP4)),
];
