/** Health: whether the service is set up and what its backends do. Anyone learns names of checks, only the owner more. */
import type { Health } from "../../../contract/api.ts";
import { HealthSchema } from "../../../contract/api.ts";
import { CHECKED_VARIABLES, configOf } from "../../config.ts";
import { authenticate } from "../auth/authenticate.ts";
import { guessed } from "../auth/authorize.ts";
import { isRoot } from "../auth/principal.ts";
import { ApiError } from "../problem.ts";
import { type Api, json, mount } from "../route.ts";

const EXAMPLE: Health = {
  status: "ok",
  checks: [{ name: "COMFY_BACKENDS", ok: true, detail: null }],
  queue: null,
  counters: null,
  backends: null,
};

export function mountHealth(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/health",
      id: "getHealth",
      tag: "Meta",
      summary: "Whether the service works, and with the owner's key how its backends are",
      auth: "public",
      responses: { 200: json(HealthSchema, "It works.", EXAMPLE), 503: json(HealthSchema, "It does not.") },
    },
    async (c) => {
      const { problems, backends } = configOf(c.env);
      const checks = CHECKED_VARIABLES.map((name) => {
        const problem = problems.find((one) => one.name === name);
        return { name, ok: !problem, detail: problem?.detail ?? null };
      });
      const owner = problems.length === 0 && (await asksAsOwner(c.env, c.req.raw));
      const pool = owner && backends.length > 0 ? await c.env.POOL.getByName("main").overview() : null;
      const offline = pool?.backends.every((backend) => backend.state === "offline");
      const health: Health = {
        status: problems.length > 0 ? "misconfigured" : offline ? "degraded" : "ok",
        checks,
        queue: pool && { waiting: pool.waiting, leased: pool.leased },
        counters: pool?.counters ?? null,
        backends: pool?.backends ?? null,
      };
      return c.json(health, problems.length > 0 ? 503 : 200, { "cache-control": "no-store" });
    },
  );
}

/** Backends belong to the deployment, not to a project: only its owner's key tells of them. */
async function asksAsOwner(env: Env, request: Request): Promise<boolean> {
  const text = /^Bearer (\S{1,500})$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (text === undefined) return false;
  try {
    return isRoot(await authenticate(env, request, { text, from: "header" }));
  } catch (error) {
    // Whoever has no key learns what everybody learns; whoever guesses keys is counted here as anywhere.
    if (error instanceof ApiError && error.code === "unauthenticated") await guessed(env, request);
    return false;
  }
}
