/** Jobs: create, repeat, read, change, cancel, delete. */
import * as z from "zod";
import { ShareSchema } from "../../../contract/api.ts";
import { JobIdSchema } from "../../../contract/ids.ts";
import { JobSchema } from "../../../contract/job.ts";
import {
  CancelSchema,
  JobCreateSchema,
  JobPatchSchema,
  JobPlanSchema,
  RerunSchema,
} from "../../../contract/job-requests.ts";
import { parseExact } from "../../../core/util/exact-json.ts";
import { readerOf } from "../auth/principal.ts";
import { invalidInputs, parseWith, readJson } from "../body.ts";
import { JOB_EXAMPLE, PLAN_EXAMPLE } from "../examples.ts";
import { absentJob, answerJob, jobHeaders, jobOf, langOf } from "../jobs.ts";
import { waitForJob } from "../live.ts";
import { matchesSeq, waitSeconds } from "../preferences.ts";
import { ApiError } from "../problem.ts";
import { rerunRequest } from "../rerun-job.ts";
import { type Api, body, json, mount } from "../route.ts";
import { submitJob } from "../submit-job.ts";
import { validateJob } from "../validate-job.ts";

const params = z.object({ id: JobIdSchema });
const idempotency = z.string().optional().meta({
  description:
    "1 to 255 letters, digits and _ . : - . The same key and body again give the same job, as it is then. Not looked at where the body has an `id`, which does the same.",
  example: "tap-7f3a",
});
const prefer = z
  .string()
  .optional()
  .meta({ description: "wait or wait=n: hold the answer up to n seconds (25, at most 55).", example: "wait=25" });
const CreatedSchema = JobSchema.extend({ new_share: ShareSchema.nullable() }).meta({ id: "CreatedJob" });
const JobGraphSchema = z
  .object({ format: z.literal("api"), graph: z.record(z.string(), z.unknown()) })
  .meta({ id: "JobGraph" });
const CREATED = { ...JOB_EXAMPLE, new_share: null };

const CREATE_ERRORS = [
  "invalid_json",
  "graph_not_allowed",
  "workflow_not_allowed",
  "workflow_not_found",
  "idempotency_mismatch",
  "payload_too_large",
  "unsupported_media_type",
  "invalid_inputs",
  "invalid_workflow",
  "workflow_format_ui",
  "missing_upload",
  "job_deleted",
  "job_expired",
  "quota_exceeded",
  "concurrency_limited",
  "queue_full",
] as const;

export function mountJobs(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/jobs",
      id: "createJob",
      tag: "Jobs",
      summary: "Create a job",
      description:
        "Safe to repeat: with the same `Idempotency-Key`, or the same `id` made on the phone, it gives the same job as it is then. With `validate_only=true` nothing is created.",
      auth: "jobs:create",
      request: {
        headers: z.object({ "idempotency-key": idempotency, prefer }),
        query: z.object({ validate_only: z.enum(["true", "false"]).optional() }),
        body: body(JobCreateSchema, { workflow: "txt2img", inputs: { prompt: "a lighthouse in fog" }, share: {} }),
      },
      responses: {
        202: json(CreatedSchema, "Accepted, or replayed (Idempotent-Replayed: true).", CREATED),
        201: json(CreatedSchema, "It ended within Prefer: wait.", CREATED),
        200: json(JobPlanSchema, "What would be created (validate_only).", PLAN_EXAMPLE),
      },
      errors: [...CREATE_ERRORS, "id_conflict", "invalid_parameter"],
    },
    async (c) => {
      const parsed = await readJson(c);
      const request = parseWith(JobCreateSchema, parsed);
      const only = c.req.query("validate_only");
      if (only !== undefined && only !== "true" && only !== "false") {
        throw new ApiError("invalid_parameter", "validate_only is true or false.");
      }
      if (only === "true") return validateJob(c, request);
      return submitJob(c, {
        request: async () => request,
        id: request.id ?? null,
        body: parsed,
        route: "create",
        rerunOf: null,
      });
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/jobs/{id}/rerun",
      id: "rerunJob",
      tag: "Jobs",
      summary: "Run a finished job again, with other inputs where named",
      description: 'The seed stays as it was unless `inputs.seed` says otherwise; `"random"` draws a new one.',
      auth: "jobs:create",
      request: {
        params,
        headers: z.object({ "idempotency-key": idempotency, prefer }),
        body: body(RerunSchema, { inputs: { seed: "random" } }, true),
      },
      responses: {
        202: json(CreatedSchema, "The new job; `rerun_of` names the first.", CREATED),
        201: json(CreatedSchema, "It ended within Prefer: wait.", CREATED),
      },
      errors: [...CREATE_ERRORS, "not_found", "job_not_finished"],
    },
    async (c) => {
      const parsed = await readJson(c, { optional: true });
      const { inputs } = parseWith(RerunSchema, parsed);
      const request = async () => {
        const first = await (await jobOf(c)).request(readerOf(c.get("principal")));
        if (first.type !== "found") throw absentJob(first.type);
        if (!first.terminal) throw new ApiError("job_not_finished", "Wait for its end, or cancel it.");
        return rerunRequest(first, inputs, c.get("principal"));
      };
      return submitJob(c, { request, id: null, body: parsed, route: "rerun", rerunOf: c.req.param("id") ?? null });
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs/{id}",
      id: "getJob",
      tag: "Jobs",
      summary: "Read a job",
      description: "With `If-None-Match` and `Prefer: wait` it is a long poll: held until the job changes.",
      auth: "jobs:read",
      request: {
        params,
        headers: z.object({
          "if-none-match": z.string().optional().meta({ description: "The ETag of what you have.", example: 'W/"17"' }),
          prefer,
        }),
      },
      responses: { 200: json(JobSchema, "The job.", JOB_EXAMPLE), 304: { description: "Nothing has changed." } },
      errors: ["not_found", "job_expired", "job_deleted"],
    },
    async (c) => {
      const reader = readerOf(c.get("principal"));
      const stub = await jobOf(c);
      let read = await stub.read(reader);
      if (read.type !== "found") throw absentJob(read.type);
      const seen = c.req.header("if-none-match");
      const wait = waitSeconds(c.req.header("prefer"));
      const unchanged = seen === undefined || matchesSeq(seen, read.seq, langOf(c));
      if (wait > 0 && unchanged && !read.terminal) {
        await waitForJob(stub, read.seq, wait, seen === undefined ? "end" : "change", c.req.raw.signal);
        read = await stub.read(reader);
        if (read.type !== "found") throw absentJob(read.type);
        c.header("preference-applied", `wait=${wait}`);
      }
      if (!matchesSeq(seen, read.seq, langOf(c))) return answerJob(c, read);
      jobHeaders(c, read);
      return c.body(null, 304);
    },
  );

  mount(
    api,
    {
      method: "patch",
      path: "/v1/jobs/{id}",
      id: "updateJob",
      tag: "Jobs",
      summary: "Change a job's metadata, priority or retention",
      auth: "jobs:create",
      request: {
        params,
        body: body(JobPatchSchema, { metadata: { screen: "gallery" }, retention: { expires_in_seconds: 2_592_000 } }),
      },
      responses: { 200: json(JobSchema, "The job as it is now.", JOB_EXAMPLE) },
      errors: [
        "not_found",
        "job_expired",
        "job_deleted",
        "job_not_queued",
        "invalid_json",
        "invalid_inputs",
        "payload_too_large",
        "unsupported_media_type",
      ],
    },
    async (c) => {
      const principal = c.get("principal");
      const patch = parseWith(JobPatchSchema, await readJson(c));
      if (patch.priority !== undefined && principal.user !== null) {
        const detail = "Only a secret key sets a priority.";
        throw invalidInputs([{ pointer: "#/priority", code: "not_yours_to_set", detail }]);
      }
      const answer = await (await jobOf(c)).patch(readerOf(principal), patch);
      if (answer.type === "not_queued") {
        throw new ApiError("job_not_queued", "The priority counts while a job waits; this one no longer does.");
      }
      if (answer.type !== "found") throw absentJob(answer.type);
      return answerJob(c, answer);
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/jobs/{id}/cancel",
      id: "cancelJob",
      tag: "Jobs",
      summary: "Cancel a job; one that has ended stays as it is",
      auth: "jobs:cancel",
      request: { params, body: body(CancelSchema, { reason: "changed_mind" }, true) },
      responses: { 200: json(JobSchema, "The job, canceling or ended.", JOB_EXAMPLE) },
      errors: [
        "not_found",
        "job_expired",
        "job_deleted",
        "invalid_json",
        "invalid_inputs",
        "payload_too_large",
        "unsupported_media_type",
      ],
    },
    async (c) => {
      const principal = c.get("principal");
      const { reason } = parseWith(CancelSchema, await readJson(c, { optional: true }));
      const by = principal.user === null ? "owner" : "user";
      const answer = await (await jobOf(c)).cancel(readerOf(principal), by, reason ?? null);
      if (answer.type !== "found") throw absentJob(answer.type);
      return answerJob(c, answer);
    },
  );

  mount(
    api,
    {
      method: "delete",
      path: "/v1/jobs/{id}",
      id: "deleteJob",
      tag: "Jobs",
      summary: "Delete a job with its media, events and links",
      description: "It is canceled first if it still runs. Its id answers 410 for 30 days.",
      auth: "jobs:delete",
      request: { params },
      responses: { 204: { description: "Deleted." } },
      errors: ["not_found", "job_expired"],
    },
    async (c) => {
      const answer = await (await jobOf(c)).remove(readerOf(c.get("principal")));
      if (answer.type !== "deleted") throw absentJob(answer.type);
      return c.body(null, 204);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs/{id}/graph",
      id: "getJobGraph",
      tag: "Jobs",
      summary: "The graph that was submitted, in ComfyUI's API format",
      auth: "graph:read",
      request: { params },
      responses: {
        200: json(JobGraphSchema, "The graph.", {
          format: "api",
          graph: { "9": { class_type: "SaveImage", inputs: { images: ["8", 0], filename_prefix: "easel" } } },
        }),
      },
      errors: ["not_found", "job_expired", "job_deleted"],
    },
    async (c) => {
      const answer = await (await jobOf(c)).graph(readerOf(c.get("principal")));
      if (answer.type !== "found") throw absentJob(answer.type);
      // The stored text goes out as it is: its long integers would not survive being parsed.
      const valid = parseExact(answer.graph).ok;
      if (!valid) throw new Error("the stored graph cannot be read");
      return c.body(`{"format":"api","graph":${answer.graph}}`, 200, {
        "content-type": "application/json",
        "cache-control": "private, no-store",
      });
    },
  );
}
