/**
 * Keys of the bucket. A key is write-once and holds nothing but an id: all else about the object is in the job's or the
 * project's storage.
 */
import {
  type JobId,
  JobIdSchema,
  type OutputId,
  OutputIdSchema,
  type UploadId,
  UploadIdSchema,
} from "../../contract/ids.ts";

/** What a key belongs to. */
export type ObjectKey =
  | { type: "output"; outputId: OutputId }
  | { type: "upload"; uploadId: UploadId }
  | { type: "preview"; jobId: JobId };

/** Key of a stored result, as ComfyUI made it. */
export const outputKey = (outputId: OutputId): string => `o/${outputId}`;

/** Key of an uploaded input. */
export const uploadKey = (uploadId: UploadId): string => `u/${uploadId}`;

/** Key of a job's latest preview frame, the one key that is written again. */
export const previewKey = (jobId: JobId): string => `p/${jobId}`;

/** What a key from a bucket listing belongs to; null if it is none of ours. */
export function parseKey(key: string): ObjectKey | null {
  const id = key.slice(2);
  switch (key.slice(0, 2)) {
    case "o/":
      return OutputIdSchema.safeParse(id).success ? { type: "output", outputId: id } : null;
    case "u/":
      return UploadIdSchema.safeParse(id).success ? { type: "upload", uploadId: id } : null;
    case "p/":
      return JobIdSchema.safeParse(id).success ? { type: "preview", jobId: id } : null;
    default:
      return null;
  }
}
