/** What the comparisons of the fake with recorded conversations share: frames made comparable, recorded workflows. */
import { eventOf, type Frame, wordAt } from "../conformance/support/events.ts";
import type { Graph } from "../conformance/support/graphs.ts";
import { loadCapture } from "../support/captures.ts";

/** A frame without what differs from run to run: ids, timestamps, random letters, picture bytes, error details. */
export function normal(frame: Frame): string {
  if (typeof frame !== "string") {
    const type = wordAt(frame, 0);
    const json = type === 4 ? Buffer.from(frame.subarray(8, 8 + wordAt(frame, 4))).toString() : "";
    const detail =
      type === 3 ? Buffer.from(frame.subarray(4)).toString("latin1") : type === 1 ? wordAt(frame, 4) : json;
    return `frame ${type} ${detail}`.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>");
  }
  const event = eventOf(frame);
  if (event.type === "execution_error") {
    return `execution_error ${Object.keys(event.data).join()} ${event.data.node_id} ${event.data.executed}`;
  }
  return frame
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
    .replaceAll(/"timestamp": \d+/g, '"timestamp": <t>')
    .replaceAll(/ComfyUI_temp_[a-z]{5}_/g, "<temp>_");
}

/** The workflow that a recording plays. */
export function workflowOf(name: string): Graph {
  const { workflow } = loadCapture(name).meta;
  if (typeof workflow !== "object") throw new Error(`${name} has no workflow`);
  return workflow as Graph;
}
