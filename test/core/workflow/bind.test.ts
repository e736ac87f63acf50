import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindWorkflow, placeImages } from "../../../src/core/workflow/bind.ts";
import { defineWorkflow, withDefaults } from "../../../src/core/workflow/define.ts";
import { MAX_SEED } from "../../../src/core/workflow/seeds.ts";

const UPLOAD = "upl_01kag3x7p2v9m4t8r6c5n1d0ze";

const workflow = defineWorkflow({
  id: "paint",
  version: 1,
  name: "Paint",
  description: "",
  needsModel: true,
  graph: {
    "3": { class_type: "KSampler", inputs: { seed: 0, steps: 20, cfg: 7, sampler_name: "euler", latent: ["5", 0] } },
    "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "a.safetensors" } },
    "5": { class_type: "EmptyLatentImage", inputs: { width: 512, height: 512 } },
    "6": { class_type: "Encode", inputs: { text_g: "", text_l: "", tiled: false } },
    "7": { class_type: "LoadImage", inputs: { image: "example.png" } },
    "8": { class_type: "SaveImage", inputs: { images: ["3", 0], filename_prefix: "paint" } },
  },
  params: {
    prompt: {
      type: "text",
      label: "Prompt",
      minLength: 1,
      maxLength: 20,
      slots: [
        ["6", "text_g"],
        ["6", "text_l"],
      ],
    },
    seed: { type: "seed", label: "Seed", slots: [["3", "seed"]] },
    steps: { type: "integer", label: "Steps", min: 1, max: 60, default: 20, slots: [["3", "steps"]] },
    cfg: { type: "number", label: "Guidance", min: 0, max: 30, step: 0.1, default: 7, slots: [["3", "cfg"]] },
    width: { type: "integer", label: "Width", min: 64, max: 2048, step: 8, default: 512, slots: [["5", "width"]] },
    height: { type: "integer", label: "Height", min: 64, max: 2048, step: 8, default: 512, slots: [["5", "height"]] },
    sampler: {
      type: "choice",
      label: "Sampler",
      options: ["euler", "heun"],
      default: "euler",
      slots: [["3", "sampler_name"]],
    },
    tiled: { type: "boolean", label: "Tiled", default: false, slots: [["6", "tiled"]] },
    photo: { type: "image", label: "Photo", slots: [["7", "image"]] },
    checkpoint: { type: "model", label: "Model", default: "a.safetensors", slots: [["4", "ckpt_name"]] },
  },
  aspect: { width: "width", height: "height" },
  example: { prompt: "a cat", photo: UPLOAD },
});

const draw = () => 42n;
const good = { prompt: "a cat", photo: UPLOAD };

function bound(inputs: Record<string, unknown> = {}) {
  const result = bindWorkflow(workflow, { ...good, ...inputs }, draw);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** `code pointer: detail` of each problem. */
function problems(inputs: unknown): string[] {
  const result = bindWorkflow(workflow, inputs, draw);
  return result.ok ? [] : result.error.map(({ code, pointer, detail }) => `${code} ${pointer}: ${detail}`);
}

describe("binding", () => {
  it("fills in the defaults, draws the seed and says what it used", () => {
    const { inputs, seed, aspect } = bound({ width: 768 });
    expect(inputs).toEqual({
      prompt: "a cat",
      seed: "42",
      steps: 20,
      cfg: 7,
      width: 768,
      height: 512,
      sampler: "euler",
      tiled: false,
      photo: UPLOAD,
      checkpoint: "a.safetensors",
    });
    expect(seed).toBe("42");
    expect(aspect).toEqual({ width: 768, height: 512 });
  });

  it("sets every slot of a parameter and nothing else", () => {
    const { graph } = bound({ steps: 3, sampler: "heun", tiled: true });
    expect(graph["3"]?.inputs).toEqual({ seed: 42, steps: 3, cfg: 7, sampler_name: "heun", latent: ["5", 0] });
    expect(graph["6"]?.inputs).toEqual({ text_g: "a cat", text_l: "a cat", tiled: true });
    expect(graph["8"]).toEqual(workflow.graph["8"]);
    expect(workflow.graph["3"]?.inputs.steps).toBe(20);
  });

  it("names the outputs", () => {
    expect(bound().outputs).toEqual([{ nodeId: "8", type: "image", temporary: false, viaSocket: false }]);
  });

  it("gives the same result for the inputs it reports, so a repeat is the same picture", () => {
    const first = bound({ seed: "random" });
    expect(bindWorkflow(workflow, first.inputs, () => 999n)).toEqual({ ok: true, value: first });
  });

  it("says where the file name of an upload goes, and puts it there", () => {
    const { graph, images } = bound();
    expect(images).toEqual([{ name: "photo", uploadId: UPLOAD, slots: [["7", "image"]] }]);
    expect(graph["7"]?.inputs.image).toBe(UPLOAD);
    const placed = placeImages(graph, images, new Map([[UPLOAD, "easel/photo (1).png"]]));
    expect(placed["7"]?.inputs.image).toBe("easel/photo (1).png");
    expect(placeImages(graph, images, new Map())).toEqual(graph);
  });

  it("uses an owner's default", () => {
    const result = bindWorkflow(withDefaults(workflow, { checkpoint: "mine.safetensors" }), good, draw);
    expect(result.ok && result.value.graph["4"]?.inputs.ckpt_name).toBe("mine.safetensors");
  });

  it("holds an owner's default to the same rules as a caller's value", () => {
    const result = bindWorkflow(withDefaults(workflow, { steps: 999 }), good, draw);
    const detail = "The default set for this deployment is not valid. At most 60, got 999.";
    expect(result).toEqual({ ok: false, error: [{ pointer: "#/inputs/steps", code: "too_big", detail }] });
  });
});

describe("seeds", () => {
  it.each([
    ["a number", 7, 7, "7"],
    ["a decimal string", "918273645546372819", 918273645546372819n, "918273645546372819"],
    ["the largest seed", MAX_SEED.toString(), MAX_SEED, "18446744073709551615"],
    ["a bigint", MAX_SEED, MAX_SEED, "18446744073709551615"],
    ["a short string", "7", 7, "7"],
    ["zero", 0, 0, "0"],
  ])("takes %s", (_, given, literal, shown) => {
    const { graph, seed, inputs } = bound({ seed: given });
    expect(graph["3"]?.inputs.seed).toBe(literal);
    expect(seed).toBe(shown);
    expect(inputs.seed).toBe(shown);
  });

  it("does not draw when a seed is given", () => {
    const result = bindWorkflow(workflow, { ...good, seed: 1 }, () => {
      throw new Error("drew");
    });
    expect(result.ok).toBe(true);
  });

  it("refuses a number that has lost its last digits, and says how to send it", () => {
    expect(problems({ ...good, seed: 2 ** 60 })).toEqual([
      "bad_format #/inputs/seed: JSON numbers above 9007199254740991 lose digits: send this seed as a string.",
    ]);
  });

  it.each([-1, 1.5, "-1", "0x10", "", "18446744073709551616", null, {}, true])("refuses %j", (seed) => {
    expect(problems({ ...good, seed })).toEqual([
      'bad_format #/inputs/seed: Must be "random" or a whole number from 0 to 18446744073709551615.',
    ]);
  });
});

describe("what is wrong with inputs", () => {
  it.each<[Record<string, unknown>, string]>([
    [{ steps: 99 }, "too_big #/inputs/steps: At most 60, got 99."],
    [{ steps: 0 }, "too_small #/inputs/steps: At least 1, got 0."],
    [{ steps: 1.5 }, "wrong_type #/inputs/steps: Must be a whole number, got 1.5."],
    [{ steps: "9" }, 'wrong_type #/inputs/steps: Must be a whole number, got the text "9".'],
    [{ steps: null }, "wrong_type #/inputs/steps: Must be a whole number, got null."],
    [{ steps: [9] }, "wrong_type #/inputs/steps: Must be a whole number, got a list."],
    [{ cfg: Number.NaN }, "wrong_type #/inputs/cfg: Must be a number, got NaN."],
    [{ width: 513 }, "bad_format #/inputs/width: Must be a multiple of 8, got 513."],
    [{ prompt: "x".repeat(21) }, "too_long #/inputs/prompt: At most 20 characters, got 21."],
    [{ prompt: "" }, "required #/inputs/prompt: Must not be empty."],
    [{ prompt: undefined }, "required #/inputs/prompt: Required."],
    [{ prompt: 5 }, "wrong_type #/inputs/prompt: Must be a text, got 5."],
    [{ prompt: "\ud83d" }, "bad_format #/inputs/prompt: Holds half of a surrogate pair: not valid Unicode."],
    [{ sampler: "huen" }, 'not_a_choice #/inputs/sampler: "huen" is not one of euler, heun. Did you mean "heun"?'],
    [{ sampler: 5 }, "wrong_type #/inputs/sampler: Must be a text, got 5."],
    [{ tiled: "false" }, 'wrong_type #/inputs/tiled: Must be true or false, got the text "false".'],
    [{ photo: undefined }, "required #/inputs/photo: Required."],
    [
      { photo: "cat.png" },
      'bad_format #/inputs/photo: "cat.png" does not have the expected form: must be upl_ and 26 lower-case base32 characters.',
    ],
    [
      { checkpoint: "../../etc/passwd" },
      `bad_format #/inputs/checkpoint: "../../etc/passwd" does not have the expected form: must be a model file's name as ComfyUI lists it.`,
    ],
  ])("%j", (inputs, problem) => expect(problems({ ...good, ...inputs })).toEqual([problem]));

  it("names an unknown parameter, the known ones and the one that was meant", () => {
    const [problem] = problems({ ...good, promt: "a cat" });
    expect(problem).toBe(
      'unknown_parameter #/inputs/promt: There is no parameter "promt": did you mean "prompt"? This workflow takes ' +
        "prompt, seed, steps, cfg, width, height, sampler, tiled, photo, checkpoint.",
    );
  });

  it("does not guess when nothing is near", () => {
    expect(problems({ ...good, xylophone: 1 })[0]).toContain('There is no parameter "xylophone". This workflow takes');
  });

  it("reports all problems at once", () => {
    const found = problems({ steps: 99, cfg: -1, oops: 1 }).map((problem) => problem.split(":")[0]);
    expect(found.sort()).toEqual([
      "required #/inputs/photo",
      "required #/inputs/prompt",
      "too_big #/inputs/steps",
      "too_small #/inputs/cfg",
      "unknown_parameter #/inputs/oops",
    ]);
  });

  it.each([
    ["a list", []],
    ["a text", "x"],
    ["a number", 5],
  ])("wants an object, not %s", (_, inputs) => {
    expect(problems(inputs)).toEqual(["wrong_type #/inputs: Must be an object."]);
  });

  it.each([undefined, null])("counts %s as no inputs", (inputs) => {
    expect(problems(inputs)).toEqual(["required #/inputs/prompt: Required.", "required #/inputs/photo: Required."]);
  });

  it("treats inherited names as unknown parameters", () => {
    const inputs = JSON.parse(`{"prompt":"x","photo":"${UPLOAD}","__proto__":{"steps":1},"constructor":1}`);
    expect(problems(inputs).map((problem) => problem.split(":")[0])).toEqual([
      "unknown_parameter #/inputs/__proto__",
      "unknown_parameter #/inputs/constructor",
    ]);
  });

  it("bounds the answer whatever was sent", () => {
    const flood = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}${"x".repeat(200)}`, 1]));
    expect(JSON.stringify(problems(flood)).length).toBeLessThan(40_000);
    expect(JSON.stringify(problems({ ["x".repeat(500_000)]: 1 })).length).toBeLessThan(2000);
  });

  it("never throws, whatever the inputs", () => {
    const value = fc.oneof(fc.anything(), fc.bigInt());
    const inputs = fc.record(Object.fromEntries(Object.keys(workflow.params).map((name) => [name, value])), {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), inputs),
        (given) => typeof bindWorkflow(workflow, given, draw).ok === "boolean",
      ),
    );
  });
});
