/**
 * ComfyUI's verdicts in the job's words: how a run ended, why a prompt was refused. Only what helps the developer is
 * taken over, cut short; tracebacks and inputs never come this far (core/comfy drops them).
 */
import type { JobErrorCode } from "../../contract/job.ts";
import type { ExecutionFailure } from "../comfy/failure.ts";
import type { Execution } from "../comfy/history.ts";
import type { NodeErrors, PromptReply } from "../comfy/replies.ts";
import type { Failure, RunOutcome, SubmitReply } from "./state.ts";
import { toWanted } from "./wanted.ts";

/** Longest text that a failure quotes of ComfyUI. */
const MAX_DETAIL_CHARS = 300;

/** Longest name of a node, class or input that a failure keeps. */
const MAX_NAME_CHARS = 256;

/** Inputs whose refused value names a model file. */
const MODEL_INPUT = /(ckpt|model|lora|vae|unet|clip|control_net|style_model|upscale)\w*_name\d*$/;

const cut = (text: string) => text.trim().split("\n", 1)[0]?.slice(0, MAX_DETAIL_CHARS) ?? "";

/** Names are kept, but no longer than names are. */
const short = (name: string | null) => name?.slice(0, MAX_NAME_CHARS) ?? null;

/** Server paths have no business outside the server. */
const withoutPaths = (text: string) => text.replace(/(?:[A-Za-z]:)?(?:[\\/][\w.@ -]+){2,}/g, "…");

/** What a history entry says of a run. */
export function outcomeOf(execution: Execution): RunOutcome {
  const wanted = toWanted(execution.outputs);
  switch (execution.outcome) {
    case "success":
    case "interrupted":
    case "unknown":
      return { result: execution.outcome, failure: null, wanted };
    case "error":
    case "cycle":
      return { result: "error", failure: execution.failure ? failureOfNode(execution.failure) : null, wanted };
  }
}

function failureOfNode(error: ExecutionFailure): Failure {
  const code: JobErrorCode = error.outOfMemory ? "out_of_memory" : error.cycle ? "invalid_workflow" : "node_failed";
  const detail = withoutPaths(cut(`${error.nodeType ?? "A node"}: ${error.message}`));
  return { code, detail, nodeId: short(error.nodeId), classType: short(error.nodeType), input: null };
}

/** What the answer to POST /prompt means for the job. */
export function submitReplyOf(reply: PromptReply): SubmitReply {
  switch (reply.type) {
    case "accepted":
      return { type: "accepted", nodeErrors: reply.nodeErrors.length > 0 ? failureOfErrors(reply.nodeErrors) : null };
    case "rejected":
      return { type: "rejected", failure: rejection(reply) };
    case "error":
      if (reply.status === 413) {
        const detail = "ComfyUI finds the workflow too large.";
        return {
          type: "rejected",
          failure: { code: "invalid_workflow", detail, nodeId: null, classType: null, input: null },
        };
      }
      if (reply.status === 401 || reply.status === 403) {
        return { type: "unknown", fault: { kind: "refused", status: reply.status } };
      }
      return { type: "unknown", fault: { kind: "http", status: reply.status, detail: "POST /prompt" } };
  }
}

function rejection(reply: Extract<PromptReply, { type: "rejected" }>): Failure {
  if (reply.errorType === "missing_node_type" || reply.errorType === "invalid_prompt") {
    const detail = cut(`${reply.message} ${reply.details}`);
    return {
      code: "node_missing",
      detail,
      nodeId: short(reply.nodeId),
      classType: short(reply.classType),
      input: null,
    };
  }
  if (reply.nodeErrors.length > 0) return failureOfErrors(reply.nodeErrors);
  const detail = cut([reply.message, reply.details].filter(Boolean).join(": "));
  return {
    code: "invalid_workflow",
    detail,
    nodeId: short(reply.nodeId),
    classType: short(reply.classType),
    input: null,
  };
}

/** The first fault found, in words; a missing model file is told apart because its cure is another. */
function failureOfErrors(nodeErrors: readonly NodeErrors[]): Failure {
  for (const { nodeId, classType, errors } of nodeErrors) {
    for (const error of errors) {
      const missing = error.errorType === "value_not_in_list" && MODEL_INPUT.test(error.inputName ?? "");
      const code = missing ? "model_missing" : "invalid_workflow";
      const detail = withoutPaths(cut(`${classType ?? "Node"} ${nodeId}: ${error.message} (${error.details})`));
      return { code, detail, nodeId: short(nodeId), classType: short(classType), input: short(error.inputName) };
    }
  }
  return {
    code: "invalid_workflow",
    detail: "ComfyUI refused part of the workflow.",
    nodeId: null,
    classType: null,
    input: null,
  };
}
