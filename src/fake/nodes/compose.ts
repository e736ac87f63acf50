/** Nodes that put pictures together and take colours away: those of the core that the demo workflow needs. */
import { mapColours, type Picture, resize } from "../media/picture.ts";
import type { NodeClass } from "./node-class.ts";

/** `source` over `destination` from (x, y) on; what lies outside is cut off. Masks are not played. */
function paste(destination: Picture, source: Picture, x: number, y: number): Picture {
  const rgb = destination.rgb.slice();
  const columns = Math.min(source.width, destination.width - x);
  const rows = Math.min(source.height, destination.height - y);
  for (let row = 0; row < rows && columns > 0; row++) {
    const from = row * source.width * 3;
    rgb.set(source.rgb.subarray(from, from + columns * 3), ((y + row) * destination.width + x) * 3);
  }
  return { width: destination.width, height: destination.height, rgb };
}

const PLACE = { default: 0, min: 0, max: 16384, step: 1 };

const composite: NodeClass = {
  name: "ImageCompositeMasked",
  title: "Image Composite Masked",
  category: "image",
  inputs: () => ({
    required: {
      destination: ["IMAGE"],
      source: ["IMAGE"],
      x: ["INT", PLACE],
      y: ["INT", PLACE],
      resize_source: ["BOOLEAN", { default: false }],
    },
    optional: { mask: ["MASK"] },
  }),
  outputs: [["IMAGE", "IMAGE"]],
  async run(inputs) {
    const sources = inputs.images("source");
    const pictures = inputs.images("destination").flatMap((destination, i) => {
      const source = sources[i % Math.max(1, sources.length)];
      if (source === undefined) return [destination];
      const fits = inputs.json("resize_source") === true;
      const fitted = fits ? resize(source, destination.width, destination.height) : source;
      return [paste(destination, fitted, inputs.number("x"), inputs.number("y"))];
    });
    return { outputs: [{ type: "images", pictures }] };
  },
};

const quantize: NodeClass = {
  name: "ImageQuantize",
  title: "ImageQuantize",
  category: "image/postprocessing",
  inputs: () => ({
    required: {
      image: ["IMAGE"],
      colors: ["INT", { default: 256, min: 1, max: 256, step: 1 }],
      dither: [["none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"]],
    },
  }),
  outputs: [["IMAGE", "IMAGE"]],
  async run(inputs) {
    // Equal steps per channel, where ComfyUI chooses a palette: as many colours at most, one at least.
    const levels = Math.max(1, Math.floor(Math.cbrt(inputs.number("colors")) + 1e-9));
    const step = 255 / Math.max(1, levels - 1);
    const reduce = (value: number) => (levels === 1 ? 128 : Math.round(Math.round(value / step) * step));
    const pictures = inputs.images("image").map((picture) => mapColours(picture, reduce));
    return { outputs: [{ type: "images", pictures }] };
  },
};

/** The classes of this file. */
export const COMPOSING_NODES: readonly NodeClass[] = [composite, quantize];
