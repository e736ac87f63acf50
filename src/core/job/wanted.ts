/** From ComfyUI's announcements of results to what the machine wants stored. */
import type { ComfyOutput } from "../comfy/outputs.ts";
import { assertNever } from "../util/assert.ts";
import type { Wanted } from "./state.ts";

/**
 * Results that can be fetched or are text. Socket placeholders are left out: their pictures come as frames and are
 * matched by order. Files of the input folder are the caller's own uploads, shown back by some nodes.
 */
export function toWanted(outputs: readonly ComfyOutput[]): Wanted[] {
  return outputs.flatMap((output): Wanted[] => {
    const { nodeId, position, mediaHint: hint } = output;
    const base = { key: `${nodeId}/${output.key}/${position}`, nodeId, position, hint, temporary: false };
    switch (output.kind) {
      case "frame":
        return [];
      case "text":
        return [{ ...base, source: { type: "text", text: output.text } }];
      case "http":
        return [{ ...base, source: { type: "http", remoteId: output.remoteId } }];
      case "file": {
        const { filename, subfolder, folderType } = output;
        if (folderType === "input") return [];
        const source = { type: "file", filename, subfolder, folder: folderType } as const;
        return [{ ...base, source, temporary: folderType === "temp" }];
      }
      default:
        return assertNever(output);
    }
  });
}
