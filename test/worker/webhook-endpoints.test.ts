/** Webhook endpoints over HTTP: made, changed, removed; what is refused; what is never shown. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listOf } from "../../src/contract/api.ts";
import {
  ENDPOINT_FILTERS,
  MAX_ENDPOINTS,
  type WebhookEndpoint,
  WebhookEndpointSchema,
} from "../../src/contract/webhook.ts";
import { Receiver } from "../support/receiver.ts";
import { asUser, makeKey, me, otherProject, read, refused, remove, send } from "../support/tenants.ts";
import { answered, createEndpoint, patchEndpoint, ping, readEndpoint } from "../support/webhook-calls.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf, type WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
/** As on the internet: nothing of this machine may be called. */
let strict: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
  strict = await startWorker({ vars: { ALLOW_LOCAL_URLS: "off" } });
}, 60_000);
afterAll(() => Promise.all([worker?.close(), strict?.close()]));

const URL_OF_APP = "https://app.example.com/hooks/easel";
const make = (client: WorkerClient, body: Record<string, unknown>) =>
  client.post("/v1/webhooks", { url: URL_OF_APP, ...body });
const endpoints = async (client: WorkerClient): Promise<WebhookEndpoint[]> =>
  (await read(client, "/v1/webhooks", listOf(WebhookEndpointSchema))).data;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

describe("an endpoint", () => {
  it("[A11] shows its secret once, and never again in any answer", async () => {
    const { client } = await otherProject(worker);
    const response = await make(client, { description: "backend", metadata: { team: "a" } });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const made = await answered(response, 201, WebhookEndpointSchema);
    expect(made).toMatchObject({
      url: URL_OF_APP,
      events: ["job.succeeded", "job.failed", "job.canceled", "job.expired"],
      description: "backend",
      signing: "v1",
      metadata: { team: "a" },
      status: "enabled",
      disabled_reason: null,
      public_key: null,
      previous_secret_expires_at: null,
    });
    expect(Buffer.from((made.secret ?? "").replace("whsec_", ""), "base64")).toHaveLength(32);
    const shown = { ...made, secret: null };
    expect(await readEndpoint(client, made.id)).toEqual(shown);
    expect(await endpoints(client)).toEqual([shown]);
    expect(await patchEndpoint(client, made.id, {})).toEqual(shown);
    expect(worker.logs.join()).not.toContain("whsec_");
  });

  it("[W6] keeps what a patch does not name, and takes what it names", async () => {
    const { client } = await otherProject(worker);
    const made = await createEndpoint(client, URL_OF_APP, { secret: SECRET });
    expect(made.secret).toBe(SECRET);
    const events = [...ENDPOINT_FILTERS];
    const patched = await patchEndpoint(client, made.id, { events, description: "all", metadata: { a: "b" } });
    expect(patched).toEqual({ ...made, secret: null, events, description: "all", metadata: { a: "b" } });
    const off = await patchEndpoint(client, made.id, { status: "disabled", url: "https://app.example.com:8443/b#top" });
    expect(off).toMatchObject({
      status: "disabled",
      disabled_reason: "by_hand",
      url: "https://app.example.com:8443/b",
    });
    expect((await me(client)).disabled_webhooks).toEqual([made.id]);
    expect(await patchEndpoint(client, made.id, { status: "enabled" })).toMatchObject({
      status: "enabled",
      disabled_reason: null,
      disabled_at: null,
    });
    expect((await me(client)).disabled_webhooks).toEqual([]);
  });

  it("[A5] is told of to secret keys alone", async () => {
    const { client } = await otherProject(worker);
    const { id } = await createEndpoint(client, URL_OF_APP);
    await patchEndpoint(client, id, { status: "disabled" });
    const ana = await asUser(client, "ana");
    expect((await me(ana)).disabled_webhooks).toEqual([]);
    expect(await refused(await ana.request(`/v1/webhooks/${id}`))).toEqual([403, "scope_missing"]);
    const reader = (await makeKey(client, ["events:read"])).client;
    expect(await refused(await reader.request(`/v1/webhooks/${id}`))).toEqual([403, "scope_missing"]);
    expect((await reader.request("/v1/event-log")).status).toBe(200);
  });

  it("[A6] is not there for another project", async () => {
    const [{ client: mine }, { client: theirs }] = [await otherProject(worker), await otherProject(worker)];
    const { id } = await createEndpoint(mine, URL_OF_APP);
    expect(await endpoints(theirs)).toEqual([]);
    for (const answer of [
      await theirs.request(`/v1/webhooks/${id}`),
      await send(theirs, "PATCH", `/v1/webhooks/${id}`, { status: "disabled" }),
      await theirs.request(`/v1/webhooks/${id}`, { method: "DELETE" }),
      await theirs.post(`/v1/webhooks/${id}/rotate-secret`, {}),
      await theirs.post(`/v1/webhooks/${id}/test`, {}),
      await theirs.request(`/v1/webhooks/${id}/deliveries`),
      await theirs.post(`/v1/webhooks/${id}/replay`, { since: "2026-01-01T00:00:00Z" }),
    ]) {
      expect(await refused(answer)).toEqual([404, "not_found"]);
    }
    expect(await readEndpoint(mine, id)).toMatchObject({ status: "enabled", previous_secret_expires_at: null });
  });

  it("[S5] is one of sixteen; a removed one makes room", async () => {
    const { client } = await otherProject(worker);
    const made: WebhookEndpoint[] = [];
    for (let index = 0; index < MAX_ENDPOINTS; index++) made.push(await createEndpoint(client, URL_OF_APP));
    expect(await refused(await make(client, {}))).toEqual([409, "endpoint_limit"]);
    expect((await endpoints(client)).map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    await remove(client, `/v1/webhooks/${made[0]?.id}`);
    expect(await refused(await client.request(`/v1/webhooks/${made[0]?.id}`))).toEqual([404, "not_found"]);
    expect((await make(client, {})).status).toBe(201);
  });

  it("[W6] is not made from what is none", async () => {
    const { client } = await otherProject(worker);
    const wrong: [Record<string, unknown>, string][] = [
      [{ events: ["job.finished"] }, "#/events/0"],
      [{ events: [] }, "#/events"],
      [{ events: ["webhook.test"] }, "#/events/0"],
      [{ events: "job.*" }, "#/events"],
      [{ url: "" }, "#/url"],
      [{ url: 7 }, "#/url"],
      [{ signing: "v2" }, "#/signing"],
      [{ secret: "whsec_c2hvcnQ=" }, "#/secret"],
      [{ secret: `whsec_${Buffer.alloc(65).toString("base64")}` }, "#/secret"],
      [{ secret: "hunter2".repeat(6) }, "#/secret"],
      [{ colour: "red" }, "#"],
    ];
    for (const [body, pointer] of wrong) {
      const problem = await problemOf(await make(client, body));
      expect([problem.status, problem.code, problem.errors[0]?.pointer], JSON.stringify(body)).toEqual([
        422,
        "invalid_inputs",
        pointer,
      ]);
      expect(JSON.stringify(problem)).not.toContain("hunter2");
    }
    expect(await endpoints(client)).toEqual([]);
  });

  it("[W4] is not saved, nor changed, with a URL that may not be called", async () => {
    const { id } = await createEndpoint(strict, URL_OF_APP);
    const unsafe = [
      "http://app.example.com/hook",
      "https://app.example.com:444/hook",
      "https://127.0.0.1/hook",
      "http://127.0.0.1:9000/hook",
      "https://0x7f000001/hook",
      "https://2130706433/hook",
      "https://[::1]/hook",
      "https://169.254.169.254/latest/meta-data",
      "https://localhost/hook",
      "https://box.local/hook",
      "https://metadata.google.internal/",
      "https://user:pass@app.example.com/hook",
      "https://app.example.com./hook",
      "file:///etc/passwd",
      "gopher://app.example.com/",
      "//app.example.com/hook",
      `${strict.url}/v1/jobs`,
    ];
    for (const url of unsafe) {
      for (const answer of [await make(strict, { url }), await send(strict, "PATCH", `/v1/webhooks/${id}`, { url })]) {
        const problem = await problemOf(answer);
        expect([problem.status, problem.code, problem.errors[0]?.pointer], url).toEqual([422, "unsafe_url", "#/url"]);
      }
    }
    expect(await endpoints(strict)).toHaveLength(1);
    expect(await readEndpoint(strict, id)).toMatchObject({ url: URL_OF_APP });
  });

  it("[W4] never leads back to the service itself", async () => {
    const problem = await problemOf(await make(worker, { url: `${worker.url}/v1/jobs` }));
    expect([problem.code, problem.detail]).toEqual(["unsafe_url", expect.stringContaining("back to this service")]);
  });

  it("[W4] is asked again before each send", async () => {
    const receiver = await Receiver.start();
    const folder = await startWorker();
    try {
      const { id } = await createEndpoint(folder, receiver.url);
      await folder.restart({ ALLOW_LOCAL_URLS: "off" });
      expect(await ping(folder, id)).toMatchObject({
        status: "failed",
        error: "unsafe_url",
        http_status: null,
        reason: expect.stringMatching(/^The address may not be called/),
      });
      expect(receiver.requests).toEqual([]);
    } finally {
      await folder.close();
      await receiver.close();
    }
  });
});

describe("the webhook of a single job", () => {
  const webhook = { url: URL_OF_APP };

  it("[A5] is refused from a token", async () => {
    const ana = await asUser(worker, "ana");
    for (const path of ["/v1/jobs", "/v1/jobs?validate_only=true"]) {
      expect(await refused(await ana.post(path, { workflow: "demo", webhook }))).toEqual([403, "webhook_not_allowed"]);
    }
  });

  it("[W4] [W6] is held to the same rules, and nothing is made where it breaks them", async () => {
    const before = await (await strict.request("/v1/jobs")).text();
    const wrong: [unknown, string, string][] = [
      [{ url: "https://10.0.0.1/hook" }, "unsafe_url", "#/webhook/url"],
      [{ url: `${strict.url}/hook` }, "unsafe_url", "#/webhook/url"],
      [{ ...webhook, events: ["job.finished"] }, "invalid_inputs", "#/webhook/events/0"],
      [{ ...webhook, events: ["webhook.disabled"] }, "invalid_inputs", "#/webhook/events/0"],
      [{ ...webhook, secret: SECRET }, "invalid_inputs", "#/webhook"],
      ["https://app.example.com", "invalid_inputs", "#/webhook"],
    ];
    for (const path of ["/v1/jobs", "/v1/jobs?validate_only=true"]) {
      for (const [given, code, pointer] of wrong) {
        const problem = await problemOf(await strict.post(path, { workflow: "demo", webhook: given }));
        expect([problem.status, problem.code, problem.errors[0]?.pointer], JSON.stringify(given)).toEqual([
          422,
          code,
          pointer,
        ]);
      }
    }
    expect(await (await strict.request("/v1/jobs")).text()).toBe(before);
  });
});
