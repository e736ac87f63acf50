/**
 * Webhooks as the outside sees them: endpoints, per-job targets, the ledger of deliveries and the event log. What an
 * event itself looks like is in webhook-bodies.ts.
 */
import * as z from "zod";
import { DeliveryIdSchema, EndpointIdSchema, EventIdSchema, JobIdSchema } from "./ids.ts";
import { openEnum, TimestampSchema } from "./job.ts";
import { DEFAULT_JOB_EVENTS, EVENT_TYPES, JOB_EVENT_TYPES } from "./webhook-events.ts";
import { MAX_EXCERPT_BYTES, MAX_REPLAYED_EVENTS, OVERLAP_SECONDS, SECRET_BYTES } from "./webhook-limits.ts";

export * from "./webhook-events.ts";
export * from "./webhook-limits.ts";

/** What an endpoint may be told of: every job event at once, or single ones. */
export const ENDPOINT_FILTERS = ["job.*", ...JOB_EVENT_TYPES, "webhook.disabled"] as const;
export type EndpointFilter = (typeof ENDPOINT_FILTERS)[number];
/** What the target of a single job may be told of. */
export const JOB_FILTERS = ["job.*", ...JOB_EVENT_TYPES] as const;
export type JobFilter = (typeof JOB_FILTERS)[number];

const filters = <const T extends readonly [string, ...string[]]>(known: T) =>
  z
    .array(z.enum(known, { error: `is not a known event; known are ${known.join(", ")}` }))
    .min(1)
    .max(known.length)
    .meta({ description: "Which events are sent. job.* is all of a job's, progress and single results among them." });

/** Characters of a receiver's URL; what else is asked of it is checked where it is saved and at every send. */
const TargetUrlSchema = z
  .string()
  .min(1)
  .max(2_048)
  .meta({ description: "https, port 443 or 8443, a public name.", examples: ["https://app.example.com/hooks/easel"] });

/** `webhook` of JobCreate: where the events of this one job go, besides the project's endpoints. */
export const JobWebhookSchema = z
  .strictObject({ url: TargetUrlSchema, events: filters(JOB_FILTERS).default([...DEFAULT_JOB_EVENTS]) })
  .meta({ id: "JobWebhook" });
export type JobWebhook = z.infer<typeof JobWebhookSchema>;

const SECRET_PATTERN = /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A secret of the caller's own making. */
export const WebhookSecretSchema = z
  .string()
  .max(200)
  .refine((text) => SECRET_PATTERN.test(text) && secretSizeFits(text), {
    error: `must be whsec_ and the base64 of ${SECRET_BYTES.min} to ${SECRET_BYTES.max} random bytes`,
  })
  .meta({ description: "whsec_ and the base64 of 24 to 64 random bytes; drawn for you when left out." });

function secretSizeFits(text: string): boolean {
  const encoded = text.slice("whsec_".length);
  const bytes = (encoded.length / 4) * 3 - (encoded.length - encoded.replace(/=+$/, "").length);
  return bytes >= SECRET_BYTES.min && bytes <= SECRET_BYTES.max;
}

export const SIGNINGS = ["v1", "v1+v1a"] as const;
export type Signing = (typeof SIGNINGS)[number];

const SigningSchema = z.enum(SIGNINGS).meta({
  description: "v1 is HMAC-SHA256 with the endpoint's secret; v1a adds Ed25519, whose public key is no secret.",
});
const DescriptionSchema = z.string().max(200).nullable();
const EndpointMetadataSchema = z
  .record(z.string().min(1).max(40), z.string().max(500))
  .refine((value) => Object.keys(value).length <= 16, "At most 16 entries.");

export const WebhookCreateSchema = z
  .strictObject({
    url: TargetUrlSchema,
    events: filters(ENDPOINT_FILTERS).default([...DEFAULT_JOB_EVENTS]),
    description: DescriptionSchema.default(null),
    signing: SigningSchema.default("v1"),
    metadata: EndpointMetadataSchema.default({}),
    secret: WebhookSecretSchema.optional(),
  })
  .meta({ id: "WebhookCreate" });
export type WebhookCreate = z.infer<typeof WebhookCreateSchema>;

export const WebhookPatchSchema = z
  .strictObject({
    url: TargetUrlSchema.optional(),
    events: filters(ENDPOINT_FILTERS).optional(),
    description: DescriptionSchema.optional(),
    signing: SigningSchema.optional(),
    metadata: EndpointMetadataSchema.optional().meta({ description: "Takes the place of the old one." }),
    status: z.enum(["enabled", "disabled"]).optional().meta({ description: "enabled forgets the failures so far." }),
  })
  .meta({ id: "WebhookPatch" });
export type WebhookPatch = z.infer<typeof WebhookPatchSchema>;

export const WebhookRotateSchema = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(OVERLAP_SECONDS.max)
      .default(OVERLAP_SECONDS.usual)
      .meta({ description: "How long the old secret signs beside the new one." }),
    secret: WebhookSecretSchema.optional(),
  })
  .meta({ id: "WebhookRotate" });
export type WebhookRotate = z.infer<typeof WebhookRotateSchema>;

export const WebhookTestSchema = z
  .strictObject({
    type: z
      .enum([...JOB_EVENT_TYPES, "webhook.test"])
      .default("webhook.test")
      .meta({ description: "A job's event is sent as a sample with mode test and a job that does not exist." }),
  })
  .meta({ id: "WebhookTest" });
export type WebhookTest = z.infer<typeof WebhookTestSchema>;

const MomentSchema = z.iso.datetime().meta({ examples: ["2026-11-20T07:11:43Z"] });

export const WebhookReplaySchema = z
  .strictObject({
    since: MomentSchema,
    until: MomentSchema.nullable().default(null).meta({ description: "null for now." }),
    status: z.enum(["failed", "all"]).default("failed"),
    types: z
      .array(z.enum(EVENT_TYPES, { error: `is not a known event; known are ${EVENT_TYPES.join(", ")}` }))
      .min(1)
      .max(EVENT_TYPES.length)
      .nullable()
      .default(null)
      .meta({ description: "Only these types; null for all." }),
  })
  .refine(({ since, until }) => until === null || Date.parse(since) <= Date.parse(until), {
    error: "must not be earlier than since",
    path: ["until"],
  })
  .meta({ id: "WebhookReplay" });
export type WebhookReplay = z.infer<typeof WebhookReplaySchema>;

export const WebhookReplayedSchema = z
  .object({
    queued: z.int().meta({ description: `Deliveries that are on their way; at most ${MAX_REPLAYED_EVENTS}.` }),
  })
  .meta({ id: "WebhookReplayed" });

/** Why an endpoint is disabled. */
export const DISABLED_REASONS = ["failing", "gone", "by_hand"] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

export const WebhookEndpointSchema = z
  .object({
    object: z.literal("webhook_endpoint"),
    id: EndpointIdSchema,
    url: z.string(),
    events: z.array(openEnum(ENDPOINT_FILTERS, "An event or job.*.")),
    description: z.string().nullable(),
    signing: openEnum(SIGNINGS, "Which signatures are sent."),
    metadata: z.record(z.string(), z.string()),
    status: openEnum(["enabled", "disabled"] as const, "A disabled endpoint is sent nothing."),
    disabled_reason: openEnum(
      DISABLED_REASONS,
      "failing: nothing but failures for days; gone: it answered 410.",
    ).nullable(),
    disabled_at: TimestampSchema.nullable(),
    failing_since: TimestampSchema.nullable().meta({
      description: "When the failures began that no success has followed.",
    }),
    secret: z
      .string()
      .nullable()
      .meta({ description: "In the answer that makes it and never again: keep it with the receiver." }),
    previous_secret_expires_at: TimestampSchema.nullable().meta({
      description: "Until then the secret before the last rotation signs too.",
    }),
    public_key: z
      .string()
      .nullable()
      .meta({ description: "For v1a: whpk_ and the base64 of the Ed25519 key; null without v1a." }),
    created_at: TimestampSchema,
  })
  .meta({ id: "WebhookEndpoint" });
export type WebhookEndpoint = z.infer<typeof WebhookEndpointSchema>;

export const DELIVERY_STATUSES = ["pending", "succeeded", "failed"] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What kept an attempt from succeeding. */
export const DELIVERY_ERRORS = [
  "timeout",
  "dns",
  "tls",
  "refused",
  "closed",
  "unreachable",
  "redirect",
  "status",
  "unsafe_url",
] as const;
export type DeliveryError = (typeof DELIVERY_ERRORS)[number];

const ATTEMPT_FIELDS = {
  attempt: z.int().meta({ description: "1 for the first; 0 before any." }),
  http_status: z.int().nullable(),
  duration_ms: z.int().nullable(),
  error: openEnum(DELIVERY_ERRORS, "What went wrong; null where nothing did.").nullable(),
  reason: z.string().nullable().meta({ description: "The same in words, with what to do about it." }),
  response_excerpt: z
    .string()
    .nullable()
    .meta({ description: `The first ${MAX_EXCERPT_BYTES} bytes of the receiver's answer.` }),
};

export const DeliveryAttemptSchema = z
  .object({ ...ATTEMPT_FIELDS, at: TimestampSchema })
  .meta({ id: "DeliveryAttempt" });
export type DeliveryAttempt = z.infer<typeof DeliveryAttemptSchema>;

export const DeliverySchema = z
  .object({
    object: z.literal("delivery"),
    id: DeliveryIdSchema,
    event_id: EventIdSchema.meta({ description: "The receiver's webhook-id: the same in every attempt." }),
    type: openEnum(EVENT_TYPES, "Of the event."),
    endpoint_id: EndpointIdSchema.nullable().meta({ description: "null for the webhook of a single job." }),
    job_id: JobIdSchema.nullable(),
    url: z.string(),
    status: openEnum(DELIVERY_STATUSES, "failed: given up, until it is redelivered by hand."),
    ...ATTEMPT_FIELDS,
    next_attempt_at: TimestampSchema.nullable(),
    created_at: TimestampSchema,
    attempts: z.array(DeliveryAttemptSchema).meta({ description: "Oldest first; the fields above are of the last." }),
    curl: z
      .string()
      .nullable()
      .meta({ description: "The request as a curl command, freshly signed: good for five minutes. null in lists." }),
  })
  .meta({ id: "Delivery" });
export type Delivery = z.infer<typeof DeliverySchema>;

/** In the document the body is one object with `data` of any kind: code generators do not digest unions. */
const EventBodySchema = z
  .object({
    id: EventIdSchema,
    type: z.string(),
    timestamp: z.string(),
    api_version: z.string(),
    mode: z.string(),
    project: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "EventBody", description: "What was sent, or would have been: one of the events under `webhooks`." });

export const LoggedEventSchema = z
  .object({
    object: z.literal("event"),
    id: EventIdSchema,
    type: openEnum(EVENT_TYPES, "Of the event."),
    job_id: JobIdSchema.nullable(),
    created_at: TimestampSchema,
    body: EventBodySchema,
    deliveries: z.array(
      z.object({
        id: DeliveryIdSchema,
        endpoint_id: EndpointIdSchema.nullable(),
        status: openEnum(DELIVERY_STATUSES, "Of this delivery."),
      }),
    ),
  })
  .meta({ id: "EventLogEntry" });
