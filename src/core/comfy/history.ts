/**
 * How a prompt ended, as history proves it (protocol §1.5) and as the jobs API repeats it (§1.7). The messages decide;
 * `status_str` knows only two words and calls a dependency cycle a success.
 */
import * as z from "zod";
import { err, ok, type Result } from "../util/result.ts";
import { type ExecutionFailure, failureOf } from "./failure.ts";
import { IdSchema, IdsSchema, OptionalNumberSchema, OptionalRecordSchema } from "./fields.ts";
import { isRecord, type JsonRecord, parseComfyJson } from "./json.ts";
import { ExecutionErrorSchema } from "./messages.ts";
import { type ComfyOutput, collectOutputs } from "./outputs.ts";
import { type ReplyError, readRecord, readReply } from "./replies.ts";

/** At most so many outputs of one prompt are taken. */
const MAX_OUTPUTS = 10_000;

/** `cycle` is an error found at run time that the server files as a success; `unknown` has no terminal message. */
export type Outcome = "success" | "error" | "cycle" | "interrupted" | "unknown";

/** A finished run. Times are ComfyUI's clock. */
export type Execution = {
  readonly outcome: Outcome;
  /** Set for `error` and `cycle`. */
  readonly failure: ExecutionFailure | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly cachedNodes: readonly string[];
  /** Outputs of the nodes that finished in this run, also when it failed later. */
  readonly outputs: readonly ComfyOutput[];
  /** For each node with outputs, the visible node it belongs to: differs for nodes made by expansion. */
  readonly displayNodes: Readonly<Record<string, string>>;
};

/** Reads GET /history/{id}: null while the prompt is pending, running or unknown, which history does not tell apart. */
export function parseHistoryReply(
  promptId: string,
  status: number,
  body: string,
): Result<Execution | null, ReplyError> {
  const reply = readRecord(status, body);
  if (!reply.ok) return reply;
  if (!Object.hasOwn(reply.value, promptId)) return ok(null);
  const entry = reply.value[promptId];
  return isRecord(entry) ? ok(readExecution(entry.status, entry.outputs, entry.meta)) : err("malformed");
}

/** A job of the jobs API. */
export type ComfyJob = {
  readonly promptId: string;
  /** `pending`, `in_progress`, `completed`, `failed`, `cancelled`; open. A run-time cycle counts as `completed`. */
  readonly status: string;
  /** Set once the job has ended. */
  readonly execution: Execution | null;
};

const JobSchema = z.object({
  id: IdSchema,
  status: z.string(),
  outputs: OptionalRecordSchema,
  execution_status: OptionalRecordSchema,
});

/** Reads GET /api/jobs/{id}: null for an id that the server does not know. A server without the route is `bad_status`. */
export function parseJobReply(status: number, body: string): Result<ComfyJob | null, ReplyError> {
  if (status === 404) {
    const parsed = parseComfyJson(body);
    return parsed.ok && isRecord(parsed.value) && typeof parsed.value.error === "string" ? ok(null) : err("bad_status");
  }
  const reply = readReply(status, body);
  if (!reply.ok) return reply;
  const job = JobSchema.safeParse(reply.value);
  if (!job.success) return err("malformed");
  const { id, execution_status, outputs } = job.data;
  const execution = execution_status === null ? null : readExecution(execution_status, outputs, null);
  return ok({ promptId: id, status: job.data.status, execution });
}

const TimesSchema = z.object({ timestamp: OptionalNumberSchema, nodes: IdsSchema });

function readExecution(status: unknown, outputs: unknown, meta: unknown): Execution {
  const messages = isRecord(status) && Array.isArray(status.messages) ? status.messages : [];
  const seen = new Set<string>();
  let failure: ExecutionFailure | null = null;
  let startedAtMs: number | null = null;
  let endedAtMs: number | null = null;
  let cachedNodes: readonly string[] = [];
  for (const message of messages) {
    if (!Array.isArray(message) || typeof message[0] !== "string") continue;
    const [name, data] = message as [string, unknown];
    const { timestamp, nodes } = TimesSchema.safeParse(data).data ?? { timestamp: null, nodes: [] };
    if (name === "execution_start") startedAtMs = timestamp;
    if (name === "execution_cached") cachedNodes = nodes;
    if (name === "execution_error") {
      const error = failureOf(ExecutionErrorSchema.parse(isRecord(data) ? data : {}));
      if (error.blocked) continue;
      failure = error;
    }
    endedAtMs = timestamp ?? endedAtMs;
    seen.add(name);
  }
  const outcome = outcomeOf(seen, failure);
  if (outcome === "interrupted") failure = null;
  const read = readOutputs(outputs);
  const displayNodes = readDisplayNodes(meta);
  return { outcome, failure, startedAtMs, endedAtMs, cachedNodes, outputs: read, displayNodes };
}

function outcomeOf(messages: ReadonlySet<string>, failure: ExecutionFailure | null): Outcome {
  if (messages.has("execution_interrupted")) return "interrupted";
  if (failure !== null) return failure.cycle ? "cycle" : "error";
  return messages.has("execution_success") ? "success" : "unknown";
}

function readOutputs(value: unknown): ComfyOutput[] {
  const outputs: ComfyOutput[] = [];
  for (const [nodeId, output] of Object.entries(isRecord(value) ? value : {})) {
    if (outputs.length >= MAX_OUTPUTS) break;
    outputs.push(...collectOutputs(nodeId, output));
  }
  return outputs;
}

function readDisplayNodes(meta: unknown): Record<string, string> {
  const visible = (entry: unknown) => (isRecord(entry) ? (entry as JsonRecord).display_node : null);
  return Object.fromEntries(
    Object.entries(isRecord(meta) ? meta : {}).flatMap(([nodeId, entry]) => {
      const display = visible(entry);
      return typeof display === "string" ? [[nodeId, display]] : [];
    }),
  );
}
