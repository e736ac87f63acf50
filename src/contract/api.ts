/** Bodies, queries and headers of the HTTP routes, and the bounds that hold before anything is parsed. */
import * as z from "zod";
import { JobIdSchema, ShareIdSchema, UploadIdSchema } from "./ids.ts";

/** Largest JSON body; a graph of 300 nodes is about 100 kB. */
export const MAX_JSON_BYTES = 1_200_000;
/** Largest uploaded input file (api D1). */
export const MAX_UPLOAD_BYTES = 25 * 1024 * 1024;
/** Longest `Prefer: wait`, in seconds: URLSession gives up at 60. */
export const MAX_WAIT_SECONDS = 55;
/** `Prefer: wait` without a number, in seconds. */
export const DEFAULT_WAIT_SECONDS = 25;
/** Share links that one job may have. */
export const MAX_SHARES = 20;

/** A day, in seconds. */
export const DAY_SECONDS = 86_400;

export const RevealSchema = z.enum(["previews", "outputs"]);

const SHARE_FIELDS = {
  label: z.string().max(80).nullable().default(null).meta({ description: "For your own list of links." }),
  reveal: z
    .array(RevealSchema)
    .max(2)
    .default(["previews", "outputs"])
    .meta({ description: "What the link shows besides how far the job is." }),
  expires_in_seconds: z
    .int()
    .min(60)
    .max(90 * DAY_SECONDS)
    .default(7 * DAY_SECONDS),
  allow_download: z.boolean().default(true),
};

export const ShareCreateSchema = z.strictObject(SHARE_FIELDS).meta({ id: "ShareCreate" });
export type ShareCreate = z.infer<typeof ShareCreateSchema>;

export const ShareSchema = z
  .object({
    object: z.literal("share"),
    id: ShareIdSchema,
    job_id: JobIdSchema,
    label: z.string().nullable(),
    url: z.string().nullable().meta({ description: "With the token; only in the answer that creates the link." }),
    token_end: z.string().meta({ description: "The last four characters of the token, to tell links apart." }),
    reveal: z.array(z.string()),
    allow_download: z.boolean(),
    expires_at: z.string(),
    revoked_at: z.string().nullable(),
    created_at: z.string(),
    viewers_now: z.int(),
  })
  .meta({ id: "Share" });
export type Share = z.infer<typeof ShareSchema>;

export const UploadSchema = z
  .object({
    object: z.literal("upload"),
    id: UploadIdSchema,
    content_type: z.string(),
    size_bytes: z.int(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    hash: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: "Upload" });
export type Upload = z.infer<typeof UploadSchema>;

export const BackendHealthSchema = z
  .object({
    id: z.string(),
    state: z.string().meta({ "x-extensible-enum": ["ready", "offline", "unknown"] }),
    reason: z.string().nullable(),
    comfyui_version: z.string().nullable(),
    leases: z.int(),
    slots: z.int(),
  })
  .meta({ id: "BackendHealth" });
export type BackendHealth = z.infer<typeof BackendHealthSchema>;

export const HealthSchema = z
  .object({
    status: z.string().meta({ "x-extensible-enum": ["ok", "degraded", "misconfigured"] }),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().nullable() })),
    queue: z.object({ waiting: z.int(), leased: z.int() }).nullable(),
    counters: z.record(z.string(), z.int()).nullable().meta({
      description:
        "Runs, reconnects, resumes, reruns, dropped frames, notices and failures so far; only for the owner.",
    }),
    backends: z.array(BackendHealthSchema).nullable().meta({ description: "Only for the owner." }),
  })
  .meta({ id: "Health" });
export type Health = z.infer<typeof HealthSchema>;

export const CapacitySchema = z
  .object({
    object: z.literal("capacity"),
    state: z.string().meta({
      description: "offline: nothing runs now; busy: a new job would wait; degraded: some machines are off.",
      "x-extensible-enum": ["ok", "busy", "degraded", "offline"],
    }),
    queue_depth: z.int(),
    workers_ready: z.int(),
    est_start_ms: z.int().nullable().meta({ description: "Until a new user's job would start; null when not known." }),
  })
  .meta({ id: "Capacity" });

/** The list envelope. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    object: z.literal("list"),
    data: z.array(item),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  });
