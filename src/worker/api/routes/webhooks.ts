/** Endpoints of a project: where its events go, with which secrets. A secret is shown once, by the answer that makes it. */
import type { Context } from "hono";
import * as z from "zod";
import { listOf } from "../../../contract/api.ts";
import { EndpointIdSchema } from "../../../contract/ids.ts";
import {
  DeliverySchema,
  MAX_ENDPOINTS,
  WebhookCreateSchema,
  type WebhookEndpoint,
  WebhookEndpointSchema,
  WebhookPatchSchema,
  WebhookRotateSchema,
  WebhookTestSchema,
} from "../../../contract/webhook.ts";
import type { ApiEnv } from "../api-env.ts";
import { parseWith, readJson } from "../body.ts";
import { ApiError } from "../problem.ts";
import { type Api, body, json, mount } from "../route.ts";
import { safeTarget } from "../webhook-target.ts";
import { DELIVERY_EXAMPLE, ENDPOINT_EXAMPLE, listExample } from "./webhook-examples.ts";

const params = z.object({ id: EndpointIdSchema });
const BODY_ERRORS = ["invalid_json", "invalid_inputs", "payload_too_large", "unsupported_media_type"] as const;
const PRIVATE = { "cache-control": "no-store" };
const WITH_SECRET = { ...ENDPOINT_EXAMPLE, secret: "whsec_…" };

export function mountWebhooks(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/webhooks",
      id: "createWebhook",
      tag: "Webhooks",
      summary: "Make an endpoint, which events of jobs are sent to",
      description: `Send the events of all jobs of the project to a URL. \`secret\` is shown in this answer and never again. A project may have ${MAX_ENDPOINTS}.`,
      auth: "webhooks:write",
      request: {
        body: body(WebhookCreateSchema, {
          url: ENDPOINT_EXAMPLE.url,
          events: ["job.succeeded", "job.failed"],
          description: ENDPOINT_EXAMPLE.description,
        }),
      },
      responses: { 201: json(WebhookEndpointSchema, "The endpoint, with its secret.", WITH_SECRET) },
      errors: [...BODY_ERRORS, "unsafe_url", "endpoint_limit"],
    },
    async (c) => {
      const create = parseWith(WebhookCreateSchema, await readJson(c));
      const url = safeTarget(c, create.url, "#/url");
      const made: WebhookEndpoint | "limit" = await tenant(c).createWebhook({ ...create, url }, originOf(c));
      if (made === "limit") {
        throw new ApiError("endpoint_limit", `A project may have ${MAX_ENDPOINTS}: DELETE one that is no longer used.`);
      }
      return c.json(made, 201, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/webhooks",
      id: "listWebhooks",
      tag: "Webhooks",
      summary: "List the endpoints, oldest first, without their secrets",
      auth: "webhooks:write",
      responses: { 200: json(listOf(WebhookEndpointSchema), "The endpoints.", listExample(ENDPOINT_EXAMPLE)) },
    },
    async (c) => {
      const data: WebhookEndpoint[] = await tenant(c).listWebhooks();
      return c.json({ object: "list", data, has_more: false, next_cursor: null }, 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/webhooks/{id}",
      id: "getWebhook",
      tag: "Webhooks",
      summary: "Read an endpoint, without its secret",
      auth: "webhooks:write",
      request: { params },
      responses: { 200: json(WebhookEndpointSchema, "The endpoint.", ENDPOINT_EXAMPLE) },
      errors: ["not_found"],
    },
    async (c) => c.json(await endpointNamed(c), 200, PRIVATE),
  );

  mount(
    api,
    {
      method: "patch",
      path: "/v1/webhooks/{id}",
      id: "updateWebhook",
      tag: "Webhooks",
      summary: "Change, disable or enable an endpoint",
      description:
        "What is not named stays. What is on its way goes to the new URL, signed with the secrets that count when it is sent. `enabled` forgets the failures so far.",
      auth: "webhooks:write",
      request: { params, body: body(WebhookPatchSchema, { events: ["job.*"], status: "enabled" }) },
      responses: { 200: json(WebhookEndpointSchema, "The endpoint.", ENDPOINT_EXAMPLE) },
      errors: [...BODY_ERRORS, "unsafe_url", "not_found"],
    },
    async (c) => {
      const patch = parseWith(WebhookPatchSchema, await readJson(c));
      const safe = patch.url === undefined ? patch : { ...patch, url: safeTarget(c, patch.url, "#/url") };
      return c.json(there(await tenant(c).patchWebhook(idOf(c), safe)), 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "delete",
      path: "/v1/webhooks/{id}",
      id: "deleteWebhook",
      tag: "Webhooks",
      summary: "Remove an endpoint; what is on its way to it is stopped",
      description: "Its deliveries stay in the ledger for their 30 days.",
      auth: "webhooks:write",
      request: { params },
      responses: { 204: { description: "Removed." } },
      errors: ["not_found"],
    },
    async (c) => {
      if (!(await tenant(c).removeWebhook(idOf(c)))) throw noEndpoint();
      return c.body(null, 204);
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/webhooks/{id}/rotate-secret",
      id: "rotateWebhookSecret",
      tag: "Webhooks",
      summary: "Replace an endpoint's secret; the old one signs on for the overlap",
      description:
        "`secret` is shown in this answer and never again. During the overlap each request has a signature of both.",
      auth: "webhooks:write",
      request: { params, body: body(WebhookRotateSchema, { overlap_seconds: 86_400 }, true) },
      responses: {
        200: json(WebhookEndpointSchema, "The endpoint, with its new secret.", {
          ...WITH_SECRET,
          previous_secret_expires_at: "2026-11-21T07:11:43Z",
        }),
      },
      errors: [...BODY_ERRORS, "not_found"],
    },
    async (c) => {
      const rotate = parseWith(WebhookRotateSchema, await readJson(c, { optional: true }));
      return c.json(there(await tenant(c).rotateWebhook(idOf(c), rotate)), 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/webhooks/{id}/test",
      id: "testWebhook",
      tag: "Webhooks",
      summary: "Send a test and wait for what comes of it",
      description:
        "One attempt, by the way that all events go. The answer is 200 whatever the receiver did: `status`, `http_status` and `reason` say it. A disabled endpoint can be tested too.",
      auth: "webhooks:write",
      request: { params, body: body(WebhookTestSchema, { type: "job.succeeded" }, true) },
      responses: {
        200: json(DeliverySchema, "What came of it.", { ...DELIVERY_EXAMPLE, status: "failed", next_attempt_at: null }),
      },
      errors: [...BODY_ERRORS, "not_found"],
    },
    async (c) => {
      const { type } = parseWith(WebhookTestSchema, await readJson(c, { optional: true }));
      return c.json(there(await tenant(c).testWebhook(idOf(c), type, originOf(c))), 200, PRIVATE);
    },
  );
}

export const noEndpoint = () => new ApiError("not_found", "The project has no webhook endpoint of that id.");
export const originOf = (c: Context<ApiEnv>): string => new URL(c.req.url).origin;
export const tenant = (c: Context<ApiEnv>) => c.env.TENANTS.getByName(c.get("principal").project.id);
export const idOf = (c: Context<ApiEnv>): string => c.req.param("id") ?? "";

/** The endpoint that a route's `{id}` names. */
export async function endpointNamed(c: Context<ApiEnv>): Promise<WebhookEndpoint> {
  const endpoints: WebhookEndpoint[] = await tenant(c).listWebhooks();
  return there(endpoints.find((one) => one.id === idOf(c)) ?? null);
}

function there<T>(found: T | null): T {
  if (found === null) throw noEndpoint();
  return found;
}
