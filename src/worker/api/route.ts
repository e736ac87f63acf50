/**
 * One description per route: it mounts the handler and is the OpenAPI document's entry, so the two cannot differ.
 * Bodies are read by our own bounded, exact reader (body.ts), not by the library's.
 */
import type { OpenAPIRegistry, RouteConfig } from "@asteasolutions/zod-to-openapi";
import type { Handler, Hono, MiddlewareHandler } from "hono";
import { ERRORS, type ErrorCode, ProblemSchema } from "../../contract/errors.ts";
import type { ApiEnv } from "./api-env.ts";

/** The app, and what its document is made of. */
export type Api = { hono: Hono<ApiEnv>; registry: OpenAPIRegistry };

/** Mounts a route and documents it. */
export function mount(
  { hono, registry }: Api,
  route: RouteConfig,
  ...handlers: [...MiddlewareHandler<ApiEnv>[], Handler<ApiEnv>]
): void {
  registry.registerPath(route);
  const path = route.path.replace(/\{(\w+)\}/g, ":$1");
  hono.on(route.method.toUpperCase(), path, ...(handlers as [Handler<ApiEnv>]));
}

/** The error answers of a route, by status. */
export function errorResponses(...codes: ErrorCode[]) {
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
export const json = <T>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

/** The owner's routes ask for a secret key. */
export const OWNER = { security: [{ secretKey: [] }] };
/** What any of the owner's routes may answer. */
export const OWNER_ERRORS = [
  "unauthenticated",
  "secret_key_in_browser",
  "misconfigured",
  "internal",
] as const satisfies ErrorCode[];
