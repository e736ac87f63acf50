import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText } from "../../../src/core/comfy/events.ts";
import { framesIn, loadCapture, loadCaptures } from "../../support/captures.ts";

const event = (type: string, data: unknown) => decodeText(JSON.stringify({ type, data }));

const NAMES = [
  "status",
  "execution_start",
  "execution_cached",
  "executing",
  "progress",
  "progress_state",
  "executed",
  "execution_success",
  "execution_error",
  "execution_interrupted",
  "feature_flags",
  "logs",
  "VHS_latentpreview",
];

describe("decodeText", () => {
  it("[C2] reads absent fields as null", () => {
    expect(event("executing", { node: "3" })).toEqual({
      type: "executing",
      node: "3",
      displayNode: null,
      promptId: null,
    });
    expect(event("status", {})).toEqual({ type: "status", queueRemaining: null, sid: null });
    expect(event("execution_start", {})).toEqual({ type: "executionStart", promptId: null, timestampMs: null });
    expect(event("execution_cached", {})).toEqual({
      type: "executionCached",
      promptId: null,
      nodes: [],
      timestampMs: null,
    });
    expect(event("executed", { node: "9", output: null })).toEqual({
      type: "executed",
      node: "9",
      displayNode: null,
      promptId: null,
      output: null,
    });
    expect(event("execution_error", {})).toMatchObject({ nodeId: null, message: "", executed: [], blocked: false });
    expect(event("feature_flags", {})).toEqual({
      type: "featureFlags",
      supportsPreviewMetadata: false,
      maxUploadBytes: null,
    });
  });

  it("[C2] calls undecodable what means nothing without the missing field", () => {
    for (const [type, data] of [
      ["executing", {}],
      ["progress", { value: 1 }],
      ["progress", { value: "1", max: 2 }],
      ["progress_state", { nodes: [] }],
      ["executed", { output: {} }],
      ["status", null],
    ] as const) {
      expect(event(type, data), type).toEqual({ type: "undecodable", reason: "bad_data" });
    }
    for (const text of ["[]", "1", '{"data":{}}', '{"type":5}', JSON.stringify({ type: "x".repeat(300) })]) {
      expect(decodeText(text), text).toEqual({ type: "undecodable", reason: "bad_envelope" });
    }
    expect(decodeText("{")).toEqual({ type: "undecodable", reason: "malformed" });
    expect(decodeText(`"${"x".repeat(9 * 1024 * 1024)}"`)).toEqual({ type: "undecodable", reason: "too_large" });
  });

  it("[C2] lets unknown events pass and leaves out logs and assets", () => {
    expect(event("display_component", { a: [1] })).toEqual({
      type: "custom",
      name: "display_component",
      data: { a: [1] },
    });
    expect(decodeText('{"type":"__proto__"}')).toEqual({ type: "custom", name: "__proto__", data: null });
    expect(event("logs", { entries: [] })).toEqual({ type: "ignored", reason: "logs" });
    expect(event("assets.seed.started", {})).toEqual({ type: "ignored", reason: "assets" });
  });

  it("[C1] survives NaN in an output and in a progress tick", () => {
    expect(
      decodeText('{"type": "executed", "data": {"node": "4", "output": {"loss": [NaN, Infinity]}}}'),
    ).toMatchObject({
      type: "executed",
      output: { loss: [null, null] },
    });
    expect(decodeText('{"type": "progress", "data": {"value": NaN, "max": 4}}').type).toBe("undecodable");
  });

  it("[C3] takes executing null as the end, and an absent node not as null", () => {
    expect(event("executing", { node: null, prompt_id: "p" })).toMatchObject({
      type: "executing",
      node: null,
      promptId: "p",
    });
    expect(event("executing", { prompt_id: "p" }).type).toBe("undecodable");
  });

  it("[C5] marks a blocked branch, which is no end", () => {
    const blocked = {
      node_id: "2",
      exception_type: "ExecutionBlocked",
      exception_message: "Execution Blocked: no",
      current_inputs: [],
    };
    expect(event("execution_error", blocked)).toMatchObject({ blocked: true, message: "Execution Blocked: no" });
    expect(event("execution_error", { exception_type: "RuntimeError" })).toMatchObject({ blocked: false });
  });

  it("[C7] knows an exhausted GPU by the exception's class or by its words", () => {
    const outOfMemory = (exception_type: string, exception_message: string) =>
      event("execution_error", { exception_type, exception_message });
    for (const [type, message] of [
      ["torch.OutOfMemoryError", "Allocation on device"],
      ["torch.cuda.OutOfMemoryError", ""],
      ["RuntimeError", "This error means you ran out of memory on your GPU.\n"],
      ["RuntimeError", "CUDA error: out of memory\nkernel errors might be reported later"],
    ] as const) {
      expect(outOfMemory(type, message), message).toMatchObject({ outOfMemory: true });
    }
    expect(outOfMemory("ValueError", "no memory of this prompt")).toMatchObject({ outOfMemory: false });
    expect(outOfMemory("MyOutOfMemoryErrorLike", "")).toMatchObject({ outOfMemory: false });
  });

  it("[C6] cuts an error down to its words", () => {
    const failures = framesIn(loadCapture("11b-node-error-in-sampler-graph"))
      .filter((frame) => typeof frame === "string")
      .map(decodeText)
      .filter((decoded) => decoded.type === "executionError");
    expect(failures.map((failure) => [failure.nodeId, failure.nodeType])).toEqual([
      ["10", "LoadImage"],
      ["3", "KSampler"],
    ]);
    for (const failure of failures) expect(JSON.stringify(failure).length).toBeLessThan(2000);
    const long = event("execution_error", { exception_message: "x".repeat(100_000) });
    expect(long.type === "executionError" && long.message.length).toBe(4096);
  });

  it("[C8] reads progress_state as a list of started nodes by their fields", () => {
    const nodes = {
      "2.0.0.1": {
        value: 3,
        max: 20.0,
        state: "running",
        node_id: "2.0.0.1",
        display_node_id: "2",
        parent_node_id: "2",
        real_node_id: "2",
        activity: "tip",
      },
      "5": { state: "finished", value: null, max: 1 },
      "6": { state: "running" },
      "7": null,
      "8": { value: 1, max: 1 },
    };
    const none = { displayNodeId: null, parentNodeId: null, realNodeId: null };
    expect(event("progress_state", { prompt_id: "p", nodes })).toEqual({
      type: "progressState",
      promptId: "p",
      nodes: [
        { nodeId: "5", value: 1, max: 1, state: "finished", ...none },
        { nodeId: "6", value: 0, max: 1, state: "running", ...none },
        {
          nodeId: "2.0.0.1",
          value: 3,
          max: 20,
          state: "running",
          displayNodeId: "2",
          parentNodeId: "2",
          realNodeId: "2",
        },
      ],
    });
  });

  it("[C2] never throws, whatever the data of an event", () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.jsonValue(), (name, data) => {
        expect(typeof event(name, data).type).toBe("string");
      }),
    );
  });

  it("[C2] never throws on a recorded frame with a piece replaced", () => {
    const texts = loadCaptures().flatMap((capture) => framesIn(capture).filter((frame) => typeof frame === "string"));
    const pieces = fc.oneof(
      fc.constantFrom("null", "NaN", '"', "{", "[]", "1e999", "", "\\", "-1", "true"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.nat(texts.length - 1), fc.nat(), fc.nat(12), pieces, (index, at, length, piece) => {
        const text = texts[index] ?? "";
        const start = at % text.length;
        const decoded = decodeText(text.slice(0, start) + piece + text.slice(start + length));
        expect(typeof decoded.type).toBe("string");
      }),
      { numRuns: 2000 },
    );
  });

  it("[C2] never throws on a recorded message with any of its values replaced", () => {
    const texts = loadCaptures().flatMap((capture) => framesIn(capture).filter((frame) => typeof frame === "string"));
    fc.assert(
      fc.property(fc.nat(texts.length - 1), fc.nat(), fc.jsonValue({ maxDepth: 2 }), (index, at, replacement) => {
        const message = JSON.parse(texts[index] ?? "null") as unknown;
        const places: [Record<string, unknown>, string][] = [];
        const visit = (value: unknown): void => {
          if (typeof value !== "object" || value === null) return;
          for (const key of Object.keys(value)) {
            places.push([value as Record<string, unknown>, key]);
            visit((value as Record<string, unknown>)[key]);
          }
        };
        visit(message);
        const [parent, key] = places[at % places.length] ?? [{}, ""];
        parent[key] = replacement;
        expect(typeof decodeText(JSON.stringify(message)).type).toBe("string");
      }),
      { numRuns: 1000 },
    );
  });
});
