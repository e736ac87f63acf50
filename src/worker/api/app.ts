/** The HTTP app: middleware, routes, the one place where errors become answers. */
import { Hono } from "hono";
import type { ApiEnv } from "./api-env.ts";
import { tellRates } from "./auth/authorize.ts";
import { configured, cors, requestId } from "./middleware.ts";
import { ApiError, problemResponse } from "./problem.ts";
import type { Api, RouteRegistry } from "./route.ts";
import { mountAccount } from "./routes/account.ts";
import { mountCapacity } from "./routes/capacity.ts";
import { mountHealth } from "./routes/health.ts";
import { mountJobLists } from "./routes/job-lists.ts";
import { mountJobLive } from "./routes/job-live.ts";
import { mountJobs } from "./routes/jobs.ts";
import { mountKeys } from "./routes/keys.ts";
import { mountMedia } from "./routes/media.ts";
import { mountProjects } from "./routes/projects.ts";
import { mountPublic } from "./routes/public.ts";
import { mountShares } from "./routes/shares.ts";
import { mountUploads } from "./routes/uploads.ts";
import { mountUsers } from "./routes/users.ts";
import { mountWebhookDeliveries } from "./routes/webhook-deliveries.ts";
import { mountWebhookKeys } from "./routes/webhook-keys.ts";
import { mountWebhooks } from "./routes/webhooks.ts";
import { mountWorkflows } from "./routes/workflows.ts";

/** The app with all its routes. The build hands in a registry, from which it makes the OpenAPI document. */
export function createApp(registry: RouteRegistry | null = null): Hono<ApiEnv> {
  const hono = new Hono<ApiEnv>();
  const api: Api = { hono, registry };
  hono.use(requestId, cors, tellRates, configured);
  mountJobs(api);
  mountJobLists(api);
  mountJobLive(api);
  mountShares(api);
  mountUploads(api);
  mountWorkflows(api);
  mountMedia(api);
  mountUsers(api);
  mountKeys(api);
  mountAccount(api);
  mountProjects(api);
  mountWebhooks(api);
  mountWebhookDeliveries(api);
  mountWebhookKeys(api);
  mountPublic(api);
  mountCapacity(api);
  mountHealth(api);
  hono.get("/", (c) =>
    c.text(
      "Easelcast is running. /docs shows what it can do, /llms.txt tells it in short, /v1/health says how it is.\n",
    ),
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

/** What can be asked of which paths: a known path with another method is 405, not 404. */
function methodsByPath(api: Hono<ApiEnv>): { method: string; pattern: RegExp }[] {
  return api.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => ({
      method,
      pattern: new RegExp(`^${path.replace(/:\w+/g, "[^/]+").replaceAll(".", "\\.")}$`),
    }));
}
