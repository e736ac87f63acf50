/** Projects and power: what a project may do, its keys, the tokens made from them, and what is used of it all (api D1, D6). */
import * as z from "zod";
import { JobIdSchema, KeyIdSchema, ProjectIdSchema } from "./ids.ts";
import { GRANTABLE_SCOPES, SCOPES } from "./scopes.ts";

/** Keys that a project may have at once. */
export const MAX_KEYS = 100;
/** Sign-in services that a project may name. */
export const MAX_ISSUERS = 8;
/** Life of a client token, in seconds: shortest, longest, usual. */
export const TOKEN_TTL_SECONDS = { min: 60, max: 7_200, usual: 900 } as const;
/** Life of a ticket, in seconds. */
export const TICKET_TTL_SECONDS = 30;

const count = (what: string) =>
  z
    .int()
    .min(0)
    .max(1_000_000_000)
    .nullable()
    .meta({ description: `${what}; null for no limit.` });

const LIMIT_FIELDS = {
  jobs_per_day: count("Jobs created in a day (UTC)"),
  concurrent: count("Jobs that run at once; more wait in line"),
  queue_places: count("Jobs that may be unfinished at once"),
  upload_bytes_per_day: count("Bytes uploaded in a day (UTC)"),
  streams: count("Live streams open at once"),
  creates_per_minute: count("Jobs created in a minute"),
  reads_per_minute: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .nullable()
    .meta({ description: "Requests in a minute, a 304 is free; null for the usual limit." }),
};

/** Limits of a project, of each of its users, or of one token; the strictest holds. */
export const LimitsSchema = z.strictObject(LIMIT_FIELDS).meta({ id: "Limits" });
export type Limits = z.infer<typeof LimitsSchema>;

/** Nothing is limited. */
export const NO_LIMITS: Limits = {
  jobs_per_day: null,
  concurrent: null,
  queue_places: null,
  upload_bytes_per_day: null,
  streams: null,
  creates_per_minute: null,
  reads_per_minute: null,
};

/** Some of the limits: what is not named is not limited, or in a patch stays as it is. */
const SomeLimitsSchema = z.strictObject(LIMIT_FIELDS).partial().meta({ id: "SomeLimits" });
export type SomeLimits = z.infer<typeof SomeLimitsSchema>;

const ScopeListSchema = z.array(z.enum(SCOPES)).max(SCOPES.length);
const GrantableListSchema = z.array(z.enum(GRANTABLE_SCOPES)).max(GRANTABLE_SCOPES.length);
const WorkflowListSchema = z
  .array(z.string().min(1).max(100))
  .max(100)
  .nullable()
  .default(null)
  .meta({ description: "Names of the workflows that may be run; null for all." });

/** A user of the project's own naming. */
export const UserSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "1 to 128 visible ASCII characters, without spaces")
  .meta({ description: "Your own id of an end user.", examples: ["u_42"] });

export const IssuerSchema = z
  .strictObject({
    issuer: z
      .string()
      .max(500)
      .meta({ description: "As in the token's `iss`.", examples: ["https://id.example.com"] }),
    jwks_uri: z
      .string()
      .max(500)
      .nullable()
      .default(null)
      .meta({ description: "Where its keys are; null asks the issuer's /.well-known/openid-configuration." }),
    audience: z
      .string()
      .min(1)
      .max(500)
      .meta({ description: "As in the token's `aud`; tokens for others are refused." }),
    user_claim: z.string().min(1).max(100).default("sub").meta({ description: "The claim that names the user." }),
    scopes: GrantableListSchema.default([
      "jobs:create",
      "jobs:read",
      "jobs:cancel",
      "jobs:delete",
      "uploads:create",
      "shares:write",
      "workflows:read",
    ]),
    workflows: WorkflowListSchema,
    limits: SomeLimitsSchema.nullable().default(null),
  })
  .meta({ id: "Issuer" });
export type Issuer = z.infer<typeof IssuerSchema>;

/** A sign-in service as it is answered: nothing is left out. */
const IssuerAnswerSchema = z
  .object({ ...IssuerSchema.shape, limits: LimitsSchema.nullable() })
  .meta({ id: "ProjectIssuer" });

export const ProjectSchema = z
  .object({
    object: z.literal("project"),
    id: ProjectIdSchema,
    name: z.string(),
    created_at: z.string(),
    limits: LimitsSchema.meta({ description: "Of the project as a whole." }),
    user_limits: LimitsSchema.meta({ description: "Of each of its users." }),
    issuers: z
      .array(IssuerAnswerSchema)
      .meta({ description: "Sign-in services whose tokens are accepted as they are." }),
  })
  .meta({ id: "Project" });
export type Project = z.infer<typeof ProjectSchema>;

const NameSchema = z.string().trim().min(1).max(80);

export const ProjectCreateSchema = z.strictObject({ name: NameSchema }).meta({ id: "ProjectCreate" });
export const ProjectPatchSchema = z
  .strictObject({
    name: NameSchema.optional(),
    limits: SomeLimitsSchema.optional(),
    user_limits: SomeLimitsSchema.optional(),
    issuers: z.array(IssuerSchema).max(MAX_ISSUERS).optional(),
  })
  .meta({ id: "ProjectPatch" });
export type ProjectPatch = z.infer<typeof ProjectPatchSchema>;

export const KeySchema = z
  .object({
    object: z.literal("key"),
    id: KeyIdSchema,
    name: z.string(),
    mode: z.string().meta({ "x-extensible-enum": ["live", "test"] }),
    scopes: z.array(z.string()),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    replaced_by: KeyIdSchema.nullable().meta({ description: "The key that a rotation made in its place." }),
    secret: z.string().nullable().meta({ description: "The key itself, in the answer that makes it and never again." }),
  })
  .meta({ id: "Key" });
export type Key = z.infer<typeof KeySchema>;

export const KeyCreateSchema = z
  .strictObject({
    name: NameSchema,
    mode: z.enum(["live", "test"]).default("live"),
    scopes: ScopeListSchema.min(1),
    expires_in_seconds: z
      .int()
      .min(60)
      .max(10 * 365 * 86_400)
      .nullable()
      .default(null),
  })
  .meta({ id: "KeyCreate" });
export type KeyCreate = z.infer<typeof KeyCreateSchema>;

export const KeyRotateSchema = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(86_400)
      .meta({ description: "How long the old key still works." }),
  })
  .meta({ id: "KeyRotate" });

export const ClientTokenCreateSchema = z
  .strictObject({
    user: UserSchema,
    ttl_seconds: z.int().min(TOKEN_TTL_SECONDS.min).max(TOKEN_TTL_SECONDS.max).default(TOKEN_TTL_SECONDS.usual),
    scopes: GrantableListSchema.min(1).optional(),
    workflows: WorkflowListSchema,
    limits: SomeLimitsSchema.nullable().default(null),
  })
  .meta({ id: "ClientTokenCreate" });
export type ClientTokenCreate = z.infer<typeof ClientTokenCreateSchema>;

export const ClientTokenSchema = z
  .object({
    object: z.literal("client_token"),
    token: z.string(),
    user: z.string(),
    scopes: z.array(z.string()),
    expires_at: z.string(),
    refresh_after_ms: z.int().meta({ description: "When the app should ask for the next one." }),
  })
  .meta({ id: "ClientToken" });
export type ClientToken = z.infer<typeof ClientTokenSchema>;

export const TicketCreateSchema = z.strictObject({ job_id: JobIdSchema }).meta({ id: "TicketCreate" });

export const TicketSchema = z
  .object({
    object: z.literal("ticket"),
    ticket: z.string(),
    expires_at: z.string(),
    urls: z.object({ websocket: z.string(), sse: z.string() }),
  })
  .meta({ id: "Ticket" });

/** How much of a limit is left. */
export const QuotaSchema = z
  .object({
    name: z.string().meta({
      description: "A field of Limits.",
      "x-extensible-enum": Object.keys(LIMIT_FIELDS),
    }),
    scope: z.string().meta({ description: "Whose limit it is.", "x-extensible-enum": ["project", "user", "token"] }),
    limit: z.int(),
    used: z.int(),
    remaining: z.int(),
    resets_at: z
      .string()
      .nullable()
      .meta({ description: "When it is whole again; null where jobs have to end first." }),
  })
  .meta({ id: "Quota" });
export type Quota = z.infer<typeof QuotaSchema>;

export const MeSchema = z
  .object({
    object: z.literal("me"),
    credential: z.object({
      kind: z.string().meta({ "x-extensible-enum": ["secret_key", "client_token", "user_token"] }),
      id: z.string().nullable(),
      mode: z.string(),
      expires_at: z.string().nullable(),
    }),
    project: z.object({ id: ProjectIdSchema, name: z.string() }),
    user: z.string().nullable(),
    scopes: z.array(z.string()),
    workflows: z.array(z.string()).nullable(),
    quotas: z.array(QuotaSchema),
    disabled_webhooks: z.array(z.string()).meta({
      description: "Webhook endpoints of the project that are sent nothing, by their ids; only a secret key is told.",
    }),
    server_time: z.string(),
  })
  .meta({ id: "Me" });

export const UsageRowSchema = z
  .object({
    day: z.string().nullable(),
    user: z.string().nullable(),
    workflow: z.string().nullable(),
    created: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    canceled: z.int(),
    expired: z.int(),
    run_ms: z.int().meta({ description: "Time at the GPU." }),
    output_bytes: z.int(),
    upload_bytes: z.int(),
  })
  .meta({ id: "UsageRow" });
export type UsageRow = z.infer<typeof UsageRowSchema>;

export const UsageSchema = z
  .object({
    object: z.literal("usage"),
    from: z.string(),
    to: z.string(),
    group_by: z.string(),
    data: z.array(UsageRowSchema),
  })
  .meta({ id: "Usage" });
