/** Health: whether the service is set up and what its backends do. Anyone learns names of checks, only the owner more. */
import type { Health } from "../../../contract/api.ts";
import { HealthSchema } from "../../../contract/api.ts";
import { isKnownKey, isSecretKey } from "../../../core/auth/secret-key.ts";
import { configOf } from "../../config.ts";
import { type Api, json, mount } from "../route.ts";

export function mountHealth(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/health",
      tags: ["Health"],
      summary: "Whether the service works, and with a key how its backends are",
      responses: { 200: json(HealthSchema, "It works."), 503: json(HealthSchema, "It does not.") },
    },
    async (c) => {
      const { problems, keyHashes, backends } = configOf(c.env);
      const names = ["COMFY_BACKENDS", "SECRET_KEY_HASHES", "SIGNING_SECRET", "FAKE_OPTIONS", "WORKFLOW_DEFAULTS"];
      const checks = names.map((name) => {
        const problem = problems.find((one) => one.name === name);
        return { name, ok: !problem, detail: problem?.detail ?? null };
      });
      const key = /^Bearer (\S{1,500})$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
      const owner = isSecretKey(key) && (await isKnownKey(key, keyHashes));
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
