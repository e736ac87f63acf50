/**
 * Things people send that are not a graph in API format though they come from ComfyUI: the editor's own save file, and
 * a whole `/prompt` body. Recognised so that the answer can say what to do; nothing is converted.
 */
import type { GraphProblem } from "./parse-graph.ts";
import { pointer } from "./pointer.ts";

const HOW_TO_EXPORT =
  "In ComfyUI choose Workflow → Export (API) and send that file. In older versions first switch on the dev mode " +
  'options in the settings, then use "Save (API Format)".';

/** The one problem to report if `value` is another known format, or null if it may be a graph. Never throws. */
export function recogniseOtherFormat(value: Record<string, unknown>): GraphProblem | null {
  if (isEditorFormat(value) || isEditorFormat(value.workflow)) {
    const detail = `This is a workflow as the ComfyUI editor saves it, which a server cannot run. ${HOW_TO_EXPORT}`;
    return { pointer: pointer("graph"), code: "workflow_format_ui", detail };
  }
  const wrapper = ["prompt", "graph", "workflow"].find((key) => holdsNodes(value[key]));
  if (wrapper === undefined) return null;
  const detail = `The graph is one level down: send the value of "${wrapper}" itself.`;
  return { pointer: pointer("graph"), code: "workflow_wrapped", detail };
}

/** The editor's format lists nodes and links in arrays; some tools write only part of its keys. */
function isEditorFormat(value: unknown): boolean {
  if (!isObject(value) || "class_type" in value) return false;
  return (Array.isArray(value.nodes) && (Array.isArray(value.links) || "version" in value)) || "last_node_id" in value;
}

function holdsNodes(value: unknown): boolean {
  if (!isObject(value) || "class_type" in value) return false;
  return Object.values(value).some((node) => isObject(node) && typeof node.class_type === "string");
}

/** Whether a JSON value is an object, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
