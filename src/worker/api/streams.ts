/** The limit of open live streams. It is asked for only where there is one: a stream without a limit costs no call. */
import type { Context } from "hono";
import type { ApiEnv } from "./api-env.ts";
import { ratesOf } from "./auth/rates.ts";
import { ApiError } from "./problem.ts";

/** Takes a place for a stream, to be given back by its id; null where nothing limits streams. */
export async function openStream(c: Context<ApiEnv>): Promise<string | null> {
  const { project, user, limits, authority } = c.get("principal");
  const limited = [limits?.streams, authority.limits.streams, user === null ? null : authority.userLimits.streams];
  if (limited.every((limit) => limit === null || limit === undefined)) return null;
  const id = crypto.randomUUID();
  const answer = await c.env.TENANTS.getByName(project.id).openStream(id, user, limits);
  if (answer.type === "opened") return id;
  c.set("rates", [...c.get("rates"), ...ratesOf([answer.quota], Date.now())]);
  const { scope, limit } = answer.quota;
  throw new ApiError("too_many_streams", `At most ${limit} open streams for the ${scope}: close one, or poll.`, {
    retryAfterMs: 10_000,
  });
}
