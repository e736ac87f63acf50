/**
 * Schemas of the `data` of ComfyUI's JSON events (protocol §2.4). They ask only for what an event means nothing
 * without; unknown keys pass and are dropped, and with them tracebacks and `current_inputs`, which hold server paths,
 * prompt text and tensor dumps. Turning them into events is `events.ts`'s part.
 */
import * as z from "zod";
import {
  ErrorTextSchema,
  FlagSchema,
  IdSchema,
  IdsSchema,
  OptionalIdSchema,
  OptionalNumberSchema,
  OptionalRecordSchema,
} from "./fields.ts";

/** `status`: the length of the queue, running prompt included; `sid` only in a socket's first frame. */
export const StatusSchema = z.object({
  status: z
    .object({ exec_info: z.object({ queue_remaining: OptionalNumberSchema }).nullable().catch(null) })
    .nullable()
    .catch(null),
  sid: OptionalIdSchema,
});

/** `execution_start` and `execution_success`. */
export const MilestoneSchema = z.object({ prompt_id: OptionalIdSchema, timestamp: OptionalNumberSchema });

/** `execution_cached`: all cached nodes of the prompt. */
export const ExecutionCachedSchema = z.object({
  prompt_id: OptionalIdSchema,
  nodes: IdsSchema,
  timestamp: OptionalNumberSchema,
});

/** `executing`. A null `node` ends the prompt, so an absent one must not read as null. */
export const ExecutingSchema = z.object({
  node: IdSchema.nullable(),
  display_node: OptionalIdSchema,
  prompt_id: OptionalIdSchema,
});

/** `progress` of one node; `max` may change and `value` may restart. */
export const ProgressSchema = z.object({
  value: z.number(),
  max: z.number(),
  prompt_id: OptionalIdSchema,
  node: OptionalIdSchema,
});

/** `executed`: what a node hands to the interface; null for a cached output node that has nothing to show. */
export const ExecutedSchema = z.object({
  node: IdSchema,
  display_node: OptionalIdSchema,
  prompt_id: OptionalIdSchema,
  output: OptionalRecordSchema,
});

/** `execution_error`, in events, history messages and jobs alike. */
export const ExecutionErrorSchema = z.object({
  prompt_id: OptionalIdSchema,
  node_id: OptionalIdSchema,
  node_type: OptionalIdSchema,
  executed: IdsSchema,
  exception_message: ErrorTextSchema,
  exception_type: ErrorTextSchema,
  timestamp: OptionalNumberSchema,
});

/** `execution_interrupted`. */
export const ExecutionInterruptedSchema = z.object({
  prompt_id: OptionalIdSchema,
  node_id: OptionalIdSchema,
  node_type: OptionalIdSchema,
  executed: IdsSchema,
  timestamp: OptionalNumberSchema,
});

/** The server's flags: `feature_flags` and GET /features. The size is in bytes and may come as a float. */
export const FeatureFlagsSchema = z.object({
  supports_preview_metadata: FlagSchema,
  max_upload_size: OptionalNumberSchema,
});

/** The JSON head of a preview frame with metadata (protocol §3, type 4). */
export const PreviewMetadataSchema = z.object({
  node_id: OptionalIdSchema,
  display_node_id: OptionalIdSchema,
  prompt_id: OptionalIdSchema,
});
