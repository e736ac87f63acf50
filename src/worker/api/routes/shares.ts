/** Share links of a job: made, listed, closed. They are addressed through their job, which alone knows them. */
import * as z from "zod";
import { listOf, MAX_SHARES, type Share, ShareCreateSchema, ShareSchema } from "../../../contract/api.ts";
import { JobIdSchema, ShareIdSchema } from "../../../contract/ids.ts";
import { jobObjectName, mintShareToken } from "../../../core/auth/share-token.ts";
import { parseWith, readJson } from "../body.ts";
import { absentJob, jobStub, PROJECT } from "../jobs.ts";
import { secretKey } from "../middleware.ts";
import { ApiError } from "../problem.ts";
import { type Api, errorResponses, json, mount, OWNER, OWNER_ERRORS } from "../route.ts";

export function mountShares(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/jobs/{id}/shares",
      tags: ["Shares"],
      summary: "Make a link that anyone can watch",
      ...OWNER,
      request: {
        params: z.object({ id: JobIdSchema }),
        body: { required: false, content: { "application/json": { schema: ShareCreateSchema } } },
      },
      responses: {
        201: json(ShareSchema, "The link; its url is shown this one time."),
        ...errorResponses(
          ...OWNER_ERRORS,
          "not_found",
          "job_expired",
          "share_limit",
          "invalid_inputs",
          "invalid_json",
          "unsupported_media_type",
        ),
      },
    },
    secretKey,
    async (c) => {
      const id = c.req.param("id") ?? "";
      const create = parseWith(ShareCreateSchema, await readJson(c, { optional: true }));
      const stub = await jobStub(c.env, id);
      const token = mintShareToken(await jobObjectName(PROJECT, id), crypto.getRandomValues(new Uint8Array(16)));
      const answer = await stub.addShare(create, token);
      if (answer.type === "limit")
        throw new ApiError("share_limit", `A job may have ${MAX_SHARES} open links; close one first.`);
      if (answer.type !== "made") throw absentJob(answer.type);
      return c.json(answer.share as Share, 201, { "cache-control": "no-store" });
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/jobs/{id}/shares",
      tags: ["Shares"],
      summary: "List the links of a job",
      ...OWNER,
      request: { params: z.object({ id: JobIdSchema }) },
      responses: {
        200: json(listOf(ShareSchema), "The links, without their tokens."),
        ...errorResponses(...OWNER_ERRORS, "not_found", "job_expired"),
      },
    },
    secretKey,
    async (c) => {
      const answer = await (await jobStub(c.env, c.req.param("id") ?? "")).listShares();
      if (answer.type !== "found") throw absentJob(answer.type);
      return c.json({ object: "list", data: answer.shares as Share[], has_more: false, next_cursor: null }, 200, {
        "cache-control": "no-store",
      });
    },
  );

  mount(
    api,
    {
      method: "delete",
      path: "/v1/jobs/{id}/shares/{share_id}",
      tags: ["Shares"],
      summary: "Close a link, and whoever is watching by it",
      ...OWNER,
      request: { params: z.object({ id: JobIdSchema, share_id: ShareIdSchema }) },
      responses: { 204: { description: "Closed." }, ...errorResponses(...OWNER_ERRORS, "not_found") },
    },
    secretKey,
    async (c) => {
      const stub = await jobStub(c.env, c.req.param("id") ?? "");
      if (!(await stub.revokeShare(c.req.param("share_id") ?? "")))
        throw new ApiError("not_found", "The job has no link of that id.");
      return c.body(null, 204);
    },
  );
}
