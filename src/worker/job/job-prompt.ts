/** The stored graph made ready for one POST: the uploads' names at ComfyUI, and changed inputs where a file is gone. */

import type { JobSpec } from "../../core/job/spec.ts";
import type { Effect } from "../../core/job/state.ts";
import { placeImages } from "../../core/workflow/bind.ts";
import { type ApiGraph, nodeOf, withInputs } from "../../core/workflow/graph.ts";

/**
 * The prompt to submit. A node whose cached file was deleted at the server gets another `filename_prefix`, or, having
 * none, an input that ComfyUI ignores in validation and counts in its cache key (protocol §1.2, §4, P9).
 */
export function preparePrompt(graph: unknown, spec: JobSpec, effect: Extract<Effect, { type: "submit" }>): ApiGraph {
  const names = new Map(spec.images.map((image) => [image.uploadId, effect.uploads[image.name] ?? ""]));
  const placed = placeImages(graph as ApiGraph, spec.images, names);
  return withInputs(
    placed,
    effect.bust.map((nodeId) => {
      const prefix = nodeOf(placed, nodeId)?.inputs.filename_prefix;
      if (typeof prefix === "string") return [[nodeId, "filename_prefix"], `${prefix}_again`] as const;
      return [[nodeId, "easelcast_again"], effect.promptId] as const;
    }),
  );
}
