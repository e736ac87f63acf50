/** Jobs: create, read, cancel, watch. */
import * as z from "zod";
import { CancelSchema, JobCreateSchema, type Share, ShareSchema } from "../../../contract/api.ts";
import { JobIdSchema } from "../../../contract/ids.ts";
import { type Job, JobSchema } from "../../../contract/job.ts";
import { jobObjectName, mintShareToken } from "../../../core/auth/share-token.ts";
import { derivedId, hex, sha256, ulid } from "../../../core/util/ids.ts";
import { configOf } from "../../config.ts";
import type { Shown } from "../../job/job-object.ts";
import { parseWith, readJson } from "../body.ts";
import { canonical } from "../canonical.ts";
import { absentJob, jobStub, PROJECT } from "../jobs.ts";
import { serveEvents, waitForJob } from "../live.ts";
import { secretKey } from "../middleware.ts";
import { planJob } from "../plan-job.ts";
import { etagOf, matchesSeq, waitSeconds } from "../preferences.ts";
import { ApiError } from "../problem.ts";
import { type Api, errorResponses, json, mount, OWNER, OWNER_ERRORS } from "../route.ts";

const JSON_TYPE = { "content-type": "application/json" };
const params = z.object({ id: JobIdSchema });
const CreatedSchema = JobSchema.extend({ new_share: ShareSchema.nullable() }).meta({ id: "CreatedJob" });
const EVENTS_DOC =
  "Frames of protocol easel.live.v1: hello, status, queue, progress, preview, output, warning, viewers, end. Resume with ?after=<seq> or Last-Event-ID.";

export function mountJobs(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/jobs",
      tags: ["Jobs"],
      summary: "Create a job",
      ...OWNER,
      request: {
        headers: z.object({ "idempotency-key": z.string().optional(), prefer: z.string().optional() }),
        body: {
          required: true,
          content: {
            "application/json": { schema: JobCreateSchema, example: { workflow: "demo", inputs: {}, share: {} } },
          },
        },
      },
      responses: {
        202: json(CreatedSchema, "Accepted, or replayed (Idempotent-Replayed: true)."),
        201: json(CreatedSchema, "It ended within Prefer: wait."),
        ...errorResponses(
          ...OWNER_ERRORS,
          "invalid_json",
          "invalid_header",
          "graph_not_allowed",
          "workflow_not_found",
          "id_conflict",
          "idempotency_mismatch",
          "payload_too_large",
          "unsupported_media_type",
          "invalid_inputs",
          "invalid_workflow",
          "workflow_format_ui",
          "missing_upload",
        ),
      },
    },
    secretKey,
    async (c) => {
      const body = await readJson(c);
      const request = parseWith(JobCreateSchema, body);
      const key = idempotencyKey(c.req.header("idempotency-key"));
      const now = Date.now();
      const fresh = `job_${ulid(now, crypto.getRandomValues(new Uint8Array(10)))}`;
      const jobId = request.id ?? (key === null ? fresh : await derivedId("job", PROJECT, key));
      const origin = new URL(c.req.url).origin;
      const fingerprint = hex(await sha256(canonical(body)));
      const name = await jobObjectName(PROJECT, jobId);
      const stub = c.env.JOBS.getByName(name);
      const create = async () => {
        const { allowedNodes } = configOf(c.env);
        const plan = await planJob(c.env, request, { jobId, origin, now, fingerprint, allowedNodes });
        const token = mintShareToken(name, crypto.getRandomValues(new Uint8Array(16)));
        return stub.create(plan.spec, plan.graph, request.share ? { create: request.share, token } : null);
      };
      // A repeated request is answered before it is looked at again: its upload may be gone by now.
      const answer = (jobId === fresh ? null : await stub.replay(fingerprint)) ?? (await create());
      if (answer.type === "conflict") throw conflict(request.id !== undefined);
      let shown: Shown = answer.job;
      const wait = waitSeconds(c.req.header("prefer"));
      if (wait > 0 && !shown.terminal) {
        await waitForJob(stub, shown.seq, wait, "end", c.req.raw.signal);
        const read = await c.env.JOBS.getByName(name).read();
        if (read.type === "found") shown = read;
      }
      const made: Share | null = answer.share;
      const job = JSON.parse(shown.json) as Job;
      if (made && job.share) job.share.url = made.url;
      if (answer.type === "replayed") c.header("idempotent-replayed", "true");
      if (wait > 0) c.header("preference-applied", `wait=${wait}`);
      c.header("location", job.links.self);
      jobHeaders(c, shown);
      return c.json({ ...job, new_share: made }, wait > 0 && job.terminal ? 201 : 202);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs/{id}",
      tags: ["Jobs"],
      summary: "Read a job; with If-None-Match and Prefer: wait it is a long poll",
      ...OWNER,
      request: { params, headers: z.object({ "if-none-match": z.string().optional(), prefer: z.string().optional() }) },
      responses: {
        200: json(JobSchema, "The job."),
        304: { description: "Nothing has changed." },
        ...errorResponses(...OWNER_ERRORS, "not_found", "job_expired"),
      },
    },
    secretKey,
    async (c) => {
      const stub = await jobStub(c.env, c.req.param("id") ?? "");
      let read = await stub.read();
      if (read.type !== "found") throw absentJob(read.type);
      const seen = c.req.header("if-none-match");
      const wait = waitSeconds(c.req.header("prefer"));
      const unchanged = seen === undefined || matchesSeq(seen, read.seq);
      if (wait > 0 && unchanged && !read.terminal) {
        await waitForJob(stub, read.seq, wait, seen === undefined ? "end" : "change", c.req.raw.signal);
        read = await stub.read();
        if (read.type !== "found") throw absentJob(read.type);
        c.header("preference-applied", `wait=${wait}`);
      }
      jobHeaders(c, read);
      return matchesSeq(seen, read.seq) ? c.body(null, 304) : c.body(read.json, 200, JSON_TYPE);
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/jobs/{id}/cancel",
      tags: ["Jobs"],
      summary: "Cancel a job; one that has ended stays as it is",
      ...OWNER,
      request: { params, body: { required: false, content: { "application/json": { schema: CancelSchema } } } },
      responses: {
        200: json(JobSchema, "The job, canceling or ended."),
        ...errorResponses(
          ...OWNER_ERRORS,
          "not_found",
          "job_expired",
          "invalid_json",
          "invalid_inputs",
          "unsupported_media_type",
        ),
      },
    },
    secretKey,
    async (c) => {
      const { reason } = parseWith(CancelSchema, await readJson(c, { optional: true }));
      const answer = await (await jobStub(c.env, c.req.param("id") ?? "")).cancel("owner", reason ?? null);
      if (answer.type !== "found") throw absentJob(answer.type);
      jobHeaders(c, answer);
      return c.body(answer.json, 200, JSON_TYPE);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs/{id}/events",
      tags: ["Jobs"],
      summary: "Watch a job over WebSocket or SSE",
      description: EVENTS_DOC,
      ...OWNER,
      request: { params, query: z.object({ after: z.string().optional(), previews: z.string().optional() }) },
      responses: {
        101: { description: "WebSocket, subprotocol easel.live.v1." },
        200: { description: "An event stream.", content: { "text/event-stream": { schema: z.string() } } },
        204: { description: "The end was delivered already." },
        ...errorResponses(...OWNER_ERRORS, "not_found", "job_expired", "upgrade_required", "invalid_parameter"),
      },
    },
    secretKey,
    async (c) => {
      const stub = await jobStub(c.env, c.req.param("id") ?? "");
      const read = await stub.read();
      if (read.type !== "found") throw absentJob(read.type);
      const watcher = { role: "owner" as const, reveal: ["previews", "outputs"], shareId: null, base: null };
      return serveEvents(c, stub, watcher, read);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs/{id}/preview",
      tags: ["Jobs"],
      summary: "The newest preview of a running job",
      ...OWNER,
      request: { params },
      responses: { 200: { description: "The picture." }, ...errorResponses(...OWNER_ERRORS, "not_found") },
    },
    secretKey,
    async (c) => servePreview(await (await jobStub(c.env, c.req.param("id") ?? "")).preview()),
  );
}

/** The newest preview as an answer; it is gone when the job has ended. */
export function servePreview(preview: { bytes: Uint8Array; contentType: string; rev: number } | null): Response {
  if (!preview) throw new ApiError("not_found", "There is no preview now.");
  return new Response(preview.bytes, {
    headers: { "content-type": preview.contentType, "cache-control": "no-store", "x-content-type-options": "nosniff" },
  });
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
  return invalidIdempotency(detail);
}

const invalidIdempotency = (detail: string) => new ApiError("idempotency_mismatch", `Idempotency-Key: ${detail}`);

function jobHeaders(c: { header(name: string, value: string): void }, job: Pick<Shown, "seq" | "pollAfterMs">): void {
  c.header("etag", etagOf(job.seq));
  c.header("cache-control", "no-store");
  if (job.pollAfterMs !== null) c.header("retry-after", String(Math.ceil(job.pollAfterMs / 1000)));
}
