/** The compiler is the test here: each `@ts-expect-error` fails the build if the line below it compiles. */
import { describe, expect, it } from "vitest";
import { defineWorkflow, withDefaults } from "../../../src/core/workflow/define.ts";

const graph = {
  "4": { inputs: { ckpt_name: "a.safetensors" }, class_type: "CheckpointLoaderSimple" },
  "6": { inputs: { text: "a cat", clip: ["4", 1], seed: 5, tiled: true }, class_type: "Imaginary" },
};
const rest = { id: "x", version: 1, name: "X", description: "", needsModel: false, graph, aspect: null, example: {} };
const label = "Label";

describe("a binding", () => {
  it("compiles where the graph has a literal of the parameter's type", () => {
    const workflow = defineWorkflow({
      ...rest,
      params: {
        prompt: { type: "text", label, maxLength: 9, slots: [["6", "text"]] },
        seed: { type: "seed", label, slots: [["6", "seed"], { slot: ["6", "text"], from: (seed) => `${seed}` }] },
        tiled: { type: "boolean", label, slots: [["6", "tiled"]] },
      },
      aspect: null,
    });
    expect(Object.keys(workflow.params)).toEqual(["prompt", "seed", "tiled"]);
  });

  it("does not compile for a node that is not in the graph", () => {
    // @ts-expect-error there is no node 7
    defineWorkflow({ ...rest, params: { a: { type: "text", label, maxLength: 9, slots: [["7", "text"]] } } });
  });

  it("does not compile for an input the node does not have", () => {
    // @ts-expect-error the input is called text
    defineWorkflow({ ...rest, params: { a: { type: "text", label, maxLength: 9, slots: [["6", "prompt"]] } } });
  });

  it("does not compile for a link", () => {
    // @ts-expect-error clip is linked, not a literal
    defineWorkflow({ ...rest, params: { a: { type: "text", label, maxLength: 9, slots: [["6", "clip"]] } } });
  });

  it("does not compile for a literal of another type", () => {
    // @ts-expect-error text is not a number
    defineWorkflow({ ...rest, params: { a: { type: "integer", label, min: 0, max: 9, slots: [["6", "text"]] } } });
  });

  it("does not compile through a function either, if the slot is not there", () => {
    // @ts-expect-error there is no node 7
    defineWorkflow({ ...rest, params: { a: { type: "seed", label, slots: [{ slot: ["7", "x"], from: () => 1 }] } } });
  });

  it("does not compile an aspect or an example of parameters that are not there", () => {
    const params = { a: { type: "seed" as const, label, slots: [] } };
    // @ts-expect-error there is no parameter width
    defineWorkflow({ ...rest, params, aspect: { width: "width", height: "a" } });
    // @ts-expect-error there is no parameter b
    defineWorkflow({ ...rest, params, example: { b: 1 } });
  });
});

describe("withDefaults", () => {
  const workflow = defineWorkflow({
    ...rest,
    params: {
      checkpoint: { type: "model", label, default: "a.safetensors", slots: [["4", "ckpt_name"]] },
      seed: { type: "seed", label, slots: [["6", "seed"]] },
    },
  });

  it("replaces a default and ignores what the workflow does not have", () => {
    const changed = withDefaults(workflow, { checkpoint: "b.safetensors", nothing: 1, seed: 5 });
    expect(changed.params.checkpoint).toMatchObject({ default: "b.safetensors" });
    expect(changed.params.seed).toEqual(workflow.params.seed);
    expect(workflow.params.checkpoint).toMatchObject({ default: "a.safetensors" });
  });
});
