/** Many jobs at once: the list with its filters, and the feed of changes for an app that was away. */
import type { Context } from "hono";
import * as z from "zod";
import { listOf } from "../../../contract/api.ts";
import { JOB_STATUSES, JobSchema, type JobStatus } from "../../../contract/job.ts";
import { ChangesSchema } from "../../../contract/job-requests.ts";
import { changesScope, encodeCursor, listScope } from "../../../core/tenant/cursor.ts";
import type { ApiEnv } from "../api-env.ts";
import { JOB_EXAMPLE } from "../examples.ts";
import { invalidParameter, limitOf, oneOf, PAGE_PARAMETERS, pageOf, positionOf, timeOf } from "../list-query.ts";
import { shownJobs } from "../listed-jobs.ts";
import { ApiError } from "../problem.ts";
import { type Api, json, mount } from "../route.ts";

const MAX_METADATA_FILTERS = 4;

export function mountJobLists(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs",
      id: "listJobs",
      tag: "Jobs",
      summary: "List jobs, newest first",
      description:
        "A page may be shorter than `limit` and still have a `next_cursor`: a rare filter is looked for a piece at a time. Filter by `metadata[key]=value` too.",
      auth: "jobs:read",
      request: {
        query: z.object({
          ...PAGE_PARAMETERS,
          status: z
            .string()
            .optional()
            .meta({ description: "One or several, separated by commas.", example: "running,queued" }),
          workflow: z.string().optional().meta({ description: "A workflow's name." }),
          user: z.string().optional().meta({ description: "Only with a secret key." }),
          created_after: z.string().optional().meta({ description: "RFC 3339.", example: "2026-11-20T00:00:00Z" }),
          created_before: z.string().optional().meta({ description: "RFC 3339." }),
          view: z.enum(["full", "compact"]).optional().meta({ description: "compact leaves out inputs and warnings." }),
        }),
      },
      responses: {
        200: json(listOf(JobSchema), "A page of jobs.", {
          object: "list",
          data: [JOB_EXAMPLE],
          has_more: false,
          next_cursor: null,
        }),
      },
      errors: ["invalid_parameter"],
    },
    async (c) => {
      const principal = c.get("principal");
      const query = queryOf(c);
      const scope = listScope(principal.project.id, query.filters);
      const before = positionOf(c, "list", scope);
      const stub = c.env.TENANTS.getByName(principal.project.id);
      const page = await stub.list({ ...query.filters, before, limit: query.limit });
      const data = await shownJobs(c, page.jobs, query.compact);
      return c.json(pageOf(data, page.next, "list", scope), 200, {
        "cache-control": "private, no-store",
      });
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/changes",
      id: "listChanges",
      tag: "Jobs",
      summary: "Everything that changed since a cursor",
      description:
        "One call when the app comes to the front: the jobs that changed, as they are now, and those that were removed. Keep `next_cursor` for the next time. Without a cursor it begins 30 days ago.",
      auth: "jobs:read",
      request: { query: z.object(PAGE_PARAMETERS) },
      responses: {
        200: json(ChangesSchema, "The changes.", {
          object: "changes",
          jobs: [JOB_EXAMPLE],
          deleted: [],
          has_more: false,
          next_cursor: "AgAAAAAAKs3v1lM0m9Qw",
        }),
      },
      errors: ["invalid_parameter", "cursor_expired"],
    },
    async (c) => {
      const principal = c.get("principal");
      const scope = changesScope(principal.project.id, principal);
      const after = positionOf(c, "changes", scope) ?? 0;
      const limit = limitOf(c);
      const page = await c.env.TENANTS.getByName(principal.project.id).changes({ user: principal.user, after, limit });
      if (page.type === "expired") {
        throw new ApiError("cursor_expired", "List the jobs anew (GET /v1/jobs), then go on from a new cursor.");
      }
      const jobs = await shownJobs(c, page.jobs, true);
      const next = encodeCursor("changes", scope, page.next);
      return c.json(
        { object: "changes", jobs, deleted: page.removed, has_more: page.hasMore, next_cursor: next },
        200,
        {
          "cache-control": "private, no-store",
        },
      );
    },
  );
}

function queryOf(c: Context<ApiEnv>) {
  const principal = c.get("principal");
  const user = c.req.query("user");
  if (user !== undefined && principal.user !== null && user !== principal.user) {
    throw invalidParameter("user", "A token lists the jobs of its own user; leave it out.");
  }
  const status = c.req.query("status");
  return {
    limit: limitOf(c),
    compact: oneOf(c, "view", ["full", "compact"]) === "compact",
    filters: {
      user: principal.user ?? user ?? null,
      status: status === undefined ? null : status.split(",").map(statusOf),
      workflow: c.req.query("workflow") ?? null,
      metadata: metadataOf(c),
      // Times are shown in whole seconds: what was created within the named one is not after it.
      createdAfter: endOfSecond(timeOf(c, "created_after")),
      createdBefore: timeOf(c, "created_before"),
    },
  };
}

function statusOf(text: string): JobStatus {
  const status = JOB_STATUSES.find((one) => one === text.trim());
  if (!status) throw invalidParameter("status", `One or several of ${JOB_STATUSES.join(", ")}.`);
  return status;
}

const endOfSecond = (at: number | null) => (at === null || at % 1000 !== 0 ? at : at + 999);

function metadataOf(c: Context<ApiEnv>): Record<string, string> {
  const filters: [string, string][] = [];
  for (const [name, value] of Object.entries(c.req.query())) {
    const key = /^metadata\[([^\]]{1,40})\]$/.exec(name)?.[1];
    if (key !== undefined) filters.push([key, value]);
  }
  if (filters.length > MAX_METADATA_FILTERS)
    throw invalidParameter("metadata", `At most ${MAX_METADATA_FILTERS} of them.`);
  return Object.fromEntries(filters.sort(([a], [b]) => (a < b ? -1 : 1)));
}
