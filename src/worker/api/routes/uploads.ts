/** Input files: raw bytes or multipart, known by their content, checked to be a whole picture. */
import type { Context } from "hono";
import * as z from "zod";
import { MAX_UPLOAD_BYTES, type Upload, UploadSchema } from "../../../contract/api.ts";
import { UploadIdSchema } from "../../../contract/ids.ts";
import { ArtifactInspector } from "../../../core/artifact/inspect.ts";
import { uploadKey } from "../../../core/artifact/key.ts";
import { timestamp } from "../../../core/job/project.ts";
import { hex } from "../../../core/util/ids.ts";
import type { ApiEnv } from "../api-env.ts";
import { readerOf } from "../auth/principal.ts";
import { ratesOf } from "../auth/rates.ts";
import { readBody } from "../body.ts";
import { fileOf } from "../multipart.ts";
import { ApiError } from "../problem.ts";
import { type Api, json, mount } from "../route.ts";
import { KEPT_MS, mayUse, type UploadMeta, uploadIdOf, uploadOf } from "../uploads.ts";

/** What ComfyUI's LoadImage reads. */
const ACCEPTED = ["image/png", "image/jpeg", "image/webp", "image/gif"];
/** Room for the envelope of a multipart body. */
const MULTIPART_BYTES = 64 * 1024;

const EXAMPLE: Upload = {
  object: "upload",
  id: "upl_01kag3x7p2v9m4t8r6c5n1d0ze",
  content_type: "image/png",
  size_bytes: 183_220,
  width: 768,
  height: 512,
  hash: "sha256:9f8a6d0f1b3e5c7a9d2b4f6e8c0a1b3d5f7e9c1a3b5d7f9e0c2a4b6d8f0e1c3a",
  expires_at: "2026-11-21T07:11:43Z",
};
const IMAGE = { schema: { type: "string" as const, format: "binary" } };

export function mountUploads(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/uploads",
      id: "createUpload",
      tag: "Uploads",
      summary: "Upload a picture for a workflow",
      description: "The bytes themselves, or multipart/form-data with a part named `file`. At most 25 MB.",
      auth: "uploads:create",
      request: {
        headers: z.object({
          "content-digest": z.string().optional().meta({ description: "sha-256=:base64: checks what arrives." }),
        }),
        body: {
          required: true,
          content: {
            "image/png": IMAGE,
            "image/jpeg": IMAGE,
            "image/webp": IMAGE,
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
        201: json(UploadSchema, "Stored.", EXAMPLE),
        200: json(UploadSchema, "The same bytes were here already.", EXAMPLE),
      },
      errors: [
        "payload_too_large",
        "unsupported_media_type",
        "unreadable_image",
        "digest_mismatch",
        "invalid_parameter",
        "quota_exceeded",
      ],
    },
    async (c) => {
      const { project, user } = c.get("principal");
      const bytes = await uploadedBytes(c.req.raw);
      const hash = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
      checkDigest(c.req.header("content-digest"), hash);
      const facts = inspected(bytes);
      const id = await uploadIdOf(project.id, user, hash);
      const known = await c.env.MEDIA.head(uploadKey(id));
      if (!known) await countUpload(c, id, bytes.byteLength);
      const meta: UploadMeta = {
        project: project.id,
        user: user ?? "",
        hash,
        width: String(facts.width),
        height: String(facts.height),
      };
      // Put again even if known: that keeps it another day.
      await c.env.MEDIA.put(uploadKey(id), bytes, {
        httpMetadata: { contentType: facts.contentType },
        customMetadata: meta,
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
      path: "/v1/uploads/by-hash/{sha256}",
      id: "findUpload",
      tag: "Uploads",
      summary: "Whether you have uploaded these bytes already",
      description: "Tells only of your own uploads. HEAD works too.",
      auth: "uploads:create",
      request: { params: z.object({ sha256: z.string().meta({ description: "Hex.", example: "9f8a6d0f…" }) }) },
      responses: { 200: json(UploadSchema, "The upload.", EXAMPLE) },
      errors: ["not_found"],
    },
    async (c) => {
      const { project, user } = c.get("principal");
      const hash = (c.req.param("sha256") ?? "").toLowerCase();
      const id = /^[0-9a-f]{64}$/.test(hash) ? await uploadIdOf(project.id, user, hash) : "";
      return c.json(await findUpload(c, id), 200, { "cache-control": "no-store" });
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/uploads/{id}",
      id: "getUpload",
      tag: "Uploads",
      summary: "Read an upload",
      auth: "uploads:create",
      request: { params: z.object({ id: UploadIdSchema }) },
      responses: { 200: json(UploadSchema, "The upload.", EXAMPLE) },
      errors: ["not_found"],
    },
    async (c) => c.json(await findUpload(c, c.req.param("id") ?? ""), 200, { "cache-control": "no-store" }),
  );

  mount(
    api,
    {
      method: "delete",
      path: "/v1/uploads/{id}",
      id: "deleteUpload",
      tag: "Uploads",
      summary: "Delete an upload",
      description: "A waiting job that still needs it will fail with `input_unreadable`.",
      auth: "uploads:create",
      request: { params: z.object({ id: UploadIdSchema }) },
      responses: { 204: { description: "Deleted." } },
      errors: ["not_found"],
    },
    async (c) => {
      const { id } = await findUpload(c, c.req.param("id") ?? "");
      await c.env.MEDIA.delete(uploadKey(id));
      return c.body(null, 204);
    },
  );
}

/** The caller's upload of that id. */
async function findUpload(c: Context<ApiEnv>, id: string): Promise<Upload> {
  const principal = c.get("principal");
  const object = UploadIdSchema.safeParse(id).success ? await c.env.MEDIA.head(uploadKey(id)) : null;
  const mine = object && mayUse(object, principal.project.id, readerOf(principal)) ? uploadOf(id, object) : null;
  if (!mine) throw new ApiError("not_found", "There is no upload of that id; they are kept for a day.");
  return mine;
}

async function countUpload(c: Context<ApiEnv>, id: string, sizeBytes: number): Promise<void> {
  const { project, user, limits } = c.get("principal");
  const now = Date.now();
  const answer = await c.env.TENANTS.getByName(project.id).countUpload(user, sizeBytes, limits, id);
  c.set("rates", [...c.get("rates"), ...ratesOf(answer.quotas, now)]);
  if (answer.type === "counted") return;
  const { quota, retryAfterMs } = answer;
  const detail = `${quota.name} of the ${quota.scope}: ${quota.used} of ${quota.limit} bytes used.`;
  throw new ApiError("quota_exceeded", detail, { retryAfterMs });
}

/** What the bytes are; refused where they are no whole picture that ComfyUI reads. */
function inspected(bytes: Uint8Array) {
  const inspector = new ArtifactInspector();
  inspector.push(bytes);
  const { contentType, truncated, width, height } = inspector.finish(bytes.byteLength);
  if (!ACCEPTED.includes(contentType)) {
    throw new ApiError("unreadable_image", `This is no picture that can be used. Send one of ${ACCEPTED.join(", ")}.`);
  }
  if (truncated || width === null || height === null) {
    throw new ApiError("unreadable_image", "The picture is damaged or ends early. Send the whole file.");
  }
  return { contentType, width, height };
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
  return fileOf(body, type);
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
