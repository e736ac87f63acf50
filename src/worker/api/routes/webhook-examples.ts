/** Webhooks as the documentation shows them. */

import type { Delivery, WebhookEndpoint } from "../../../contract/webhook.ts";
import type { WebhookEvent } from "../../../contract/webhook-bodies.ts";

const ENDPOINT_ID = "whe_01kag3x7p2v9m4t8r6c5n1d0ze";
const DELIVERY_ID = "dlv_01kag40gm2v9m4t8r6c5n1d0ze";
const EVENT_ID = "evt_01kag40f9x2v9m4t8r6c5n1d0z";
const JOB_ID = "job_01kag3x7p2v9m4t8r6c5n1d0ze";
const URL_EXAMPLE = "https://app.example.com/hooks/easel";

export const ENDPOINT_EXAMPLE: WebhookEndpoint = {
  object: "webhook_endpoint",
  id: ENDPOINT_ID,
  url: URL_EXAMPLE,
  events: ["job.succeeded", "job.failed", "job.canceled", "job.expired"],
  description: "Tells our backend",
  signing: "v1",
  metadata: {},
  status: "enabled",
  disabled_reason: null,
  disabled_at: null,
  failing_since: null,
  secret: null,
  previous_secret_expires_at: null,
  public_key: null,
  created_at: "2026-11-20T07:11:43Z",
};

const ATTEMPT = {
  attempt: 1,
  http_status: 503,
  duration_ms: 84,
  error: "status" as const,
  reason:
    "The receiver answered 503: what stands before the receiver is up, the receiver is not. It is asked again later.",
  response_excerpt: "Service Unavailable",
};

export const DELIVERY_EXAMPLE: Delivery = {
  object: "delivery",
  id: DELIVERY_ID,
  event_id: EVENT_ID,
  type: "job.succeeded",
  endpoint_id: ENDPOINT_ID,
  job_id: JOB_ID,
  url: URL_EXAMPLE,
  status: "pending",
  ...ATTEMPT,
  next_attempt_at: "2026-11-20T07:12:06Z",
  created_at: "2026-11-20T07:12:01Z",
  attempts: [{ ...ATTEMPT, at: "2026-11-20T07:12:01Z" }],
  curl: null,
};

export const EVENT_EXAMPLE = {
  object: "event",
  id: EVENT_ID,
  type: "job.deleted",
  job_id: JOB_ID,
  created_at: "2026-11-20T07:12:01Z",
  body: {
    id: EVENT_ID,
    type: "job.deleted",
    timestamp: "2026-11-20T07:12:01Z",
    api_version: "v1",
    mode: "live",
    project: "prj_01kag3x7p2v9m4t8r6c5n1d0ze",
    data: { job: { id: JOB_ID } },
  } satisfies WebhookEvent,
  deliveries: [{ id: DELIVERY_ID, endpoint_id: ENDPOINT_ID, status: "succeeded" }],
};

export const listExample = (item: unknown) => ({ object: "list", data: [item], has_more: false, next_cursor: null });
