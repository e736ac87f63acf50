/** More power than was given: fields that are not the caller's to set, scopes that are not the maker's to give, others' things by name. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SCOPES } from "../../src/contract/scopes.ts";
import { png } from "../support/artifact-pictures.ts";
import { codeOf, leaked, refusalOf } from "../support/attacks.ts";
import { ticking } from "../support/graphs.ts";
import { asUser, makeKey, otherProject } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { CallInit, WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
let ana: WorkerClient;
let eve: WorkerClient;
beforeAll(async () => {
  worker = await startWorker();
  [ana, eve] = await Promise.all([asUser(worker, "ana"), asUser(worker, "eve")]);
});
afterAll(() => worker.close());

const send = (client: WorkerClient, method: string, path: string, body: unknown): Promise<Response> =>
  client.request(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });

/** The code of a refusal, and where in the request it points. */
async function refusal(response: Response): Promise<[string, ...string[]]> {
  const { code, pointers } = await refusalOf(response);
  return [code, ...pointers];
}

describe("fields that are not a token's to set", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["another user", { user: "eve" }, "#/user"],
    ["a user beside its own", { user: "ana " }, "#/user"],
    ["a priority", { priority: "high" }, "#/priority"],
    ["a project", { project: "prj_01kag3x7p2v9m4t8r6c5n1d0ze" }, "#"],
    ["limits", { limits: { concurrent: null }, concurrent: null }, "#"],
    ["an end", { status: "succeeded", terminal: true, outputs: [] }, "#"],
    ["an origin for its links", { origin: "https://evil.example" }, "#"],
    ["times", { created_at: "2020-01-01T00:00:00Z", expiresAt: 9e15 }, "#"],
    [
      "a retention beyond the longest",
      { retention: { expires_in_seconds: 7_776_001 } },
      "#/retention/expires_in_seconds",
    ],
    ["a link that lasts longer", { share: { expires_in_seconds: 7_776_001 } }, "#/share/expires_in_seconds"],
    ["a link's token", { share: { token: "a".repeat(44) } }, "#/share"],
  ])("[A6, S5] a new job's %s is refused", async (_, fields, pointer) => {
    expect(await refusal(await ana.post("/v1/jobs", { workflow: "demo", ...fields }))).toEqual([
      "invalid_inputs",
      pointer,
    ]);
  });

  it("[A6] a patch changes no user, status, priority or time of a job", async () => {
    const job = await ana.run({ workflow: "demo" });
    const patch = (fields: Record<string, unknown>) => send(ana, "PATCH", `/v1/jobs/${job.id}`, fields);
    for (const fields of [{ user: "eve" }, { status: "queued" }, { id: "x" }, { seq: 1 }, { rerun_of: null }])
      expect(await refusal(await patch(fields))).toEqual(["invalid_inputs", "#"]);
    expect(await refusal(await patch({ priority: "high" }))).toEqual(["invalid_inputs", "#/priority"]);
    expect(await refusal(await patch({ metadata: {}, retention: { expires_in_seconds: 1e9 } }))).toContain(
      "invalid_inputs",
    );
    expect(await ana.getJob(job.id)).toEqual(job);
  });
});

describe("what a key gives on", () => {
  it("[A7, A11] to a key: no scope it has not itself, and never the owner's", async () => {
    const { client } = await makeKey(worker, ["keys:write", "jobs:read"]);
    for (const scope of SCOPES) {
      const response = await client.post("/v1/keys", { name: "more", scopes: ["jobs:read", scope] });
      if (scope === "keys:write" || scope === "jobs:read") expect(response.status).toBe(201);
      else expect(await refusal(response)).toEqual(["invalid_inputs", "#/scopes"]);
    }
    expect(await refusal(await worker.post("/v1/keys", { name: "root", scopes: ["projects:write"] }))).toEqual([
      "invalid_inputs",
      "#/scopes",
    ]);
    for (const scopes of [["*"], ["admin"], "jobs:read", [], ["jobs:read "], [["jobs:read"]], { 0: "jobs:read" }])
      expect((await refusal(await worker.post("/v1/keys", { name: "odd", scopes })))[0]).toBe("invalid_inputs");
    for (const field of ["id", "secret", "hash", "project", "created_at", "root"])
      expect(await refusal(await worker.post("/v1/keys", { name: "x", scopes: ["jobs:read"], [field]: "x" }))).toEqual([
        "invalid_inputs",
        "#",
      ]);
  });

  it("[A7, A11] to a successor of a stronger key: nothing, and the stronger one stays as it was", async () => {
    const weak = await makeKey(worker, ["keys:write"]);
    const strong = await makeKey(worker, ["keys:write", "graph:read", "usage:read"]);
    const rotated = await weak.client.post(`/v1/keys/${strong.key.id}/rotate`, {});
    expect(await refusal(rotated)).toEqual(["invalid_inputs", "#/scopes"]);
    expect((await strong.client.request("/v1/usage")).status).toBe(200);
    const keys = await (await weak.client.request("/v1/keys")).text();
    expect(leaked([keys], [strong.client.key, weak.client.key, worker.key])).toEqual([]);
  });

  it("[A7, A8] to a token: no scope of servers, raw graphs only from one that has them, and no longer life", async () => {
    const { client } = await makeKey(worker, ["tokens:create"]);
    const ask = async (fields: Record<string, unknown>, from = client) => {
      const response = await from.post("/v1/client-tokens", { user: "u", ...fields });
      return response.status === 201 ? "made" : (await refusal(response))[0];
    };
    for (const scope of ["graph:read", "tokens:create", "users:write", "usage:read", "keys:write", "project:write"])
      expect(await ask({ scopes: [scope] }, worker), scope).toBe("invalid_inputs");
    expect(await ask({ scopes: ["projects:write"] }, worker)).toBe("invalid_inputs");
    expect(await ask({ scopes: ["graph:submit"] })).toBe("invalid_inputs");
    expect(await ask({ scopes: ["graph:submit"] }, worker)).toBe("made");
    for (const ttl_seconds of [7_201, 0, -1, 59, 1e300, "900", null, 900.5])
      expect(await ask({ ttl_seconds }), String(ttl_seconds)).toBe("invalid_inputs");
    for (const field of ["project", "p", "expires_at", "exp", "iat", "kid", "jti"])
      expect(await ask({ [field]: "x" })).toBe("invalid_inputs");
    for (const user of ["", "a b", "a\u0000", "ä", "u".repeat(129), null, ["u"]])
      expect(await ask({ user })).toBe("invalid_inputs");
  });

  it("[A7, A9] to a sign-in service: only what the key may give to tokens, for it speaks for every user", async () => {
    const issuer = { issuer: "https://id.example.com", jwks_uri: "https://id.example.com/jwks", audience: "app" };
    const name = async (scopes: (typeof SCOPES)[number][], given: string[]) => {
      const { client } = await makeKey(worker, scopes);
      const response = await send(client, "PATCH", "/v1/project", { issuers: [{ ...issuer, scopes: given }] });
      return response.status === 200 ? "named" : refusal(response);
    };
    const refused = ["invalid_inputs", "#/issuers/0/scopes"];
    expect(await name(["project:write"], ["jobs:read"])).toEqual(refused);
    expect(await name(["project:write", "tokens:create"], ["graph:submit"])).toEqual(refused);
    expect(await name(["project:write", "tokens:create"], ["jobs:read"])).toBe("named");
    expect(await name(["project:write", "tokens:create", "graph:submit"], ["graph:submit"])).toBe("named");
  });
});

describe("a token with less than all", () => {
  it("[A7] that may only read cancels nothing, by message neither", async () => {
    const reader = await asUser(worker, "ana", { scopes: ["jobs:read"] });
    const bare = (await makeKey(worker, ["jobs:read"])).client;
    const job = await ana.createJob({ workflow: "demo" });
    const tickets = [reader, bare].map((client) => client.post("/v1/tickets", { job_id: job.id }));
    const [ticket] = (await Promise.all((await Promise.all(tickets)).map((one) => one.json()))) as { ticket: string }[];
    const sockets = await Promise.all([
      reader.socket(`/v1/jobs/${job.id}/events`),
      bare.socket(`/v1/jobs/${job.id}/events`),
      worker.socket(`/v1/jobs/${job.id}/events?ticket=${ticket?.ticket}`, { key: null }),
    ]);
    for (const socket of sockets) socket.say({ type: "cancel" });
    expect(await codeOf(await reader.post(`/v1/jobs/${job.id}/cancel`, {}))).toBe("scope_missing");
    expect((await ana.ended(job.id)).status).toBe("succeeded");
  });

  it("[A7] that may cancel does so by message, as before", async () => {
    const job = await worker.createJob({ graph: ticking(2_000, 20), user: "ana" });
    const canceler = await asUser(worker, "ana", { scopes: ["jobs:read", "jobs:cancel"] });
    (await canceler.socket(`/v1/jobs/${job.id}/events`)).say({ type: "cancel" });
    expect((await ana.ended(job.id)).status).toBe("canceled");
  });

  it("[A7] that may run some workflows runs no other by another spelling, as a graph, or as a repeat", async () => {
    const narrow = await asUser(worker, "ana", { workflows: ["demo"] });
    const job = await ana.run({ workflow: "txt2img", inputs: { prompt: "x", steps: 1, width: 64, height: 64 } });
    for (const workflow of [
      "txt2img",
      "txt2img@1",
      "demo,txt2img",
      "demo@1@txt2img",
      "Demo",
      "demo ",
      "../txt2img",
      "@demo",
    ]) {
      const code = await codeOf(await narrow.post("/v1/jobs", { workflow, inputs: { prompt: "x" } }));
      expect(["workflow_not_allowed", "workflow_not_found"], workflow).toContain(code);
    }
    expect(await codeOf(await narrow.post("/v1/jobs", { graph: ticking(1, 1) }))).toBe("graph_not_allowed");
    expect(await codeOf(await narrow.post(`/v1/jobs/${job.id}/rerun`, {}))).toBe("workflow_not_allowed");
    const only = { workflow: "txt2img", inputs: { prompt: "x" } };
    expect(await codeOf(await narrow.post("/v1/jobs?validate_only=true", only))).toBe("workflow_not_allowed");
    const listed = (await (await narrow.request("/v1/workflows")).json()) as { data: { id: string }[] };
    expect(listed.data.map(({ id }) => id)).toEqual(["demo"]);
    expect((await narrow.request("/v1/workflows/txt2img")).status).toBe(404);
  });
});

describe("others' things by name", () => {
  it("[A5, A6] another's upload is not there: not to read, not to delete, not as an input, not by its hash", async () => {
    const upload = await ana.upload(new Uint8Array(png(24, 24)));
    const hash = upload.hash.replace("sha256:", "");
    const theirs = (await otherProject(worker)).client;
    for (const client of [eve, theirs]) {
      expect((await client.request(`/v1/uploads/${upload.id}`)).status).toBe(404);
      expect((await client.request(`/v1/uploads/by-hash/${hash}`)).status).toBe(404);
      expect((await client.request(`/v1/uploads/${upload.id}`, { method: "DELETE" })).status).toBe(404);
      const body = { workflow: "img2img", inputs: { prompt: "x", image: upload.id } };
      expect(await codeOf(await client.post("/v1/jobs", body))).toBe("missing_upload");
      expect(await codeOf(await client.post("/v1/jobs?validate_only=true", body))).toBe("missing_upload");
    }
    // The same bytes from somebody else are another upload.
    expect((await eve.upload(new Uint8Array(png(24, 24)))).id).not.toBe(upload.id);
    expect((await ana.request(`/v1/uploads/${upload.id}`)).status).toBe(200);
  });

  it("[A3, A5] a link opens its own job's things alone, and half of it nothing", async () => {
    const [one, two] = [await ana.run({ workflow: "demo" }), await eve.run({ workflow: "demo" })];
    const token = (await ana.share(one.id)).url.split("/s/")[1] ?? "";
    const get = (path: string, init: CallInit = {}) => worker.request(path, { key: null, ...init });
    const [mine, others] = [one.outputs[0]?.id, two.outputs[0]?.id];
    expect((await get(`/s/${token}/m/${mine}/original`)).status).toBe(200);
    for (const path of [`/s/${token}/m/${others}/original`, `/s/${token}/m/${mine}/raw`, `/s/${token}/m/${mine}/..`])
      expect((await get(path)).status, path).toBe(404);
    // The first half is no secret: it names the job's object, and that is all it does.
    for (let i = 0; i < 5; i++) {
      const guess = token.slice(0, 22) + crypto.randomUUID().replaceAll("-", "").slice(0, 22);
      for (const rest of ["", "/state", "/preview", `/m/${mine}/original`]) {
        const response = await get(`/s/${guess}${rest}`);
        expect(response.status, rest).toBe(404);
        expect(leaked([await response.text()], [one.id, mine ?? "", "Demo"])).toEqual([]);
      }
    }
    for (const method of ["POST", "DELETE", "PATCH"]) expect((await get(`/s/${token}`, { method })).status).toBe(405);
    for (const path of [`/v1/jobs/${one.id}`, `/v1/outputs/${mine}/raw`])
      expect((await worker.request(path, { key: token })).status).toBe(401);
  });

  it("[A7, A11] the last key that makes keys can be taken by no other of the project, and one of another project by none", async () => {
    const { client, project } = await otherProject(worker);
    const { data } = (await (await client.request("/v1/keys")).json()) as { data: { id: string }[] };
    const first = data[0]?.id ?? "";
    expect(await codeOf(await client.request(`/v1/keys/${first}`, { method: "DELETE" }))).toBe("last_admin_key");
    for (const [method, path] of [
      ["DELETE", `/v1/keys/${first}`],
      ["POST", `/v1/keys/${first}/rotate`],
    ] as const)
      expect(await codeOf(await worker.request(path, { method }))).toBe("not_found");
    expect(await (await client.request("/v1/me")).json()).toMatchObject({ project: { id: project.id } });
  });
});

it("[S3] no refusal and no log line repeated a key, a token or an input", async () => {
  const prompt = "a prompt that nobody else may read";
  const answers = await Promise.all([
    ana.post("/v1/jobs", { workflow: "txt2img", inputs: { prompt, steps: 9_999 } }),
    ana.post("/v1/jobs", { workflow: "txt2img", inputs: { prompt, image: prompt }, metadata: { a: 1 } }),
    ana.post("/v1/jobs", { graph: { 1: { class_type: "X", inputs: { text: prompt } } } }),
    worker.post("/v1/keys", { name: prompt, scopes: ["nope"] }),
    worker.request("/v1/me", { key: `${ana.key}x` }),
    worker.request(`/v1/jobs/${encodeURIComponent(worker.key)}`),
    worker.request("/v1/jobs?cursor=".concat(encodeURIComponent(ana.key))),
  ]);
  for (const { status } of answers) expect(status).toBeGreaterThanOrEqual(400);
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(leaked([...texts, ...worker.logs], [prompt, ana.key, eve.key, worker.key])).toEqual([]);
  expect(worker.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
