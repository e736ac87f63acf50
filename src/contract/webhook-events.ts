/** The names of what webhooks carry: event types and headers. What an event looks like is in webhook-bodies.ts. */

/** Events of a job, in the order of its life. */
export const JOB_EVENT_TYPES = [
  "job.started",
  "job.progress",
  "job.output",
  "job.succeeded",
  "job.failed",
  "job.canceled",
  "job.expired",
  "job.deleted",
] as const;
export type JobEventType = (typeof JOB_EVENT_TYPES)[number];

/** What is sent unless other events are asked for: each end that a job can have. */
export const DEFAULT_JOB_EVENTS = ["job.succeeded", "job.failed", "job.canceled", "job.expired"] as const;
export type EndEventType = (typeof DEFAULT_JOB_EVENTS)[number];

export const EVENT_TYPES = [...JOB_EVENT_TYPES, "webhook.disabled", "webhook.test"] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Headers of a delivery beside `content-type` and `user-agent`. */
export const WEBHOOK_HEADERS = [
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature",
  "easel-event-type",
  "easel-job-id",
  "easel-delivery-id",
  "easel-attempt",
] as const;
export type WebhookHeader = (typeof WEBHOOK_HEADERS)[number];
