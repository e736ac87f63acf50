/** What holds for every route: a request id, CORS, a sound configuration. */
import { createMiddleware } from "hono/factory";
import { ulid } from "../../core/util/ids.ts";
import { configOf } from "../config.ts";
import type { ApiEnv } from "./api-env.ts";
import { ApiError } from "./problem.ts";

/** A 101 answer belongs to the object that gave it: its headers cannot be changed. */
export const isUpgrade = (response: Response) => response.webSocket !== null && response.webSocket !== undefined;

export const requestId = createMiddleware<ApiEnv>(async (c, next) => {
  const id = `req_${ulid(Date.now(), crypto.getRandomValues(new Uint8Array(10)))}`;
  c.set("requestId", id);
  await next();
  if (isUpgrade(c.res)) return;
  c.res.headers.set("request-id", id);
  c.res.headers.set("x-content-type-options", "nosniff");
  // What nobody has said may be kept is not.
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
});

const ALLOWED =
  "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, Last-Event-ID, Range, Accept-Language, Easel-Client, Easel-Project, Content-Digest";
const EXPOSED =
  "Location, Retry-After, ETag, Request-Id, RateLimit, RateLimit-Policy, Should-Retry, Idempotent-Replayed, Preference-Applied, Content-Disposition, Content-Range, Accept-Ranges";

export const cors = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.req.method === "OPTIONS") {
    return c.body(null, 204, {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, HEAD, POST, PATCH, PUT, DELETE",
      "access-control-allow-headers": ALLOWED,
      "access-control-max-age": "7200",
    });
  }
  await next();
  if (!isUpgrade(c.res)) {
    c.res.headers.set("access-control-allow-origin", "*");
    c.res.headers.set("access-control-expose-headers", EXPOSED);
  }
  return undefined;
});

/** Refuses to half-work: with a wrong configuration every route says so, but for health. */
export const configured = createMiddleware<ApiEnv>(async (c, next) => {
  const [problem] = configOf(c.env).problems;
  if (problem && c.req.path !== "/v1/health") {
    throw new ApiError("misconfigured", `${problem.name} is not set up correctly; GET /v1/health says how to fix it.`);
  }
  await next();
});
