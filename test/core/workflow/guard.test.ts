import { describe, expect, it } from "vitest";
import type { ApiGraph } from "../../../src/core/workflow/graph.ts";
import { directSendLabels, refusedNodes } from "../../../src/core/workflow/guard.ts";

const sender = (classType: string, inputs: Record<string, unknown> = {}): ApiGraph => ({
  "1": { class_type: "EmptyImage", inputs: {} },
  "9": { class_type: classType, inputs: { images: ["1", 0], ...inputs } },
});

describe("nodes that can kill a ComfyUI server", () => {
  it.each([
    ["SendImageOnWebSocket", { event: "result" }, "SaveImageWebsocket"],
    ["SendJsonOnWebSocket", { event: "result" }, "PreviewAny"],
    ["ETN_SendImageWebSocket", { format: "JPEG" }, '"PNG"'],
    ["ETN_SendImageWebSocket", { format: ["1", 0] }, '"PNG"'],
  ])("refuses %s %j and names what to use", (classType, inputs, alternative) => {
    const problems = refusedNodes(sender(classType, inputs));
    expect(problems).toMatchObject([{ code: "node_refused", pointer: "#/graph/9/class_type" }]);
    expect(problems[0]?.detail).toContain(alternative);
  });

  it.each([
    ["SaveImageWebsocket", {}],
    ["ETN_SendImageWebSocket", {}],
    ["ETN_SendImageWebSocket", { format: "PNG" }],
    ["SaveImage", {}],
  ])("lets %s %j pass", (classType, inputs) => expect(refusedNodes(sender(classType, inputs))).toEqual([]));

  it("lets the owner of a patched pack allow one class and not the other", () => {
    const allow = ["SendImageOnWebSocket"];
    expect(refusedNodes(sender("SendImageOnWebSocket"), allow)).toEqual([]);
    expect(refusedNodes(sender("SendJsonOnWebSocket"), allow)).toHaveLength(1);
  });
});

describe("labels of direct senders", () => {
  it("takes the node's event for the name of its results", () => {
    expect(directSendLabels(sender("SendImageOnWebSocket", { event: "cover" }))).toEqual({ "9": { event: "cover" } });
  });

  it("has none where the event is linked or empty, or the node is no sender", () => {
    expect(directSendLabels(sender("SendImageOnWebSocket", { event: ["1", 0] }))).toEqual({});
    expect(directSendLabels(sender("SendImageOnWebSocket", { event: "" }))).toEqual({});
    expect(directSendLabels(sender("SaveImage", { event: "cover" }))).toEqual({});
  });
});
