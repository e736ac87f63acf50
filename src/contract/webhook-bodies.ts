/**
 * The events that webhooks carry: thin bodies with links, never inputs, never more than 20 kB. `id` is the receiver's
 * `webhook-id`, `data.job.seq` the job's counter: an event with a lower one than already seen is stale. The Worker makes
 * events and never reads them: it takes the types alone, and the schemas cost its start nothing.
 */
import * as z from "zod";
import { EndpointIdSchema, EventIdSchema, JobIdSchema, OutputIdSchema, ProjectIdSchema } from "./ids.ts";
import { JOB_STATUSES, JobErrorSchema, OUTPUT_TYPES, openEnum, ProgressSchema, TimestampSchema } from "./job.ts";
import { LoggedEventSchema } from "./webhook.ts";
import type { EventType } from "./webhook-events.ts";
import { MAX_EVENT_OUTPUTS } from "./webhook-limits.ts";

export const WebhookOutputSchema = z
  .object({
    id: OutputIdSchema,
    type: openEnum(OUTPUT_TYPES, "What it is."),
    content_type: z.string(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    size_bytes: z.int(),
    hash: z.string().nullable(),
    thumbhash: z.string().nullable(),
    url: z.string().nullable().meta({ description: "null for text: GET the job for it." }),
    url_expires_at: TimestampSchema.nullable(),
  })
  .meta({ id: "WebhookOutput" });
export type WebhookOutput = z.infer<typeof WebhookOutputSchema>;

const JOB_HEAD = {
  id: JobIdSchema,
  seq: z.int().meta({ description: "Drop the event if you have seen a higher one of this job." }),
  status: openEnum(JOB_STATUSES, "Where the job stands."),
};

const ms = z.int().nullable();
const JOB_FIELDS = {
  ...JOB_HEAD,
  terminal: z.boolean(),
  user: z.string().nullable(),
  metadata: z
    .record(z.string(), z.string())
    .nullable()
    .meta({ description: "null where it is too large for an event: GET the job for it." }),
  workflow: z.object({ id: z.string(), version: z.int(), name: z.string() }).nullable(),
  created_at: TimestampSchema,
  started_at: TimestampSchema.nullable(),
  finished_at: TimestampSchema.nullable(),
  error: JobErrorSchema.nullable(),
  cancel: z.object({ requested_at: TimestampSchema, by: z.string(), reason: z.string().nullable() }).nullable(),
  metrics: z.object({ queue_ms: ms, load_ms: ms, run_ms: ms, total_ms: ms, gpu_ms: ms }),
  links: z.object({ self: z.string() }),
};

export const WebhookJobSchema = z
  .object({
    ...JOB_FIELDS,
    outputs: z.array(WebhookOutputSchema).max(MAX_EVENT_OUTPUTS),
    outputs_truncated: z.boolean().meta({ description: "Whether the job has more results than are named here." }),
  })
  .meta({ id: "WebhookJob" });
export type WebhookJob = z.infer<typeof WebhookJobSchema>;

const StartedJobSchema = z.object(JOB_FIELDS).meta({ id: "WebhookStartedJob" });
const JobHeadSchema = z.object(JOB_HEAD).meta({ id: "WebhookJobHead" });

const event = <const T extends EventType, D extends z.ZodType>(name: string, type: T, data: D) =>
  z
    .object({
      id: EventIdSchema,
      type: z.literal(type),
      timestamp: TimestampSchema.meta({ description: "When it happened; webhook-timestamp is when it was sent." }),
      api_version: z.literal("v1"),
      mode: openEnum(["live", "test"] as const, "Of the key behind the job."),
      project: ProjectIdSchema,
      data,
    })
    .meta({ id: name });

const EndDataSchema = z.object({ job: WebhookJobSchema });

/** The schema of each event, by its type. */
export const EVENT_SCHEMAS = {
  "job.started": event("JobStartedEvent", "job.started", z.object({ job: StartedJobSchema })),
  "job.progress": event("JobProgressEvent", "job.progress", z.object({ job: JobHeadSchema, progress: ProgressSchema })),
  "job.output": event("JobOutputEvent", "job.output", z.object({ job: JobHeadSchema, output: WebhookOutputSchema })),
  "job.succeeded": event("JobSucceededEvent", "job.succeeded", EndDataSchema),
  "job.failed": event("JobFailedEvent", "job.failed", EndDataSchema),
  "job.canceled": event("JobCanceledEvent", "job.canceled", EndDataSchema),
  "job.expired": event("JobExpiredEvent", "job.expired", EndDataSchema),
  "job.deleted": event("JobDeletedEvent", "job.deleted", z.object({ job: z.object({ id: JobIdSchema }) })),
  "webhook.disabled": event(
    "WebhookDisabledEvent",
    "webhook.disabled",
    z.object({
      endpoint: z.object({
        id: EndpointIdSchema,
        url: z.string().meta({ description: "Without its query, which may hold a secret." }),
      }),
      reason: z.string().meta({ description: "In words." }),
      failed_since: TimestampSchema.nullable(),
    }),
  ),
  "webhook.test": event(
    "WebhookTestEvent",
    "webhook.test",
    z.object({ endpoint: z.object({ id: EndpointIdSchema }).nullable(), message: z.string() }),
  ),
} as const satisfies Record<EventType, z.ZodType>;

export const WebhookEventSchema = z
  .discriminatedUnion("type", [
    EVENT_SCHEMAS["job.started"],
    EVENT_SCHEMAS["job.progress"],
    EVENT_SCHEMAS["job.output"],
    EVENT_SCHEMAS["job.succeeded"],
    EVENT_SCHEMAS["job.failed"],
    EVENT_SCHEMAS["job.canceled"],
    EVENT_SCHEMAS["job.expired"],
    EVENT_SCHEMAS["job.deleted"],
    EVENT_SCHEMAS["webhook.disabled"],
    EVENT_SCHEMAS["webhook.test"],
  ])
  .meta({ id: "WebhookEvent" });
export type WebhookEvent = z.infer<typeof WebhookEventSchema>;

/** An entry of the event log, held to the event that it is of. */
export const EventLogEntrySchema = LoggedEventSchema.extend({ body: WebhookEventSchema });
export type EventLogEntry = z.infer<typeof EventLogEntrySchema>;
