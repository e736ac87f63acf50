/** POST /prompt, and the queue, interrupt and free routes (protocol §1.2 to §1.4). */
import { CoercionError, toFloat } from "../coerce.ts";
import { queueTuple, withoutSecrets } from "../history.ts";
import { type Call, emptyResponse, type FakeResponse, jsonResponse, serverError } from "../http.ts";
import { isList, isObject, type Json, type JsonObject, pythonText } from "../json.ts";
import { JsonSyntaxError, parseJson } from "../json-parse.ts";
import type { ServerProcess } from "../process.ts";
import { QueueTieError } from "../queue.ts";
import { MalformedPrompt, readTargets, validatePrompt } from "../validate.ts";
import { nodeError } from "../validate-node.ts";
import { since } from "../version.ts";

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The body as JSON, or undefined where ComfyUI raises. Content-Type is ignored. */
export function readJson(call: Call): Json | undefined {
  try {
    return parseJson(new TextDecoder("utf-8", { fatal: true }).decode(call.body));
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function mintUuid(server: ServerProcess): string {
  const hex = server.environment.ports.randomHex(16);
  const variant = "89ab"[Number.parseInt(hex[16] ?? "0", 16) & 3];
  const tail = `${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${tail}`;
}

/** The order of the prompt; undefined where `float()` raises. Counts, unless the request has its own number. */
function readNumber(body: JsonObject, server: ServerProcess): Json | undefined {
  if (body.number === undefined) {
    const counted = server.nextNumber();
    return body.front === true && counted !== 0 ? -counted : counted;
  }
  try {
    return toFloat(body.number);
  } catch (error) {
    if (error instanceof CoercionError) return undefined;
    throw error;
  }
}

function refusal(error: Json, nodeErrors: Json = {}): FakeResponse {
  return jsonResponse({ error, node_errors: nodeErrors }, 400);
}

/** Null stands for a `prompt_id` that is refused. */
function readPromptId(value: Json | undefined, server: ServerProcess): string | null {
  if (!since(server.environment.options.version, "0.25.0")) {
    return value === undefined ? mintUuid(server) : pythonText(value);
  }
  if (value === undefined || value === null) return mintUuid(server);
  return typeof value === "string" && CANONICAL_UUID.test(value) ? value : null;
}

/** The `extra_data` to store; undefined where ComfyUI raises. */
function readExtraData(body: JsonObject, server: ServerProcess): JsonObject | null | undefined {
  const { version } = server.environment.options;
  const given = body.extra_data === undefined ? {} : body.extra_data;
  if (!isObject(given)) {
    return given === null && body.client_id === undefined && !since(version, "0.3.68") ? null : undefined;
  }
  const extra: JsonObject = since(version, "0.3.68") ? withoutSecrets(given) : { ...given };
  if (body.client_id !== undefined) extra.client_id = body.client_id;
  if (since(version, "0.3.69")) extra.create_time = server.environment.ports.now();
  return extra;
}

/** POST /prompt. */
export function postPrompt(call: Call, server: ServerProcess): FakeResponse {
  const body = readJson(call);
  if (body === undefined || (!isObject(body) && !isList(body))) return serverError();
  const fields: JsonObject = isObject(body) ? body : {};
  const number = readNumber(fields, server);
  if (number === undefined) return serverError();
  const { prompt } = fields;
  if (prompt === undefined) return refusal(nodeError("no_prompt", "No prompt provided", "No prompt provided", {}));
  const promptId = readPromptId(fields.prompt_id, server);
  if (promptId === null) {
    const details =
      "prompt_id must be a UUID string in canonical lowercase hyphenated form; omit it to let the server generate one";
    return refusal(nodeError("invalid_prompt_id", "prompt_id must be a valid UUID", details, {}));
  }
  if (!isObject(prompt)) return serverError();
  const extraData = readExtraData(fields, server);
  if (extraData === undefined) return serverError();
  try {
    const targets = readTargets(fields.partial_execution_targets);
    const verdict = validatePrompt(prompt, targets, server.classes, server.environment);
    if (!verdict.ok) return refusal(verdict.error, verdict.nodeErrors);
    server.submit({ number, promptId, prompt, extraData, outputs: verdict.outputs });
    return jsonResponse({ prompt_id: promptId, number, node_errors: verdict.nodeErrors });
  } catch (error) {
    if (error instanceof MalformedPrompt || error instanceof QueueTieError) return serverError();
    throw error;
  }
}

/** GET /prompt. */
export function getPrompt(_: Call, server: ServerProcess): FakeResponse {
  return jsonResponse({ exec_info: { queue_remaining: server.queue.remaining } });
}

/** GET /queue. */
export function getQueue(_: Call, server: ServerProcess): FakeResponse {
  const { running, pending } = server.queue;
  return jsonResponse({
    queue_running: running === null ? [] : [queueTuple(running)],
    queue_pending: pending.map(queueTuple),
  });
}

/** The ids to delete: a string counts as the list of its characters. */
export function idsToDelete(value: Json | undefined): readonly string[] {
  if (typeof value === "string") return [...value];
  return isList(value) ? value.filter((id) => typeof id === "string") : [];
}

/** POST /queue. */
export function postQueue(call: Call, server: ServerProcess): FakeResponse {
  const body = readJson(call);
  if (!isObject(body)) return serverError();
  if (body.clear === true) server.queue.clear();
  try {
    for (const id of idsToDelete(body.delete)) server.queue.delete(id);
  } catch (error) {
    if (error instanceof QueueTieError) return serverError();
    throw error;
  }
  return emptyResponse();
}

/** POST /interrupt. */
export function postInterrupt(call: Call, server: ServerProcess): FakeResponse {
  const parsed = readJson(call);
  const body = parsed === undefined ? {} : parsed;
  if (!isObject(body)) return serverError();
  const asked = since(server.environment.options.version, "0.3.57") ? body.prompt_id : undefined;
  server.interrupt(typeof asked === "string" && asked !== "" ? asked : null);
  return emptyResponse();
}

/** POST /free. */
export function postFree(call: Call, server: ServerProcess): FakeResponse {
  const body = readJson(call);
  if (!isObject(body)) return serverError();
  if (body.free_memory === true) server.freeMemory();
  return emptyResponse();
}
