/** A picture from words, saved as a file. Needs a checkpoint with its own text encoder and VAE (SD 1.5, SDXL). */
import { defineWorkflow } from "../../src/core/workflow/define.ts";
import graph from "./graph.json" with { type: "json" };
import { textToImageParams } from "./params.ts";

/** Text to image. */
export const txt2img = defineWorkflow({
  id: "txt2img",
  version: 1,
  name: "Text to image",
  description: "Paints a picture from a prompt.",
  needsModel: true,
  graph,
  params: textToImageParams,
  aspect: { width: "width", height: "height" },
  example: { prompt: "a lighthouse in fog", negative: "blurry", width: 512, height: 768, steps: 24, seed: "random" },
});
