/** What holds for every route: a request id, CORS, a sound configuration; and the key that the owner's routes ask for. */
import { createMiddleware } from "hono/factory";
import { isKnownKey, isSecretKey } from "../../core/auth/secret-key.ts";
import { ulid } from "../../core/util/ids.ts";
import { configOf } from "../config.ts";
import type { ApiEnv } from "./api-env.ts";
import { ApiError } from "./problem.ts";

/** A 101 answer belongs to the object that gave it: its headers cannot be changed. */
const isUpgrade = (response: Response) => response.webSocket !== null && response.webSocket !== undefined;

export const requestId = createMiddleware<ApiEnv>(async (c, next) => {
  const id = `req_${ulid(Date.now(), crypto.getRandomValues(new Uint8Array(10)))}`;
  c.set("requestId", id);
  await next();
  if (!isUpgrade(c.res)) c.res.headers.set("request-id", id);
});

const ALLOWED =
  "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, Last-Event-ID, Range, Accept-Language, Easel-Client";
const EXPOSED =
  "Location, Retry-After, ETag, Request-Id, Idempotent-Replayed, Preference-Applied, Content-Disposition, Content-Range, Accept-Ranges";

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

/** Refuses to half-work: with a wrong configuration every route says so, but for health and the pages of errors. */
export const configured = createMiddleware<ApiEnv>(async (c, next) => {
  const [problem] = configOf(c.env).problems;
  if (problem && c.req.path !== "/v1/health" && !c.req.path.startsWith("/errors/")) {
    throw new ApiError("misconfigured", `${problem.name} is not set up correctly; GET /v1/health says how to fix it.`);
  }
  await next();
});

/** Lets only holders of a secret key pass; one that a browser sends is refused, because it is public by then. */
export const secretKey = createMiddleware<ApiEnv>(async (c, next) => {
  const key = bearer(c.req.header("authorization"));
  const challenge = { headers: { "www-authenticate": 'Bearer error="invalid_token"' } };
  if (key === null)
    throw new ApiError("unauthenticated", "Send your secret key as Authorization: Bearer ec_sk_…", challenge);
  if (c.req.header("origin") !== undefined || c.req.header("sec-fetch-site") !== undefined) {
    throw new ApiError(
      "secret_key_in_browser",
      "A browser sent a secret key: replace that key, and call from your server.",
    );
  }
  if (!isSecretKey(key) || !(await isKnownKey(key, configOf(c.env).keyHashes))) {
    throw new ApiError("unauthenticated", "This key is not valid here.", challenge);
  }
  await next();
});

function bearer(header: string | undefined): string | null {
  return /^Bearer ([\x21-\x7e]{1,500})$/i.exec(header ?? "")?.[1] ?? null;
}
