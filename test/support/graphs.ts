/** Graphs for the fake ComfyUI, in API format: small pictures, and nodes that behave in a certain way. */

export type TestGraph = Record<
  string,
  { class_type: string; inputs: Record<string, unknown>; _meta?: { title: string } }
>;

/** A picture of one colour, through `middle` nodes, into SaveImage "9". `middle` is named "5" and feeds on "1". */
export function through(classType: string, inputs: Record<string, unknown> = {}, colour = 0x336699): TestGraph {
  return {
    1: { class_type: "EmptyImage", inputs: { width: 32, height: 24, batch_size: 1, color: colour } },
    5: { class_type: classType, inputs: { images: ["1", 0], ...inputs } },
    9: { class_type: "SaveImage", inputs: { images: ["5", 0], filename_prefix: "test" } },
  };
}

/** A run of `steps` ticks of `stepMs` each: long enough for something to happen to it. */
export const ticking = (steps: number, stepMs: number, colour?: number): TestGraph =>
  through("ProbeSleep", { steps, step_ms: stepMs }, colour);

/** Two pictures: the first is saved as "8" at once, the second as "9" after `steps` ticks. */
export function twoSaves(steps: number, stepMs: number, colour?: number): TestGraph {
  const graph = ticking(steps, stepMs, colour);
  return {
    ...graph,
    // Runs before "5": a node of which more depends on runs later than an output that is ready.
    8: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "early" } },
  };
}

/** Inputs of `txt2img` and `stream` that are quick to paint. */
export const small = (prompt: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  prompt,
  width: 64,
  height: 64,
  steps: 6,
  ...more,
});
