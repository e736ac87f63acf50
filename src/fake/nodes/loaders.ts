/** Nodes that bring something in: checkpoints, texts, empty latents and pictures. */
import { PyFloat } from "../json.ts";
import { paint } from "../media/painting.ts";
import { flatPicture, type Picture } from "../media/picture.ts";
import { decodePng, PNG_SIGNATURE } from "../media/png.ts";
import type { NodeClass } from "./node-class.ts";
import { NodeFailure, reservePixels } from "./value.ts";

const checkpointLoader: NodeClass = {
  name: "CheckpointLoaderSimple",
  title: "Load Checkpoint",
  category: "model/loaders",
  inputs: ({ options }) => ({
    required: { ckpt_name: [options.checkpoints] },
  }),
  outputs: [
    ["MODEL", "MODEL"],
    ["CLIP", "CLIP"],
    ["VAE", "VAE"],
  ],
  async run(inputs, context) {
    await context.pause(context.options.loadMs);
    const name = inputs.text("ckpt_name");
    const handle = { type: "handle", name } as const;
    return { outputs: [handle, handle, handle] };
  },
};

const textEncode: NodeClass = {
  name: "CLIPTextEncode",
  title: "CLIP Text Encode (Prompt)",
  category: "model/conditioning",
  inputs: () => ({
    required: {
      text: ["STRING", { multiline: true, dynamicPrompts: true }],
      clip: ["CLIP"],
    },
  }),
  outputs: [["CONDITIONING", "CONDITIONING"]],
  run: async (inputs) => ({ outputs: [{ type: "conditioning", text: inputs.text("text") }] }),
};

const emptyLatent: NodeClass = {
  name: "EmptyLatentImage",
  title: "Empty Latent Image",
  category: "model/latent",
  inputs: () => {
    const size = { default: 512, min: 16, max: 16384, step: 8 };
    return {
      required: {
        width: ["INT", { ...size }],
        height: ["INT", { ...size }],
        batch_size: ["INT", { default: 1, min: 1, max: 4096 }],
      },
    };
  },
  outputs: [["LATENT", "LATENT"]],
  run: async (inputs) => ({
    outputs: [
      {
        type: "latent",
        latent: {
          width: Math.floor(inputs.number("width") / 8) * 8,
          height: Math.floor(inputs.number("height") / 8) * 8,
          batch: inputs.number("batch_size"),
          paint: (_, width, height) => flatPicture(width, height, 0x7f7f7f),
        },
      },
    ],
  }),
};

const emptyImage: NodeClass = {
  name: "EmptyImage",
  title: "EmptyImage",
  category: "image",
  inputs: () => ({
    required: {
      width: ["INT", { default: 512, min: 1, max: 16384, step: 1 }],
      height: ["INT", { default: 512, min: 1, max: 16384, step: 1 }],
      batch_size: ["INT", { default: 1, min: 1, max: 4096 }],
      color: ["INT", { default: 0, min: 0, max: 0xffffff, step: 1, display: "color" }],
    },
  }),
  outputs: [["IMAGE", "IMAGE"]],
  async run(inputs) {
    const [width, height] = [inputs.number("width"), inputs.number("height")];
    reservePixels(width, height, 1);
    const picture = flatPicture(width, height, inputs.number("color"));
    return { outputs: [{ type: "images", pictures: Array(inputs.number("batch_size")).fill(picture) }] };
  },
};

const JPEG_SIGNATURE = [0xff, 0xd8, 0xff];

const loadImage: NodeClass = {
  name: "LoadImage",
  title: "Load Image",
  category: "image",
  inputs: ({ files }) => ({ required: { image: [files.topLevel("input"), { image_upload: true }] } }),
  outputs: [
    ["IMAGE", "IMAGE"],
    ["MASK", "MASK"],
  ],
  check: {
    input: "image",
    run: (value, { files }) =>
      typeof value === "string" && files.find(value) !== undefined ? null : `Invalid image file: ${value}`,
  },
  isChanged: (inputs, { files }) => files.find(String(inputs.image))?.hash ?? null,
  async run(inputs, context) {
    const name = inputs.text("image");
    const file = context.files.find(name);
    const picture = file === undefined ? null : await readPicture(file.bytes, file.hash, context.ports);
    if (picture === null) {
      throw new NodeFailure("PIL.UnidentifiedImageError", `cannot identify image file '/comfy/input/${name}'`);
    }
    const mask = new Uint8Array(picture.width * picture.height * 3);
    picture.alpha?.forEach((alpha, i) => {
      mask.fill(255 - alpha, i * 3, i * 3 + 3);
    });
    const { width, height, rgb } = picture;
    return {
      outputs: [
        { type: "images", pictures: [{ width, height, rgb }] },
        { type: "images", pictures: [{ width, height, rgb: mask }] },
      ],
    };
  },
};

/**
 * The picture in a file. PNG is decoded; of JPEG only the kind and size are read and a painting that depends on the bytes
 * stands in for its contents; anything else is not a picture.
 */
async function readPicture(bytes: Uint8Array, hash: string, zlib: Parameters<typeof decodePng>[1]) {
  if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) return decodePng(bytes, zlib);
  if (!JPEG_SIGNATURE.every((byte, i) => bytes[i] === byte)) return null;
  const size = jpegSize(bytes);
  if (size === null) return null;
  const request = { prompt: "", seed: hash, index: 0, denoise: 1, base: null };
  return paint(request, size.width, size.height) satisfies Picture;
}

function jpegSize(bytes: Uint8Array): { width: number; height: number } | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const type = bytes[at + 1] ?? 0;
    const isFrame = type >= 0xc0 && type <= 0xcf && type !== 0xc4 && type !== 0xc8 && type !== 0xcc;
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return null;
}

const primitiveFloat: NodeClass = {
  name: "PrimitiveFloat",
  title: "Float",
  category: "utils/primitive",
  inputs: () => ({ required: { value: ["FLOAT", { default: new PyFloat(0) }] } }),
  outputs: [["FLOAT", "FLOAT"]],
  run: async (inputs) => ({ outputs: [inputs.value("value")] }),
};

const primitiveBoolean: NodeClass = {
  name: "PrimitiveBoolean",
  title: "Boolean",
  category: "utils/primitive",
  inputs: () => ({ required: { value: ["BOOLEAN", {}] } }),
  outputs: [["BOOLEAN", "BOOLEAN"]],
  run: async (inputs) => ({ outputs: [inputs.value("value")] }),
};

const SIDE = { min: 1, max: 16384 };
const OFFSET = { default: 0, min: 0, max: 16384 };

const primitiveBox: NodeClass = {
  name: "PrimitiveBoundingBox",
  title: "Bounding Box",
  category: "utils/primitive",
  inputs: () => ({
    required: { x: ["INT", OFFSET], y: ["INT", OFFSET], width: ["INT", SIDE], height: ["INT", SIDE] },
  }),
  outputs: [["BOUNDING_BOX", "BOUNDING_BOX"]],
  async run(inputs) {
    const box = Object.fromEntries(["x", "y", "width", "height"].map((name) => [name, inputs.number(name)]));
    return { outputs: [{ type: "json", json: box }] };
  },
};

const primitiveString: NodeClass = {
  name: "PrimitiveStringMultiline",
  title: "String (Multiline)",
  category: "utils/primitive",
  inputs: () => ({ required: { value: ["STRING", { multiline: true }] } }),
  outputs: [["STRING", "STRING"]],
  run: async (inputs) => ({ outputs: [inputs.value("value")] }),
};

/** The classes of this file. */
export const LOADER_NODES: readonly NodeClass[] = [
  checkpointLoader,
  textEncode,
  emptyLatent,
  emptyImage,
  loadImage,
  primitiveFloat,
  primitiveBoolean,
  primitiveBox,
  primitiveString,
];
