/** Share links of a job: made, listed, closed. They are addressed through their job, which alone knows them. */
import * as z from "zod";
import { listOf, MAX_SHARES, type Share, ShareCreateSchema, ShareSchema } from "../../../contract/api.ts";
import { JobIdSchema, ShareIdSchema } from "../../../contract/ids.ts";
import { jobObjectName, mintShareToken } from "../../../core/auth/share-token.ts";
import { readerOf } from "../auth/principal.ts";
import { parseWith, readJson } from "../body.ts";
import { absentJob, jobOf } from "../jobs.ts";
import { ApiError } from "../problem.ts";
import { type Api, body, json, mount } from "../route.ts";

const EXAMPLE: Share = {
  object: "share",
  id: "shr_01kag3x7p2v9m4t8r6c5n1d0ze",
  job_id: "job_01kag3x7p2v9m4t8r6c5n1d0ze",
  label: "for Ana",
  url: "https://api.example.com/s/7Hq2vTz9kLmN4pRs8WxY3b7Hq2vTz9kLmN4pRs8WxY3b",
  token_end: "xY3b",
  reveal: ["previews", "outputs"],
  allow_download: true,
  expires_at: "2026-11-27T07:11:43Z",
  revoked_at: null,
  created_at: "2026-11-20T07:11:43Z",
  viewers_now: 0,
};

export function mountShares(api: Api): void {
  mount(
    api,
    {
      method: "post",
      path: "/v1/jobs/{id}/shares",
      id: "createShare",
      tag: "Shares",
      summary: "Make a link that anyone can watch",
      auth: "shares:write",
      request: {
        params: z.object({ id: JobIdSchema }),
        body: body(ShareCreateSchema, { label: "for Ana", reveal: ["previews", "outputs"] }, true),
      },
      responses: { 201: json(ShareSchema, "The link; its url is shown this one time.", EXAMPLE) },
      errors: [
        "not_found",
        "job_expired",
        "job_deleted",
        "share_limit",
        "invalid_inputs",
        "invalid_json",
        "payload_too_large",
        "unsupported_media_type",
      ],
    },
    async (c) => {
      const principal = c.get("principal");
      const create = parseWith(ShareCreateSchema, await readJson(c, { optional: true }));
      const stub = await jobOf(c);
      const name = await jobObjectName(principal.project.id, c.req.param("id") ?? "");
      const token = mintShareToken(name, crypto.getRandomValues(new Uint8Array(16)));
      const answer = await stub.addShare(readerOf(principal), create, token);
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
      id: "listShares",
      tag: "Shares",
      summary: "List the links of a job",
      auth: "jobs:read",
      request: { params: z.object({ id: JobIdSchema }) },
      responses: {
        200: json(listOf(ShareSchema), "The links, without their tokens.", {
          object: "list",
          data: [{ ...EXAMPLE, url: null }],
          has_more: false,
          next_cursor: null,
        }),
      },
      errors: ["not_found", "job_expired", "job_deleted"],
    },
    async (c) => {
      const answer = await (await jobOf(c)).listShares(readerOf(c.get("principal")));
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
      id: "deleteShare",
      tag: "Shares",
      summary: "Close a link, and whoever is watching by it",
      auth: "shares:write",
      request: { params: z.object({ id: JobIdSchema, share_id: ShareIdSchema }) },
      responses: { 204: { description: "Closed." } },
      errors: ["not_found"],
    },
    async (c) => {
      const stub = await jobOf(c);
      if (!(await stub.revokeShare(readerOf(c.get("principal")), c.req.param("share_id") ?? "")))
        throw new ApiError("not_found", "The job has no link of that id.");
      return c.body(null, 204);
    },
  );
}
