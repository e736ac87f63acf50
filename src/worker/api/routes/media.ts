/** Results by signed link (made for image loaders, which send no headers), and the untouched original for its owner. */
import * as z from "zod";
import { OutputIdSchema } from "../../../contract/ids.ts";
import { verifyMedia } from "../../../core/artifact/sign.ts";
import { readFacts } from "../../artifacts/artifact-store.ts";
import { configOf } from "../../config.ts";
import { readerOf } from "../auth/principal.ts";
import { ApiError } from "../problem.ts";
import { type Api, mount } from "../route.ts";
import { serveMedia } from "../serve-media.ts";

const FILE = { "*/*": { schema: { type: "string" as const, format: "binary" } } };
const MEDIA_RESPONSES = {
  200: { description: "The file.", content: FILE },
  206: { description: "A part of it.", content: FILE },
  304: { description: "Unchanged." },
};

export function mountMedia(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/m/{sig}/{output_id}/{file}",
      id: "getMedia",
      tag: "Media",
      auth: "public",
      summary: "A result by its signed link, without prompt and workflow",
      request: {
        params: z.object({ sig: z.string(), output_id: z.string(), file: z.string() }),
        query: z.object({ download: z.string().optional() }),
      },
      responses: MEDIA_RESPONSES,
      errors: ["not_found", "bad_signature", "media_expired", "media_deleted", "not_revealed", "range_not_satisfiable"],
    },
    async (c) => {
      const { sig = "", output_id: outputId = "", file = "" } = c.req.param() as Record<string, string>;
      const [variant] = file.split(".");
      if (!OutputIdSchema.safeParse(outputId).success || variant !== "original")
        throw new ApiError("not_found", "There is no such file.");
      const verdict = await verdictOf(c.env, sig, outputId);
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
      id: "getRawOutput",
      tag: "Media",
      summary: "The untouched original, with whatever ComfyUI wrote into it",
      auth: "graph:read",
      request: { params: z.object({ output_id: OutputIdSchema }) },
      responses: MEDIA_RESPONSES,
      errors: ["not_found", "range_not_satisfiable"],
    },
    async (c) => {
      const outputId = c.req.param("output_id") ?? "";
      const principal = c.get("principal");
      const known = OutputIdSchema.safeParse(outputId).success ? await readFacts(c.env.MEDIA, outputId) : null;
      const owns =
        known &&
        (await c.env.JOBS.getByName(known.jobName).owns({ ...readerOf(principal), project: principal.project.id }));
      // One answer for what is not there and what is another's.
      if (!owns) throw new ApiError("not_found", "There is no such file.");
      return serveMedia(c, {
        outputId,
        copy: "original",
        cacheControl: "private, no-store",
        name: (facts) => facts.name,
      });
    },
  );
}

/** A signature counts if any of the deployment's secrets made it. */
async function verdictOf(env: Env, sig: string, outputId: string) {
  const facts = { outputId, variant: "original", epoch: 0 };
  const verdicts = await Promise.all(
    configOf(env).signingSecrets.map((secret) => verifyMedia(secret, sig, facts, Date.now())),
  );
  return verdicts.find((verdict) => verdict !== "invalid") ?? "invalid";
}
