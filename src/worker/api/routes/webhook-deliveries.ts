/** The ledger of deliveries and the event log: what was sent, what came of it, and sending it again. */
import type { Context } from "hono";
import * as z from "zod";
import { listOf } from "../../../contract/api.ts";
import { DeliveryIdSchema, EndpointIdSchema, EventIdSchema } from "../../../contract/ids.ts";
import {
  DELIVERY_STATUSES,
  type Delivery,
  DeliverySchema,
  EVENT_TYPES,
  LoggedEventSchema,
  MAX_REPLAYED_EVENTS,
  WebhookReplayedSchema,
  WebhookReplaySchema,
} from "../../../contract/webhook.ts";
import type { EventLogEntry } from "../../../contract/webhook-bodies.ts";
import { filterScope } from "../../../core/tenant/cursor.ts";
import type { DeliveryFilters, EventFilters } from "../../webhooks/webhook-desk.ts";
import type { ApiEnv } from "../api-env.ts";
import { parseWith, readJson } from "../body.ts";
import { limitOf, oneOf, PAGE_PARAMETERS, pageOf, positionOf, timeOf } from "../list-query.ts";
import { ApiError } from "../problem.ts";
import { type Api, body, json, mount } from "../route.ts";
import { DELIVERY_EXAMPLE, EVENT_EXAMPLE, listExample } from "./webhook-examples.ts";
import { endpointNamed, idOf, noEndpoint, originOf, tenant } from "./webhooks.ts";

const PRIVATE = { "cache-control": "private, no-store" };
const WITH_CURL = { ...DELIVERY_EXAMPLE, curl: "curl -i --globoff -X POST 'https://app.example.com/hooks/easel' …" };
const FILTERS = {
  ...PAGE_PARAMETERS,
  status: z.enum(DELIVERY_STATUSES).optional().meta({ description: "How it stands.", example: "failed" }),
  type: z.enum(EVENT_TYPES).optional().meta({ description: "Of the event.", example: "job.succeeded" }),
  job: z.string().optional().meta({ description: "Of this job." }),
};

export function mountWebhookDeliveries(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/deliveries",
      id: "listDeliveries",
      tag: "Webhooks",
      summary: "List deliveries to all receivers, newest first",
      description:
        "Each event on its way to each receiver, those of single jobs too, with every attempt. They are kept for 30 days.",
      auth: "webhooks:write",
      request: {
        query: z.object({ ...FILTERS, endpoint: z.string().optional().meta({ description: "To this endpoint." }) }),
      },
      responses: { 200: json(listOf(DeliverySchema), "A page of deliveries.", listExample(DELIVERY_EXAMPLE)) },
      errors: ["invalid_parameter"],
    },
    (c) => answerDeliveries(c, c.req.query("endpoint") ?? null),
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/webhooks/{id}/deliveries",
      id: "listWebhookDeliveries",
      tag: "Webhooks",
      summary: "List deliveries to an endpoint, newest first",
      description:
        "With every attempt: what the receiver answered, in which time, why it counts as a failure, and when the next one comes.",
      auth: "webhooks:write",
      request: { params: z.object({ id: EndpointIdSchema }), query: z.object(FILTERS) },
      responses: { 200: json(listOf(DeliverySchema), "A page of deliveries.", listExample(DELIVERY_EXAMPLE)) },
      errors: ["invalid_parameter", "not_found"],
    },
    async (c) => answerDeliveries(c, (await endpointNamed(c)).id),
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/deliveries/{id}",
      id: "getDelivery",
      tag: "Webhooks",
      summary: "Read a delivery, with the request as a curl command",
      description: "`curl` is the same request, freshly signed, to be tried by hand within five minutes.",
      auth: "webhooks:write",
      request: { params: z.object({ id: DeliveryIdSchema }) },
      responses: { 200: json(DeliverySchema, "The delivery.", WITH_CURL) },
      errors: ["not_found"],
    },
    async (c) => {
      const found: Delivery | null = await tenant(c).getDelivery(idOf(c));
      if (!found) throw noDelivery();
      return c.json(found, 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/deliveries/{id}/redeliver",
      id: "redeliverEvent",
      tag: "Webhooks",
      summary: "Send a delivery again, now",
      description:
        "With the same `webhook-id` and a new attempt, whose number is above 10. It is tried once; a schedule that is under way goes on until something arrives.",
      auth: "webhooks:write",
      request: { params: z.object({ id: DeliveryIdSchema }) },
      responses: { 202: json(DeliverySchema, "It is on its way.", DELIVERY_EXAMPLE) },
      errors: ["not_found", "endpoint_disabled"],
    },
    async (c) => {
      const answer: Delivery | "unknown" | "disabled" | "deleted" = await tenant(c).redeliver(idOf(c), originOf(c));
      if (answer === "unknown") throw noDelivery();
      if (answer === "deleted") throw new ApiError("endpoint_disabled", "Its endpoint was deleted: make a new one.");
      if (answer === "disabled") throw disabled();
      return c.json(answer, 202, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/webhooks/{id}/replay",
      id: "replayWebhook",
      tag: "Webhooks",
      summary: "Send an endpoint again what it did not get",
      description: `Of the events that it wants within a span of time: those whose delivery failed, or \`all\`, also those from before it was made. At most ${MAX_REPLAYED_EVENTS}, the oldest first: for more, go on from a later \`since\`.`,
      auth: "webhooks:write",
      request: {
        params: z.object({ id: EndpointIdSchema }),
        body: body(WebhookReplaySchema, { since: "2026-11-20T00:00:00Z", status: "failed" }),
      },
      responses: { 202: json(WebhookReplayedSchema, "They are on their way.", { queued: 17 }) },
      errors: [
        ...(["invalid_json", "invalid_inputs", "payload_too_large", "unsupported_media_type"] as const),
        "not_found",
        "endpoint_disabled",
      ],
    },
    async (c) => {
      const replay = parseWith(WebhookReplaySchema, await readJson(c));
      const queued = await tenant(c).replay(idOf(c), replay, originOf(c));
      if (queued === "unknown") throw noEndpoint();
      if (queued === "disabled") throw disabled();
      return c.json({ queued }, 202, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/event-log",
      id: "listEvents",
      tag: "Webhooks",
      summary: "List events, newest first",
      description:
        "What webhooks sent, or would have sent had their endpoint been enabled, for 30 days. Events that no endpoint and no job's webhook asks for are not made.",
      auth: "events:read",
      request: {
        query: z.object({
          ...PAGE_PARAMETERS,
          type: FILTERS.type,
          job: FILTERS.job,
          created_after: z.string().optional().meta({ description: "RFC 3339.", example: "2026-11-20T00:00:00Z" }),
        }),
      },
      responses: { 200: json(listOf(LoggedEventSchema), "A page of events.", listExample(EVENT_EXAMPLE)) },
      errors: ["invalid_parameter"],
    },
    async (c) => {
      const filters: EventFilters = {
        type: oneOf(c, "type", EVENT_TYPES),
        job: c.req.query("job") ?? null,
        createdAfter: timeOf(c, "created_after"),
      };
      const scope = filterScope(c.get("principal").project.id, filters);
      const before = positionOf(c, "events", scope);
      const page: { events: EventLogEntry[]; next: number | null } = await tenant(c).listEvents({
        ...filters,
        before,
        limit: limitOf(c),
      });
      return c.json(pageOf(page.events, page.next, "events", scope), 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/event-log/{id}",
      id: "getEvent",
      tag: "Webhooks",
      summary: "Read an event, with its body as it was sent",
      auth: "events:read",
      request: { params: z.object({ id: EventIdSchema }) },
      responses: { 200: json(LoggedEventSchema, "The event.", EVENT_EXAMPLE) },
      errors: ["not_found"],
    },
    async (c) => {
      const found: EventLogEntry | null = await tenant(c).getEvent(idOf(c));
      if (!found) throw new ApiError("not_found", "There is no event of that id; events are kept for 30 days.");
      return c.json(found, 200, PRIVATE);
    },
  );
}

async function answerDeliveries(c: Context<ApiEnv>, endpoint: string | null): Promise<Response> {
  const filters: DeliveryFilters = {
    endpoint,
    status: oneOf(c, "status", DELIVERY_STATUSES),
    type: oneOf(c, "type", EVENT_TYPES),
    job: c.req.query("job") ?? null,
  };
  const scope = filterScope(c.get("principal").project.id, filters);
  const before = positionOf(c, "deliveries", scope);
  const page: { deliveries: Delivery[]; next: number | null } = await tenant(c).listDeliveries({
    ...filters,
    before,
    limit: limitOf(c),
  });
  return c.json(pageOf(page.deliveries, page.next, "deliveries", scope), 200, PRIVATE);
}

const noDelivery = () => new ApiError("not_found", "There is no delivery of that id; deliveries are kept for 30 days.");
const disabled = () =>
  new ApiError("endpoint_disabled", 'Enable it first: PATCH /v1/webhooks/{id} with {"status":"enabled"}.');
