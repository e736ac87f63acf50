/** The HTTP app: middleware, routes, the OpenAPI document, the one place where errors become answers. */
import { OpenAPIRegistry, OpenApiGeneratorV31 } from "@asteasolutions/zod-to-openapi";
import { Hono } from "hono";
import { ERRORS, type ErrorCode } from "../../contract/errors.ts";
import { JOB_ERROR_CODES, type JobErrorCode } from "../../contract/job.ts";
import { userMessage } from "../../core/job/words.ts";
import type { ApiEnv } from "./api-env.ts";
import { configured, cors, requestId } from "./middleware.ts";
import { ApiError, problemResponse } from "./problem.ts";
import type { Api } from "./route.ts";
import { mountHealth } from "./routes/health.ts";
import { mountJobs } from "./routes/jobs.ts";
import { mountMedia } from "./routes/media.ts";
import { mountPublic } from "./routes/public.ts";
import { mountShares } from "./routes/shares.ts";
import { mountUploads } from "./routes/uploads.ts";
import { mountWorkflows } from "./routes/workflows.ts";

/** The app with all its routes. */
export function createApp(): Hono<ApiEnv> {
  const hono = new Hono<ApiEnv>();
  const registry = new OpenAPIRegistry();
  const api: Api = { hono, registry };
  const description = "A secret key, ec_sk_…";
  registry.registerComponent("securitySchemes", "secretKey", { type: "http", scheme: "bearer", description });
  hono.use(requestId, cors, configured);
  mountJobs(api);
  mountShares(api);
  mountUploads(api);
  mountWorkflows(api);
  mountMedia(api);
  mountPublic(api);
  mountHealth(api);
  let document: ReturnType<typeof documentOf> | null = null;
  hono.get("/openapi.json", (c) => {
    document ??= documentOf(registry);
    return c.json(document);
  });
  hono.get("/errors/:code", (c) => {
    const text = errorText(c.req.param("code"));
    if (!text) throw new ApiError("not_found", "There is no such error code.");
    return c.text(text, 200, { "cache-control": "public, max-age=3600" });
  });
  hono.get("/", (c) =>
    c.text("Easelcast is running. GET /openapi.json lists what it can do; GET /v1/health says how it is.\n"),
  );
  const methods = methodsByPath(hono);
  hono.notFound((c) => {
    const allowed = methods.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method);
    if (allowed.length === 0)
      return problemResponse(c, new ApiError("not_found", "GET /openapi.json lists what there is."));
    const allow = [...new Set(allowed)].join(", ");
    return problemResponse(c, new ApiError("method_not_allowed", `Use ${allow} here.`, { headers: { allow } }));
  });
  hono.onError((error, c) => problemResponse(c, error));
  return hono;
}

/** The OpenAPI document. */
function documentOf(registry: OpenAPIRegistry) {
  const generator = new OpenApiGeneratorV31(registry.definitions);
  return generator.generateDocument({ openapi: "3.1.0", info: { title: "Easelcast", version: "1" }, servers: [] });
}

/** What can be asked of which paths: a known path with another method is 405, not 404. */
function methodsByPath(api: Hono<ApiEnv>): { method: string; pattern: RegExp }[] {
  return api.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => ({
      method,
      pattern: new RegExp(`^${path.replace(/:\w+/g, "[^/]+").replaceAll(".", "\\.")}$`),
    }));
}

function errorText(code: string): string | null {
  if (Object.hasOwn(ERRORS, code)) {
    const { status, title, retryable } = ERRORS[code as ErrorCode];
    return `${code}\n\n${title}\nHTTP status ${status}. ${retryable ? "Trying again later may help." : "The same request will fail again."}\n`;
  }
  if ((JOB_ERROR_CODES as readonly string[]).includes(code))
    return `${code}\n\n${userMessage(code as JobErrorCode)}\nThe error of a job.\n`;
  return null;
}
