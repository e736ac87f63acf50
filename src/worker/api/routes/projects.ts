/** The project's settings and, for the deployment's owner, further projects. */
import type { Context } from "hono";
import * as z from "zod";
import {
  KeySchema,
  NO_LIMITS,
  type Project,
  ProjectCreateSchema,
  type ProjectPatch,
  ProjectPatchSchema,
  ProjectSchema,
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
import { invalidInputs, parseWith, readJson } from "../body.ts";
import { type Api, body, json, mount } from "../route.ts";
import { KEY_EXAMPLE, keyOf, newKey } from "./keys.ts";

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

export function mountProjects(api: Api): void {
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
