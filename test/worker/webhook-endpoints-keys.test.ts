/** Rotation of secrets and key pairs: both sign during the overlap, by the official package and the published keys. */
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebhookEndpointSchema } from "../../src/contract/webhook.ts";
import { verifyEd25519 } from "../../src/core/webhook/secrets.ts";
import { signedBytes } from "../../src/core/webhook/signature.ts";
import type { Received } from "../support/receiver.ts";
import { otherProject, refused } from "../support/tenants.ts";
import { answered, createEndpoint, ping, readEndpoint, settled } from "../support/webhook-calls.ts";
import { WebhookWorker } from "../support/webhooks.ts";
import { problemOf, type WorkerClient } from "../support/worker-client.ts";

let worker: WebhookWorker;
beforeAll(async () => {
  worker = await WebhookWorker.start();
}, 60_000);
afterAll(() => worker?.close());

const DAY_MS = 86_400_000;
const rotate = async (client: WorkerClient, id: string, body: Record<string, unknown> = {}) =>
  answered(await client.post(`/v1/webhooks/${id}/rotate-secret`, body), 200, WebhookEndpointSchema);
const signaturesOf = ({ headers }: Received) => (headers["webhook-signature"] ?? "").split(" ");
function accepts(secret: string | null, { headers, body }: Received): boolean {
  try {
    new Webhook(secret ?? "").verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
type Jwk = { kid: string; x: string };
const keySet = async (client: WorkerClient, project: string): Promise<Jwk[]> =>
  (
    (await (await client.request(`/.well-known/webhook-keys.json?project=${project}`, { key: null })).json()) as {
      keys: Jwk[];
    }
  ).keys;
/** Whether a published key accepts one of the request's v1a signatures. */
async function acceptsKey({ x }: Jwk, received: Received): Promise<boolean> {
  const message = signedBytes({
    id: received.headers["webhook-id"] ?? "",
    timestampSeconds: Number(received.headers["webhook-timestamp"]),
    body: received.body,
  });
  const publicKey = `whpk_${Buffer.from(x, "base64url").toString("base64")}`;
  const fits = signaturesOf(received)
    .filter((one) => one.startsWith("v1a,"))
    .map((one) => verifyEd25519(publicKey, Buffer.from(one.slice(4), "base64"), message));
  return (await Promise.all(fits)).includes(true);
}

describe("a rotated secret", () => {
  it("[W9] signs beside the old one for the overlap, a day unless named", async () => {
    const receiver = await worker.receiver();
    const old = await createEndpoint(worker, receiver.url);
    const next = await rotate(worker, old.id);
    expect(next.secret).not.toBe(old.secret);
    const left = Date.parse(next.previous_secret_expires_at ?? "") - Date.now();
    expect(left).toBeGreaterThan(DAY_MS - 10_000);
    expect(left).toBeLessThanOrEqual(DAY_MS);
    await ping(worker, old.id);
    const [received] = receiver.requests;
    if (!received) throw new Error("nothing came");
    expect(signaturesOf(received)).toHaveLength(2);
    expect([accepts(old.secret, received), accepts(next.secret, received)]).toEqual([true, true]);
    const text = JSON.stringify(await readEndpoint(worker, old.id));
    for (const secret of [old.secret, next.secret]) expect(text).not.toContain(secret);
  });

  it("[W9] takes the old one's place at once where no overlap is wanted, or it is over", async () => {
    const receiver = await worker.receiver();
    const old = await createEndpoint(worker, receiver.url);
    const mine = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
    expect(await rotate(worker, old.id, { overlap_seconds: 0, secret: mine })).toMatchObject({
      secret: mine,
      previous_secret_expires_at: null,
    });
    await ping(worker, old.id);
    const last = await rotate(worker, old.id, { overlap_seconds: 60 });
    await worker.tenant("alarmAt", Date.now() + 61_000);
    await ping(worker, old.id);
    const [first, second] = receiver.requests;
    if (!first || !second) throw new Error("nothing came");
    expect([accepts(old.secret, first), accepts(mine, first)]).toEqual([false, true]);
    // Its time is a minute ahead, which the package allows.
    expect([accepts(mine, second), accepts(last.secret, second)]).toEqual([false, true]);
    expect(await readEndpoint(worker, old.id)).toMatchObject({ previous_secret_expires_at: null });
  });

  it("[W1] is refused where it is none", async () => {
    const { id } = await createEndpoint(worker, "https://app.example.com/hook");
    for (const body of [
      { overlap_seconds: -1 },
      { overlap_seconds: 604_801 },
      { overlap_seconds: 1.5 },
      { secret: "x" },
    ]) {
      expect(await refused(await worker.post(`/v1/webhooks/${id}/rotate-secret`, body))).toEqual([
        422,
        "invalid_inputs",
      ]);
    }
    expect(await readEndpoint(worker, id)).toMatchObject({ previous_secret_expires_at: null });
  });
});

describe("the project's own secret", () => {
  it("[W9] is made once, shown to its keys, rotated with an overlap", async () => {
    const { client } = await otherProject(worker);
    const readSecret = async () =>
      (await (await client.request("/v1/webhook-secret")).json()) as Record<string, string | null>;
    const first = await readSecret();
    expect(first).toEqual({
      object: "webhook_secret",
      secret: expect.stringMatching(/^whsec_/),
      previous_secret_expires_at: null,
    });
    expect(await readSecret()).toEqual(first);
    const next = (await (
      await client.post("/v1/webhook-secret/rotate", { overlap_seconds: 60 })
    ).json()) as typeof first;
    expect(next.secret).not.toBe(first.secret);
    expect(next.previous_secret_expires_at).not.toBeNull();
    expect(await readSecret()).toEqual(next);
    const { client: other } = await otherProject(worker);
    expect(await (await other.request("/v1/webhook-secret")).text()).not.toContain(next.secret);
  });
});

describe("the key set", () => {
  it("[W1] has the key that fits v1a signatures, and the one before during a rotation", async () => {
    const { client, project } = await otherProject(worker);
    expect(await keySet(worker, project.id)).toEqual([]);
    const receiver = await worker.receiver();
    const endpoint = await createEndpoint(client, receiver.url, { signing: "v1+v1a" });
    const plain = await createEndpoint(client, receiver.url);
    expect(plain.public_key).toBeNull();
    const [key, ...none] = await keySet(worker, project.id);
    expect(none).toEqual([]);
    if (!key) throw new Error("no key");
    expect(key).toEqual({
      kty: "OKP",
      crv: "Ed25519",
      alg: "EdDSA",
      use: "sig",
      kid: expect.any(String),
      x: expect.any(String),
    });
    expect(endpoint.public_key).toBe(`whpk_${Buffer.from(key.x, "base64url").toString("base64")}`);

    await ping(client, endpoint.id);
    await ping(client, plain.id);
    expect((await client.post("/v1/webhook-keys/rotate", { overlap_seconds: 60 })).status).toBe(200);
    const [next, previous] = await keySet(worker, project.id);
    expect(previous).toEqual(key);
    if (!next) throw new Error("no key");
    await ping(client, endpoint.id);
    const [before, without, after] = receiver.requests;
    if (!before || !without || !after) throw new Error("nothing came");
    expect(accepts(endpoint.secret, before)).toBe(true);
    expect(await acceptsKey(key, before)).toBe(true);
    expect(signaturesOf(without).filter((one) => one.startsWith("v1a,"))).toEqual([]);
    expect([await acceptsKey(key, after), await acceptsKey(next, after)]).toEqual([true, true]);
  });

  it("[W1] may be cached, needs no credential, and asks for a project", async () => {
    const response = await worker.request(`/.well-known/webhook-keys.json?project=${worker.project}`, { key: null });
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "public, max-age=3600"]);
    const problem = await problemOf(await worker.request("/.well-known/webhook-keys.json?project=mine", { key: null }));
    expect([problem.status, problem.code]).toEqual([400, "invalid_parameter"]);
  });
});

describe("the webhook of a single job", () => {
  it("[W1] [W6] is told of its end, signed with the project's own secret, and can be sent it again", async () => {
    const { secret } = (await (await worker.request("/v1/webhook-secret")).json()) as { secret: string };
    const receiver = await worker.receiver();
    receiver.secret = secret;
    const job = await worker.run({ workflow: "demo", webhook: { url: receiver.url } });
    const told = await receiver.event("job.succeeded", job.id);
    expect(told.accepted).toBe(true);
    const id = told.headers["easel-delivery-id"] ?? "";
    expect(await settled(worker, id)).toMatchObject({ endpoint_id: null, job_id: job.id, url: receiver.url });
    await worker.post("/v1/webhook-secret/rotate", { overlap_seconds: 0 });
    expect((await worker.post(`/v1/deliveries/${id}/redeliver`, {})).status).toBe(202);
    await settled(worker, id, 2);
    expect(receiver.of(job.id).map(({ event, accepted }) => [event.type, accepted])).toEqual([
      ["job.succeeded", true],
      ["job.succeeded", false],
    ]);
  });
});
