/** The parameters of a text-to-image graph with the node ids of ComfyUI's own default workflow. */
import * as params from "../sampling-params.ts";

/** In the order of a form. */
export const textToImageParams = {
  prompt: params.prompt(["6", "text"]),
  negative: params.negative(["7", "text"]),
  width: params.edge("Width", ["5", "width"]),
  height: params.edge("Height", ["5", "height"]),
  seed: params.seed(["3", "seed"]),
  steps: params.steps(["3", "steps"]),
  cfg: params.cfg(["3", "cfg"]),
  sampler: params.sampler(["3", "sampler_name"]),
  scheduler: params.scheduler(["3", "scheduler"]),
  batch_size: params.batchSize(["5", "batch_size"]),
  checkpoint: params.checkpoint(["4", "ckpt_name"]),
};
