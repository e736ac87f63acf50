/** Secret keys of a project: made, listed, rotated with an overlap, revoked. The key itself is shown once. */
import type { Context } from "hono";
import * as z from "zod";
import { type Key, KeyCreateSchema, KeyRotateSchema, KeySchema, MAX_KEYS } from "../../../contract/account.ts";
import { listOf } from "../../../contract/api.ts";
import { KeyIdSchema } from "../../../contract/ids.ts";
import { ROOT_SCOPE, type Scope } from "../../../contract/scopes.ts";
import { hashSecretKey, mintSecretKey } from "../../../core/auth/secret-key.ts";
import { timestamp } from "../../../core/job/project.ts";
import type { KeyRecord, RotateAnswer } from "../../../core/tenant/vocabulary.ts";
import { ulid } from "../../../core/util/ids.ts";
import type { ApiEnv } from "../api-env.ts";
import { forgetAuthority } from "../auth/authority-cache.ts";
import { isRoot, type Principal } from "../auth/principal.ts";
import { invalidInputs, parseWith, readJson } from "../body.ts";
import { ApiError } from "../problem.ts";
import { type Api, body, json, mount } from "../route.ts";

const params = z.object({ id: KeyIdSchema });
const BODY_ERRORS = ["invalid_json", "invalid_inputs", "payload_too_large", "unsupported_media_type"] as const;
const PRIVATE = { "cache-control": "no-store" };

/** A key as the documentation shows it. */
export const KEY_EXAMPLE: Key = {
  object: "key",
  id: "key_01kag3x7p2v9m4t8r6c5n1d0ze",
  name: "backend",
  mode: "live",
  scopes: ["jobs:create", "jobs:read", "tokens:create"],
  created_at: "2026-11-20T07:11:43Z",
  expires_at: null,
  revoked_at: null,
  replaced_by: null,
  secret: null,
};

export function mountKeys(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/keys",
      id: "createKey",
      tag: "Keys",
      summary: "Make a secret key",
      description:
        "It can do no more than the key that makes it, and lives no longer. `secret` is shown in this answer and never again.",
      auth: "keys:write",
      request: { body: body(KeyCreateSchema, { name: "backend", scopes: KEY_EXAMPLE.scopes }) },
      responses: { 201: json(KeySchema, "The key.", { ...KEY_EXAMPLE, secret: "ec_sk_live_…" }) },
      errors: [...BODY_ERRORS, "key_limit"],
    },
    async (c) => {
      const principal = c.get("principal");
      const create = parseWith(KeyCreateSchema, await readJson(c));
      refuseMore(principal, create.scopes);
      const now = Date.now();
      const { record, secret } = await newKey(principal.project.id, create.mode, now);
      const key: KeyRecord = {
        ...record,
        name: create.name,
        scopes: create.scopes,
        expiresAt: endOf(create.expires_in_seconds, principal, now),
      };
      const answer = await tenant(c).addKey(key);
      if (answer === "limit") throw tooManyKeys();
      forgetAuthority(principal.project.id);
      return c.json(keyOf(key, secret), 201, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/keys",
      id: "listKeys",
      tag: "Keys",
      summary: "List the keys, without their secrets",
      description:
        "Keys that are over or revoked are listed for 30 days. The owner's keys of the configuration are not.",
      auth: "keys:write",
      responses: {
        200: json(listOf(KeySchema), "The keys.", {
          object: "list",
          data: [KEY_EXAMPLE],
          has_more: false,
          next_cursor: null,
        }),
      },
    },
    async (c) => {
      const keys: KeyRecord[] = await tenant(c).listKeys();
      return c.json(
        { object: "list", data: keys.map((key) => keyOf(key, null)), has_more: false, next_cursor: null },
        200,
        PRIVATE,
      );
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/keys/{id}/rotate",
      id: "rotateKey",
      tag: "Keys",
      summary: "Replace a key; the old one works on for the overlap",
      auth: "keys:write",
      request: { params, body: body(KeyRotateSchema, { overlap_seconds: 86_400 }, true) },
      responses: { 201: json(KeySchema, "The new key.", { ...KEY_EXAMPLE, secret: "ec_sk_live_…" }) },
      errors: [...BODY_ERRORS, "not_found", "key_ended", "key_limit", "last_admin_key"],
    },
    async (c) => {
      const principal = c.get("principal");
      const { overlap_seconds: overlap } = parseWith(KeyRotateSchema, await readJson(c, { optional: true }));
      const old = await keyNamed(c);
      refuseMore(principal, old.scopes);
      const now = Date.now();
      const { record, secret } = await newKey(principal.project.id, old.mode, now);
      const key: KeyRecord = { ...record, name: old.name, scopes: old.scopes, expiresAt: old.expiresAt };
      const answer = await tenant(c).rotateKey(old.id, key, overlap * 1000, isRoot(principal));
      if (answer !== "rotated") throw unrotated(answer);
      forgetAuthority(principal.project.id);
      return c.json(keyOf(key, secret), 201, PRIVATE);
    },
  );

  mount(
    api,
    {
      method: "delete",
      path: "/v1/keys/{id}",
      id: "revokeKey",
      tag: "Keys",
      summary: "Revoke a key for good",
      description: "It is refused at once where jobs are made, and within five seconds everywhere.",
      auth: "keys:write",
      request: { params },
      responses: { 204: { description: "Revoked." } },
      errors: ["not_found", "last_admin_key"],
    },
    async (c) => {
      const principal = c.get("principal");
      const key = await keyNamed(c);
      // Whoever holds a key of the configuration can always make others.
      const answer = await tenant(c).revokeKey(key.id, isRoot(principal));
      if (answer === "last") throw lastKey();
      forgetAuthority(principal.project.id);
      return c.body(null, 204);
    },
  );
}

const tooManyKeys = () =>
  new ApiError("key_limit", `A project may have ${MAX_KEYS} keys: DELETE one that is no longer used.`);
const lastKey = () =>
  new ApiError("last_admin_key", "It is the last key that can make keys. Make another one with keys:write first.");

function unrotated(answer: Exclude<RotateAnswer, "rotated">): ApiError {
  switch (answer) {
    case "limit":
      return tooManyKeys();
    case "last":
      return lastKey();
    case "over":
      return new ApiError("key_ended", "A key that is over is not rotated: make a new one (POST /v1/keys).");
    case "unknown":
      return new ApiError("not_found", "The project has no key of that id.");
  }
}

const tenant = (c: Context<ApiEnv>) => c.env.TENANTS.getByName(c.get("principal").project.id);

/** A key may not make one that can do more than itself; none but the configured ones makes projects. */
export function refuseMore(principal: Principal, scopes: readonly Scope[]): void {
  const more = scopes.find((scope) => scope === ROOT_SCOPE || !principal.scopes.has(scope));
  if (more === undefined) return;
  const detail = `${more}: a key gives on only what it has itself.`;
  throw invalidInputs([{ pointer: "#/scopes", code: "not_yours_to_give", detail }]);
}

/** A key lives no longer than the one that makes it. */
function endOf(seconds: number | null, { expiresAt }: Principal, now: number): number | null {
  const ends = [seconds === null ? null : now + seconds * 1000, expiresAt].filter((end) => end !== null);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** A new secret and what is kept of it. */
export async function newKey(projectId: string, mode: "live" | "test", now: number) {
  const secret = mintSecretKey(mode, projectId, crypto.getRandomValues(new Uint8Array(32)));
  const record: KeyRecord = {
    id: `key_${ulid(now, crypto.getRandomValues(new Uint8Array(10)))}`,
    name: "",
    mode,
    hash: await hashSecretKey(secret),
    scopes: [],
    createdAt: now,
    expiresAt: null,
    revokedAt: null,
    replacedBy: null,
  };
  return { record, secret };
}

async function keyNamed(c: Context<ApiEnv>): Promise<KeyRecord> {
  const keys: KeyRecord[] = await tenant(c).listKeys();
  const key = keys.find((one) => one.id === c.req.param("id"));
  if (!key) throw new ApiError("not_found", "The project has no key of that id.");
  return key;
}

/** The public document of a key. */
export function keyOf(record: KeyRecord, secret: string | null): Key {
  const time = (at: number | null) => (at === null ? null : timestamp(at));
  return {
    object: "key",
    id: record.id,
    name: record.name,
    mode: record.mode,
    scopes: record.scopes,
    created_at: timestamp(record.createdAt),
    expires_at: time(record.expiresAt),
    revoked_at: time(record.revokedAt),
    replaced_by: record.replacedBy,
    secret,
  };
}
