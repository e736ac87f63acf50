/** The caller itself, the project, its use, and, for the deployment's owner, further projects. */
import type { Context } from "hono";
import * as z from "zod";
import {
  KeySchema,
  MeSchema,
  NO_LIMITS,
  type Project,
  ProjectCreateSchema,
  type ProjectPatch,
  ProjectPatchSchema,
  ProjectSchema,
  UsageSchema,
} from "../../../contract/account.ts";
import { listOf } from "../../../contract/api.ts";
import { ROOT_SCOPE, SCOPES } from "../../../contract/scopes.ts";
import { issuerProblem } from "../../../core/auth/issuer-url.ts";
import { scopesBeyondToken } from "../../../core/auth/policy.ts";
import { newProjectId } from "../../../core/auth/secret-key.ts";
import { timestamp } from "../../../core/job/project.ts";
import { configOf } from "../../config.ts";
import type { ApiEnv } from "../api-env.ts";
import { forgetAuthority } from "../auth/authority-cache.ts";
import type { Principal } from "../auth/principal.ts";
import { ratesOf, readQuota } from "../auth/rates.ts";
import { invalidInputs, parseWith, readJson } from "../body.ts";
import { ApiError } from "../problem.ts";
import { type Api, body, json, mount } from "../route.ts";
import { KEY_EXAMPLE, keyOf, newKey } from "./keys.ts";

const DAY_MS = 86_400_000;
/** Longest time that usage is asked for at once, in days. */
const MAX_USAGE_DAYS = 366;
const GROUPS = ["day", "user", "workflow"] as const;
const BODY_ERRORS = ["invalid_json", "invalid_inputs", "payload_too_large", "unsupported_media_type"] as const;
const PRIVATE = { "cache-control": "private, no-store" };

const PROJECT: Project = {
  object: "project",
  id: "prj_01kag3x7p2v9m4t8r6c5n1d0ze",
  name: "Postcards",
  created_at: "2026-11-20T07:11:43Z",
  limits: NO_LIMITS,
  user_limits: { ...NO_LIMITS, jobs_per_day: 50, concurrent: 2, queue_places: 10 },
  issuers: [],
};

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
          project: { id: PROJECT.id, name: PROJECT.name },
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

  mount(
    api,
    {
      method: "get",
      path: "/v1/project",
      id: "getProject",
      tag: "Account",
      summary: "Read the project's settings",
      auth: "project:write",
      responses: { 200: json(ProjectSchema, "The project.", PROJECT) },
    },
    async (c) => c.json(await tenant(c).describe(), 200, PRIVATE),
  );

  mount(
    api,
    {
      method: "patch",
      path: "/v1/project",
      id: "updateProject",
      tag: "Account",
      summary: "Change the project's name, limits or sign-in services",
      description: "What is not named stays. `issuers` takes the place of the whole list.",
      auth: "project:write",
      request: {
        body: body(ProjectPatchSchema, {
          user_limits: { jobs_per_day: 50, concurrent: 2, queue_places: 10 },
          issuers: [{ issuer: "https://securetoken.google.com/my-app", audience: "my-app" }],
        }),
      },
      responses: { 200: json(ProjectSchema, "The project.", PROJECT) },
      errors: [...BODY_ERRORS, "unsafe_url"],
    },
    async (c) => {
      const patch = parseWith(ProjectPatchSchema, await readJson(c));
      refuseUnsafe(patch, configOf(c.env).allowLocalUrls);
      refuseStronger(patch, c.get("principal"));
      await tenant(c).update(patch);
      forgetAuthority(c.get("principal").project.id);
      return c.json(await tenant(c).describe(), 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/projects",
      id: "createProject",
      tag: "Account",
      summary: "Make another project, with its first key",
      description: "Only with a key of the deployment's owner. The two projects never see each other.",
      auth: ROOT_SCOPE,
      request: { body: body(ProjectCreateSchema, { name: "Postcards" }) },
      responses: {
        201: json(z.object({ project: ProjectSchema, key: KeySchema }).meta({ id: "CreatedProject" }), "Both.", {
          project: PROJECT,
          key: { ...KEY_EXAMPLE, secret: "ec_sk_live_…" },
        }),
      },
      errors: [...BODY_ERRORS],
    },
    async (c) => {
      const { name } = parseWith(ProjectCreateSchema, await readJson(c));
      const now = Date.now();
      const id = newProjectId(now, crypto.getRandomValues(new Uint8Array(10)));
      const { record, secret } = await newKey(id, c.get("principal").mode, now);
      const key = { ...record, name: "first", scopes: SCOPES.filter((scope) => scope !== ROOT_SCOPE) };
      // Named first: a project that nobody knows of could not be found again.
      await tenant(c).addProject({ id, name, createdAt: now });
      const made = c.env.TENANTS.getByName(id);
      await made.setUp(name, key);
      return c.json({ project: await made.describe(), key: keyOf(key, secret) }, 201, { "cache-control": "no-store" });
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/projects",
      id: "listProjects",
      tag: "Account",
      summary: "List the projects that were made from this one",
      auth: ROOT_SCOPE,
      responses: {
        200: json(
          listOf(z.object({ id: z.string(), name: z.string(), created_at: z.string() }).meta({ id: "ProjectName" })),
          "The projects.",
          {
            object: "list",
            data: [{ id: PROJECT.id, name: PROJECT.name, created_at: PROJECT.created_at }],
            has_more: false,
            next_cursor: null,
          },
        ),
      },
    },
    async (c) => {
      const projects = await tenant(c).listProjects();
      const data = projects.map(({ id, name, createdAt }) => ({ id, name, created_at: timestamp(createdAt) }));
      return c.json({ object: "list", data, has_more: false, next_cursor: null }, 200, PRIVATE);
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

/** Whoever names a sign-in service can make tokens of any user: that takes the power to make tokens, and gives no more. */
function refuseStronger({ issuers = [] }: ProjectPatch, principal: Principal): void {
  const held = [...principal.scopes];
  const errors = issuers.flatMap(({ scopes }, index) => {
    const more = principal.scopes.has("tokens:create") ? scopesBeyondToken(held, scopes) : ["tokens:create"];
    const detail = `${more.join(", ")}: a key gives on only what it has itself.`;
    return more.length === 0 ? [] : [{ pointer: `#/issuers/${index}/scopes`, code: "not_yours_to_give", detail }];
  });
  if (errors.length > 0) throw invalidInputs(errors);
}

/** The keys of a sign-in service are fetched from where it says: only from addresses that may be called. */
function refuseUnsafe(patch: ProjectPatch, allowLocal: boolean): void {
  const errors = (patch.issuers ?? []).flatMap((issuer, index) =>
    issuerProblem(issuer, { allowLocal }).map(({ field, detail }) => ({
      pointer: `#/issuers/${index}/${field}`,
      code: "unsafe_url",
      detail,
    })),
  );
  if (errors.length > 0) throw invalidInputs(errors, "unsafe_url");
}
