/** A file out of a multipart body. The platform's parser is quick with few parts and slow with very many: they are counted first. */
import { ApiError } from "./problem.ts";

/** Parts that a form may have; an upload needs one. */
const MAX_PARTS = 20;

/**
 * The part named `file`.
 * @throws {ApiError} `invalid_parameter` where there is none, or far too many parts.
 */
export async function fileOf(body: Uint8Array<ArrayBuffer>, contentType: string): Promise<Uint8Array<ArrayBuffer>> {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const marker = new TextEncoder().encode(`--${boundary?.[1] ?? boundary?.[2] ?? ""}`);
  if (boundary && countOf(body, marker) > MAX_PARTS + 1) {
    throw new ApiError("invalid_parameter", `A multipart upload may have ${MAX_PARTS} parts; it needs one named file.`);
  }
  const form = await new Response(body, { headers: { "content-type": contentType } }).formData().catch(() => null);
  const file = form?.get("file");
  if (!(file instanceof File)) {
    throw new ApiError("invalid_parameter", "A multipart upload needs one part named file, with the picture in it.");
  }
  return new Uint8Array(await file.arrayBuffer());
}

/** How often `marker` stands in `bytes`, as far as it matters here. */
function countOf(bytes: Uint8Array, marker: Uint8Array): number {
  const first = marker[0] ?? 0;
  let count = 0;
  for (let at = bytes.indexOf(first); at >= 0 && count <= MAX_PARTS + 1; at = bytes.indexOf(first, at + 1)) {
    if (marker.every((byte, index) => bytes[at + index] === byte)) count += 1;
  }
  return count;
}
