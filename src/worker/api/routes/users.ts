/** Power for apps: client tokens made by the project's server, and their revocation, user by user. */
import * as z from "zod";
import { ClientTokenCreateSchema, ClientTokenSchema, UserSchema } from "../../../contract/account.ts";
import { CLIENT_SCOPES } from "../../../contract/scopes.ts";
import { mintClientToken } from "../../../core/auth/client-token.ts";
import { jobObjectName } from "../../../core/auth/share-token.ts";
import { timestamp } from "../../../core/job/project.ts";
import { ulid } from "../../../core/util/ids.ts";
import { configOf } from "../../config.ts";
import { forgetAuthority } from "../auth/authority-cache.ts";
import { invalidInputs, parseWith, readJson } from "../body.ts";
import { ApiError } from "../problem.ts";
import { type Api, body, json, mount } from "../route.ts";

/** The part of a token's life after which an app should ask for the next one. */
const REFRESH_AT = 0.8;

export function mountUsers(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/client-tokens",
      id: "createClientToken",
      tag: "Tokens",
      summary: "Make a token for one user's app",
      description:
        "Call it from your server when your app asks for a token, and hand the token on. It reaches the rows of its user alone, and its limits hold beside those of the project.",
      auth: "tokens:create",
      request: {
        body: body(ClientTokenCreateSchema, {
          user: "u_42",
          ttl_seconds: 900,
          workflows: ["txt2img"],
          limits: { jobs_per_day: 50, concurrent: 2 },
        }),
      },
      responses: {
        201: json(ClientTokenSchema, "The token.", {
          object: "client_token",
          token: "ec_ct_eyJwIjoicHJqXzAxIn0.c2lnbmF0dXJl",
          user: "u_42",
          scopes: [...CLIENT_SCOPES],
          expires_at: "2026-11-20T07:26:43Z",
          refresh_after_ms: 720_000,
        }),
      },
      errors: ["invalid_json", "invalid_inputs", "payload_too_large", "unsupported_media_type"],
    },
    async (c) => {
      const principal = c.get("principal");
      const create = parseWith(ClientTokenCreateSchema, await readJson(c));
      const scopes = create.scopes ?? [...CLIENT_SCOPES];
      // What belongs to an app anyway may be given by any key that makes tokens; raw graphs only by one that has them.
      if (scopes.includes("graph:submit") && !principal.scopes.has("graph:submit")) {
        const detail = "graph:submit: a key gives on only what it has itself.";
        throw invalidInputs([{ pointer: "#/scopes", code: "not_yours_to_give", detail }]);
      }
      const now = Date.now();
      const expiresAt = now + create.ttl_seconds * 1000;
      const [secret] = configOf(c.env).signingSecrets;
      const token = await mintClientToken(secret, {
        project: principal.project.id,
        user: create.user,
        scopes,
        workflows: create.workflows,
        limits: create.limits,
        madeAt: now,
        expiresAt,
        id: ulid(now, crypto.getRandomValues(new Uint8Array(10))),
      });
      if (!token.ok) {
        const detail = "The token would be too long for a header: name fewer workflows.";
        throw invalidInputs([{ pointer: "#/workflows", code: "too_long", detail }]);
      }
      const made = {
        object: "client_token",
        token: token.value,
        user: create.user,
        scopes,
        expires_at: timestamp(expiresAt),
        refresh_after_ms: Math.round(create.ttl_seconds * 1000 * REFRESH_AT),
      };
      return c.json(made, 201, { "cache-control": "no-store" });
    },
  );

  mount(
    api,
    {
      method: "delete",
      path: "/v1/users/{user}/tokens",
      id: "revokeUserTokens",
      tag: "Tokens",
      summary: "Revoke all tokens of a user",
      description: "Those made until now. Open streams close with 4401; a token made later works.",
      auth: "users:write",
      request: { params: z.object({ user: UserSchema }) },
      responses: { 204: { description: "Revoked." } },
      errors: ["invalid_parameter"],
    },
    async (c) => {
      const { project } = c.get("principal");
      const user = UserSchema.safeParse(c.req.param("user"));
      if (!user.success) throw new ApiError("invalid_parameter", "user: 1 to 128 visible ASCII characters.");
      const { jobIds, at } = await c.env.TENANTS.getByName(project.id).revokeUser(user.data);
      forgetAuthority(project.id);
      const closing = jobIds.map(async (jobId) =>
        c.env.JOBS.getByName(await jobObjectName(project.id, jobId)).closeUser(user.data, at),
      );
      // A job that cannot be reached refuses the next request of that token all the same.
      await Promise.allSettled(closing);
      return c.body(null, 204);
    },
  );
}
