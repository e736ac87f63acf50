/** The app's own sign-in: tokens of a service that the project names, taken as they are. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLIENT_SCOPES } from "../../src/contract/scopes.ts";
import { CLOSE_CODES } from "../../src/contract/viewer.ts";
import { ticking } from "../support/graphs.ts";
import { AUDIENCE, type SignIn, startSignIn } from "../support/sign-in.ts";
import {
  asUser,
  calling,
  eventually,
  limited,
  listedIds,
  me,
  otherProject,
  quota,
  refused,
  remove,
  send,
  setProject,
  stop,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
let signIn: SignIn;
beforeAll(async () => {
  [worker, signIn] = await Promise.all([startWorker(), startSignIn()]);
});
afterAll(() => Promise.all([worker?.close(), signIn?.close()]));
beforeEach(() => accept(worker));

const demo = (more: Record<string, unknown> = {}) => ({ workflow: "demo", inputs: { width: 64, height: 64 }, ...more });
/** Makes the project accept the service's tokens, with more or other settings. */
const accept = (project: WorkerClient, more: Record<string, unknown> = {}) =>
  setProject(project, {
    issuers: [{ issuer: signIn.issuer, jwks_uri: signIn.jwksUri, audience: AUDIENCE, ...more }],
  });
/** A client that is signed in as this user. */
const signedIn = async (user: string, claims: Record<string, unknown> = {}) =>
  calling(worker, await signIn.token({ sub: user, ...claims }));
const inProject = (id: string) => ({ headers: { "easel-project": id } });

describe("a sign-in token", () => {
  it("[A9] is its user's, in the project of the deployment, as any other of that user's credentials", async () => {
    const ana = await signedIn("ana");
    expect(await me(ana)).toMatchObject({
      credential: { kind: "user_token", id: null, mode: "live", expires_at: expect.stringMatching(/Z$/) },
      project: { id: worker.project },
      user: "ana",
      scopes: [...CLIENT_SCOPES],
      workflows: null,
    });
    const job = await ana.run(demo());
    expect(job.user).toBe("ana");
    expect(await listedIds(await asUser(worker, "ana"))).toContain(job.id);
    expect(await refused(await (await signedIn("ben")).request(`/v1/jobs/${job.id}`))).toEqual([404, "not_found"]);
    // By token or by sign-in, the user is one: the same key is the same request.
    const key = { "idempotency-key": "two-devices" };
    const first = await (await ana.post("/v1/jobs", demo(), key)).json();
    const again = await (await asUser(worker, "ana")).post("/v1/jobs", demo(), key);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await again.json()).toMatchObject({ id: (first as { id: string }).id });
  });

  it("[A9, A5] counts in the project that Easel-Project names, where that one accepts the service", async () => {
    const other = await otherProject(worker);
    const ana = await signedIn("ana");
    const there = inProject(other.project.id);
    expect(await refused(await ana.request("/v1/me", there))).toEqual([401, "unauthenticated"]);
    await accept(other.client);
    const response = await ana.request("/v1/me", there);
    expect(await response.json()).toMatchObject({ project: { id: other.project.id }, user: "ana" });
    const list = (await (await ana.request("/v1/jobs", there)).json()) as { data: unknown[] };
    expect(list.data).toEqual([]);
    const unknown = inProject("prj_01kag3x7p2v9m4t8r6c5n1d0ze");
    expect(await refused(await ana.request("/v1/me", unknown))).toEqual([401, "unauthenticated"]);
    for (const odd of ["mine", "prj_", `${other.project.id} `.repeat(2)]) {
      expect(await refused(await ana.request("/v1/me", inProject(odd)))).toEqual([400, "invalid_header"]);
    }
  });

  it("[A9] names no project for keys and tokens of ours: they carry their own", async () => {
    const other = await otherProject(worker);
    const ana = await asUser(worker, "ana");
    for (const client of [worker, ana]) {
      const response = await client.request("/v1/me", inProject(other.project.id));
      expect(await response.json()).toMatchObject({ project: { id: worker.project } });
    }
  });

  it("[A9] names the user by the claim that the project chose", async () => {
    await accept(worker, { user_claim: "uid" });
    expect((await me(await signedIn("subject", { uid: "u_42" }))).user).toBe("u_42");
    for (const uid of [undefined, 42, "", "two words", ["u_42"]]) {
      expect(await refused(await (await signedIn("subject", { uid })).request("/v1/me"))).toEqual([
        401,
        "unauthenticated",
      ]);
    }
  });

  it("[A9] of a service that the project no longer accepts is refused at once", async () => {
    const ana = await signedIn("ana");
    expect((await me(ana)).user).toBe("ana");
    await setProject(worker, { issuers: [] });
    expect(await refused(await ana.request("/v1/me"))).toEqual([401, "unauthenticated"]);
  });

  it("[A9] that was changed or is unsigned is refused", async () => {
    const [head, payload, signature] = (await signIn.token({ sub: "ana" })).split(".");
    const eve = Buffer.from(
      Buffer.from(payload ?? "", "base64url")
        .toString()
        .replace("ana", "eve"),
    ).toString("base64url");
    const unsigned = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    for (const forged of [`${head}.${eve}.${signature}`, `${unsigned}.${payload}.`, `${head}.${payload}.`]) {
      expect(await refused(await calling(worker, forged).request("/v1/me"))).toEqual([401, "unauthenticated"]);
    }
  });
});

describe("what the project sets for a service", () => {
  it("[A7] holds: scopes, workflows, limits", async () => {
    await accept(worker, {
      scopes: ["jobs:create", "jobs:read"],
      workflows: ["demo"],
      limits: { jobs_per_day: 1, reads_per_minute: 70 },
    });
    const ana = await signedIn("limited-ana");
    expect(await me(ana)).toMatchObject({ scopes: ["jobs:create", "jobs:read"], workflows: ["demo"] });
    expect(await refused(await ana.post("/v1/jobs", { workflow: "txt2img" }))).toEqual([403, "workflow_not_allowed"]);
    expect(await refused(await ana.post("/v1/jobs", { graph: ticking(1, 5) }))).toEqual([403, "graph_not_allowed"]);
    const job = await ana.run(demo());
    expect(await refused(await ana.request(`/v1/jobs/${job.id}`, { method: "DELETE" }))).toEqual([
      403,
      "scope_missing",
    ]);
    const { problem } = await limited(await ana.post("/v1/jobs", demo()));
    expect(problem.detail).toContain("of the token");
    expect(await quota(ana, "jobs_per_day", "token")).toMatchObject({ limit: 1, used: 1 });
    expect((await ana.request("/v1/jobs")).headers.get("ratelimit-policy")).toContain('"read";q=70');
  });

  it("[A9] is refused where the address of its keys may not be called, or scopes are none of apps", async () => {
    const issuer = { issuer: signIn.issuer, jwks_uri: signIn.jwksUri, audience: AUDIENCE };
    const tries: [Record<string, unknown>, string][] = [
      [{ jwks_uri: "ftp://127.0.0.1/keys" }, "unsafe_url"],
      [{ issuer: "file:///etc/passwd", jwks_uri: null }, "unsafe_url"],
      [{ jwks_uri: "https://user:word@id.example.com/keys" }, "unsafe_url"],
      [{ scopes: ["keys:write"] }, "invalid_inputs"],
      [{ audience: "" }, "invalid_inputs"],
      [{ secret: "x" }, "invalid_inputs"],
    ];
    for (const [more, code] of tries) {
      const answer = await send(worker, "PATCH", "/v1/project", { issuers: [{ ...issuer, ...more }] });
      expect(await refused(answer), JSON.stringify(more)).toEqual([422, code]);
    }
    expect((await me(await signedIn("ana"))).user).toBe("ana");
  });
});

describe("a revocation", () => {
  it("[A9, A8] of the user voids the tokens that were signed before, closes the open socket; later ones work", async () => {
    const ana = await signedIn("ana");
    const job = await worker.createJob({ graph: ticking(2_000, 20), user: "ana" });
    const socket = await ana.socket(`/v1/jobs/${job.id}/events`);
    await socket.first("hello");
    await remove(worker, "/v1/users/ana/tokens");
    expect(await socket.closed()).toBe(CLOSE_CODES.unauthenticated);
    expect(await refused(await ana.request("/v1/me"))).toEqual([401, "token_revoked"]);
    expect((await me(await signedIn("ben"))).user).toBe("ben");
    // Such tokens tell their time in whole seconds: one of the next second is later.
    await eventually(async () => (await (await signedIn("ana")).request("/v1/me")).status).toBe(200);
    expect(await refused(await ana.request("/v1/me"))).toEqual([401, "token_revoked"]);
    await stop(worker, job);
  });
});

describe("the service's keys", () => {
  it("[A9] are asked for once, not for each token, and not again and again for unknown ones", async () => {
    await worker.restart();
    const before = signIn.asked;
    for (const user of ["ana", "ben", "cleo"]) expect((await me(await signedIn(user))).user).toBe(user);
    expect(signIn.asked).toBe(before + 1);
    const [head = "", payload, signature] = (await signIn.token({ sub: "ana" })).split(".");
    const known = JSON.parse(Buffer.from(head, "base64url").toString()) as object;
    for (let n = 0; n < 10; n++) {
      const other = Buffer.from(JSON.stringify({ ...known, kid: `unknown-${n}` })).toString("base64url");
      const forged = calling(worker, `${other}.${payload}.${signature}`);
      expect(await refused(await forged.request("/v1/me"))).toEqual([401, "unauthenticated"]);
    }
    expect(signIn.asked).toBe(before + 1);
  });

  it("[A9] change: tokens of the new key are accepted, those of the key that was taken back are not", async () => {
    const old = await signedIn("ana");
    expect((await me(old)).user).toBe("ana");
    await signIn.rotate();
    // What is kept of the old keys is forgotten with the isolate; user-jwt.test.ts goes through their times.
    await worker.restart();
    expect((await me(await signedIn("ana"))).user).toBe("ana");
    expect(await refused(await old.request("/v1/me"))).toEqual([401, "unauthenticated"]);
  });

  it("[A9] that cannot be had leave the token undecided: the app is told to try again, and keys of ours work", async () => {
    const token = await signIn.token({ sub: "ana" });
    await accept(worker, { jwks_uri: `${signIn.issuer.replace(/:\d+$/, ":9")}/keys.json` });
    const answer = await calling(worker, token).request("/v1/me");
    expect(answer.headers.get("should-retry")).toBe("true");
    expect(await refused(answer)).toEqual([503, "unavailable"]);
    expect((await me(await asUser(worker, "ana"))).user).toBe("ana");
  });
});
