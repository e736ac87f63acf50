/** Output nodes that write files or report text (protocol §1.6). */

import type { FileRoot } from "../files.ts";
import { type Json, type JsonObject, PyFloat, printJson } from "../json.ts";
import type { Picture } from "../media/picture.ts";
import { encodePng, type PngExtras } from "../media/png.ts";
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

async function pngFile(picture: Picture, context: NodeContext): Promise<Uint8Array> {
  const texts = metadata(context);
  const bytes = await encodePng(picture, context.ports, { texts });
  const missing = context.options.outputPadBytes - bytes.length - 12;
  if (missing <= 0) return bytes;
  const random = randomSource("padding");
  const padding = Uint8Array.from({ length: missing }, () => random() * 256);
  return encodePng(picture, context.ports, { texts, padding } satisfies PngExtras);
}

function pngFiles(pictures: readonly Picture[], context: NodeContext): (() => Promise<Uint8Array>)[] {
  return pictures.map((picture) => () => pngFile(picture, context));
}

const SAVE_HIDDEN = { prompt: "PROMPT", extra_pnginfo: "EXTRA_PNGINFO" };

const saveImage: NodeClass = {
  name: "SaveImage",
  title: "Save Image",
  category: "image",
  description: "Saves the input images to your ComfyUI output directory.",
  isOutput: true,
  inputs: () => ({
    required: {
      images: ["IMAGE", { tooltip: "The images to save." }],
      filename_prefix: ["STRING", { default: "ComfyUI", tooltip: "The prefix for the file to save." }],
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

/** A node that writes one small file of a fixed kind under `images` with `animated`, as core saves video. */
function animationNode(name: string, title: string, extension: string, contents: Uint8Array): NodeClass {
  return {
    name,
    title,
    category: "video",
    isOutput: true,
    inputs: animationInputs,
    outputs: [],
    async run(inputs, context) {
      const prefix = inputs.text("filename_prefix");
      const images = await writeFiles(context, "output", prefix, extension, [async () => contents]);
      return { ui: { images, animated: [true] } satisfies JsonObject };
    },
  };
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function fromBase64(text: string): Uint8Array {
  const out: number[] = [];
  let bits = 0;
  let count = 0;
  for (const character of text.replace(/=+$/, "")) {
    bits = ((bits << 6) | base64Alphabet.indexOf(character)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push((bits >> count) & 255);
  }
  return Uint8Array.from(out);
}

/** The smallest lossless WebP (1×1), and the headers of WebM and MP4: enough for a MIME sniffer, not for a player. */
const WEBP = fromBase64("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==");
const WEBM = fromBase64("GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQJChYEC");
const MP4 = fromBase64("AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMW1wNDEAAAAIZnJlZQ==");

/** The classes of this file. */
export const SAVING_NODES: readonly NodeClass[] = [
  saveImage,
  previewImage,
  previewAny,
  animationNode("SaveAnimatedWEBP", "SaveAnimatedWEBP", "webp", WEBP),
  animationNode("SaveWEBM", "Save WEBM", "webm", WEBM),
  animationNode("ProbeSaveVideo", "Probe: video under images", "mp4", MP4),
];
