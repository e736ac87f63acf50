/** Uploads as they lie in the bucket: whose they are stands in their metadata. */
import * as z from "zod";
import type { Upload } from "../../contract/api.ts";
import { timestamp } from "../../core/job/project.ts";
import { derivedId } from "../../core/util/ids.ts";
import type { Reader } from "./auth/principal.ts";

/** The bucket's lifecycle rule removes uploads after this (docs/deploy.md). */
export const KEPT_MS = 86_400_000;

const MetaSchema = z.object({
  project: z.string(),
  /** Empty for those of servers. */
  user: z.string(),
  hash: z.string(),
  width: z.string(),
  height: z.string(),
});
export type UploadMeta = z.infer<typeof MetaSchema>;

/** The same bytes of the same user have one id; it tells nobody else that they are here. */
export const uploadIdOf = (project: string, user: string | null, hash: string): Promise<string> =>
  derivedId("upl", project, user ?? "", hash);

/** Whether an upload may be read and used: by its own user, or by the servers of its project. */
export function mayUse(object: R2Object, project: string, reader: Reader): boolean {
  const meta = MetaSchema.safeParse(object.customMetadata);
  return meta.success && meta.data.project === project && (reader.user === null || meta.data.user === reader.user);
}

/** The public document of an upload, or null for an object that is none. */
export function uploadOf(id: string, object: R2Object): Upload | null {
  const meta = MetaSchema.safeParse(object.customMetadata);
  if (!meta.success) return null;
  return {
    object: "upload",
    id,
    content_type: object.httpMetadata?.contentType ?? "application/octet-stream",
    size_bytes: object.size,
    width: Number(meta.data.width),
    height: Number(meta.data.height),
    hash: `sha256:${meta.data.hash}`,
    expires_at: timestamp(object.uploaded.getTime() + KEPT_MS),
  };
}
