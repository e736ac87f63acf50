/** Browsers, caches, proxies and odd queries: what HTTP itself could be made to give away, on every route. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { changesScope, encodeCursor, listScope } from "../../src/core/tenant/cursor.ts";
import { codeOf } from "../support/attacks.ts";
import { type Operation, operations } from "../support/openapi.ts";
import { asUser, otherProject } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { CallInit, WorkerClient } from "../support/worker-client.ts";

const EVIL = "https://evil.example";

let worker: TestWorker;
let ana: WorkerClient;
let eve: WorkerClient;
let job: Job;
/** Values for the parameters of paths. */
let ids: Record<string, string>;
beforeAll(async () => {
  worker = await startWorker();
  [ana, eve] = await Promise.all([asUser(worker, "ana"), asUser(worker, "eve")]);
  job = await ana.run({ workflow: "demo" });
  const share = await ana.share(job.id);
  const [output] = job.outputs;
  const [, , sig = "", , file = ""] = new URL(output?.url ?? "").pathname.split("/");
  ids = { id: job.id, share_id: share.id, output_id: output?.id ?? "", sig, file, variant: "original" };
  ids.token = share.url.split("/s/")[1] ?? "";
});
afterAll(() => worker.close());

const pathOf = ({ path }: Operation) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => (path.startsWith("/v1/workflows") ? "demo" : (ids[name] ?? "x")));
const title = ({ method, path }: Operation) => `${method} ${path}`;

describe.each(operations().map((operation) => [title(operation), operation] as const))("%s", (_, operation) => {
  it("[A4] is open to any origin and to no cookie: never with credentials, never for one origin more", async () => {
    const path = pathOf(operation);
    const preflight = await worker.request(path, {
      method: "OPTIONS",
      key: null,
      headers: {
        origin: EVIL,
        "access-control-request-method": operation.method,
        "access-control-request-headers": "authorization, x-evil",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-methods")).toContain(operation.method);
    expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase()).not.toContain("x-evil");
    const plain = await worker.request(path, { method: operation.method, key: null, headers: { origin: EVIL } });
    await plain.body?.cancel();
    for (const { headers } of [preflight, plain]) {
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("access-control-allow-credentials")).toBeNull();
      expect(headers.get("access-control-allow-private-network")).toBeNull();
      expect(headers.get("set-cookie")).toBeNull();
    }
  });

  it("[S3, A4] gives shared caches nothing to keep, refused or not", async () => {
    // What is public and names nothing is the same for all.
    if (operation.method !== "GET" || (operation.isPublic && !operation.path.includes("{"))) return;
    const headers = { accept: operation.path.endsWith("/events") ? "text/event-stream" : "*/*" };
    for (const key of [null, worker.key]) {
      const abort = new AbortController();
      const response = await worker.request(pathOf(operation), { key, headers, signal: abort.signal });
      expect(response.headers.get("cache-control"), `${response.status}`).toMatch(/\bprivate\b|\bno-store\b/);
      const vary = response.headers.get("vary") ?? "";
      // What speaks the caller's language says so.
      if (response.headers.has("content-language")) expect(vary).toMatch(/accept-language/i);
      abort.abort();
    }
  });
});

describe("a browser", () => {
  it("[A4] that sends a secret key is refused on each way to send one, whatever else it sends", async () => {
    const events = `/v1/jobs/${job.id}/events`;
    const tries: [string, CallInit][] = [
      ["/v1/me", { headers: { origin: "null" } }],
      ["/v1/me", { headers: { origin: worker.url } }],
      ["/v1/me", { headers: { "sec-fetch-site": "none" } }],
      ["/v1/me", { headers: { "sec-fetch-site": "same-origin", "user-agent": "curl/8" } }],
      [events, { headers: { origin: EVIL, accept: "text/event-stream" } }],
      [events, { key: null, headers: { origin: EVIL, "sec-websocket-protocol": `easel.token.${worker.key}` } }],
    ];
    for (const [path, init] of tries)
      expect(await codeOf(await worker.request(path, init))).toBe("secret_key_in_browser");
    // The owner's view of health is not for browsers either.
    const health = await worker.request("/v1/health", { headers: { origin: EVIL } });
    expect(await health.json()).toMatchObject({ backends: null, queue: null });
    expect((await ana.request("/v1/me", { headers: { origin: EVIL } })).status).toBe(200);
  });

  it("[A4] that posts a form across sites reaches nothing: there are no cookies, and no form is JSON", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const headers = { origin: EVIL, "content-type": type, cookie: `token=${ana.key}` };
      const response = await worker.request("/v1/jobs", {
        method: "POST",
        key: null,
        headers,
        body: '{"workflow":"demo"}',
      });
      expect(await codeOf(response)).toBe("unauthenticated");
      const withToken = { ...headers, authorization: `Bearer ${ana.key}` };
      const refused = await worker.request("/v1/jobs", {
        method: "POST",
        headers: withToken,
        body: '{"workflow":"demo"}',
      });
      expect(await codeOf(refused)).toBe("unsupported_media_type");
    }
  });
});

describe("a header that proxies or other frameworks obey", () => {
  it("[S3] does not change method, path, host, caller or request id", async () => {
    const before = await (await ana.request("/v1/jobs?limit=1")).text();
    const tries: Record<string, string>[] = [
      { "x-http-method-override": "DELETE" },
      { "x-http-method": "DELETE", "x-method-override": "DELETE" },
      { "x-original-url": "/v1/keys", "x-rewrite-url": "/v1/keys" },
      {
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "ftp",
        "x-forwarded-port": "1",
        "x-host": "evil.example",
      },
      { forwarded: "host=evil.example;proto=ftp", "x-forwarded-prefix": "/evil", "x-forwarded-for": "127.0.0.1" },
      { "x-real-ip": "127.0.0.1", "true-client-ip": "127.0.0.1", "x-client-ip": "127.0.0.1" },
      { "x-request-id": "req_evil", "request-id": "req_evil", "x-user": "eve", "x-easel-user": "eve" },
      { "easel-project": "prj_01kag3x7p2v9m4t8r6c5n1d0ze" },
      { "x-easel-viewer": JSON.stringify({ role: "owner", reveal: ["outputs"], user: null, mayCancel: true }) },
    ];
    for (const headers of tries) {
      const response = await ana.request("/v1/jobs?limit=1", { headers });
      expect(response.status, JSON.stringify(headers)).toBe(200);
      expect(response.headers.get("request-id")).toMatch(/^req_[0-9a-z]{26}$/);
      // Links are signed by the day: the same text, unless midnight passed.
      expect(await response.text(), JSON.stringify(headers)).toBe(before);
    }
    expect((await worker.getJob(job.id)).status).toBe("succeeded");
  });

  it("[A6] opens no stream of another's job", async () => {
    const viewer = { role: "owner", reveal: ["outputs"], user: null, base: null, shareId: null, previews: "none" };
    const headers = { "x-easel-viewer": JSON.stringify({ ...viewer, after: null }), accept: "text/event-stream" };
    const response = await eve.request(`/v1/jobs/${job.id}/events`, { headers });
    expect(await codeOf(response)).toBe("not_found");
  });

  it("[S3] methods in a query or a form field are not methods", async () => {
    const response = await worker.request(`/v1/jobs/${job.id}?_method=DELETE`, {
      method: "POST",
      body: "_method=DELETE",
    });
    expect(await codeOf(response)).toBe("method_not_allowed");
    for (const method of ["PUT", "PROPFIND", "QUERY"]) {
      const refused = await worker.request("/v1/me", { method });
      expect(await codeOf(refused)).toBe("method_not_allowed");
    }
  });
});

describe("a query", () => {
  const get = async (path: string, client: WorkerClient = worker) => {
    const response = await client.request(path);
    const body = (await response.json()) as { code?: string; data?: Job[] };
    return { status: response.status, code: body.code, jobs: body.data?.map(({ id }) => id) };
  };

  it.each([
    "limit=1e9",
    "limit=101",
    "limit=0",
    "limit=-1",
    "limit=1.5",
    "limit=0x10",
    "limit=",
    "limit=１",
    "limit=NaN",
    "limit=999999999999999999999",
    "limit=101&limit=1",
    "cursor=x&cursor=",
    "status=nope",
    "status=__proto__",
    "status=queued,",
    "view=all",
    "created_after=0",
    "created_after=2026-11-20T00:00:00Z%00",
    "created_after=%2B010000-01-01T00:00:00Z",
    "created_before=2026-02-31T00:00:00Z",
    "metadata[a]=1&metadata[b]=1&metadata[c]=1&metadata[d]=1&metadata[e]=1",
  ])("[S3, T4] with a value out of bounds is refused: %s", async (query) => {
    expect(await get(`/v1/jobs?${query}`)).toMatchObject({ status: 400, code: "invalid_parameter" });
  });

  it("[T4] with names of Object's, SQL, brackets or thousands of names filters by what it says, or by nothing", async () => {
    const [all, none] = [[job.id], []];
    const tries: [string, string[]][] = [
      ["__proto__=x&constructor=x&__proto__[user]=eve", all],
      ["limit=5&limit[]=1000", all],
      ["metadata[__proto__]=x", none],
      ["metadata[__proto__][user]=x", all],
      ["metadata[]=x&metadata=x", all],
      ["workflow=demo%27%20OR%201=1--", none],
      ["user=ana%27%20OR%20%271%27=%271", none],
      ["user=%25", none],
      ["workflow=demo%00", none],
      ["user=ana&user=eve", all],
      ["&".repeat(5_000), all],
      [Array.from({ length: 500 }, (_, n) => `p${n}=1`).join("&"), all],
    ];
    for (const [query, jobs] of tries)
      expect([query.slice(0, 60), await get(`/v1/jobs?${query}`)]).toMatchObject([
        query.slice(0, 60),
        { status: 200, jobs },
      ]);
  });

  it("[A6] with a user named twice, or in any other way, shows a token no other user's jobs", async () => {
    for (const query of [
      "user=eve&user=ana",
      "user[]=ana",
      "metadata[user]=ana",
      "User=ana",
      "user%00=ana",
      "owner=ana",
    ])
      expect(await get(`/v1/jobs?${query}`, eve)).toMatchObject({ status: 200, jobs: [] });
    expect(await get("/v1/jobs?user=ana&user=eve", eve)).toMatchObject({ status: 400, code: "invalid_parameter" });
    expect((await (await eve.request("/v1/changes?user=ana")).json()) as { jobs: Job[] }).toMatchObject({ jobs: [] });
  });

  it("[A6, T4] with a cursor somebody made up by our own rules goes elsewhere in one's own list, and nowhere else", async () => {
    const filters = {
      user: "eve",
      status: null,
      workflow: null,
      metadata: {},
      createdAfter: null,
      createdBefore: null,
    };
    const far = encodeCursor("list", listScope(worker.project, filters), 2 ** 48 - 1);
    expect(await get(`/v1/jobs?cursor=${far}`, eve)).toMatchObject({ status: 200, jobs: [] });
    const asAna = encodeCursor("list", listScope(worker.project, { ...filters, user: "ana" }), 2 ** 48 - 1);
    expect(await get(`/v1/jobs?cursor=${asAna}`, eve)).toMatchObject({ status: 400 });
    const feed = encodeCursor("changes", changesScope(worker.project, { user: "ana" }), 0);
    expect(await get(`/v1/changes?cursor=${feed}`, eve)).toMatchObject({ status: 400 });
    const { client, project } = await otherProject(worker);
    const theirs = encodeCursor("list", listScope(project.id, { ...filters, user: null }), 2 ** 48 - 1);
    expect(await get(`/v1/jobs?cursor=${theirs}`, client)).toMatchObject({ status: 200, jobs: [] });
    expect(await get(`/v1/jobs?cursor=${theirs}`)).toMatchObject({ status: 400 });
  });
});
