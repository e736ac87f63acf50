/**
 * Which nodes of a graph give results, and how they reach us: as files named in history, as text, or as frames on the
 * socket (protocol §1.6, §3). Knows classes by name; an output node of a pack it has never heard of is found when the
 * run reports it, not here.
 */
import type { OutputType } from "../../contract/job.ts";
import { type ApiGraph, sinks } from "./graph.ts";

/** How the results of one class come: `temporary` files are gone when the server restarts. */
type OutputClass = { type: OutputType; temporary?: true; viaSocket?: true };

const OUTPUT_CLASSES: ReadonlyMap<string, OutputClass> = new Map<string, OutputClass>([
  // Core
  ["SaveImage", { type: "image" }],
  ["PreviewImage", { type: "image", temporary: true }],
  ["MaskPreview", { type: "image", temporary: true }],
  ["SaveImageWebsocket", { type: "image", viaSocket: true }],
  ["SaveSVGNode", { type: "image" }],
  ["SaveAnimatedWEBP", { type: "animated" }],
  ["SaveAnimatedPNG", { type: "animated" }],
  ["SaveWEBM", { type: "video" }],
  ["SaveVideo", { type: "video" }],
  ["SaveAudio", { type: "audio" }],
  ["SaveAudioMP3", { type: "audio" }],
  ["SaveAudioOpus", { type: "audio" }],
  ["PreviewAudio", { type: "audio", temporary: true }],
  ["PreviewAny", { type: "text" }],
  ["SaveGLB", { type: "model" }],
  ["Preview3D", { type: "model", temporary: true }],
  ["Preview3DAnimation", { type: "model", temporary: true }],
  ["SaveLatent", { type: "file" }],
  // Node packs
  ["VHS_VideoCombine", { type: "video" }],
  ["ADE_AnimateDiffCombine", { type: "animated" }],
  ["Image Save", { type: "image" }],
  ["Image Comparer (rgthree)", { type: "image", temporary: true }],
  ["MaskPreview+", { type: "image", temporary: true }],
  ["PreviewBridge", { type: "image", temporary: true }],
  ["ShowText|pysssss", { type: "text" }],
  ["ETN_SendImageWebSocket", { type: "image", viaSocket: true }],
  ["ETN_SaveImageCache", { type: "image", temporary: true }],
  ["SendImageOnWebSocket", { type: "image", viaSocket: true }],
  ["SendJsonOnWebSocket", { type: "text", viaSocket: true }],
]);

/** A node that gives results. `viaSocket`: its results are frames, and missed frames are gone for good. */
export type OutputNode = { nodeId: string; type: OutputType; temporary: boolean; viaSocket: boolean };

/** The known output nodes of a graph, in graph order. */
export function outputNodes(graph: ApiGraph): OutputNode[] {
  return Object.entries(graph).flatMap(([nodeId, node]) => {
    const known = OUTPUT_CLASSES.get(node.class_type);
    if (known === undefined) return [];
    return [{ nodeId, type: known.type, temporary: known.temporary ?? false, viaSocket: known.viaSocket ?? false }];
  });
}

/** Whether this class is known to give results. */
export function isOutputClass(classType: string): boolean {
  return OUTPUT_CLASSES.has(classType);
}

/** Ids of the nodes whose results come as frames on the socket: only a connected socket gets them. */
export function websocketOutputNodes(graph: ApiGraph): string[] {
  return outputNodes(graph)
    .filter((output) => output.viaSocket)
    .map((output) => output.nodeId);
}

/** Whether this class is ComfyUI's own frame sender, which sends through the progress hook and is never cached. */
export function isSaveImageWebsocket(classType: string): boolean {
  return classType === "SaveImageWebsocket";
}

/**
 * Where execution ends, as far as can be told before the run: the known output nodes, or, if there are none, all nodes
 * that nothing reads from. What will run is in the closure of these.
 */
export function executionRoots(graph: ApiGraph): string[] {
  const known = outputNodes(graph).map((output) => output.nodeId);
  return known.length > 0 ? known : sinks(graph);
}
