/** A picture from a picture and words. The result has the size of the upload, so its shape is not known beforehand. */
import { defineWorkflow } from "../../src/core/workflow/define.ts";
import * as params from "../sampling-params.ts";
import graph from "./graph.json" with { type: "json" };

/** Image to image. */
export const img2img = defineWorkflow({
  id: "img2img",
  version: 1,
  name: "Image to image",
  description: "Repaints an uploaded picture towards a prompt.",
  needsModel: true,
  graph,
  params: {
    image: {
      type: "image",
      label: "Picture",
      description: "The id of an upload. Large pictures are slow: nothing is scaled down.",
      slots: [["10", "image"]],
    },
    prompt: params.prompt(["6", "text"]),
    negative: params.negative(["7", "text"]),
    denoise: params.denoise(["3", "denoise"]),
    seed: params.seed(["3", "seed"]),
    steps: params.steps(["3", "steps"]),
    cfg: params.cfg(["3", "cfg"]),
    sampler: params.sampler(["3", "sampler_name"]),
    scheduler: params.scheduler(["3", "scheduler"]),
    checkpoint: params.checkpoint(["4", "ckpt_name"]),
  },
  aspect: null,
  example: { image: "upl_01kag3x7p2v9m4t8r6c5n1d0ze", prompt: "a harbour at dusk", denoise: 0.6, seed: "random" },
});
