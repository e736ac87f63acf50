/** Keys of a project's own: the secret behind webhooks of single jobs, and the public keys of v1a signatures. */
import * as z from "zod";
import { ProjectIdSchema } from "../../../contract/ids.ts";
import { WebhookRotateSchema } from "../../../contract/webhook.ts";
import { configOf } from "../../config.ts";
import { guessed } from "../auth/authorize.ts";
import { parseWith, readJson } from "../body.ts";
import { invalidParameter } from "../list-query.ts";
import { type Api, body, json, mount } from "../route.ts";
import { tenant } from "./webhooks.ts";

const BODY_ERRORS = ["invalid_json", "invalid_inputs", "payload_too_large", "unsupported_media_type"] as const;
const PRIVATE = { "cache-control": "no-store" };

const DefaultSecretSchema = z
  .object({
    object: z.literal("webhook_secret"),
    secret: z.string().meta({ description: "whsec_…: signs what goes to the `webhook` of a single job." }),
    previous_secret_expires_at: z
      .string()
      .nullable()
      .meta({ description: "Until then the secret before the last rotation signs too." }),
  })
  .meta({ id: "WebhookSecret" });

const JwksSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.string(),
        crv: z.string(),
        alg: z.string(),
        use: z.string(),
        kid: z.string(),
        x: z.string().meta({ description: "The public key's 32 bytes in base64url." }),
      }),
    ),
  })
  .meta({ id: "WebhookKeys" });

const RotateKeysSchema = WebhookRotateSchema.omit({ secret: true }).meta({ id: "WebhookKeysRotate" });

const SECRET_EXAMPLE = { object: "webhook_secret", secret: "whsec_…", previous_secret_expires_at: null };
const JWKS_EXAMPLE = {
  keys: [
    {
      kty: "OKP",
      crv: "Ed25519",
      alg: "EdDSA",
      use: "sig",
      kid: "11qYAYKxCrfVS_7T",
      x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    },
  ],
};

export function mountWebhookKeys(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/webhook-secret",
      id: "getWebhookSecret",
      tag: "Webhooks",
      summary: "Read the secret that signs for webhooks of single jobs",
      description: "It is the project's own, made when it is first asked for; endpoints have secrets of their own.",
      auth: "webhooks:write",
      responses: { 200: json(DefaultSecretSchema, "The secret.", SECRET_EXAMPLE) },
    },
    async (c) => c.json({ object: "webhook_secret", ...(await tenant(c).defaultSecret()) }, 200, PRIVATE),
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/webhook-secret/rotate",
      id: "rotateDefaultSecret",
      tag: "Webhooks",
      summary: "Replace that secret; the old one signs on for the overlap",
      auth: "webhooks:write",
      request: { body: body(WebhookRotateSchema, { overlap_seconds: 86_400 }, true) },
      responses: {
        200: json(DefaultSecretSchema, "The new secret.", {
          ...SECRET_EXAMPLE,
          previous_secret_expires_at: "2026-11-21T07:11:43Z",
        }),
      },
      errors: [...BODY_ERRORS],
    },
    async (c) => {
      const rotate = parseWith(WebhookRotateSchema, await readJson(c, { optional: true }));
      return c.json({ object: "webhook_secret", ...(await tenant(c).rotateDefaultSecret(rotate)) }, 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/webhook-keys/rotate",
      id: "rotateWebhookKeys",
      tag: "Webhooks",
      summary: "Replace the key pair of v1a signatures; the old one signs on for the overlap",
      description: "It is one for all endpoints that ask for `v1+v1a`. Receivers that read the key set need no change.",
      auth: "webhooks:write",
      request: { body: body(RotateKeysSchema, { overlap_seconds: 86_400 }, true) },
      responses: { 200: json(JwksSchema, "The public keys, the new one first.", JWKS_EXAMPLE) },
      errors: [...BODY_ERRORS],
    },
    async (c) => {
      const { overlap_seconds: overlap } = parseWith(RotateKeysSchema, await readJson(c, { optional: true }));
      return c.json(await tenant(c).rotateWebhookKeys(overlap), 200, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/.well-known/webhook-keys.json",
      id: "getWebhookKeys",
      tag: "Webhooks",
      summary: "The public keys of v1a signatures",
      description:
        "A key set (JWKS) with the current key and, during a rotation, the one before. It may be cached for an hour; a project without such endpoints has none.",
      auth: "public",
      request: {
        query: z.object({
          project: ProjectIdSchema.optional().meta({
            description: "`project` of the events; the default project's otherwise.",
          }),
        }),
      },
      responses: { 200: json(JwksSchema, "The keys.", JWKS_EXAMPLE) },
      errors: ["invalid_parameter"],
    },
    async (c) => {
      const project = ProjectIdSchema.safeParse(c.req.query("project") ?? configOf(c.env).defaultProject);
      if (!project.success) throw invalidParameter("project", "A project's id (prj_…), as events name it.");
      const { keys } = await c.env.TENANTS.getByName(project.data).webhookKeys();
      if (keys.length === 0) await guessed(c.env, c.req.raw);
      return c.json({ keys }, 200, { "cache-control": "public, max-age=3600" });
    },
  );
}
