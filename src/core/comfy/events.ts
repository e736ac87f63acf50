/**
 * `ComfyEvent`: the one union in which everything that a ComfyUI socket says is heard, and its two decoders. Unknown
 * events pass as `custom`, broken ones as `undecodable`; nothing throws, because one bad frame must never end a session
 * (protocol §3, §5 P14, P16). Whether an event concerns a prompt is for the listener to decide, by `promptId`.
 */
import type * as z from "zod";
import { type ExecutionFailure, failureOf } from "./failure.ts";
import { decodeFrame, type Frame } from "./frames.ts";
import { isRecord, type JsonError, type JsonRecord, MAX_EVENT_CHARS, parseComfyJson } from "./json.ts";
import * as messages from "./messages.ts";
import { type NodeProgress, readProgressNodes } from "./progress-state.ts";

/** Longest `type` that a custom event may have. */
const MAX_NAME_CHARS = 256;

/** Whatever is absent on the wire is null; times are ComfyUI's clock, in milliseconds since the epoch. */
export type ComfyEvent =
  | Frame
  /** `sid` is there in a socket's first frame only: the client id under which events come. */
  | { readonly type: "status"; readonly queueRemaining: number | null; readonly sid: string | null }
  | { readonly type: "executionStart"; readonly promptId: string | null; readonly timestampMs: number | null }
  | {
      readonly type: "executionCached";
      readonly promptId: string | null;
      readonly nodes: readonly string[];
      readonly timestampMs: number | null;
    }
  /** `node` null ends the prompt, whatever its outcome; after a reconnect `promptId` and `displayNode` are missing. */
  | {
      readonly type: "executing";
      readonly node: string | null;
      readonly displayNode: string | null;
      readonly promptId: string | null;
    }
  | {
      readonly type: "progress";
      readonly value: number;
      readonly max: number;
      readonly promptId: string | null;
      readonly node: string | null;
    }
  | { readonly type: "progressState"; readonly promptId: string | null; readonly nodes: readonly NodeProgress[] }
  | {
      readonly type: "executed";
      readonly node: string;
      readonly displayNode: string | null;
      readonly promptId: string | null;
      /** For `collectOutputs`; null for a cached output node with nothing to show. */
      readonly output: JsonRecord | null;
    }
  /** Comes before the history entry can be read (protocol §2.6): a hint to look, no proof. */
  | { readonly type: "executionSuccess"; readonly promptId: string | null; readonly timestampMs: number | null }
  /** Terminal unless `blocked`. */
  | ({ readonly type: "executionError"; readonly promptId: string | null } & ExecutionFailure)
  | {
      readonly type: "executionInterrupted";
      readonly promptId: string | null;
      readonly nodeId: string | null;
      readonly nodeType: string | null;
      readonly executed: readonly string[];
      readonly timestampMs: number | null;
    }
  | {
      readonly type: "featureFlags";
      readonly supportsPreviewMetadata: boolean;
      readonly maxUploadBytes: number | null;
    }
  /** An event of a pack or of a newer server; it carries no prompt id that could be trusted. */
  | { readonly type: "custom"; readonly name: string; readonly data: unknown }
  | { readonly type: "ignored"; readonly reason: "logs" | "assets" }
  | { readonly type: "undecodable"; readonly reason: JsonError | "bad_envelope" | "bad_data" };

/** Decodes a binary frame; the picture of a preview is a view into `bytes`. */
export function decodeBinary(bytes: Uint8Array): ComfyEvent {
  return decodeFrame(bytes);
}

/** Decodes a text frame. */
export function decodeText(text: string): ComfyEvent {
  const parsed = parseComfyJson(text, MAX_EVENT_CHARS);
  if (!parsed.ok) return { type: "undecodable", reason: parsed.error };
  const envelope = parsed.value;
  if (!isRecord(envelope) || typeof envelope.type !== "string" || envelope.type.length > MAX_NAME_CHARS) {
    return { type: "undecodable", reason: "bad_envelope" };
  }
  return decodeMessage(envelope.type, envelope.data ?? null);
}

function decodeMessage(name: string, data: unknown): ComfyEvent {
  switch (name) {
    case "progress_state":
      return decodeProgressState(data);
    case "progress":
      return read(messages.ProgressSchema, data, ({ value, max, prompt_id, node }) => {
        return { type: "progress", value, max, promptId: prompt_id, node };
      });
    case "executing":
      return read(messages.ExecutingSchema, data, ({ node, display_node, prompt_id }) => {
        return { type: "executing", node, displayNode: display_node, promptId: prompt_id };
      });
    case "status":
      return read(messages.StatusSchema, data, ({ status, sid }) => {
        return { type: "status", queueRemaining: status?.exec_info?.queue_remaining ?? null, sid };
      });
    case "execution_start":
      return read(messages.MilestoneSchema, data, ({ prompt_id, timestamp }) => {
        return { type: "executionStart", promptId: prompt_id, timestampMs: timestamp };
      });
    case "execution_cached":
      return read(messages.ExecutionCachedSchema, data, ({ prompt_id, nodes, timestamp }) => {
        return { type: "executionCached", promptId: prompt_id, nodes, timestampMs: timestamp };
      });
    case "executed":
      return read(messages.ExecutedSchema, data, ({ node, display_node, prompt_id, output }) => {
        return { type: "executed", node, displayNode: display_node, promptId: prompt_id, output };
      });
    case "execution_success":
      return read(messages.MilestoneSchema, data, ({ prompt_id, timestamp }) => {
        return { type: "executionSuccess", promptId: prompt_id, timestampMs: timestamp };
      });
    case "execution_error":
      return read(messages.ExecutionErrorSchema, data, (message) => {
        return { type: "executionError", promptId: message.prompt_id, ...failureOf(message) };
      });
    case "execution_interrupted":
      return read(
        messages.ExecutionInterruptedSchema,
        data,
        ({ prompt_id, node_id, node_type, executed, timestamp }) => {
          const where = { nodeId: node_id, nodeType: node_type };
          return { type: "executionInterrupted", promptId: prompt_id, ...where, executed, timestampMs: timestamp };
        },
      );
    case "feature_flags":
      return read(messages.FeatureFlagsSchema, data, ({ supports_preview_metadata, max_upload_size }) => {
        const maxUploadBytes = max_upload_size === null ? null : Math.floor(max_upload_size);
        return { type: "featureFlags", supportsPreviewMetadata: supports_preview_metadata, maxUploadBytes };
      });
    case "logs":
      return { type: "ignored", reason: "logs" };
    default:
      if (name.startsWith("assets.")) return { type: "ignored", reason: "assets" };
      return { type: "custom", name, data };
  }
}

function decodeProgressState(data: unknown): ComfyEvent {
  const nodes = isRecord(data) ? readProgressNodes(data.nodes) : null;
  if (nodes === null || !isRecord(data)) return { type: "undecodable", reason: "bad_data" };
  return { type: "progressState", promptId: typeof data.prompt_id === "string" ? data.prompt_id : null, nodes };
}

function read<T>(schema: z.ZodType<T>, data: unknown, toEvent: (message: T) => ComfyEvent): ComfyEvent {
  const parsed = schema.safeParse(data);
  return parsed.success ? toEvent(parsed.data) : { type: "undecodable", reason: "bad_data" };
}
