/** Watching a job as its owner: the stream, the newest preview, and tickets for browsers' sockets, which send no headers. */
import * as z from "zod";
import { TICKET_TTL_SECONDS, TicketCreateSchema, TicketSchema } from "../../../contract/account.ts";
import { JobIdSchema } from "../../../contract/ids.ts";
import { mintTicket } from "../../../core/auth/ticket.ts";
import { timestamp } from "../../../core/job/project.ts";
import { configOf } from "../../config.ts";
import { readerOf } from "../auth/principal.ts";
import { parseWith, readJson } from "../body.ts";
import { absentJob, jobOf, jobStub } from "../jobs.ts";
import { serveEvents, type Watcher } from "../live.ts";
import { servePreview } from "../previews.ts";
import { ApiError } from "../problem.ts";
import { type Api, body, json, mount } from "../route.ts";
import { openStream } from "../streams.ts";

const params = z.object({ id: JobIdSchema });
const EVENTS_DOC =
  "Frames of protocol easel.live.v1: hello, status, queue, progress, preview, output, warning, viewers, end. Resume with `?after=<seq>` or `Last-Event-ID`. A browser's WebSocket, which cannot send headers, brings `?ticket=` (POST /v1/tickets) or the subprotocol `easel.token.<client token>` beside `easel.live.v1`.";

export function mountJobLive(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs/{id}/events",
      id: "watchJob",
      tag: "Live",
      summary: "Watch a job over WebSocket or SSE",
      description: EVENTS_DOC,
      auth: "jobs:read",
      tickets: true,
      request: {
        params,
        query: z.object({
          after: z.string().optional().meta({ description: "The seq of the last event seen.", example: "51" }),
          previews: z.string().optional().meta({ description: "binary, url, inline or none." }),
          ticket: z.string().optional().meta({ description: "From POST /v1/tickets." }),
        }),
      },
      responses: {
        101: { description: "WebSocket, subprotocol easel.live.v1." },
        200: {
          description: "An event stream.",
          content: {
            "text/event-stream": {
              schema: z.string(),
              example: 'id: 42\nevent: hello\ndata: {"type":"hello","seq":42,"data":{"protocol":"easel.live.v1"}}\n\n',
            },
          },
        },
        204: { description: "The end was delivered already." },
      },
      errors: [
        "not_found",
        "job_expired",
        "job_deleted",
        "ticket_used",
        "upgrade_required",
        "invalid_parameter",
        "too_many_streams",
      ],
    },
    async (c) => {
      const principal = c.get("principal");
      const { ticket } = principal;
      if (ticket && ticket.jobId !== c.req.param("id")) throw absentJob("unknown");
      const stub = await jobOf(c);
      const read = await stub.read(readerOf(principal));
      if (read.type !== "found") throw absentJob(read.type);
      const admit = async (): Promise<Watcher> => {
        if (ticket && !(await stub.useTicket(ticket.jti, Date.now() + TICKET_TTL_SECONDS * 1000))) {
          throw new ApiError("ticket_used", "A ticket opens one stream; POST /v1/tickets gives another.");
        }
        return {
          role: principal.user === null ? "owner" : "user",
          reveal: ["previews", "outputs"],
          shareId: null,
          base: null,
          user: principal.user,
          madeAt: principal.madeAt,
          expiresAt: principal.expiresAt,
          streamId: await openStream(c),
          mayCancel: principal.scopes.has("jobs:cancel"),
        };
      };
      return serveEvents(c, stub, admit, read);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs/{id}/preview",
      id: "getJobPreview",
      tag: "Live",
      summary: "The newest preview of a running job",
      auth: "jobs:read",
      request: { params },
      responses: {
        200: {
          description: "The picture.",
          content: { "image/jpeg": { schema: { type: "string", format: "binary" } } },
        },
      },
      errors: ["not_found", "job_expired", "job_deleted"],
    },
    async (c) => {
      const stub = await jobOf(c);
      const reader = readerOf(c.get("principal"));
      const read = await stub.read(reader);
      if (read.type !== "found") throw absentJob(read.type);
      return servePreview(await stub.preview(reader));
    },
  );

  mount(
    api,
    {
      method: "post",
      path: "/v1/tickets",
      id: "createTicket",
      tag: "Live",
      summary: "Make a ticket: one stream of one job, once, within 30 seconds",
      auth: "jobs:read",
      request: { body: body(TicketCreateSchema, { job_id: "job_01kag3x7p2v9m4t8r6c5n1d0ze" }) },
      responses: {
        201: json(TicketSchema, "The ticket.", {
          object: "ticket",
          ticket: "ec_tk_eyJwIjoicHJqXzAxIn0.c2lnbmF0dXJl",
          expires_at: "2026-11-20T07:12:13Z",
          urls: {
            websocket: "wss://api.example.com/v1/jobs/job_01kag3x7p2v9m4t8r6c5n1d0ze/events?ticket=ec_tk_…",
            sse: "https://api.example.com/v1/jobs/job_01kag3x7p2v9m4t8r6c5n1d0ze/events?ticket=ec_tk_…",
          },
        }),
      },
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
      const { job_id: jobId } = parseWith(TicketCreateSchema, await readJson(c));
      const read = await (await jobStub(c.env, principal, jobId)).read(readerOf(principal));
      if (read.type !== "found") throw absentJob(read.type);
      const now = Date.now();
      const expiresAt = now + TICKET_TTL_SECONDS * 1000;
      const [secret] = configOf(c.env).signingSecrets;
      const ticket = await mintTicket(secret, {
        project: principal.project.id,
        jobId,
        user: principal.user,
        scopes: ["jobs:read"],
        // A ticket ends with its maker: a revocation of the user voids it as it voids the token.
        madeAt: principal.madeAt ?? now,
        expiresAt,
        streamUntil: principal.expiresAt,
        id: crypto.randomUUID(),
      });
      const sse = `${new URL(c.req.url).origin}/v1/jobs/${jobId}/events?ticket=${ticket}`;
      const urls = { websocket: sse.replace(/^http/, "ws"), sse };
      return c.json({ object: "ticket", ticket, expires_at: timestamp(expiresAt), urls }, 201, {
        "cache-control": "no-store",
      });
    },
  );
}
