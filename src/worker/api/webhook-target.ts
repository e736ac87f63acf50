/** Where webhooks may go, asked where a URL is saved. It is asked again before each send. */
import type { Context } from "hono";
import { checkTarget } from "../../core/webhook/target.ts";
import { configOf } from "../config.ts";
import type { ApiEnv } from "./api-env.ts";
import { invalidInputs } from "./body.ts";

/**
 * The URL as it is kept. `pointer` is where it stands in the request.
 * @throws {ApiError} `unsafe_url` for one that is not called.
 */
export function safeTarget(c: Context<ApiEnv>, url: string, pointer: string): string {
  const rules = { allowLocal: configOf(c.env).allowLocalUrls, ownHosts: [new URL(c.req.url).host] };
  const target = checkTarget(url, rules);
  if (!target.ok) throw invalidInputs([{ pointer, code: "unsafe_url", detail: target.error }], "unsafe_url");
  return target.value.href;
}
