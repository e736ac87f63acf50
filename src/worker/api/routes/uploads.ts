/** Input files: raw bytes or multipart, known by their content, checked to be a whole picture. */
import * as z from "zod";
import { MAX_UPLOAD_BYTES, type Upload, UploadSchema } from "../../../contract/api.ts";
import { UploadIdSchema } from "../../../contract/ids.ts";
import { ArtifactInspector } from "../../../core/artifact/inspect.ts";
import { uploadKey } from "../../../core/artifact/key.ts";
import { timestamp } from "../../../core/job/project.ts";
import { derivedId, hex } from "../../../core/util/ids.ts";
import { readBody } from "../body.ts";
import { PROJECT } from "../jobs.ts";
import { secretKey } from "../middleware.ts";
import { ApiError } from "../problem.ts";
import { type Api, errorResponses, json, mount, OWNER, OWNER_ERRORS } from "../route.ts";

/** What ComfyUI's LoadImage reads. */
const ACCEPTED = ["image/png", "image/jpeg", "image/webp", "image/gif"];
/** The bucket's lifecycle rule removes uploads after this (docs/deploy.md). */
const KEPT_MS = 86_400_000;
/** Room for the envelope of a multipart body. */
const MULTIPART_BYTES = 64 * 1024;

const MetaSchema = z.object({ hash: z.string(), width: z.string(), height: z.string() });

export function mountUploads(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/uploads",
      tags: ["Uploads"],
      summary: "Upload a picture for a workflow",
      ...OWNER,
      request: {
        body: {
          required: true,
          content: {
            "image/png": { schema: { type: "string", format: "binary" } },
            "multipart/form-data": {
              schema: {
                type: "object",
                properties: { file: { type: "string", format: "binary" } },
                required: ["file"],
              },
            },
          },
        },
      },
      responses: {
        201: json(UploadSchema, "Stored."),
        200: json(UploadSchema, "The same bytes were here already."),
        ...errorResponses(
          ...OWNER_ERRORS,
          "payload_too_large",
          "unsupported_media_type",
          "unreadable_image",
          "digest_mismatch",
          "invalid_parameter",
        ),
      },
    },
    secretKey,
    async (c) => {
      const bytes = await uploadedBytes(c.req.raw);
      const hash = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
      checkDigest(c.req.header("content-digest"), hash);
      const inspector = new ArtifactInspector();
      inspector.push(bytes);
      const facts = inspector.finish(bytes.byteLength);
      if (!ACCEPTED.includes(facts.contentType)) {
        throw new ApiError(
          "unreadable_image",
          `This is no picture that can be used. Send one of ${ACCEPTED.join(", ")}.`,
        );
      }
      if (facts.truncated || facts.width === null || facts.height === null) {
        throw new ApiError("unreadable_image", "The picture is damaged or ends early. Send the whole file.");
      }
      const id = await derivedId("upl", PROJECT, hash);
      const known = await c.env.MEDIA.head(uploadKey(id));
      // Put again even if known: that keeps it another day.
      await c.env.MEDIA.put(uploadKey(id), bytes, {
        httpMetadata: { contentType: facts.contentType },
        customMetadata: { hash, width: String(facts.width), height: String(facts.height) },
      });
      const upload: Upload = {
        object: "upload",
        id,
        content_type: facts.contentType,
        size_bytes: bytes.byteLength,
        width: facts.width,
        height: facts.height,
        hash: `sha256:${hash}`,
        expires_at: timestamp(Date.now() + KEPT_MS),
      };
      return c.json(upload, known ? 200 : 201, { "cache-control": "no-store" });
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/uploads/{id}",
      tags: ["Uploads"],
      summary: "What is known of an upload",
      ...OWNER,
      request: { params: z.object({ id: UploadIdSchema }) },
      responses: { 200: json(UploadSchema, "The upload."), ...errorResponses(...OWNER_ERRORS, "not_found") },
    },
    secretKey,
    async (c) => {
      const id = c.req.param("id") ?? "";
      const object = UploadIdSchema.safeParse(id).success ? await c.env.MEDIA.head(uploadKey(id)) : null;
      const meta = MetaSchema.safeParse(object?.customMetadata);
      if (!object || !meta.success)
        throw new ApiError("not_found", "There is no upload of that id; they are kept for a day.");
      const upload: Upload = {
        object: "upload",
        id,
        content_type: object.httpMetadata?.contentType ?? "application/octet-stream",
        size_bytes: object.size,
        width: Number(meta.data.width),
        height: Number(meta.data.height),
        hash: `sha256:${meta.data.hash}`,
        expires_at: timestamp(object.uploaded.getTime() + KEPT_MS),
      };
      return c.json(upload, 200, { "cache-control": "no-store" });
    },
  );
}

async function uploadedBytes(request: Request): Promise<Uint8Array> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^(image\/|application\/octet-stream|multipart\/form-data)/i.test(type)) {
    throw new ApiError(
      "unsupported_media_type",
      "Send the picture itself (image/png, …) or multipart/form-data with a part named file.",
    );
  }
  if (!/^multipart\//i.test(type)) return readBody(request, MAX_UPLOAD_BYTES);
  const body = await readBody(request, MAX_UPLOAD_BYTES + MULTIPART_BYTES);
  const form = await new Response(body, { headers: { "content-type": type } }).formData().catch(() => null);
  const file = form?.get("file");
  if (!(file instanceof File)) {
    throw new ApiError("invalid_parameter", "A multipart upload needs one part named file, with the picture in it.");
  }
  return new Uint8Array(await file.arrayBuffer());
}

/** RFC 9530: what the client says of its own bytes must be true of those that arrived. */
function checkDigest(header: string | undefined, hash: string): void {
  const claimed = /sha-256=:([A-Za-z0-9+/=]+):/.exec(header ?? "")?.[1];
  if (claimed === undefined) return;
  let digest: string;
  try {
    digest = hex(Uint8Array.from(atob(claimed), (character) => character.charCodeAt(0)));
  } catch {
    throw new ApiError("digest_mismatch", "Content-Digest is not readable base64.");
  }
  if (digest !== hash)
    throw new ApiError("digest_mismatch", "The bytes that arrived are not those that were sent; send them again.");
}
