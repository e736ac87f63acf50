/**
 * The one way in which a job comes to be, for a create and for a repeat: who may have it, a replay, the plan, the
 * project's leave, the job's object. The order makes every cut harmless: a plan changes nothing, a place that was taken
 * for a job that never came to be is given back, and the job's object makes a job once however often it is asked.
 */
import type { Context } from "hono";
import type { Share } from "../../contract/api.ts";
import type { Job } from "../../contract/job.ts";
import type { JobCreate } from "../../contract/job-requests.ts";
import { workflowAllowed } from "../../core/auth/policy.ts";
import { jobObjectName, mintShareToken } from "../../core/auth/share-token.ts";
import { derivedId, hex, sha256, ulid } from "../../core/util/ids.ts";
import type { JobTarget } from "../../core/webhook/vocabulary.ts";
import type { Shown } from "../job/job-object.ts";
import type { ApiEnv } from "./api-env.ts";
import { isRoot, type Principal, readerOf } from "./auth/principal.ts";
import { ratesOf } from "./auth/rates.ts";
import { invalidInputs } from "./body.ts";
import { canonical } from "./canonical.ts";
import { absentJob, answerJob } from "./jobs.ts";
import { waitForJob } from "./live.ts";
import { type PlanContext, planJob } from "./plan-job.ts";
import { waitSeconds } from "./preferences.ts";
import { ApiError } from "./problem.ts";
import { safeTarget } from "./webhook-target.ts";

/** What is to be made, and what the same request is known by. */
export type Submission = {
  /** Made only when it is needed: a replay is answered even if what it was made of is gone. */
  request: () => Promise<JobCreate>;
  /** The id that the caller chose. */
  id: string | null;
  /** The request as it came: the same body is a replay, another one a conflict. */
  body: unknown;
  route: "create" | "rerun";
  rerunOf: string | null;
};

/** Makes the job, or finds that it was made before, and answers with it. */
export async function submitJob(c: Context<ApiEnv>, submission: Submission): Promise<Response> {
  const principal = c.get("principal");
  const { rerunOf, route } = submission;
  const now = Date.now();
  const key = idempotencyKey(c.req.header("idempotency-key"));
  const project = principal.project.id;
  const who = principal.user === null ? "server" : `user ${principal.user}`;
  const fresh = `job_${ulid(now, crypto.getRandomValues(new Uint8Array(10)))}`;
  const jobId = submission.id ?? (key === null ? fresh : await derivedId("job", project, who, route, key));
  const fingerprint = hex(await sha256(canonical({ who, route, of: rerunOf, body: submission.body })));
  const name = await jobObjectName(project, jobId);
  // A repeated request is answered before it is looked at again: its upload may be gone by now.
  const known = jobId === fresh ? null : await c.env.JOBS.getByName(name).replay(readerOf(principal), fingerprint);
  const making = { jobId, name, now, fingerprint, rerunOf, origin: new URL(c.req.url).origin };
  const answer = known ?? (await create(c, await submission.request(), making));
  if (answer.type === "conflict") throw conflict(submission.id !== null);
  if (answer.type === "removed") throw absentJob(answer.why === "deleted" ? "deleted" : "erased");
  const wait = waitSeconds(c.req.header("prefer"));
  const shown = wait > 0 && !answer.job.terminal ? await waitedFor(c, name, answer.job, wait) : answer.job;
  const share: Share | null = answer.share;
  const job = JSON.parse(shown.json) as Job;
  if (share && job.share) job.share.url = share.url;
  if (answer.type === "replayed") c.header("idempotent-replayed", "true");
  if (wait > 0) c.header("preference-applied", `wait=${wait}`);
  c.header("location", `${new URL(c.req.url).origin}/v1/jobs/${jobId}`);
  const made: Shown = { ...shown, json: JSON.stringify({ ...job, new_share: share }) };
  return answerJob(c, made, wait > 0 && shown.terminal ? 201 : 202);
}

/** Refuses what the caller may not ask for; gives whose job it is. */
export function userOf(principal: Principal, request: JobCreate): string | null {
  const refuse = (pointer: string, detail: string) => invalidInputs([{ pointer, code: "not_yours_to_set", detail }]);
  if (principal.user !== null) {
    if (request.user !== null && request.user !== principal.user) {
      throw refuse("#/user", "A token makes jobs for its own user: leave it out.");
    }
    if (request.priority !== "normal") throw refuse("#/priority", "Only a secret key sets a priority.");
  }
  if (request.graph !== undefined && !principal.scopes.has("graph:submit")) {
    throw new ApiError("graph_not_allowed", "Raw graphs need the scope graph:submit; name a workflow.");
  }
  if (request.webhook !== undefined && principal.kind !== "secret_key") {
    throw new ApiError("webhook_not_allowed", "Only a secret key names a webhook: leave it out.");
  }
  if (!workflowAllowed(principal.workflows, request.workflow ?? null)) {
    throw new ApiError(
      "workflow_not_allowed",
      `This token may run: ${principal.workflows?.join(", ") || "no workflow"}.`,
    );
  }
  return principal.user ?? request.user;
}

/** Where the events of the job go, if the request says so. */
export function webhookOf(c: Context<ApiEnv>, { webhook }: JobCreate): JobTarget | null {
  return webhook ? { ...webhook, url: safeTarget(c, webhook.url, "#/webhook/url") } : null;
}

type Making = Omit<PlanContext, "project" | "user" | "reader"> & { name: string; rerunOf: string | null };

async function create(c: Context<ApiEnv>, request: JobCreate, making: Making) {
  const principal = c.get("principal");
  const { jobId, name, now, rerunOf } = making;
  const user = userOf(principal, request);
  const project = principal.project.id;
  const webhook = webhookOf(c, request);
  const plan = await planJob(c.env, request, { ...making, project, user, reader: readerOf(principal) });
  const admitted = await c.env.TENANTS.getByName(project).admit({
    jobId,
    user,
    workflow: plan.spec.workflow?.id ?? null,
    metadata: request.metadata,
    createdAt: now,
    expiresAt: plan.spec.expiresAt,
    tokenLimits: principal.limits,
    tokenMadeAt: principal.user === null ? null : (principal.madeAt ?? 0),
    keyId: isRoot(principal) ? null : principal.keyId,
  });
  if (admitted.type === "revoked") throw new ApiError(admitted.code, "It was revoked a moment ago.");
  c.set("rates", [...c.get("rates"), ...ratesOf(admitted.quotas, now)]);
  if (admitted.type === "limited") {
    const { quota, code, retryAfterMs } = admitted;
    const detail = `${quota.name} of the ${quota.scope}: ${quota.used} of ${quota.limit} used. GET /v1/me shows all limits.`;
    throw new ApiError(code, detail, { retryAfterMs });
  }
  const token = mintShareToken(name, crypto.getRandomValues(new Uint8Array(16)));
  const share = request.share ? { create: request.share, token } : null;
  const { concurrent, projectConcurrent, hooks } = admitted;
  const spec = { ...plan.spec, mode: principal.mode, rerunOf, concurrent, projectConcurrent, hooks, webhook };
  return c.env.JOBS.getByName(name).create(spec, plan.graph, share);
}

async function waitedFor(c: Context<ApiEnv>, name: string, shown: Shown, seconds: number): Promise<Shown> {
  await waitForJob(c.env.JOBS.getByName(name), shown.seq, seconds, "end", c.req.raw.signal);
  const read = await c.env.JOBS.getByName(name).read(readerOf(c.get("principal")));
  return read.type === "found" ? read : shown;
}

function idempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  const key = header.replace(/^"(.*)"$/, "$1");
  if (!/^[A-Za-z0-9_.:-]{1,255}$/.test(key)) {
    throw new ApiError("invalid_header", "Idempotency-Key: 1 to 255 letters, digits and _ . : -");
  }
  return key;
}

function conflict(byId: boolean): ApiError {
  const detail = "It was used for another request. Repeat exactly that request, or take another.";
  if (byId) return new ApiError("id_conflict", `The id is taken. ${detail}`);
  return new ApiError("idempotency_mismatch", `Idempotency-Key: ${detail}`);
}
