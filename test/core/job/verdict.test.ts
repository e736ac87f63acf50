import { describe, expect, it } from "vitest";
import type { ExecutionFailure } from "../../../src/core/comfy/failure.ts";
import type { Execution } from "../../../src/core/comfy/history.ts";
import type { PromptReply } from "../../../src/core/comfy/replies.ts";
import { outcomeOf, submitReplyOf } from "../../../src/core/job/verdict.ts";

const failure = (part: Partial<ExecutionFailure>): ExecutionFailure => ({
  nodeId: "3",
  nodeType: "KSampler",
  message: "boom",
  exceptionType: "RuntimeError",
  executed: [],
  blocked: false,
  outOfMemory: false,
  cycle: false,
  ...part,
});

const execution = (part: Partial<Execution>): Execution => ({
  outcome: "success",
  failure: null,
  startedAtMs: null,
  endedAtMs: null,
  cachedNodes: [],
  outputs: [],
  displayNodes: {},
  ...part,
});

const refusal = (errorType: string, message: string, inputName: string, details: string): PromptReply => ({
  type: "rejected",
  errorType: "prompt_outputs_failed_validation",
  message: "Prompt outputs failed validation",
  details: "",
  nodeId: null,
  classType: null,
  nodeErrors: [
    { nodeId: "4", classType: "Loader", dependentOutputs: ["9"], errors: [{ errorType, message, details, inputName }] },
  ],
});

describe("a history entry", () => {
  it.each([
    [{}, "node_failed"],
    [{ outOfMemory: true }, "out_of_memory"],
    [{ cycle: true }, "invalid_workflow"],
  ])("with a failure %o is %s", (part, code) => {
    const outcome = outcomeOf(execution({ outcome: "error", failure: failure(part) }));
    expect(outcome).toMatchObject({ result: "error", failure: { code, nodeId: "3", classType: "KSampler" } });
  });

  it("[J30] is quoted in one short line, without paths", () => {
    const message = `cannot open /home/me/ComfyUI/models/x.safetensors\nTraceback ${"x".repeat(999)}`;
    const detail = outcomeOf(execution({ outcome: "error", failure: failure({ message }) })).failure?.detail;
    expect(detail).toBe("KSampler: cannot open …");
    const windows = failure({ message: "cannot open C:\\Users\\me\\x.png" });
    expect(outcomeOf(execution({ outcome: "error", failure: windows })).failure?.detail).toBe(
      "KSampler: cannot open …",
    );
    const long = failure({ message: "y".repeat(9999) });
    expect(outcomeOf(execution({ outcome: "error", failure: long })).failure?.detail.length).toBe(300);
    const named = failure({ nodeId: "n".repeat(9999) });
    expect(outcomeOf(execution({ outcome: "error", failure: named })).failure?.nodeId?.length).toBe(256);
  });

  it("names its files by node, key and place; placeholders and input files are none", () => {
    const at = { nodeId: "9", key: "images", mediaHint: "image", contentType: null } as const;
    const file = { kind: "file", filename: "a.png", subfolder: "s" } as const;
    const outputs: Execution["outputs"] = [
      { ...at, position: 0, ...file, folderType: "output" },
      { ...at, position: 1, ...file, folderType: "input" },
      { ...at, position: 2, ...file, folderType: "temp" },
      { ...at, position: 3, kind: "frame" },
      { ...at, key: "text", position: 0, kind: "text", text: "hello" },
      { ...at, position: 4, kind: "http", remoteId: "abc" },
    ];
    const wanted = outcomeOf(execution({ outputs })).wanted;
    expect(wanted.map(({ key, temporary, source }) => [key, temporary, source.type])).toEqual([
      ["9/images/0", false, "file"],
      ["9/images/2", true, "file"],
      ["9/text/0", false, "text"],
      ["9/images/4", false, "http"],
    ]);
  });
});

describe("the answer to a POST", () => {
  it("[J7] that a model file is missing is told apart from other values", () => {
    const missing = submitReplyOf(refusal("value_not_in_list", "Value not in list", "ckpt_name", "x"));
    expect(missing).toMatchObject({
      type: "rejected",
      failure: { code: "model_missing", nodeId: "4", input: "ckpt_name" },
    });
    const other = submitReplyOf(refusal("value_not_in_list", "Value not in list", "sampler_name", "x"));
    expect(other).toMatchObject({ type: "rejected", failure: { code: "invalid_workflow" } });
  });

  it.each([
    [
      { type: "error", status: 500 },
      { type: "unknown", fault: { kind: "http", status: 500 } },
    ],
    [
      { type: "error", status: 502 },
      { type: "unknown", fault: { kind: "http", status: 502 } },
    ],
    [
      { type: "error", status: 403 },
      { type: "unknown", fault: { kind: "refused", status: 403 } },
    ],
    [
      { type: "error", status: 413 },
      { type: "rejected", failure: { code: "invalid_workflow" } },
    ],
    [
      { type: "accepted", promptId: "p", number: 1, nodeErrors: [] },
      { type: "accepted", nodeErrors: null },
    ],
  ] as const)("[J6] %o means %o", (reply, expected) => {
    expect(submitReplyOf(reply)).toMatchObject(expected);
  });
});
