/** Queries of lists: how many, from where on, which. */
import type { Context } from "hono";
import * as z from "zod";
import { type CursorKind, decodeCursor, encodeCursor } from "../../core/tenant/cursor.ts";
import type { ApiEnv } from "./api-env.ts";
import { ApiError } from "./problem.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** The parameters of every list, as the documentation has them. */
export const PAGE_PARAMETERS = {
  cursor: z.string().optional().meta({ description: "next_cursor of the page before." }),
  limit: z.string().optional().meta({ description: "1 to 100; 20 where it is not named.", example: "20" }),
};

export const invalidParameter = (name: string, detail: string): ApiError =>
  new ApiError("invalid_parameter", `${name}: ${detail}`, {
    errors: [{ pointer: `#/${name}`, code: "invalid_parameter", detail }],
  });

/** Where the page begins: below a position, or with the newest row (null). `scope` is what the cursor belongs to. */
export function positionOf(c: Context<ApiEnv>, kind: CursorKind, scope: string): number | null {
  const text = c.req.query("cursor");
  if (text === undefined || text === "") return null;
  const position = decodeCursor(text, kind, scope);
  if (position === null) throw invalidParameter("cursor", "Send next_cursor as it came, with the same filters.");
  return position;
}

export function limitOf(c: Context<ApiEnv>): number {
  const text = c.req.query("limit");
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw invalidParameter("limit", `A whole number from 1 to ${MAX_LIMIT}.`);
  return limit;
}

/** One of the known words, or null where the parameter is not named. */
export function oneOf<const T extends string>(c: Context<ApiEnv>, name: string, known: readonly T[]): T | null {
  const text = c.req.query(name);
  if (text === undefined) return null;
  const found = known.find((one) => one === text);
  if (found === undefined) throw invalidParameter(name, `One of ${known.join(", ")}.`);
  return found;
}

/** A time in ms, or null where the parameter is not named. */
export function timeOf(c: Context<ApiEnv>, name: string): number | null {
  const text = c.req.query(name);
  if (text === undefined) return null;
  const parsed = z.iso.datetime({ offset: true }).safeParse(text);
  if (!parsed.success) throw invalidParameter(name, "A time as in 2026-11-20T07:11:43Z.");
  return Date.parse(text);
}

/** The list envelope. */
export function pageOf<T>(data: readonly T[], next: number | null, kind: CursorKind, scope: string) {
  const cursor = next === null ? null : encodeCursor(kind, scope, next);
  return { object: "list", data, has_more: next !== null, next_cursor: cursor };
}
