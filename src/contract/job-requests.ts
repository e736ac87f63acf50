/** What is asked of jobs: create, change, repeat, list, catch up (api D1, D2). */
import * as z from "zod";
import { UserSchema } from "./account.ts";
import { DAY_SECONDS, ShareCreateSchema } from "./api.ts";
import { JobIdSchema } from "./ids.ts";
import { JobSchema } from "./job.ts";
import { JobWebhookSchema } from "./webhook.ts";

export const PRIORITIES = ["low", "normal", "high"] as const;
export type Priority = (typeof PRIORITIES)[number];

const MetadataSchema = z
  .record(z.string().min(1).max(40), z.string().max(500))
  .refine((value) => Object.keys(value).length <= 16, "At most 16 entries.");

const RetentionSecondsSchema = z
  .int()
  .min(3600)
  .max(90 * DAY_SECONDS);

export const JobCreateSchema = z
  .strictObject({
    id: JobIdSchema.optional().meta({
      description: "May be made on the phone: the same id and body again is a replay.",
    }),
    workflow: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "Name or name@version.", examples: ["txt2img"] }),
    graph: z.record(z.string(), z.unknown()).optional().meta({ description: "A raw graph in ComfyUI's API format." }),
    inputs: z.record(z.string(), z.unknown()).default({}),
    randomize_seeds: z.boolean().default(false).meta({ description: "For a raw graph: draw each seed anew." }),
    keep_temporary: z.boolean().default(false).meta({ description: "Keep the pictures of preview nodes too." }),
    metadata: MetadataSchema.default({}),
    user: UserSchema.nullable().default(null).meta({ description: "Only with a secret key: whose job it is." }),
    priority: z.enum(PRIORITIES).default("normal"),
    deadline: z
      .strictObject({
        start_within_seconds: z
          .int()
          .min(1)
          .max(7 * DAY_SECONDS)
          .optional(),
        finish_within_seconds: z
          .int()
          .min(5)
          .max(7 * DAY_SECONDS)
          .optional(),
      })
      .default({}),
    retention: z.strictObject({ expires_in_seconds: RetentionSecondsSchema.optional() }).default({}),
    webhook: JobWebhookSchema.optional().meta({
      description: "Where the events of this job go, besides the project's endpoints; only with a secret key.",
    }),
    share: ShareCreateSchema.optional().meta({ description: "Creates a live link in the same call." }),
  })
  .refine((job) => (job.workflow === undefined) !== (job.graph === undefined), {
    message: "Give exactly one of workflow and graph.",
    path: ["workflow"],
  })
  .meta({ id: "JobCreate" });
export type JobCreate = z.infer<typeof JobCreateSchema>;

export const CancelSchema = z.strictObject({ reason: z.string().max(200).optional() }).meta({ id: "CancelRequest" });

export const JobPatchSchema = z
  .strictObject({
    metadata: MetadataSchema.optional().meta({ description: "Takes the place of the old one." }),
    priority: z.enum(PRIORITIES).optional().meta({ description: "While the job waits; only with a secret key." }),
    retention: z
      .strictObject({
        expires_in_seconds: RetentionSecondsSchema.meta({
          description: "From now; at most 90 days after the creation.",
        }),
      })
      .optional(),
  })
  .meta({ id: "JobPatch" });
export type JobPatch = z.infer<typeof JobPatchSchema>;

export const RerunSchema = z
  .strictObject({
    inputs: z
      .record(z.string(), z.unknown())
      .default({})
      .meta({ description: "Over those of the first run.", examples: [{ seed: "random" }] }),
  })
  .meta({ id: "RerunRequest" });

/** What would be created (`validate_only`). */
export const JobPlanSchema = z
  .object({
    object: z.literal("job_plan"),
    valid: z.literal(true),
    workflow: z.object({ id: z.string(), version: z.int(), name: z.string() }).nullable(),
    inputs: z.record(z.string(), z.unknown()).nullable(),
    seed: z.string().nullable(),
    nodes: z.int().meta({ description: "How many nodes would run." }),
    estimate: z.object({
      start_ms: z.int().nullable(),
      run_ms: z.object({ p50: z.int().nullable(), p90: z.int().nullable() }),
    }),
    quota: z.object({ remaining_today: z.int().nullable() }),
    warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  })
  .meta({ id: "JobPlan" });
export type JobPlan = z.infer<typeof JobPlanSchema>;

/** What happened since a cursor. */
export const ChangesSchema = z
  .object({
    object: z.literal("changes"),
    jobs: z.array(JobSchema),
    deleted: z.array(JobIdSchema),
    has_more: z.boolean(),
    next_cursor: z.string().meta({ description: "Where to go on, now or tomorrow." }),
  })
  .meta({ id: "Changes" });
