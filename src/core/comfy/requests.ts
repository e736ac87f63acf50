/**
 * What we say to ComfyUI: one builder per HTTP request (protocol §1) and the texts for its socket (§2). Builders only
 * describe; the shell adds the backend's address and headers and sends. Neither `Origin` nor `Sec-Fetch-*` may be
 * added: they turn on checks that refuse us (§1.1).
 */

import { assert } from "../util/assert.ts";
import { stringifyExact } from "../util/exact-json.ts";
import type { JsonRecord } from "./json.ts";
import type { ComfyFile } from "./outputs.ts";

/** A request without its backend: `path` begins with a slash and holds the query; `body` is JSON text. */
export type ComfyRequest = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** An upload as form data: the fields, and the name and file name of the part that takes the bytes. */
export type ComfyUpload = {
  readonly method: "POST";
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly file: { readonly field: string; readonly filename: string };
};

/** The first message of each socket: asks for previews that name their node (protocol §2.3). */
export const FEATURE_FLAGS_MESSAGE = '{"type":"feature_flags","data":{"supports_preview_metadata":true}}';
/** Keeps proxies from closing an idle socket; ignored by the server, and only after the flags (protocol §2.3, P5). */
export const KEEP_ALIVE_MESSAGE = '{"type":"ping"}';

/** The path of the socket for a client id. */
export const socketPath = (clientId: string): string => `/ws?clientId=${encodeURIComponent(clientId)}`;

/** What POST /prompt needs. `promptId` is a lowercase UUID of ours; `clientId` names the socket that hears the events. */
export type Submission = {
  readonly prompt: JsonRecord;
  readonly promptId: string;
  readonly clientId: string;
  readonly extraData?: JsonRecord;
};

/**
 * POST /prompt. Never with `number`: two prompts of equal number and id can kill the server's worker (protocol §1.2).
 * `extra_data` is always an object, and nulls in it and in its `extra_pnginfo` are left out, because they break the
 * jobs API for everybody (§1.7).
 */
export function submitPrompt({ prompt, promptId, clientId, extraData = {} }: Submission): ComfyRequest {
  assert(clientId !== "" && promptId !== "", "a prompt is submitted with its own id and its client's");
  const extra_data: Record<string, unknown> = withoutNulls(extraData);
  if (typeof extra_data.extra_pnginfo === "object") {
    extra_data.extra_pnginfo = withoutNulls(extra_data.extra_pnginfo as JsonRecord);
  }
  return post("/prompt", { prompt, prompt_id: promptId, client_id: clientId, extra_data });
}

/** GET /queue. */
export const getQueue = (): ComfyRequest => get("/queue");

/** POST /queue: takes pending prompts out; leaves a running one alone and answers 200 for unknown ids too. */
export const deleteQueued = (promptIds: readonly string[]): ComfyRequest => post("/queue", { delete: promptIds });

/** POST /interrupt for one prompt. Before 0.3.57 the id is ignored and whatever runs is stopped (see `version.ts`). */
export const interruptPrompt = (promptId: string): ComfyRequest => post("/interrupt", { prompt_id: promptId });

/** GET /history/{id}: `{}` while the prompt is pending, running or unknown. */
export const getHistory = (promptId: string): ComfyRequest => get(`/history/${encodeURIComponent(promptId)}`);

/** GET /api/jobs/{id}; needs `jobsApi`. */
export const getJob = (promptId: string): ComfyRequest => get(`/api/jobs/${encodeURIComponent(promptId)}`);

/** POST /api/jobs/{id}/cancel; needs `jobsCancel`. */
export const cancelJob = (promptId: string): ComfyRequest => ({
  method: "POST",
  path: `/api/jobs/${encodeURIComponent(promptId)}/cancel`,
});

/** GET /view of a stored file, untouched. Names go as they came, a Windows server's backslashes included. */
export function viewFile({ filename, subfolder, folderType }: ComfyFile): ComfyRequest {
  const query = `filename=${encodeURIComponent(filename)}&subfolder=${encodeURIComponent(subfolder)}`;
  return get(`/view?${query}&type=${folderType}`);
}

/** GET of a picture that a tooling node keeps for us (`kind: "http"`). */
export const getRemoteImage = (remoteId: string): ComfyRequest => get(`/api/etn/image/${encodeURIComponent(remoteId)}`);

/**
 * POST /upload/image, for files of any kind. `filename` is a bare name: a slash in it is an error at the server unless
 * the folder exists. Without `overwrite` the server may choose another name, so the reply's counts (protocol §1.9).
 */
export function uploadFile(upload: { filename: string; subfolder?: string; overwrite?: boolean }): ComfyUpload {
  assert(/^[^/\\]+$/.test(upload.filename), "an upload has a bare file name");
  return {
    method: "POST",
    path: "/upload/image",
    fields: {
      type: "input",
      ...(upload.subfolder ? { subfolder: upload.subfolder } : {}),
      ...(upload.overwrite ? { overwrite: "true" } : {}),
    },
    file: { field: "image", filename: upload.filename },
  };
}

/** GET /system_stats. */
export const getSystemStats = (): ComfyRequest => get("/system_stats");

/** GET /features. */
export const getFeatures = (): ComfyRequest => get("/features");

/** GET /object_info, of one class or of all. All can be many megabytes and stalls the server: cache it (P22). */
export const getObjectInfo = (className?: string): ComfyRequest =>
  get(className === undefined ? "/object_info" : `/object_info/${encodeURIComponent(className)}`);

function get(path: string): ComfyRequest {
  return { method: "GET", path };
}

function post(path: string, value: unknown): ComfyRequest {
  return { method: "POST", path, headers: { "content-type": "application/json" }, body: stringifyExact(value) };
}

function withoutNulls(record: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined));
}
