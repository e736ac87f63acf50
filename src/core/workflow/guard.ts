/**
 * Nodes that can kill a ComfyUI server. One bad frame handed to its publisher ends the whole process, for everybody
 * (protocol §3, §5 P1), so graphs with such nodes are refused by class name unless the owner runs a patched pack and
 * says so. What such a node calls its results is read from the graph, because it is not on the wire.
 */
import type { ApiGraph, ApiNode } from "./graph.ts";
import type { GraphProblem } from "./parse-graph.ts";
import { pointer, quote } from "./pointer.ts";

const SEND_IMAGE = "SendImageOnWebSocket";
const SEND_JSON = "SendJsonOnWebSocket";
const ETN_SEND_IMAGE = "ETN_SendImageWebSocket";

/** Why a node may not run, as the rest of the sentence after its class name, or null. */
function dangerOf(node: ApiNode): string | null {
  switch (node.class_type) {
    case SEND_IMAGE:
      return "ends the ComfyUI process when it runs. Use SaveImageWebsocket for pictures without files, or SaveImage.";
    case SEND_JSON:
      return "ends the ComfyUI process when its data cannot be written as JSON. Show values with PreviewAny instead.";
    case ETN_SEND_IMAGE: {
      const { format = "PNG" } = node.inputs;
      if (format === "PNG") return null;
      return 'ends the ComfyUI process when it sends a picture with transparency as JPEG. Set "format" to "PNG".';
    }
    default:
      return null;
  }
}

/** One problem per dangerous node whose class is not in `allow`; empty if the graph may run. */
export function refusedNodes(graph: ApiGraph, allow: readonly string[] = []): GraphProblem[] {
  return Object.entries(graph).flatMap(([id, node]): GraphProblem[] => {
    const danger = allow.includes(node.class_type) ? null : dangerOf(node);
    if (danger === null) return [];
    const detail = `${quote(node.class_type)} is not allowed here: it ${danger}`;
    return [{ pointer: pointer("graph", id, "class_type"), code: "node_refused", detail }];
  });
}

/**
 * What the direct senders of a graph call their results: node id → its literal `event`. A patched SendImageOnWebSocket
 * does not transmit the event at all, so this is the only place to learn it. Nodes whose event is linked or empty are
 * left out.
 */
export function directSendLabels(graph: ApiGraph): Record<string, { event: string }> {
  return Object.fromEntries(
    Object.entries(graph).flatMap(([id, node]) => {
      const { event } = node.inputs;
      const sends = node.class_type === SEND_IMAGE || node.class_type === SEND_JSON;
      return sends && typeof event === "string" && event !== "" ? [[id, { event }]] : [];
    }),
  );
}
