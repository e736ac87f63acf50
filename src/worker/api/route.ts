/**
 * One description per route: it mounts the handler behind its door and is the OpenAPI document's entry, so that the
 * three cannot differ. Bodies are read by our own bounded, exact reader (body.ts), not by the library's.
 */
import type { Handler, Hono } from "hono";
import type * as z from "zod";
import { ERRORS, type ErrorCode, ProblemSchema } from "../../contract/errors.ts";
import { GRANTABLE_SCOPES, type Scope } from "../../contract/scopes.ts";
import type { ApiEnv } from "./api-env.ts";
import { authorize } from "./auth/authorize.ts";

type Content = Record<string, { schema: z.ZodType | Record<string, unknown>; example?: unknown }>;
type Answers = Record<number, { description: string; content?: Content }>;
type Asked = {
  params?: z.ZodObject;
  query?: z.ZodObject;
  headers?: z.ZodObject;
  body?: { required: boolean; content: Content };
};

/** A route as the OpenAPI document is made of it (scripts/docs/openapi.ts). */
export type DocumentedRoute = {
  method: string;
  path: string;
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: Record<string, never[]>[];
  "x-scope"?: Scope;
  request?: Asked;
  responses: Answers;
};

/** Hears of every route, where somebody wants to know: the build does, the Worker itself does not. */
export type RouteRegistry = { registerPath(route: DocumentedRoute): void };

/** What routes are mounted on. */
export type Api = { hono: Hono<ApiEnv>; registry: RouteRegistry | null };

export type Route = {
  method: "get" | "post" | "put" | "patch" | "delete" | "head";
  path: string;
  /** Its name in generated clients. */
  id: string;
  tag: string;
  summary: string;
  description?: string;
  /** The scope it asks for; `any` credential; or nothing: `public`. */
  auth: Scope | "any" | "public";
  /** Whether a ticket may stand for the credential. */
  tickets?: true;
  request?: Asked;
  responses: Answers;
  /** What it may answer besides what every route of its kind may. */
  errors?: ErrorCode[];
};

/** What any request may be answered. */
const COMMON_ERRORS = ["internal", "misconfigured", "rate_limited", "unavailable"] as const satisfies ErrorCode[];
/** What a credential may be answered. */
const DOOR_ERRORS = [
  "unauthenticated",
  "token_expired",
  "token_revoked",
  "key_revoked",
  "secret_key_in_browser",
  "invalid_header",
] as const satisfies ErrorCode[];

/** Mounts a route and documents it. */
export function mount({ hono, registry }: Api, route: Route, handler: Handler<ApiEnv>): void {
  registry?.registerPath(documented(route));
  const path = route.path.replace(/\{(\w+)\}/g, ":$1");
  const method = route.method.toUpperCase();
  if (route.auth === "public") hono.on(method, path, handler);
  else hono.on(method, path, authorize(route.auth, route.tickets), handler);
}

function documented(route: Route): DocumentedRoute {
  const { id, tag, auth, tickets, errors = [], responses, ...rest } = route;
  const scope = auth === "any" || auth === "public" ? null : auth;
  const codes = new Set<ErrorCode>([
    ...(auth === "public" ? [] : DOOR_ERRORS),
    ...(scope === null ? [] : (["scope_missing"] as const)),
    ...errors,
    ...COMMON_ERRORS,
  ]);
  return {
    ...rest,
    operationId: id,
    tags: [tag],
    security: securityOf(auth, tickets === true),
    ...(scope === null ? {} : { "x-scope": scope }),
    responses: { ...responses, ...errorResponses(...codes) },
  };
}

function securityOf(auth: Route["auth"], tickets: boolean): Record<string, never[]>[] {
  if (auth === "public") return [];
  const apps = auth === "any" || (GRANTABLE_SCOPES as readonly Scope[]).includes(auth);
  return [
    { secretKey: [] },
    ...(apps ? [{ clientToken: [] }, { userToken: [] }] : []),
    ...(tickets ? [{ ticket: [] }] : []),
  ];
}

/** The error answers of a route, by status. */
function errorResponses(...codes: ErrorCode[]): Answers {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\``).join(", "),
        content: { "application/problem+json": { schema: ProblemSchema } },
      },
    ]),
  );
}

/** A JSON answer. */
export const json = (schema: z.ZodType, description: string, example?: unknown) => ({
  description,
  content: { "application/json": { schema, ...(example === undefined ? {} : { example }) } },
});

/** A JSON body; `optional` where the request may come without one. */
export const body = (schema: z.ZodType, example: unknown, optional = false) => ({
  required: !optional,
  content: { "application/json": { schema, example } },
});
