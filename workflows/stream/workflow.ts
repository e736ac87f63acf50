/** A picture from words that leaves no file on the ComfyUI box: it comes as a frame on the socket, at full size. */
import { defineWorkflow } from "../../src/core/workflow/define.ts";
import { textToImageParams } from "../txt2img/params.ts";
import graph from "./graph.json" with { type: "json" };

/** Text to image over the socket. */
export const stream = defineWorkflow({
  id: "stream",
  version: 1,
  name: "Text to image, streamed",
  description: "Paints a picture from a prompt and sends it directly: nothing is written to the backend's disk.",
  needsModel: true,
  graph,
  params: textToImageParams,
  aspect: { width: "width", height: "height" },
  example: { prompt: "a lighthouse in fog", seed: "random" },
});
