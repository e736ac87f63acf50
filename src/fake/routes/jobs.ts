/** The jobs API (protocol §1.7): queue and history in one list. */
import { type HistoryEntry, statusJson } from "../history.ts";
import { type Call, type FakeResponse, jsonResponse, serverError } from "../http.ts";
import { isList, isObject, type Json, type JsonObject, numberOf, pythonText } from "../json.ts";
import type { ServerProcess } from "../process.ts";
import { type QueueItem, QueueTieError } from "../queue.ts";
import { since } from "../version.ts";
import { readWhole } from "./history.ts";
import { readJson } from "./prompt.ts";

const STATUSES = ["pending", "in_progress", "completed", "failed", "cancelled"];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function message(entry: HistoryEntry, type: string): JsonObject | undefined {
  return entry.messages.find(([name]) => name === type)?.[1];
}

function statusOf(entry: HistoryEntry, server: ServerProcess): string {
  if (entry.succeeded) return "completed";
  const interrupted = message(entry, "execution_interrupted") !== undefined;
  return interrupted && since(server.environment.options.version, "0.9.0") ? "cancelled" : "failed";
}

/** Undefined where ComfyUI raises: `extra_pnginfo` (or its `workflow`) is null. */
function workflowId(item: QueueItem): JsonObject | undefined {
  const extra = item.extraData?.extra_pnginfo;
  if (extra === undefined) return {};
  const workflow = isObject(extra) ? extra.workflow : null;
  if (workflow === undefined) return {};
  if (!isObject(workflow)) return undefined;
  return workflow.id === undefined ? {} : { workflow_id: workflow.id };
}

function head(item: QueueItem, status: string): JsonObject {
  const created = item.extraData?.create_time;
  return {
    id: item.promptId,
    status,
    priority: item.number,
    ...(created === undefined ? {} : { create_time: created }),
  };
}

/** The file (or text) that stands for the job: a saved one before a temporary one. */
function previewOf(entry: HistoryEntry): { count: number; preview: JsonObject } {
  const found: JsonObject[] = [];
  let count = 0;
  for (const [nodeId, output] of entry.outputs) {
    for (const [mediaType, items] of Object.entries(isObject(output) ? output : {})) {
      if (mediaType === "animated" || !isList(items)) continue;
      for (const item of items) {
        count++;
        if (isObject(item)) found.push({ ...item, nodeId, mediaType });
        else if (typeof item === "string") found.push({ content: item.slice(0, 1000), nodeId, mediaType });
      }
    }
  }
  const best = found.find(({ type }) => type === "output") ?? found[0];
  return { count, preview: best === undefined ? {} : { preview_output: best } };
}

function finishedJob(entry: HistoryEntry, server: ServerProcess): JsonObject | undefined {
  const workflow = workflowId(entry.item);
  if (workflow === undefined) return undefined;
  const start = message(entry, "execution_start")?.timestamp;
  const last = entry.messages.at(-1)?.[1].timestamp;
  const error = message(entry, "execution_error");
  const { count, preview } = previewOf(entry);
  return {
    ...head(entry.item, statusOf(entry, server)),
    ...(start === undefined ? {} : { execution_start_time: start }),
    ...(last === undefined ? {} : { execution_end_time: last }),
    ...(error === undefined ? {} : { execution_error: error }),
    outputs_count: count,
    ...preview,
    ...workflow,
  };
}

function queuedJob(item: QueueItem, status: string): JsonObject | undefined {
  const workflow = workflowId(item);
  return workflow && { ...head(item, status), outputs_count: 0, ...workflow };
}

function duration(job: JsonObject): number {
  return (numberOf(job.execution_end_time) ?? 0) - (numberOf(job.execution_start_time) ?? 0);
}

function problem(text: string): FakeResponse {
  return jsonResponse({ error: text }, 400);
}

/** GET /api/jobs. */
export function getJobs(call: Call, server: ServerProcess): FakeResponse {
  const { query } = call;
  const wanted = (query.get("status") ?? "").split(",").filter((status) => status !== "");
  const unknown = wanted.filter((status) => !STATUSES.includes(status));
  if (unknown.length > 0) {
    return problem(`Invalid status value(s): ${unknown.join(", ")}. Valid values: ${STATUSES.join(", ")}`);
  }
  const sortBy = query.get("sort_by") ?? "created_at";
  if (sortBy !== "created_at" && sortBy !== "execution_duration") {
    return problem("sort_by must be 'created_at' or 'execution_duration'");
  }
  const order = query.get("sort_order") ?? "desc";
  if (order !== "asc" && order !== "desc") return problem("sort_order must be 'asc' or 'desc'");
  const limit = readWhole(query.get("limit"));
  if (limit === undefined) return problem("limit must be an integer");
  if (limit !== null && limit <= 0) return problem("limit must be a positive integer");
  const given = readWhole(query.get("offset"));
  if (given === undefined) return problem("offset must be an integer");
  const offset = Math.max(0, given ?? 0);
  const { running, pending } = server.queue;
  const all = [
    ...server.history.all().map((entry) => finishedJob(entry, server)),
    ...(running === null ? [] : [queuedJob(running, "in_progress")]),
    ...pending.map((item) => queuedJob(item, "pending")),
  ];
  const sortKey = (job: JsonObject): number =>
    sortBy === "created_at" ? (numberOf(job.create_time) ?? 0) : duration(job);
  const matching: JsonObject[] = [];
  for (const job of all) {
    if (job === undefined) return serverError();
    const workflow = query.get("workflow_id");
    if (wanted.length > 0 && !wanted.includes(String(job.status))) continue;
    if (workflow === null || job.workflow_id === workflow) matching.push(job);
  }
  matching.sort((a, b) => (order === "asc" ? sortKey(a) - sortKey(b) : sortKey(b) - sortKey(a)));
  const jobs = matching.slice(offset, limit === null ? undefined : offset + limit);
  const has_more = offset + jobs.length < matching.length;
  return jsonResponse({ jobs, pagination: { offset, limit, total: matching.length, has_more } });
}

/** GET /api/jobs/{id}. */
export function getJob(_: Call, server: ServerProcess, id: string): FakeResponse {
  const entry = server.history.get(id);
  const { running, pending } = server.queue;
  if (entry === undefined) {
    const queued = pending.find((item) => item.promptId === id);
    if (running?.promptId === id) return orError(queuedJob(running, "in_progress"));
    if (queued !== undefined) return orError(queuedJob(queued, "pending"));
    return jsonResponse({ error: "Job not found" }, 404);
  }
  const job = finishedJob(entry, server);
  if (job === undefined) return serverError();
  const { prompt, extraData } = entry.item;
  const outputs: Json = entry.outputs;
  return jsonResponse({
    ...job,
    outputs,
    execution_status: statusJson(entry),
    workflow: { prompt, extra_data: extraData },
  });
}

function orError(job: JsonObject | undefined): FakeResponse {
  return job === undefined ? serverError() : jsonResponse(job);
}

function cancel(server: ServerProcess, id: string): boolean {
  return server.queue.running?.promptId === id ? server.interrupt(id) : server.queue.delete(id);
}

/** POST /api/jobs/{id}/cancel. */
export function postCancelJob(_: Call, server: ServerProcess, id: string): FakeResponse {
  try {
    return jsonResponse({ cancelled: cancel(server, id) });
  } catch (error) {
    if (error instanceof QueueTieError) return serverError();
    throw error;
  }
}

/** POST /api/jobs/cancel. */
export function postCancelJobs(call: Call, server: ServerProcess): FakeResponse {
  const body = readJson(call);
  if (body === undefined) return problem("Request body must be valid JSON");
  const ids = isObject(body) ? body.job_ids : undefined;
  if (!isList(ids)) return problem("job_ids must be a list");
  const invalid = ids.filter((id) => typeof id !== "string" || !UUID.test(id)).map(pythonText);
  if (invalid.length > 0) {
    return jsonResponse({ error: "job_ids contains invalid id(s)", invalid_ids: invalid }, 400);
  }
  const results = ids.map((id) => cancel(server, pythonText(id)));
  return jsonResponse({ cancelled: results.includes(true) });
}
