/** Puts an input file into ComfyUI's input folder. */
import { parseUploadReply } from "../../core/comfy/replies.ts";
import { uploadFile } from "../../core/comfy/requests.ts";
import type { Fault } from "../../core/job/state.ts";
import { err, ok, type Result } from "../../core/util/result.ts";
import type { ComfyFetch } from "./comfy-fetcher.ts";
import { COMFY_TIMEOUT_MS, faultOf, statusFault } from "./comfy-http.ts";

const EXTENSIONS: Record<string, string> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
  "image/gif": "gif",
};

/**
 * Sends the bytes under a name that follows from the upload, so that a repeated try finds the same file there
 * (protocol §1.9). Returns the words by which LoadImage asks for it.
 */
export async function uploadToComfy(
  send: ComfyFetch,
  uploadId: string,
  contentType: string,
  bytes: ArrayBuffer,
  signal: AbortSignal,
): Promise<Result<string, Fault>> {
  const timeout = AbortSignal.timeout(COMFY_TIMEOUT_MS * 4);
  const filename = `${uploadId}.${EXTENSIONS[contentType] ?? "bin"}`;
  const { path, fields, file } = uploadFile({ filename });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set(file.field, new Blob([bytes], { type: contentType }), file.filename);
  try {
    const response = await send(path, { method: "POST", body: form, signal: AbortSignal.any([signal, timeout]) });
    const body = await response.text();
    if (response.status === 413) return err({ kind: "too_large", sizeBytes: bytes.byteLength });
    const reply = parseUploadReply(response.status, body);
    if (reply.ok) return ok(reply.value.reference);
    return err(statusFault(response.status) ?? { kind: "http", status: response.status, detail: "POST /upload/image" });
  } catch (error) {
    return err(faultOf(error, timeout));
  }
}
