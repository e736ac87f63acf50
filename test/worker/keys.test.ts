/** Secret keys over their life: made, used, rotated, revoked. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Key, KeySchema } from "../../src/contract/account.ts";
import { listOf } from "../../src/contract/api.ts";
import { ROOT_SCOPE, SCOPES } from "../../src/contract/scopes.ts";
import { hashSecretKey } from "../../src/core/auth/secret-key.ts";
import {
  calling,
  eventually,
  makeKey,
  me,
  otherProject,
  projectWith,
  read,
  refused,
  remove,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const ALL = SCOPES.filter((scope) => scope !== ROOT_SCOPE);
const make = (client: WorkerClient, body: Record<string, unknown>) =>
  client.post("/v1/keys", { name: "test", scopes: ["jobs:read"], ...body });
const keysOf = async (client: WorkerClient): Promise<Key[]> => (await read(client, "/v1/keys", listOf(KeySchema))).data;
const keyOf = async (client: WorkerClient, id: string) => (await keysOf(client)).find((key) => key.id === id);
/** The key that takes this one's place, and a client with it. */
async function rotate(client: WorkerClient, id: string, overlapSeconds?: number) {
  const body = overlapSeconds === undefined ? {} : { overlap_seconds: overlapSeconds };
  const response = await client.post(`/v1/keys/${id}/rotate`, body);
  const key = (await response.json()) as Key;
  expect(response.status, JSON.stringify(key)).toBe(201);
  return { key, client: calling(client, key.secret ?? "") };
}
const works = async (client: WorkerClient) => (await client.request("/v1/me")).status === 200;
const secondsUntil = (time: string | null) => (Date.parse(time ?? "") - Date.now()) / 1000;

describe("a new key", () => {
  it("[A11] is shown once; what is kept cannot be turned into it", async () => {
    const response = await make(worker, { name: "backend", mode: "live", scopes: ["jobs:create", "jobs:read"] });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const key = KeySchema.parse(await response.json());
    expect(key).toMatchObject({ name: "backend", mode: "live", expires_at: null, revoked_at: null, replaced_by: null });
    expect(key.secret).toMatch(/^ec_sk_live_[0-9A-Za-z]{71}$/);
    expect(await keyOf(worker, key.id)).toEqual({ ...key, secret: null });
    const text = await (await worker.request("/v1/keys")).text();
    expect(text).not.toContain("ec_sk_");
    expect(text).not.toContain(await hashSecretKey(key.secret ?? ""));
    expect(worker.logs.join()).not.toContain("ec_sk_");
  });

  it("[A7, A11] works at once and does what its scopes say, no more", async () => {
    const { client } = await makeKey(worker, ["jobs:read", "usage:read"]);
    expect((await me(client)).scopes).toEqual(["jobs:read", "usage:read"]);
    expect((await client.request("/v1/jobs")).status).toBe(200);
    expect((await client.request("/v1/usage")).status).toBe(200);
    expect(await refused(await client.post("/v1/jobs", { workflow: "demo" }))).toEqual([403, "scope_missing"]);
    expect(await refused(await client.request("/v1/keys"))).toEqual([403, "scope_missing"]);
  });

  it("[A11] can do no more than the key that makes it, and never makes projects", async () => {
    const maker = (await makeKey(worker, ["keys:write", "jobs:read"])).client;
    expect((await make(maker, { scopes: ["jobs:read", "keys:write"] })).status).toBe(201);
    for (const [client, scope] of [
      [maker, "jobs:create"],
      [maker, ROOT_SCOPE],
      [worker, ROOT_SCOPE],
    ] as const) {
      const answer = await make(client, { scopes: ["jobs:read", scope] });
      const { errors } = (await answer.clone().json()) as { errors: unknown };
      expect(errors).toEqual([
        { pointer: "#/scopes", code: "not_yours_to_give", detail: expect.stringContaining(scope) },
      ]);
      expect(await refused(answer)).toEqual([422, "invalid_inputs"]);
    }
    const strong = await makeKey(worker, ["jobs:create", "keys:write"]);
    expect(await refused(await maker.post(`/v1/keys/${strong.key.id}/rotate`, {}))).toEqual([422, "invalid_inputs"]);
    expect(await works(strong.client)).toBe(true);
  });

  it("[A11] is not made from what is none", async () => {
    const wrong = [
      { scopes: [] },
      { scopes: ["jobs:fly"] },
      { scopes: "jobs:read" },
      { name: " " },
      { name: "x".repeat(81) },
      { mode: "prod" },
      { expires_in_seconds: 59 },
      { secret: "ec_sk_live_mine" },
    ];
    const before = await keysOf(worker);
    for (const body of wrong) expect(await refused(await make(worker, body))).toEqual([422, "invalid_inputs"]);
    expect(await keysOf(worker)).toEqual(before);
  });

  it("[A11] tells when it ends", async () => {
    const { key, client } = await makeKey(worker, ["jobs:read"], { expires_in_seconds: 3_600 });
    expect(secondsUntil(key.expires_at)).toBeGreaterThan(3_500);
    expect(secondsUntil(key.expires_at)).toBeLessThanOrEqual(3_600);
    expect((await me(client)).credential).toEqual({
      kind: "secret_key",
      id: key.id,
      mode: "live",
      expires_at: key.expires_at,
    });
  });
});

describe("a rotated key", () => {
  it("[A11] works beside its successor for the overlap, a day unless named", async () => {
    const old = await makeKey(worker, ["jobs:read", "keys:write"], { name: "phone", mode: "test" });
    const next = await rotate(worker, old.key.id);
    expect(next.key).toMatchObject({ name: "phone", mode: "test", scopes: old.key.scopes, replaced_by: null });
    expect(next.key.secret).toMatch(/^ec_sk_test_/);
    expect(await Promise.all([works(old.client), works(next.client)])).toEqual([true, true]);
    const shown = await keyOf(worker, old.key.id);
    expect(shown).toMatchObject({ replaced_by: next.key.id, revoked_at: null });
    expect(secondsUntil(shown?.expires_at ?? null)).toBeGreaterThan(86_300);
    expect(secondsUntil(shown?.expires_at ?? null)).toBeLessThanOrEqual(86_400);
  });

  it("[A11] without an overlap is refused at once, and can rotate itself", async () => {
    const old = await makeKey(worker, ["jobs:read", "keys:write"]);
    const next = await rotate(old.client, old.key.id, 0);
    expect(await refused(await old.client.request("/v1/me"))).toEqual([401, "key_revoked"]);
    expect(await works(next.client)).toBe(true);
  });

  it("[A11] is over when its overlap is", async () => {
    const old = await makeKey(worker, ["jobs:read"]);
    const next = await rotate(worker, old.key.id, 2);
    expect(await works(old.client)).toBe(true);
    await eventually(() => works(old.client)).toBe(false);
    expect(await refused(await old.client.request("/v1/me"))).toEqual([401, "key_revoked"]);
    expect(await works(next.client)).toBe(true);
  });

  it("[A11] ends no later than it would have", async () => {
    const old = await makeKey(worker, ["jobs:read"], { expires_in_seconds: 3_600 });
    const next = await rotate(worker, old.key.id, 86_400);
    expect(next.key.expires_at).toBe(old.key.expires_at);
    expect((await keyOf(worker, old.key.id))?.expires_at).toBe(old.key.expires_at);
  });

  it("[A11] that is over cannot be rotated, and the caller's own key is not blamed", async () => {
    const { key } = await makeKey(worker, ["jobs:read"]);
    await remove(worker, `/v1/keys/${key.id}`);
    const answer = await worker.post(`/v1/keys/${key.id}/rotate`, {});
    expect(answer.headers.get("www-authenticate")).toBeNull();
    expect((await refused(answer))[0]).toBe(409);
  });
});

describe("a revoked key", () => {
  it("[A11] is refused at once, for good, and is still listed", async () => {
    const { key, client } = await makeKey(worker, ["jobs:read", "jobs:create"]);
    expect(await works(client)).toBe(true);
    await remove(worker, `/v1/keys/${key.id}`);
    const answer = await client.request("/v1/me");
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer error="invalid_token"/);
    expect(await refused(answer)).toEqual([401, "key_revoked"]);
    expect(await refused(await client.post("/v1/jobs", { workflow: "demo" }))).toEqual([401, "key_revoked"]);
    const listed = await keyOf(worker, key.id);
    expect(listed?.revoked_at).not.toBeNull();
    await remove(worker, `/v1/keys/${key.id}`);
    expect(await keyOf(worker, key.id)).toEqual(listed);
  });

  it("[A11] can revoke itself, and not be rotated into a new one by itself", async () => {
    const { key, client } = await makeKey(worker, ["keys:write", "jobs:read"]);
    await remove(client, `/v1/keys/${key.id}`);
    expect(await refused(await client.post(`/v1/keys/${key.id}/rotate`, {}))).toEqual([401, "key_revoked"]);
  });

  it("[A5, A11] is of the caller's project; of another there is none", async () => {
    const other = await otherProject(worker);
    for (const [method, rest] of [
      ["DELETE", ""],
      ["POST", "/rotate"],
    ] as const) {
      for (const id of [other.key.id, "key_01kag3x7p2v9m4t8r6c5n1d0ze", "nonsense"]) {
        expect(await refused(await worker.request(`/v1/keys/${id}${rest}`, { method }))).toEqual([404, "not_found"]);
      }
    }
    expect(await works(other.client)).toBe(true);
  });

  it("[A11] stays revoked, and a new one known, after the Worker's death", async () => {
    const [gone, kept] = [await makeKey(worker, ["jobs:read"]), await makeKey(worker, ["jobs:read"])];
    await remove(worker, `/v1/keys/${gone.key.id}`);
    const replaced = await rotate(worker, kept.key.id, 0);
    await worker.killAndStart();
    expect(await refused(await gone.client.request("/v1/me"))).toEqual([401, "key_revoked"]);
    expect(await refused(await kept.client.request("/v1/me"))).toEqual([401, "key_revoked"]);
    expect(await works(replaced.client)).toBe(true);
  });
});

describe("the last key that makes keys", () => {
  it("[A11] cannot be revoked while no other makes keys; rotated it passes that on", async () => {
    const { key, client } = await otherProject(worker);
    await makeKey(
      client,
      ALL.filter((scope) => scope !== "keys:write"),
    );
    const last = () => client.request(`/v1/keys/${key.id}`, { method: "DELETE" });
    expect(await refused(await last())).toEqual([409, "last_admin_key"]);
    const next = await rotate(client, key.id, 3_600);
    // In its overlap the old key is going already: the new one is the last.
    const deleted = await next.client.request(`/v1/keys/${next.key.id}`, { method: "DELETE" });
    expect(await refused(deleted)).toEqual([409, "last_admin_key"]);
    await remove(next.client, `/v1/keys/${key.id}`);
    const another = await makeKey(next.client, ["keys:write"]);
    await remove(another.client, `/v1/keys/${next.key.id}`);
    expect(await works(another.client)).toBe(true);
  });

  it("[A11] of two that go at once, one stays", async () => {
    const { key, client } = await otherProject(worker);
    const second = await makeKey(client, ["keys:write", "jobs:read"]);
    const answers = await Promise.all([
      client.request(`/v1/keys/${second.key.id}`, { method: "DELETE" }),
      second.client.request(`/v1/keys/${key.id}`, { method: "DELETE" }),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => status === 204)).toHaveLength(1);
    expect((await Promise.all([works(client), works(second.client)])).filter(Boolean)).toHaveLength(1);
  });

  it("[A11] of the configuration is always there, so all others may go", async () => {
    const keys = (await keysOf(worker)).filter((key) => key.revoked_at === null);
    for (const key of keys) await remove(worker, `/v1/keys/${key.id}`);
    expect((await keysOf(worker)).every((key) => key.revoked_at !== null)).toBe(true);
    expect((await me(worker)).credential).toMatchObject({ kind: "secret_key", id: null });
    expect((await make(worker, {})).status).toBe(201);
  });
});

it("[A5] a new project's first key may do all but make projects, and knows only its own", async () => {
  const project = await projectWith(worker, { name: "Postcards" });
  expect(await me(project)).toMatchObject({ project: { name: "Postcards" }, scopes: ALL });
  expect(await refused(await project.post("/v1/projects", { name: "More" }))).toEqual([403, "scope_missing"]);
  expect(await keysOf(project)).toHaveLength(1);
});
