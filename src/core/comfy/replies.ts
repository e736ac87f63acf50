/**
 * What ComfyUI answers to a prompt, an upload and a cancel, and how any reply is opened. Bodies are bounded, read
 * tolerantly and cut down to what is needed; a reply that cannot be read is an error of its own, never a "no".
 */
import * as z from "zod";
import { err, ok, type Result } from "../util/result.ts";
import { ErrorTextSchema, IdSchema, IdsSchema, OptionalIdSchema, OptionalNumberSchema } from "./fields.ts";
import { isRecord, type JsonError, type JsonRecord, parseComfyJson } from "./json.ts";
import type { FolderType } from "./outputs.ts";

/** Why a reply tells nothing: another status than 200, or a body that cannot be read. */
export type ReplyError = JsonError | "bad_status";

/** How many nodes, and how many errors of each, are kept of a refusal. */
const MAX_NODE_ERRORS = 100;

/** One node's faults, found in validation. */
export type NodeErrors = {
  readonly nodeId: string;
  readonly classType: string | null;
  /** The output nodes that will not run because of it. */
  readonly dependentOutputs: readonly string[];
  readonly errors: readonly {
    readonly errorType: string;
    readonly message: string;
    readonly details: string;
    readonly inputName: string | null;
  }[];
};

/** The answer to POST /prompt. */
export type PromptReply =
  /** Queued. With `nodeErrors` only a part of it runs: the outputs they name are silently dropped (protocol §1.2). */
  | {
      readonly type: "accepted";
      readonly promptId: string | null;
      readonly number: number | null;
      readonly nodeErrors: readonly NodeErrors[];
    }
  /** Not queued. `nodeId` and `classType` name the culprit of `missing_node_type` and the like. */
  | {
      readonly type: "rejected";
      readonly errorType: string;
      readonly message: string;
      readonly details: string;
      readonly nodeId: string | null;
      readonly classType: string | null;
      readonly nodeErrors: readonly NodeErrors[];
    }
  /** Unknown: the prompt may be queued all the same, so look before sending it again (protocol §7 step 3). */
  | { readonly type: "error"; readonly status: number };

/** Opens a reply that must be 200 and JSON. */
export function readReply(status: number, body: string): Result<unknown, ReplyError> {
  return status === 200 ? parseComfyJson(body) : err("bad_status");
}

/** Opens a reply that must be 200 and a JSON object. */
export function readRecord(status: number, body: string): Result<JsonRecord, ReplyError> {
  const reply = readReply(status, body);
  if (!reply.ok) return reply;
  return isRecord(reply.value) ? ok(reply.value) : err("malformed");
}

const AcceptedSchema = z.object({ prompt_id: IdSchema, number: OptionalNumberSchema });

const RejectedSchema = z.object({
  type: z.string(),
  message: ErrorTextSchema,
  details: ErrorTextSchema,
  extra_info: z
    .object({ node_id: OptionalIdSchema, class_type: OptionalIdSchema })
    .catch({ node_id: null, class_type: null }),
});

const NodeErrorSchema = z.object({
  type: ErrorTextSchema,
  message: ErrorTextSchema,
  details: ErrorTextSchema,
  extra_info: z.object({ input_name: OptionalIdSchema }).catch({ input_name: null }),
});

const NodeErrorsSchema = z.object({
  class_type: OptionalIdSchema,
  dependent_outputs: IdsSchema,
  errors: z.array(z.unknown()).catch([]),
});

/** Reads the answer to POST /prompt. */
export function parsePromptReply(status: number, body: string): PromptReply {
  const parsed = status === 200 || status === 400 ? parseComfyJson(body) : null;
  if (!parsed?.ok || !isRecord(parsed.value)) return { type: "error", status };
  const nodeErrors = readNodeErrors(parsed.value.node_errors);
  if (status === 200) {
    const accepted = AcceptedSchema.safeParse(parsed.value);
    if (!accepted.success) return { type: "error", status };
    return { type: "accepted", promptId: accepted.data.prompt_id, number: accepted.data.number, nodeErrors };
  }
  const rejected = RejectedSchema.safeParse(parsed.value.error);
  if (!rejected.success) return { type: "error", status };
  const { type: errorType, message, details, extra_info } = rejected.data;
  const culprit = { nodeId: extra_info.node_id, classType: extra_info.class_type };
  return { type: "rejected", errorType, message, details, ...culprit, nodeErrors };
}

function readNodeErrors(value: unknown): NodeErrors[] {
  if (!isRecord(value)) return [];
  return Object.entries(value)
    .slice(0, MAX_NODE_ERRORS)
    .flatMap(([nodeId, entry]) => {
      const node = NodeErrorsSchema.safeParse(entry);
      if (!node.success) return [];
      const errors = node.data.errors.slice(0, MAX_NODE_ERRORS).flatMap((item) => {
        const error = NodeErrorSchema.safeParse(item).data;
        if (!error) return [];
        const { type: errorType, message, details, extra_info } = error;
        return [{ errorType, message, details, inputName: extra_info.input_name }];
      });
      return [{ nodeId, classType: node.data.class_type, dependentOutputs: node.data.dependent_outputs, errors }];
    });
}

/** Where an upload was stored, and the words by which a loader node asks for it. */
export type UploadedFile = {
  readonly filename: string;
  readonly subfolder: string;
  readonly folderType: FolderType;
  /** `subfolder/name`, with ` [temp]` or ` [output]` behind it where the file is not among the inputs. */
  readonly reference: string;
};

const UploadSchema = z.object({
  name: z.string().min(1),
  subfolder: z.string().catch(""),
  type: z.enum(["input", "temp", "output"]).catch("input"),
});

/** Reads the answer to POST /upload/image. The name may differ from the one that was sent. */
export function parseUploadReply(status: number, body: string): Result<UploadedFile, ReplyError> {
  const reply = readReply(status, body);
  if (!reply.ok) return reply;
  const parsed = UploadSchema.safeParse(reply.value);
  if (!parsed.success) return err("malformed");
  const { name, subfolder, type } = parsed.data;
  const path = subfolder === "" ? name : `${subfolder}/${name}`;
  const reference = type === "input" ? path : `${path} [${type}]`;
  return ok({ filename: name, subfolder, folderType: type, reference });
}

/** Reads the answer to POST /api/jobs/{id}/cancel: whether something was there to cancel. */
export function parseCancelReply(status: number, body: string): Result<boolean, ReplyError> {
  const reply = readRecord(status, body);
  if (!reply.ok) return reply;
  const { cancelled } = reply.value;
  return typeof cancelled === "boolean" ? ok(cancelled) : err("malformed");
}
