/** The door of every route that is not public: a credential, the scope that the route asks for, the count of requests. */
import { createMiddleware } from "hono/factory";
import type { Scope } from "../../../contract/scopes.ts";
import type { ApiEnv } from "../api-env.ts";
import { isUpgrade } from "../middleware.ts";
import { ApiError } from "../problem.ts";
import { authenticate } from "./authenticate.ts";
import { credentialOf } from "./credential.ts";
import { demandScope, type Principal } from "./principal.ts";
import { callerOf, countRead, forgetRead, type Rate, rateHeaders } from "./rates.ts";

/** Lets those pass whose credential has the scope; `any` asks for a valid credential alone. `tickets` also lets in who comes by one. */
export const authorize = (scope: Scope | "any", tickets = false) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const principal = await principalOf(c.env, c.req.raw, tickets);
    if (!(await c.env.SHIELD.limit({ key: callerOf(principal) })).success) throw tooMany();
    const { rate, allowed } = countRead(principal, Date.now());
    c.set("principal", principal);
    c.set("rates", [rate]);
    if (!allowed) throw minuteIsOver(rate);
    if (scope !== "any") demandScope(principal, scope);
    await next();
    if (c.res.status === 304) forgetRead(principal, rate, Date.now());
  });

/** Tells the limits with every answer to a known caller, refusals included. */
export const tellRates = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  const rates = c.get("rates");
  if (rates === undefined || isUpgrade(c.res)) return;
  for (const [name, value] of Object.entries(rateHeaders(rates))) c.res.headers.set(name, value);
});

const minuteIsOver = ({ limit, resetMs }: Rate) =>
  new ApiError("rate_limited", `At most ${limit} requests a minute; the next minute begins in ${resetMs} ms.`, {
    retryAfterMs: resetMs ?? 0,
  });

const tooMany = () =>
  new ApiError("rate_limited", "Far too many requests. Wait a minute, then go on more slowly.", {
    retryAfterMs: 60_000,
  });

async function principalOf(env: Env, request: Request, tickets: boolean): Promise<Principal> {
  const credential = credentialOf(request, tickets);
  if (!credential) {
    throw new ApiError(
      "unauthenticated",
      "Send Authorization: Bearer and a secret key, a client token or a sign-in token.",
    );
  }
  try {
    return await authenticate(env, request, credential);
  } catch (error) {
    if (error instanceof ApiError && error.code === "unauthenticated") await guessed(env, request);
    throw error;
  }
}

/**
 * A wrong guess of a credential or a link. The room for secrets is far too large to search; this keeps the search from
 * costing the owner anything.
 * @throws {ApiError} `rate_limited` for an address that guesses on and on.
 */
export async function guessed(env: Env, request: Request): Promise<void> {
  const address = request.headers.get("cf-connecting-ip") ?? "unknown";
  if (!(await env.GUESSES.limit({ key: address })).success) throw tooMany();
}
