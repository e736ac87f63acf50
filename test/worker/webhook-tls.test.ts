/** A receiver whose certificate nobody vouches for: told as such, and never sent anything. The key is made for this test alone. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Delivery, WebhookEndpoint } from "../../src/contract/webhook.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

const pem = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../fixtures/self-signed/${name}.pem`, import.meta.url)));

let worker: TestWorker;
let server: Server;
let requests = 0;
beforeAll(async () => {
  worker = await startWorker();
  server = createServer({ key: pem("key"), cert: pem("cert") }, (_request, response) => {
    requests += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await worker.close();
  server.close();
});

it("[W8] a broken certificate is told in words, and nothing is sent", async () => {
  const url = `https://localhost:${(server.address() as AddressInfo).port}/hooks`;
  const made = await worker.post("/v1/webhooks", { url });
  expect(made.status).toBe(201);
  const { id } = (await made.json()) as WebhookEndpoint;
  const delivery = (await (await worker.post(`/v1/webhooks/${id}/test`, {})).json()) as Delivery;
  expect(delivery).toMatchObject({ error: "tls", http_status: null });
  expect(delivery.reason).toContain("certificate");
  expect(requests).toBe(0);
});
