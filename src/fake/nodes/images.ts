/** Nodes that change pictures. */
import { isObject, type JsonObject, numberOf, PyFloat } from "../json.ts";
import { mapColours, type Picture, resize } from "../media/picture.ts";
import type { InputSpec, NodeClass, NodeResult } from "./node-class.ts";
import { jsonValue } from "./node-class.ts";
import { writeTempImages } from "./saving.ts";
import { type Inputs, NodeFailure, reservePixels } from "./value.ts";

const METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"];
const FACTOR = { default: new PyFloat(0.5), min: new PyFloat(0), max: new PyFloat(1), step: new PyFloat(0.01) };

/** A node from pictures to pictures. */
function imageNode(
  name: string,
  title: string,
  required: Readonly<Record<string, InputSpec>>,
  change: (inputs: Inputs) => readonly Picture[],
): NodeClass {
  return {
    name,
    title,
    category: "image",
    inputs: () => ({ required }),
    outputs: [["IMAGE", "IMAGE"]],
    run: async (inputs): Promise<NodeResult> => ({ outputs: [{ type: "images", pictures: change(inputs) }] }),
  };
}

/** The picture at a size; 0 keeps the proportions. */
function scaled(picture: Picture, width: number, height: number): Picture {
  if (width === 0 && height === 0) return picture;
  const across = width || Math.max(1, Math.round((picture.width * height) / picture.height));
  const down = height || Math.max(1, Math.round((picture.height * width) / picture.width));
  reservePixels(across, down, 1);
  return resize(picture, across, down);
}

const invert = imageNode("ImageInvert", "Invert Image", { image: ["IMAGE"] }, (inputs) =>
  inputs.images("image").map((picture) => mapColours(picture, (value) => 255 - value)),
);

const scale = imageNode(
  "ImageScale",
  "Upscale Image",
  {
    image: ["IMAGE"],
    upscale_method: [METHODS],
    width: ["INT", { default: 512, min: 0, max: 16384, step: 1 }],
    height: ["INT", { default: 512, min: 0, max: 16384, step: 1 }],
    crop: [["disabled", "center"]],
  },
  (inputs) => inputs.images("image").map((picture) => scaled(picture, inputs.number("width"), inputs.number("height"))),
);

const scaleBy = imageNode(
  "ImageScaleBy",
  "Upscale Image By",
  {
    image: ["IMAGE"],
    upscale_method: [METHODS],
    scale_by: [
      "FLOAT",
      { default: new PyFloat(1), min: new PyFloat(0.01), max: new PyFloat(8), step: new PyFloat(0.01) },
    ],
  },
  (inputs) =>
    inputs.images("image").map((picture) => {
      const by = inputs.number("scale_by");
      return scaled(picture, Math.max(1, Math.round(picture.width * by)), Math.max(1, Math.round(picture.height * by)));
    }),
);

const batch = imageNode("ImageBatch", "Batch Images", { image1: ["IMAGE"], image2: ["IMAGE"] }, (inputs) => {
  const first = inputs.images("image1");
  const { width, height } = first[0] ?? { width: 1, height: 1 };
  return [...first, ...inputs.images("image2").map((picture) => resize(picture, width, height))];
});

const blend = imageNode(
  "ImageBlend",
  "Blend Images",
  {
    image1: ["IMAGE"],
    image2: ["IMAGE"],
    blend_factor: ["FLOAT", FACTOR],
    blend_mode: [["normal", "multiply", "screen", "overlay", "soft_light", "difference"]],
  },
  (inputs) => {
    const factor = inputs.number("blend_factor");
    const others = inputs.images("image2");
    return inputs.images("image1").map((picture, i) => {
      const other = others[i] ?? others[0] ?? picture;
      const over = resize(other, picture.width, picture.height).rgb;
      return mapColours(picture, (value, at) => value * (1 - factor) + (over[at] ?? 0) * factor);
    });
  },
);

const blur = imageNode(
  "ImageBlur",
  "Blur Image",
  {
    image: ["IMAGE"],
    blur_radius: ["INT", { default: 1, min: 1, max: 31, step: 1 }],
    sigma: ["FLOAT", { default: new PyFloat(1), min: new PyFloat(0.1), max: new PyFloat(10), step: new PyFloat(0.1) }],
  },
  (inputs) =>
    inputs.images("image").map((picture) => {
      const by = 1 + inputs.number("blur_radius");
      const small = resize(picture, Math.ceil(picture.width / by), Math.ceil(picture.height / by));
      return resize(small, picture.width, picture.height);
    }),
);

const getSize: NodeClass = {
  name: "GetImageSize",
  title: "Get Image Size",
  category: "image",
  inputs: () => ({ required: { image: ["IMAGE"] }, hidden: { unique_id: "UNIQUE_ID" } }),
  outputs: [
    ["INT", "width"],
    ["INT", "height"],
    ["INT", "batch_size"],
  ],
  async run(inputs, context) {
    const images = inputs.images("image");
    const { width, height } = images[0] ?? { width: 0, height: 0 };
    context.sendText(`width: ${width}, height: ${height}\n batch size: ${images.length}`);
    return { outputs: [jsonValue(width), jsonValue(height), jsonValue(images.length)] };
  },
};

/** The part of a picture inside a box; the box is cut off at the picture's edges. */
function cropped(picture: Picture, box: JsonObject): Picture {
  const side = (name: string): number => numberOf(box[name]) ?? 0;
  const left = Math.min(side("x"), picture.width - 1);
  const top = Math.min(side("y"), picture.height - 1);
  const width = Math.max(1, Math.min(side("width"), picture.width - left));
  const height = Math.max(1, Math.min(side("height"), picture.height - top));
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * 3;
    rgb.set(picture.rgb.subarray(start, start + width * 3), y * width * 3);
  }
  return { width, height, rgb };
}

const crop: NodeClass = {
  name: "ImageCropV2",
  title: "Image Crop",
  category: "image",
  hasIntermediateOutput: true,
  inputs: () => ({ required: { image: ["IMAGE"], crop_region: ["BOUNDING_BOX", { component: "ImageCrop" }] } }),
  outputs: [["IMAGE", "IMAGE"]],
  async run(inputs, context) {
    const region = inputs.json("crop_region");
    if (!isObject(region)) throw new NodeFailure("TypeError", "'crop_region' is not a box");
    const pictures = inputs.images("image").map((picture) => cropped(picture, region));
    const images = await writeTempImages(pictures, context);
    return { outputs: [{ type: "images", pictures }], ui: { images, animated: [false] } };
  },
};

/** The classes of this file. */
export const IMAGE_NODES: readonly NodeClass[] = [invert, scale, scaleBy, batch, blend, blur, getSize, crop];
