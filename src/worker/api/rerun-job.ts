/** A finished job as the request that would make it again. */
import type { JobCreate } from "../../contract/job-requests.ts";
import { JobCreateSchema } from "../../contract/job-requests.ts";
import { parseExact } from "../../core/util/exact-json.ts";
import type { FirstRequest } from "../job/job-access.ts";
import type { Principal } from "./auth/principal.ts";
import { invalidInputs, parseWith } from "./body.ts";

/**
 * The request, with `inputs` over those of the first run. The seed of the first run stays unless it is named.
 * @throws {ApiError} where a raw graph is given inputs.
 */
export function rerunRequest(first: FirstRequest, inputs: Record<string, unknown>, principal: Principal): JobCreate {
  const common = {
    metadata: first.metadata,
    keep_temporary: first.keepTemporary,
    user: principal.user === null ? first.user : null,
  };
  if (first.workflow !== null) {
    return parseWith(JobCreateSchema, { ...common, workflow: first.workflow, inputs: { ...first.inputs, ...inputs } });
  }
  if (Object.keys(inputs).length > 0) {
    const detail = "A raw graph has no inputs to change: send a changed graph to POST /v1/jobs.";
    throw invalidInputs([{ pointer: "#/inputs", code: "unknown_parameter", detail }]);
  }
  const graph = parseExact(first.graph ?? "");
  if (!graph.ok) throw new Error("the stored graph cannot be read");
  return parseWith(JobCreateSchema, { ...common, graph: graph.value });
}
