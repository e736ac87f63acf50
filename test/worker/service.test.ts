import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Health, HealthSchema } from "../../src/contract/api.ts";
import { ERROR_CODES } from "../../src/contract/errors.ts";
import { JOB_ERROR_CODES } from "../../src/contract/job.ts";
import { type Workflow, WorkflowSchema } from "../../src/contract/workflow.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

type Operation = {
  summary?: string;
  security?: unknown[];
  parameters?: { name: string; in: string; schema?: unknown }[];
  responses: Record<string, { description?: string }>;
};
type OpenApi = {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
};

/** All values under a key, however deep. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [...(name === key ? [inner] : []), ...valuesOf(inner, key)]);
}

describe("/openapi.json", () => {
  let document: OpenApi;
  let operations: [path: string, method: string, operation: Operation][];
  beforeAll(async () => {
    const response = await worker.request("/openapi.json", { key: null });
    expect(response.status).toBe(200);
    document = (await response.json()) as OpenApi;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
    );
  });

  it("is OpenAPI 3.1 in which every reference leads somewhere", () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info.title).toBe("Easelcast");
    const refs = valuesOf(document, "$ref") as string[];
    expect(refs.length).toBeGreaterThan(10);
    for (const ref of refs) {
      const [kind = "", name = ""] = ref.replace("#/components/", "").split("/");
      expect(document.components[kind]?.[name], ref).toBeDefined();
    }
    expect(Object.keys(document.components.schemas ?? {})).toEqual(
      expect.arrayContaining(["Job", "Output", "Progress", "Problem", "Share", "Upload", "Workflow", "Health"]),
    );
  });

  it("describes each operation: a summary, its path parameters, at least one good answer", () => {
    expect(operations.length).toBeGreaterThanOrEqual(18);
    for (const [path, method, operation] of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const declared = (operation.parameters ?? [])
        .filter((one) => one.in === "path")
        .map((one) => one.name)
        .sort();
      expect(declared, `${method} ${path}`).toEqual(named);
      expect(operation.summary, `${method} ${path}`).toBeTruthy();
      expect(
        Object.keys(operation.responses).some((status) => /^[123]/.test(status)),
        path,
      ).toBe(true);
      for (const response of Object.values(operation.responses)) expect(response.description).toBeTruthy();
    }
  });

  it("[A4] every operation is mounted, and asks for a key where the document says so", async () => {
    for (const [path, method, operation] of operations) {
      const address = path.replace(/\{\w+\}/g, "x");
      const response = await worker.request(address, { method: method.toUpperCase(), key: null });
      const text = await response.text();
      expect(text, `${method} ${path}`).not.toContain("openapi.json lists");
      const secured = (operation.security ?? []).length > 0;
      expect(response.status === 401, `${method} ${path}: ${response.status}`).toBe(secured);
    }
  });

  it("[S3] every error code has a page", async () => {
    for (const code of [...ERROR_CODES, ...JOB_ERROR_CODES]) {
      const page = await worker.request(`/errors/${code}`, { key: null });
      expect(page.status, code).toBe(200);
    }
    expect((await worker.request("/errors/nope", { key: null })).status).toBe(404);
  });
});

describe("/v1/workflows", () => {
  it("lists what is offered, each with a schema that its own example fits", async () => {
    const list = (await (await worker.request("/v1/workflows")).json()) as { object: string; data: Workflow[] };
    expect(list.object).toBe("list");
    expect(list.data.map((workflow) => workflow.id)).toEqual(
      expect.arrayContaining(["txt2img", "img2img", "stream", "demo"]),
    );
    for (const workflow of list.data) {
      WorkflowSchema.parse(workflow);
      const schema = workflow.inputs_schema as { properties: Record<string, unknown>; required?: string[] };
      expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(Object.keys(workflow.example_inputs)));
      expect(Object.keys(workflow.example_inputs)).toEqual(expect.arrayContaining(schema.required ?? []));
      const one = await worker.request(`/v1/workflows/${workflow.id}`);
      expect(await one.json()).toEqual(workflow);
    }
  });

  it("the examples run as they are", async () => {
    const list = (await (await worker.request("/v1/workflows")).json()) as { data: Workflow[] };
    for (const workflow of list.data.filter((one) => one.id !== "img2img")) {
      const job = await worker.run({ workflow: `${workflow.id}@${workflow.version}`, inputs: workflow.example_inputs });
      expect(job.status, `${workflow.id}: ${job.error?.message}`).toBe("succeeded");
    }
  });
});

describe("the owner's defaults", () => {
  it("[B6] hold where a request names nothing else, and are told in the workflow's schema", async () => {
    const vars = { WORKFLOW_DEFAULTS: '{"checkpoint":"mine.safetensors"}' };
    const mine = await startWorker({ fake: { checkpoints: ["mine.safetensors"] }, vars });
    const workflow = (await (await mine.request("/v1/workflows/txt2img")).json()) as Workflow;
    expect(workflow.inputs_schema).toMatchObject({ properties: { checkpoint: { default: "mine.safetensors" } } });
    const job = await mine.run({ workflow: "txt2img", inputs: { prompt: "x", width: 64, height: 64, steps: 2 } });
    expect(job).toMatchObject({ status: "succeeded", inputs: { checkpoint: "mine.safetensors" } });
    await mine.close();
  });
});

describe("/v1/health", () => {
  it("tells everybody whether it works, and only the owner what is behind it", async () => {
    const open = await worker.request("/v1/health", { key: null });
    expect(open.status).toBe(200);
    const anyone = HealthSchema.parse(await open.json());
    expect(anyone).toMatchObject({ status: "ok", queue: null, backends: null });
    const owner = (await (await worker.request("/v1/health")).json()) as Health;
    expect(owner).toMatchObject({
      queue: { waiting: 0, leased: 0 },
      backends: [{ id: "box", state: "ready", comfyui_version: "0.27.0", slots: 2, leases: 0 }],
    });
    expect(JSON.stringify(anyone)).not.toContain("127.0.0.1");
    const wrong = await worker.request("/v1/health", { headers: { authorization: "Bearer nonsense" }, key: null });
    expect(((await wrong.json()) as Health).backends).toBeNull();
  });

  it("[B2] a wrong configuration is told by name, without values, and every other route refuses to half-work", async () => {
    const secret = "tooshort-and-secret";
    const wrong = await startWorker({ vars: { SIGNING_SECRET: secret, COMFY_BACKENDS: "ftp://hidden.example" } });
    const response = await wrong.request("/v1/health", { key: null });
    expect(response.status).toBe(503);
    const health = HealthSchema.parse(await response.json());
    expect(health.status).toBe("misconfigured");
    expect(health.checks.filter((check) => !check.ok).map((check) => check.name)).toEqual([
      "COMFY_BACKENDS",
      "SIGNING_SECRET",
    ]);
    expect(JSON.stringify(health)).not.toMatch(/tooshort|hidden/);
    for (const path of ["/v1/workflows", "/v1/jobs/x", "/v1/me"]) {
      const refused = await wrong.request(path);
      expect(refused.status, path).toBe(503);
      const problem = await problemOf(refused);
      expect(problem.code).toBe("misconfigured");
      expect(JSON.stringify(problem)).not.toMatch(/tooshort|hidden/);
    }
    await wrong.close();
  });
});

describe("what holds for every answer", () => {
  it("a request id, and CORS without credentials", async () => {
    const preflight = await worker.request("/v1/jobs", {
      method: "OPTIONS",
      key: null,
      headers: { origin: "https://app.example" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(
      /Idempotency-Key.*If-None-Match.*Prefer.*Last-Event-ID/,
    );
    for (const path of ["/v1/health", "/v1/workflows", "/nowhere", "/s/none/state"]) {
      const response = await worker.request(path);
      expect(response.headers.get("request-id"), path).toMatch(/^req_[0-9a-hjkmnp-tv-z]{26}$/);
      expect(response.headers.get("access-control-allow-origin"), path).toBe("*");
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      expect(response.headers.get("access-control-expose-headers")).toContain("ETag");
    }
  });

  it("robots may see share pages, so that they see that they are not to be kept", async () => {
    const robots = await worker.request("/robots.txt", { key: null });
    expect(robots.status).toBe(200);
    expect(await robots.text()).not.toMatch(/Disallow: \/s/);
  });
});
