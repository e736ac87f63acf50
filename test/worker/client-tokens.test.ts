/** Client tokens: what a phone holds for some minutes. Made by servers, bound to one user, revoked user by user. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClientTokenSchema } from "../../src/contract/account.ts";
import { CLIENT_SCOPES } from "../../src/contract/scopes.ts";
import { CLOSE_CODES } from "../../src/contract/viewer.ts";
import { type ClientClaims, mintClientToken } from "../../src/core/auth/client-token.ts";
import { small, ticking } from "../support/graphs.ts";
import {
  asUser,
  calling,
  listedIds,
  makeKey,
  me,
  otherProject,
  projectWith,
  refused,
  remove,
  send,
  stop,
  WITH_GRAPHS,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

const SIGNING_SECRET = "client-tokens-0123456789abcdef-0123456789";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker({ vars: { SIGNING_SECRET }, backend: { slots: 4 } });
});
afterAll(() => worker.close());

const demo = (more: Record<string, unknown> = {}) => ({ workflow: "demo", inputs: { width: 64, height: 64 }, ...more });
const endless = () => ({ graph: ticking(2_000, 20) });
const tokenFor = (client: WorkerClient, body: Record<string, unknown>) =>
  client.post("/v1/client-tokens", { user: "ana", ...body });
const revoke = (user: string, client: WorkerClient = worker) =>
  remove(client, `/v1/users/${encodeURIComponent(user)}/tokens`);
const events = (job: { id: string }) => `/v1/jobs/${job.id}/events`;

/** A token that the deployment might have made, with these claims. */
async function signed(claims: Partial<ClientClaims>, secret = SIGNING_SECRET): Promise<WorkerClient> {
  const now = Date.now();
  const token = await mintClientToken(new TextEncoder().encode(secret), {
    id: "test-token-0000000000",
    project: worker.project,
    user: "ana",
    scopes: [...CLIENT_SCOPES],
    workflows: null,
    limits: null,
    madeAt: now,
    expiresAt: now + 60_000,
    ...claims,
  });
  if (!token.ok) throw new Error(token.error);
  return calling(worker, token.value);
}

describe("making a token", () => {
  it("[A8] gives it for 15 minutes with the scopes of apps, and says when to ask for the next", async () => {
    const response = await tokenFor(worker, {});
    expect(response.status).toBe(201);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const made = ClientTokenSchema.parse(await response.json());
    expect(made).toMatchObject({ object: "client_token", user: "ana", scopes: [...CLIENT_SCOPES] });
    expect(made.token).toMatch(/^ec_ct_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
    const seconds = (Date.parse(made.expires_at) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(880);
    expect(seconds).toBeLessThanOrEqual(900);
    expect(made.refresh_after_ms).toBe(720_000);
    const account = await me(calling(worker, made.token));
    expect(account).toMatchObject({
      credential: { kind: "client_token", expires_at: made.expires_at },
      user: "ana",
      scopes: [...CLIENT_SCOPES],
      workflows: null,
      quotas: [{ name: "reads_per_minute", scope: "user" }],
    });
  });

  it("[A8] refuses what is no token of an app, and says where", async () => {
    const wrong: [Record<string, unknown>, string][] = [
      [{ ttl_seconds: 59 }, "#/ttl_seconds"],
      [{ ttl_seconds: 7_201 }, "#/ttl_seconds"],
      [{ user: "" }, "#/user"],
      [{ user: "two words" }, "#/user"],
      [{ user: "x".repeat(129) }, "#/user"],
      [{ user: null }, "#/user"],
      [{ scopes: [] }, "#/scopes"],
      [{ scopes: ["keys:write"] }, "#/scopes/0"],
      [{ scopes: ["usage:read"] }, "#/scopes/0"],
      [{ scopes: ["tokens:create"] }, "#/scopes/0"],
      [{ limits: { jobs_per_day: -1 } }, "#/limits/jobs_per_day"],
      [{ limits: { jobs_per_hour: 1 } }, "#/limits"],
      [{ workflows: "demo" }, "#/workflows"],
      // Too long for a header.
      [{ workflows: Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(100, "w")) }, "#/workflows"],
    ];
    for (const [body, pointer] of wrong) {
      const answer = await (await tokenFor(worker, body)).json();
      expect(answer).toMatchObject({ status: 422, code: "invalid_inputs", errors: [{ pointer }] });
    }
  });

  it("[A7] is for keys with tokens:create; raw graphs are given on only by keys that have them", async () => {
    const maker = (await makeKey(worker, ["tokens:create"])).client;
    expect((await tokenFor(maker, {})).status).toBe(201);
    expect(await refused(await tokenFor(maker, { scopes: ["graph:submit"] }))).toEqual([422, "invalid_inputs"]);
    const withGraphs = (await makeKey(worker, ["tokens:create", "graph:submit"])).client;
    expect((await tokenFor(withGraphs, { scopes: ["graph:submit"] })).status).toBe(201);
    const ana = await asUser(worker, "ana");
    expect(await refused(await tokenFor(ana, {}))).toEqual([403, "scope_missing"]);
  });
});

describe("a token", () => {
  it("[A6] reaches its user's jobs alone, and all that is done with it is its user's", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const anas = await ana.run(demo());
    const forAna = await worker.run(demo({ user: "ana" }));
    const others = [await ben.run(demo()), await worker.run(demo())];
    expect(anas.user).toBe("ana");
    expect(await listedIds(ana)).toEqual([forAna.id, anas.id]);
    for (const { id } of others) {
      const tries = ["GET ", "PATCH ", "DELETE ", "POST /cancel", "POST /rerun", "POST /shares", "GET /shares"];
      for (const one of [...tries, "GET /preview", "GET /events"]) {
        const [method = "", rest = ""] = one.split(" ");
        const path = `/v1/jobs/${id}${rest}`;
        const answer = method === "GET" ? await ana.request(path) : await send(ana, method, path, {});
        expect(answer.status, one).toBe(404);
        await answer.body?.cancel();
      }
      expect((await worker.getJob(id)).status).toBe("succeeded");
    }
  });

  it("[A6] names no other user and no priority", async () => {
    const ana = await asUser(worker, "ana");
    expect(await refused(await ana.post("/v1/jobs", demo({ user: "ben" })))).toEqual([422, "invalid_inputs"]);
    expect(await refused(await ana.post("/v1/jobs", demo({ priority: "high" })))).toEqual([422, "invalid_inputs"]);
    const own = await ana.createJob(demo({ user: "ana", priority: "normal" }));
    expect(own.user).toBe("ana");
  });

  it("[A7] does what its scopes say, no more", async () => {
    const reader = await asUser(worker, "ana", { scopes: ["jobs:read"] });
    expect((await reader.request("/v1/jobs")).status).toBe(200);
    const job = await worker.createJob({ ...endless(), user: "ana" });
    const tries: [string, string][] = [
      ["POST", "/v1/jobs"],
      ["PATCH", `/v1/jobs/${job.id}`],
      ["POST", `/v1/jobs/${job.id}/rerun`],
      ["POST", `/v1/jobs/${job.id}/cancel`],
      ["DELETE", `/v1/jobs/${job.id}`],
      ["POST", `/v1/jobs/${job.id}/shares`],
    ];
    for (const [method, path] of tries) {
      expect(await refused(await send(reader, method, path, {})), `${method} ${path}`).toEqual([403, "scope_missing"]);
    }
    await stop(worker, job);
  });

  it("[A7] without jobs:cancel cancels nothing over its socket either; with it, it does", async () => {
    const [reader, ana] = await Promise.all([asUser(worker, "ana", { scopes: ["jobs:read"] }), asUser(worker, "ana")]);
    const job = await worker.createJob({ ...endless(), user: "ana" });
    const [reading, owning] = [await reader.socket(events(job)), await ana.socket(events(job))];
    reading.say({ type: "cancel" });
    // What is no message ends the conversation: by then the one before it was heard.
    reading.say("nonsense");
    expect(await reading.closed()).toBe(CLOSE_CODES.badMessage);
    expect((await worker.getJob(job.id)).cancel).toBeNull();
    owning.say({ type: "cancel" });
    expect(await worker.ended(job.id)).toMatchObject({ status: "canceled", cancel: { by: "user" } });
  });

  it("[A7] runs the workflows it names, and no graph where it names any", async () => {
    const only = await asUser(worker, "ana", { ...WITH_GRAPHS, workflows: ["demo", "txt2img@1"] });
    expect((await me(only)).workflows).toEqual(["demo", "txt2img@1"]);
    await only.createJob(demo());
    await only.createJob(demo({ workflow: "demo@1" }));
    await only.createJob({ workflow: "txt2img@1", inputs: small("x", { steps: 1 }) });
    for (const workflow of ["txt2img", "img2img", "no-such"]) {
      expect(await refused(await only.post("/v1/jobs", { workflow }))).toEqual([403, "workflow_not_allowed"]);
    }
    expect(await refused(await only.post("/v1/jobs", endless()))).toEqual([403, "workflow_not_allowed"]);
    const none = await asUser(worker, "ana", { workflows: [] });
    expect(await refused(await none.post("/v1/jobs", demo()))).toEqual([403, "workflow_not_allowed"]);
  });

  it("[A7] submits raw graphs only where it was given that", async () => {
    const graph = { graph: ticking(1, 5) };
    expect(await refused(await (await asUser(worker, "ana")).post("/v1/jobs", graph))).toEqual([
      403,
      "graph_not_allowed",
    ]);
    const ana = await asUser(worker, "ana", WITH_GRAPHS);
    expect((await ana.run(graph)).status).toBe("succeeded");
  });

  it("[A8] ends with its time, for requests and for an open socket", async () => {
    const job = await worker.createJob({ ...endless(), user: "ana" });
    const now = Date.now();
    const over = await signed({ madeAt: now - 60_000, expiresAt: now - 1 });
    expect(await refused(await over.request("/v1/me"))).toEqual([401, "token_expired"]);
    const short = await signed({ expiresAt: Date.now() + 2_500 });
    const viewer = await short.socket(events(job));
    await viewer.first("hello");
    expect(await viewer.closed()).toBe(CLOSE_CODES.unauthenticated);
    expect(await refused(await short.request("/v1/me"))).toEqual([401, "token_expired"]);
    await stop(worker, job);
  });

  it("[A8] signed by another secret, or for another project than it says, is nothing", async () => {
    const other = await otherProject(worker);
    expect((await me(await signed({}))).user).toBe("ana");
    const forged = await signed({}, "another-secret-0123456789abcdef-0123456789");
    expect(await refused(await forged.request("/v1/me"))).toEqual([401, "unauthenticated"]);
    const [head = "", tail = ""] = (await signed({})).key.slice("ec_ct_".length).split(".");
    const payload = Buffer.from(head, "base64url").toString().replace(worker.project, other.project.id);
    const moved = calling(worker, `ec_ct_${Buffer.from(payload).toString("base64url")}.${tail}`);
    expect(await refused(await moved.request("/v1/me"))).toEqual([401, "unauthenticated"]);
  });

  it("[A8] of the secret before this one still counts while both are configured, and not after", async () => {
    const old = await signed({});
    await worker.restart({ SIGNING_SECRET: `new-secret-0123456789abcdef-0123456789,${SIGNING_SECRET}` });
    expect((await me(old)).user).toBe("ana");
    expect((await me(await asUser(worker, "ana"))).user).toBe("ana");
    await worker.restart({ SIGNING_SECRET: "new-secret-0123456789abcdef-0123456789" });
    expect(await refused(await old.request("/v1/me"))).toEqual([401, "unauthenticated"]);
    await worker.restart({ SIGNING_SECRET });
  });
});

describe("revoking a user's tokens", () => {
  it("[A8] closes the user's open streams at once, refuses the next request, and touches nobody else", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const [anas, bens] = [
      await worker.createJob({ ...endless(), user: "ana" }),
      await worker.createJob({ ...endless(), user: "ben" }),
    ];
    const [socket, stream] = [await ana.socket(events(anas)), await ana.stream(events(anas))];
    const [others, servers] = [await ben.socket(events(bens)), await worker.socket(events(anas))];
    await Promise.all([socket, stream, others, servers].map((viewer) => viewer.first("hello")));
    await revoke("ana");
    expect(await socket.closed()).toBe(CLOSE_CODES.unauthenticated);
    await stream.closed();
    const answer = await ana.request("/v1/jobs");
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer error="invalid_token"/);
    expect(await refused(answer)).toEqual([401, "token_revoked"]);
    expect(await refused(await ana.post("/v1/jobs", demo()))).toEqual([401, "token_revoked"]);
    await expect(ana.socket(events(anas))).rejects.toThrow(/401/);
    expect((await me(ben)).user).toBe("ben");
    expect([others.closedWith, servers.closedWith]).toEqual([null, null]);

    const later = await asUser(worker, "ana");
    expect((await later.getJob(anas.id)).status).not.toBe("canceled");
    const again = await later.socket(events(anas));
    await again.first("hello");
    await stop(worker, anas, bens);
    expect(await Promise.all([again, others, servers].map((viewer) => viewer.closed()))).toEqual([1000, 1000, 1000]);
  });

  it("[A8] is remembered over the Worker's death, and is of one project", async () => {
    const other = await projectWith(worker);
    const [ana, elsewhere] = [await asUser(worker, "ana"), await asUser(other, "ana")];
    await revoke("ana");
    await worker.killAndStart();
    expect(await refused(await ana.request("/v1/me"))).toEqual([401, "token_revoked"]);
    expect((await me(elsewhere)).user).toBe("ana");
    expect((await me(await asUser(worker, "ana"))).user).toBe("ana");
  });

  it.each(["__proto__", "constructor", "a/b?c#d%20e&f", "auth0|5f7c", "ana@example.com", "~!$'()*+,;=:"])(
    "[A8] works for a user called %s",
    async (user) => {
      const client = await asUser(worker, user);
      expect((await me(client)).user).toBe(user);
      await revoke(user);
      expect(await refused(await client.request("/v1/me"))).toEqual([401, "token_revoked"]);
      expect((await me(await asUser(worker, user))).user).toBe(user);
    },
  );

  it("[A8] can be done for a user who was never heard of, and not for what is no user", async () => {
    await revoke("nobody-yet");
    const long = await worker.request(`/v1/users/${"x".repeat(129)}/tokens`, { method: "DELETE" });
    expect(await refused(long)).toEqual([400, "invalid_parameter"]);
    const ana = await asUser(worker, "ana");
    expect(await refused(await send(ana, "DELETE", "/v1/users/ana/tokens"))).toEqual([403, "scope_missing"]);
  });
});
