/** What a project's owner does with webhooks over HTTP; each answer is held to the contract. */
import { expect } from "vitest";
import type * as z from "zod";
import { listOf } from "../../src/contract/api.ts";
import { type Delivery, DeliverySchema, WebhookEndpointSchema } from "../../src/contract/webhook.ts";
import { EventLogEntrySchema } from "../../src/contract/webhook-bodies.ts";
import { send } from "./tenants.ts";
import type { WorkerClient } from "./worker-client.ts";

export const DeliveryListSchema = listOf(DeliverySchema);
export const EventListSchema = listOf(EventLogEntrySchema);

/** The body of an answer that must have this status and be what the schema says, no field more. */
export async function answered<T extends z.ZodObject>(
  response: Response,
  status: number,
  schema: T,
): Promise<z.output<T>> {
  const body = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(status);
  return schema.strict().parse(body) as z.output<T>;
}

export const createEndpoint = async (client: WorkerClient, url: string, more: Record<string, unknown> = {}) =>
  answered(await client.post("/v1/webhooks", { url, ...more }), 201, WebhookEndpointSchema);

export const patchEndpoint = async (client: WorkerClient, id: string, patch: Record<string, unknown>) =>
  answered(await send(client, "PATCH", `/v1/webhooks/${id}`, patch), 200, WebhookEndpointSchema);

export const readEndpoint = async (client: WorkerClient, id: string) =>
  answered(await client.request(`/v1/webhooks/${id}`), 200, WebhookEndpointSchema);

/** Sends a test; the answer is what came of it. */
export const ping = async (client: WorkerClient, id: string, body: Record<string, unknown> = {}): Promise<Delivery> =>
  answered(await client.post(`/v1/webhooks/${id}/test`, body), 200, DeliverySchema);

export const readDelivery = async (client: WorkerClient, id: string): Promise<Delivery> =>
  answered(await client.request(`/v1/deliveries/${id}`), 200, DeliverySchema);

/** A page of the ledger. */
export const deliveries = async (client: WorkerClient, query: Record<string, string> = {}) =>
  answered(await client.request(`/v1/deliveries?${new URLSearchParams(query)}`), 200, DeliveryListSchema);

/** A delivery as soon as it is no longer on its way. */
export async function settled(client: WorkerClient, id: string, attempts = 1): Promise<Delivery> {
  const done = async () => {
    const delivery = await readDelivery(client, id);
    return delivery.status !== "pending" && delivery.attempts.length >= attempts;
  };
  await expect.poll(done, { timeout: 20_000, interval: 20 }).toBe(true);
  return readDelivery(client, id);
}
