/**
 * Every operation of the OpenAPI document × every kind of credential. The list of operations is the document's own: a
 * new route is tried with all of them before anyone has thought of it.
 */

import { base64url } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLIENT_SCOPES, SCOPES } from "../../src/contract/scopes.ts";
import { hashSecretKey, mintSecretKey } from "../../src/core/auth/secret-key.ts";
import { type Operation, operations } from "../support/openapi.ts";
import { type SignIn, startSignIn } from "../support/sign-in.ts";
import { asUser, makeKey, otherProject, setProject } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
let signIn: SignIn;
/** Ids of the first project that a stranger might put into a path. */
let ids: Record<string, string>;
/** What no stranger may ever be shown. */
let secrets: string[];
let credentials: Record<string, string>;

const guarded = operations().filter((operation) => !operation.isPublic);
/** Routes that name something by its id: for a stranger it is not there. */
const named = guarded.filter(({ path }) => path.includes("{") && !path.includes("{user}") && !path.includes("by-hash"));

beforeAll(async () => {
  worker = await startWorker();
  signIn = await startSignIn();
  await setProject(worker, {
    name: "First",
    issuers: [{ issuer: signIn.issuer, jwks_uri: signIn.jwksUri, audience: "my-app" }],
  });
  const ana = await asUser(worker, "ana");
  const job = await ana.run({ workflow: "demo", metadata: { secret: "of-the-first-project" } });
  const share = await ana.share(job.id, { label: "label-of-the-first-project" });
  const { key } = await makeKey(worker, ["jobs:read"], { name: "key-of-the-first-project" });
  ids = {
    id: job.id,
    share_id: share.id,
    output_id: job.outputs[0]?.id ?? "",
    sha256: (job.outputs[0]?.hash ?? "").replace("sha256:", ""),
    user: "ana",
    key: key.id,
  };
  secrets = [job.id, share.id, ids.output_id ?? "", key.id, "of-the-first-project", share.url];

  const other = await otherProject(worker, "Second");
  const bare = await makeKey(worker, ["usage:read"]);
  const noUsage = await makeKey(worker, ["jobs:read"]);
  const gone = await makeKey(
    worker,
    [...SCOPES].filter((scope) => scope !== "projects:write"),
  );
  await worker.request(`/v1/keys/${gone.key.id}`, { method: "DELETE" });
  const revoked = await asUser(worker, "bob");
  await worker.request("/v1/users/bob/tokens", { method: "DELETE" });
  const ticket = (await (await worker.post("/v1/tickets", { job_id: job.id })).json()) as { ticket: string };
  const anaToken = ana.key;
  const flipped = anaToken.slice(0, -3) + (anaToken.at(-3) === "A" ? "B" : "A") + anaToken.slice(-2);
  const unknownKey = mintSecretKey("test", worker.project, new Uint8Array(32).fill(7));
  const noneAlg = `${base64url.encode(JSON.stringify({ alg: "none" }))}.${base64url.encode(
    JSON.stringify({ iss: signIn.issuer, aud: "my-app", sub: "ana", exp: 4_000_000_000 }),
  )}.`;
  credentials = {
    "a word": "password",
    "a key with a mistyped character": worker.key.slice(0, -1) + (worker.key.endsWith("0") ? "1" : "0"),
    "a key that was never given out": unknownKey,
    "the hash of a key": await hashSecretKey(worker.key),
    "a revoked key": gone.client.key,
    "a client token with a changed character": flipped,
    "a truncated client token": anaToken.slice(0, -10),
    "a client token of a revoked user": revoked.key,
    "a sign-in token for another audience": await signIn.token({ sub: "ana" }, { audience: "another-app" }),
    "a sign-in token that is over": await signIn.token({ sub: "ana" }, { seconds: -300 }),
    "an unsigned sign-in token": noneAlg,
    "a ticket in the header": ticket.ticket,
    "a share link's token": share.url.split("/s/")[1] ?? "",
    "without the scope": bare.client.key,
    "without the scope of usage": noUsage.client.key,
    "of another project": other.client.key,
    "of a user of another project": (await asUser(other.client, "ana")).key,
    "of another user": (await asUser(worker, "eve")).key,
    "of another user, by sign-in": await signIn.token({ sub: "eve" }),
    "of a user whose token may do nothing of this": (await asUser(worker, "ana", { scopes: ["workflows:read"] })).key,
  };
}, 60_000);

afterAll(async () => {
  await worker?.close();
  await signIn?.close();
});

/** Calls an operation with ids of the first project in its path and the document's example as its body. */
function call(operation: Operation, credential: string | null, headers: Record<string, string> = {}) {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    name === "id" && operation.path.startsWith("/v1/keys") ? (ids.key ?? "") : (ids[name] ?? ids.id ?? ""),
  );
  const body = operation.example === undefined ? undefined : JSON.stringify(operation.example);
  return worker.request(path, {
    method: operation.method,
    key: credential,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

const title = ({ method, path }: Operation) => `${method} ${path}`;

it("[S8] the document names the door of every operation", () => {
  expect(guarded.length).toBeGreaterThan(25);
  expect(named.length).toBeGreaterThan(10);
  for (const { operationId, scope, isPublic } of operations()) {
    expect(isPublic || scope !== null || ["getMe", "getCapacity"].includes(operationId), operationId).toBe(true);
  }
});

describe.each(guarded.map((operation) => [title(operation), operation] as const))("%s", (_, operation) => {
  it("[A4] asks who calls", async () => {
    const response = await call(operation, null);
    expect((await problemOf(response)).code).toBe("unauthenticated");
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
  });

  it("[A4] refuses a secret key from a browser", async () => {
    for (const headers of [{ origin: "https://app.example" }, { "sec-fetch-site": "cross-site" }]) {
      expect((await problemOf(await call(operation, worker.key, headers as never))).code).toBe("secret_key_in_browser");
    }
  });

  it("[A8, A9, A10, A11] refuses what is forged, damaged, over or revoked", async () => {
    const expected: Record<string, string> = {
      "a word": "unauthenticated",
      "a key with a mistyped character": "unauthenticated",
      "a key that was never given out": "unauthenticated",
      "the hash of a key": "unauthenticated",
      "a revoked key": "key_revoked",
      "a client token with a changed character": "unauthenticated",
      "a truncated client token": "unauthenticated",
      "a client token of a revoked user": "token_revoked",
      "a sign-in token for another audience": "unauthenticated",
      "a sign-in token that is over": "token_expired",
      "an unsigned sign-in token": "unauthenticated",
      "a ticket in the header": "unauthenticated",
      "a share link's token": "unauthenticated",
    };
    const codes: Record<string, string> = {};
    for (const name of Object.keys(expected)) {
      const response = await call(operation, credentials[name] ?? "");
      expect(response.status, name).toBe(401);
      codes[name] = ((await response.json()) as { code: string }).code;
    }
    expect(codes).toEqual(expected);
  });

  it("[A7] refuses a credential without its scope", async () => {
    if (operation.scope === null) {
      expect((await call(operation, credentials["without the scope"] ?? "")).status).toBe(200);
      return;
    }
    const bare = operation.scope === "usage:read" ? "without the scope of usage" : "without the scope";
    expect((await problemOf(await call(operation, credentials[bare] ?? ""))).code).toBe("scope_missing");
    if (operation.scope === "workflows:read") return;
    const token = credentials["of a user whose token may do nothing of this"] ?? "";
    expect((await problemOf(await call(operation, token))).code).toBe("scope_missing");
    if ((CLIENT_SCOPES as readonly string[]).includes(operation.scope)) return;
    expect((await problemOf(await call(operation, credentials["of another user"] ?? ""))).code).toBe("scope_missing");
  });
});

describe.each(named.map((operation) => [title(operation), operation] as const))("%s", (_, operation) => {
  it("[A5, A6] finds nothing for another project or another user", async () => {
    for (const who of [
      "of another project",
      "of a user of another project",
      "of another user",
      "of another user, by sign-in",
    ]) {
      const response = await call(operation, credentials[who] ?? "");
      const text = await response.text();
      // Either the door is closed to such a credential, or there is nothing behind it.
      expect([403, 404], `${who}: ${response.status} ${text}`).toContain(response.status);
      if (response.status === 403) expect(text, who).toContain("scope_missing");
      for (const secret of secrets)
        if (!response.url.includes(secret)) expect(text.includes(secret), `${who}: ${secret}`).toBe(false);
    }
  });
});

it("[A5, A6] no list, feed or summary shows another project or another user anything", async () => {
  const lists = guarded.filter(({ method, path }) => method === "GET" && !path.includes("{"));
  expect(lists.length).toBeGreaterThan(5);
  for (const operation of lists) {
    for (const who of ["of another project", "of a user of another project", "of another user"]) {
      const text = await (await call(operation, credentials[who] ?? "")).text();
      for (const secret of secrets) expect(text.includes(secret), `${title(operation)} ${who}: ${secret}`).toBe(false);
    }
  }
});

it("[A5, A6] after all that, everything of the first project is still there", async () => {
  const job = await worker.getJob(ids.id ?? "");
  expect(job).toMatchObject({ status: "succeeded", user: "ana", metadata: { secret: "of-the-first-project" } });
  const shares = (await (await worker.request(`/v1/jobs/${ids.id}/shares`)).json()) as {
    data: { revoked_at: unknown }[];
  };
  expect(shares.data.map((share) => share.revoked_at)).toEqual([null]);
});
