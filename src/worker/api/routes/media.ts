/** Results by signed link (made for image loaders, which send no headers), and the untouched original for its owner. */
import * as z from "zod";
import { OutputIdSchema } from "../../../contract/ids.ts";
import { verifyMedia } from "../../../core/artifact/sign.ts";
import { configOf } from "../../config.ts";
import { secretKey } from "../middleware.ts";
import { ApiError } from "../problem.ts";
import { type Api, errorResponses, mount, OWNER, OWNER_ERRORS } from "../route.ts";
import { serveMedia } from "../serve-media.ts";

const MEDIA_RESPONSES = {
  200: { description: "The file." },
  206: { description: "A part of it." },
  304: { description: "Unchanged." },
};

export function mountMedia(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/m/{sig}/{output_id}/{file}",
      tags: ["Media"],
      summary: "A result by its signed link, without prompt and workflow",
      request: {
        params: z.object({ sig: z.string(), output_id: z.string(), file: z.string() }),
        query: z.object({ download: z.string().optional() }),
      },
      responses: {
        ...MEDIA_RESPONSES,
        ...errorResponses("bad_signature", "media_expired", "media_deleted", "not_revealed", "range_not_satisfiable"),
      },
    },
    async (c) => {
      const { sig = "", output_id: outputId = "", file = "" } = c.req.param() as Record<string, string>;
      const [variant] = file.split(".");
      if (!OutputIdSchema.safeParse(outputId).success || variant !== "original")
        throw new ApiError("not_found", "There is no such file.");
      const verdict = await verifyMedia(
        configOf(c.env).signingSecret,
        sig,
        { outputId, variant, epoch: 0 },
        Date.now(),
      );
      if (verdict === "invalid") throw new ApiError("bad_signature", "Take the link from the job as it is now.");
      if (verdict === "expired") throw new ApiError("media_expired", "Read the job again: it carries a new link.");
      return serveMedia(c, {
        outputId,
        copy: "clean",
        cacheControl: "private, max-age=86400, immutable",
        name: (facts) => facts.name,
      });
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/outputs/{output_id}/raw",
      tags: ["Media"],
      summary: "The untouched original, with whatever ComfyUI wrote into it",
      ...OWNER,
      request: { params: z.object({ output_id: OutputIdSchema }) },
      responses: {
        ...MEDIA_RESPONSES,
        ...errorResponses(...OWNER_ERRORS, "not_found", "media_deleted", "range_not_satisfiable"),
      },
    },
    secretKey,
    async (c) => {
      const outputId = c.req.param("output_id") ?? "";
      if (!OutputIdSchema.safeParse(outputId).success) throw new ApiError("not_found", "There is no such file.");
      return serveMedia(c, {
        outputId,
        copy: "original",
        cacheControl: "private, no-store",
        name: (facts) => facts.name,
      });
    },
  );
}
