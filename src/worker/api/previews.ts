/** The newest preview as an answer. */
import { ApiError } from "./problem.ts";

/** The picture; it is gone when the job has ended. */
export function servePreview(preview: { bytes: Uint8Array; contentType: string; rev: number } | null): Response {
  if (!preview) throw new ApiError("not_found", "There is no preview now.");
  return new Response(preview.bytes, {
    headers: { "content-type": preview.contentType, "cache-control": "no-store", "x-content-type-options": "nosniff" },
  });
}
