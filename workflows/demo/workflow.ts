/**
 * A picture without any model: four patches of colour, placed by the seed, are stretched to a soft field and reduced to
 * a few tones, like a paper cut. Runs on a stock ComfyUI from 0.3.64 on, on any machine, in about a second, and has
 * enough nodes for its progress to be seen. There is no prompt because no core node draws words.
 */
import { defineWorkflow } from "../../src/core/workflow/define.ts";
import graph from "./graph.json" with { type: "json" };
import { colour, place } from "./palette.ts";

/** The demo. */
export const demo = defineWorkflow({
  id: "demo",
  version: 1,
  name: "Demo",
  description: "Makes a small abstract picture from a seed. Needs no model: use it to see that everything works.",
  needsModel: false,
  graph,
  params: {
    seed: {
      type: "seed",
      label: "Seed",
      description: "Decides colours and places.",
      slots: [
        { slot: ["1", "color"], from: colour({ hue: 0, saturation: 0.5, lightness: 0.22 }) },
        { slot: ["2", "color"], from: colour({ hue: 0.08, saturation: 0.45, lightness: 0.5 }) },
        { slot: ["3", "color"], from: colour({ hue: 0.42, saturation: 0.75, lightness: 0.72 }) },
        { slot: ["4", "color"], from: colour({ hue: 0.55, saturation: 0.7, lightness: 0.52 }) },
        { slot: ["5", "x"], from: place(2, 3) },
        { slot: ["5", "y"], from: place(3, 4) },
        { slot: ["6", "x"], from: place(4, 5) },
        { slot: ["6", "y"], from: place(5, 5) },
        { slot: ["7", "x"], from: place(6, 6) },
        { slot: ["7", "y"], from: place(7, 7) },
      ],
    },
    width: {
      type: "integer",
      label: "Width",
      unit: "px",
      min: 64,
      max: 2048,
      step: 8,
      default: 768,
      slots: [["8", "width"]],
    },
    height: {
      type: "integer",
      label: "Height",
      unit: "px",
      min: 64,
      max: 2048,
      step: 8,
      default: 512,
      slots: [["8", "height"]],
    },
    tones: {
      type: "integer",
      label: "Tones",
      description: "How many colours the picture is reduced to.",
      min: 2,
      max: 256,
      default: 16,
      slots: [["10", "colors"]],
    },
    softness: {
      type: "integer",
      label: "Softness",
      unit: "px",
      min: 1,
      max: 31,
      default: 12,
      slots: [["9", "blur_radius"]],
    },
  },
  aspect: { width: "width", height: "height" },
  example: { seed: "20261120", width: 768, height: 512, tones: 16 },
});
