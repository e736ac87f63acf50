import { describe, expect, it } from "vitest";
import { WorkflowSchema } from "../../../src/contract/workflow.ts";
import { defineWorkflow } from "../../../src/core/workflow/define.ts";
import { describeWorkflow } from "../../../src/core/workflow/describe.ts";
import { createRegistry } from "../../../src/core/workflow/registry.ts";

const versionOf = (id: string, version: number) =>
  defineWorkflow({
    id,
    version,
    name: `${id} ${version}`,
    description: "A test.",
    needsModel: false,
    graph: {
      "1": { class_type: "EmptyImage", inputs: { width: 64, color: 0 } },
      "2": { class_type: "SaveImage", inputs: { images: ["1", 0] } },
      "3": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
    },
    params: {
      width: {
        type: "integer",
        label: "Width",
        unit: "px",
        min: 64,
        max: 512,
        step: 8,
        default: 64,
        slots: [["1", "width"]],
      },
      seed: { type: "seed", label: "Seed", description: "Same seed, same picture.", slots: [["1", "color"]] },
      style: { type: "choice", label: "Style", options: ["soft", "hard"], widget: "radio", slots: [] },
    },
    aspect: null,
    example: { style: "soft" },
  });

describe("the registry", () => {
  const registry = createRegistry([versionOf("portrait", 2), versionOf("demo", 1), versionOf("portrait", 1)]);

  it("finds the newest version by id and any by id and version", () => {
    expect(registry.find("portrait")?.version).toBe(2);
    expect(registry.find("portrait@1")?.version).toBe(1);
    expect(registry.find("demo@1")?.id).toBe("demo");
  });

  it.each(["", "nothing", "portrait@3", "portrait@", "@1", "portrait@01", "constructor", "Portrait"])(
    "does not find %j",
    (reference) => expect(registry.find(reference)).toBeNull(),
  );

  it("lists each workflow once, newest version, in the order of registration", () => {
    expect(registry.list().map(({ id, version }) => `${id}@${version}`)).toEqual(["portrait@2", "demo@1"]);
  });

  it("refuses two of the same id and version, and ids that could not be named", () => {
    expect(() => createRegistry([versionOf("demo", 1), versionOf("demo", 1)])).toThrow("demo@1 is registered twice");
    expect(() => createRegistry([versionOf("de@mo", 1)])).toThrow("workflow id");
    expect(() => createRegistry([versionOf("demo", 0)])).toThrow("counts from 1");
  });
});

describe("the description", () => {
  const described = describeWorkflow(versionOf("demo", 1));

  it("fits the contract and survives JSON", () => {
    expect(WorkflowSchema.parse(JSON.parse(JSON.stringify(described)))).toEqual(described);
  });

  it("shows results, not previews", () => {
    expect(described.outputs).toEqual([{ node_id: "2", type: "image" }]);
  });

  it("is a strict JSON Schema 2020-12 with hints for a form", () => {
    expect(described.inputs_schema).toEqual({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      additionalProperties: false,
      required: ["style"],
      properties: {
        width: {
          type: "integer",
          title: "Width",
          minimum: 64,
          maximum: 512,
          multipleOf: 8,
          default: 64,
          ui: { widget: "slider", order: 0, unit: "px" },
        },
        seed: {
          type: ["string", "integer"],
          title: "Seed",
          description: "Same seed, same picture.",
          pattern: "^(random|[0-9]{1,20})$",
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: "random",
          ui: { widget: "seed", order: 1 },
        },
        style: { type: "string", title: "Style", enum: ["soft", "hard"], ui: { widget: "radio", order: 2 } },
      },
    });
  });
});
