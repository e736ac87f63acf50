/** The caller itself, and what the project has used. */
import type { Context } from "hono";
import * as z from "zod";
import { MeSchema, UsageSchema } from "../../../contract/account.ts";
import { timestamp } from "../../../core/job/project.ts";
import type { ApiEnv } from "../api-env.ts";
import { ratesOf, readQuota } from "../auth/rates.ts";
import { ApiError } from "../problem.ts";
import { type Api, json, mount } from "../route.ts";

const DAY_MS = 86_400_000;
/** Longest time that usage is asked for at once, in days. */
const MAX_USAGE_DAYS = 366;
const GROUPS = ["day", "user", "workflow"] as const;
const PRIVATE = { "cache-control": "private, no-store" };

export function mountAccount(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/me",
      id: "getMe",
      tag: "Account",
      summary: "Who you are, what you may do, and what is left of it",
      auth: "any",
      responses: {
        200: json(MeSchema, "You.", {
          object: "me",
          credential: {
            kind: "client_token",
            id: "01kag3x7p2v9m4t8r6c5n1d0ze",
            mode: "live",
            expires_at: "2026-11-20T07:26:43Z",
          },
          project: { id: "prj_01kag3x7p2v9m4t8r6c5n1d0ze", name: "Postcards" },
          user: "u_42",
          scopes: ["jobs:create", "jobs:read"],
          workflows: ["txt2img"],
          quotas: [
            {
              name: "jobs_per_day",
              scope: "user",
              limit: 50,
              used: 13,
              remaining: 37,
              resets_at: "2026-11-21T00:00:00Z",
            },
          ],
          disabled_webhooks: [],
          server_time: "2026-11-20T07:11:43Z",
        }),
      },
    },
    async (c) => {
      const { kind, id, mode, expiresAt, project, user, scopes, workflows, limits } = c.get("principal");
      const now = Date.now();
      const reads = c.get("rates").map((rate) => readQuota(c.get("principal"), rate, now));
      const [counted, disabled] = await Promise.all([
        tenant(c).quotas(user, limits),
        user === null ? tenant(c).disabledWebhooks() : [],
      ]);
      const quotas = [...counted, ...reads];
      c.set("rates", ratesOf(quotas, now));
      const expires = expiresAt === null ? null : timestamp(expiresAt);
      const me = {
        object: "me",
        credential: { kind, id, mode, expires_at: expires },
        project,
        user,
        scopes: [...scopes],
        workflows,
        quotas,
        disabled_webhooks: disabled,
        server_time: timestamp(now),
      };
      return c.json(me, 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/usage",
      id: "getUsage",
      tag: "Account",
      summary: "What was used, by day, user or workflow",
      auth: "usage:read",
      request: {
        query: z.object({
          from: z.string().optional().meta({ description: "First day (UTC); 30 days ago.", example: "2026-11-01" }),
          to: z.string().optional().meta({ description: "Last day (UTC); today.", example: "2026-11-30" }),
          group_by: z.enum(GROUPS).optional().meta({ description: "day unless named." }),
        }),
      },
      responses: {
        200: json(UsageSchema, "The use.", {
          object: "usage",
          from: "2026-11-01",
          to: "2026-11-20",
          group_by: "day",
          data: [
            {
              day: "2026-11-20",
              user: null,
              workflow: null,
              created: 12,
              succeeded: 10,
              failed: 1,
              canceled: 1,
              expired: 0,
              run_ms: 214_000,
              output_bytes: 18_400_000,
              upload_bytes: 0,
            },
          ],
        }),
      },
      errors: ["invalid_parameter"],
    },
    async (c) => {
      const today = new Date().toISOString().slice(0, 10);
      const to = dayOf(c, "to") ?? today;
      const from = dayOf(c, "from") ?? new Date(Date.parse(to) - 29 * DAY_MS).toISOString().slice(0, 10);
      const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
      if (days < 0 || days > MAX_USAGE_DAYS) {
        throw new ApiError(
          "invalid_parameter",
          `from must not be after to, and at most ${MAX_USAGE_DAYS} days before it.`,
        );
      }
      const asked = c.req.query("group_by") ?? "day";
      const groupBy = GROUPS.find((one) => one === asked);
      if (!groupBy) throw new ApiError("invalid_parameter", `group_by: one of ${GROUPS.join(", ")}.`);
      const data = await tenant(c).usage({ from, to, groupBy });
      return c.json({ object: "usage", from, to, group_by: groupBy, data }, 200, PRIVATE);
    },
  );
}

const tenant = (c: Context<ApiEnv>) => c.env.TENANTS.getByName(c.get("principal").project.id);

function dayOf(c: Context<ApiEnv>, name: string): string | null {
  const text = c.req.query(name);
  if (text === undefined) return null;
  if (!z.iso.date().safeParse(text).success)
    throw new ApiError("invalid_parameter", `${name}: a day as in 2026-11-20.`);
  return text;
}
