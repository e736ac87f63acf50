/** `validate_only`: everything a create would check, and what it would give, without making anything. */
import type { Context } from "hono";
import type { JobCreate, JobPlan } from "../../contract/job-requests.ts";
import type { ApiEnv } from "./api-env.ts";
import { readerOf } from "./auth/principal.ts";
import { planJob } from "./plan-job.ts";
import { userOf, webhookOf } from "./submit-job.ts";

/** Answers with the plan; throws what the create would throw, but for limits, which it tells. */
export async function validateJob(c: Context<ApiEnv>, request: JobCreate): Promise<Response> {
  const principal = c.get("principal");
  const project = principal.project.id;
  const user = userOf(principal, request);
  webhookOf(c, request);
  const { spec } = await planJob(c.env, request, {
    jobId: request.id ?? "",
    project,
    user,
    reader: readerOf(principal),
    origin: new URL(c.req.url).origin,
    now: Date.now(),
    fingerprint: "",
  });
  const [estimate, quotas] = await Promise.all([
    c.env.POOL.getByName("main").estimate(spec.shape),
    c.env.TENANTS.getByName(project).quotas(user, principal.limits),
  ]);
  const today = quotas.filter((quota) => quota.name === "jobs_per_day").map((quota) => quota.remaining);
  const plan: JobPlan = {
    object: "job_plan",
    valid: true,
    workflow: spec.workflow,
    inputs: spec.inputs,
    seed: spec.seed,
    nodes: spec.plan.length,
    estimate: { start_ms: estimate.startMs, run_ms: estimate.runMs ?? { p50: null, p90: null } },
    quota: { remaining_today: today.length === 0 ? null : Math.min(...today) },
    warnings: today.some((left) => left === 0)
      ? [{ code: "quota_exceeded", message: "The quota of the day is used up: a create would be refused now." }]
      : [],
  };
  return c.json(plan, 200, { "cache-control": "private, no-store" });
}
