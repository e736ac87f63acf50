/** GET and POST /history (protocol §1.5). */
import { historyJson } from "../history.ts";
import { type Call, emptyResponse, type FakeResponse, jsonResponse, serverError } from "../http.ts";
import { isObject } from "../json.ts";
import type { ServerProcess } from "../process.ts";
import { since } from "../version.ts";
import { idsToDelete, readJson } from "./prompt.ts";

/** A whole number in a query, null if absent, undefined if it is none. */
export function readWhole(text: string | null): number | null | undefined {
  if (text === null) return null;
  return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : undefined;
}

/** GET /history. */
export function getHistory(call: Call, server: ServerProcess): FakeResponse {
  const maxItems = readWhole(call.query.get("max_items"));
  const paged = since(server.environment.options.version, "0.3.60");
  const offset = paged ? readWhole(call.query.get("offset")) : null;
  if (maxItems === undefined || offset === undefined) return serverError();
  return jsonResponse(server.history.page(maxItems, offset ?? -1));
}

/** GET /history/{id}. */
export function getHistoryOf(_: Call, server: ServerProcess, id: string): FakeResponse {
  const entry = server.history.get(id);
  return jsonResponse(entry === undefined ? {} : new Map([[id, historyJson(entry)]]));
}

/** POST /history. */
export function postHistory(call: Call, server: ServerProcess): FakeResponse {
  const body = readJson(call);
  if (!isObject(body)) return serverError();
  if (body.clear === true) server.history.clear();
  for (const id of idsToDelete(body.delete)) server.history.delete(id);
  return emptyResponse();
}
