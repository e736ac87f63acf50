/** What a share link opens: the live page, its state, its events, its pictures. Nothing else is reachable by it. */
import type { Context } from "hono";
import * as z from "zod";
import { readShareToken } from "../../../core/auth/share-token.ts";
import { MESSAGES } from "../../../core/words/all-messages.ts";
import type { Lang } from "../../../core/words/languages.ts";
import { localeOf } from "../../../core/words/locale.ts";
import { localizeJob } from "../../../core/words/localize-job.ts";
import { renderClosedPage, renderPage } from "../../../page/render.tsx";
import type { OpenShare } from "../../job/job-shares.ts";
import type { ApiEnv } from "../api-env.ts";
import { guessed } from "../auth/authorize.ts";
import { serveEvents } from "../live.ts";
import { sentencesIn } from "../page-words.ts";
import { etagOf, matchesSeq } from "../preferences.ts";
import { servePreview } from "../previews.ts";
import { ApiError } from "../problem.ts";
import { type Api, mount } from "../route.ts";
import { serveMedia } from "../serve-media.ts";

const SCRIPT_URL = "/assets/live.js";
const STYLE_URL = "/assets/live.css";

const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "private, no-store",
  "referrer-policy": "no-referrer",
  "x-robots-tag": "noindex, nofollow, noimageindex",
  "x-content-type-options": "nosniff",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "cross-origin-opener-policy": "same-origin",
  "content-security-policy":
    "default-src 'none'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
};

const VIEWER = { role: "viewer", user: null, madeAt: null, expiresAt: null, streamId: null } as const;

type Closed = "unknown" | "revoked" | "expired";
type Door = {
  token: string;
  secret: string;
  base: string;
  stub: DurableObjectStub<import("../../job/job-object.ts").JobObject>;
};

/** The language of who reads: the one that the address asks for (`?lang=`), else the one that the browser does. */
const readerLang = (c: Context<ApiEnv>): Lang =>
  localeOf([c.req.query("lang"), c.req.header("accept-language")].filter(Boolean).join());

/** What an answer says of its language. */
const spokenIn = (lang: Lang) => ({ "content-language": lang, vary: "Accept-Language" });

/** The door a token names, or null where it cannot be a token. */
function doorOf(c: Context<ApiEnv>): Door | null {
  const token = c.req.param("token") ?? "";
  const read = readShareToken(token);
  return read && { token, secret: read.secret, base: `/s/${token}`, stub: c.env.JOBS.getByName(read.objectName) };
}

function closedError(kind: Closed): ApiError {
  if (kind === "revoked") return new ApiError("share_revoked", "The owner closed this link.");
  if (kind === "expired") return new ApiError("share_expired", "The time of this link is over.");
  return new ApiError("not_found", "There is no such link.");
}

/** The open share behind a request, or the error that closes it. */
async function enter(c: Context<ApiEnv>): Promise<Door & { share: OpenShare }> {
  const door = doorOf(c);
  const share = door ? await door.stub.openShare(door.secret) : ({ type: "unknown" } as const);
  if (share.type === "unknown") await guessed(c.env, c.req.raw);
  if (!door || share.type !== "open") throw closedError(share.type === "open" ? "unknown" : share.type);
  return { ...door, share };
}

/** The job as the link shows it, or what keeps it closed; asking for a link that nobody made is a guess. */
async function look(c: Context<ApiEnv>) {
  const door = doorOf(c);
  const read = door ? await door.stub.readShared(door.secret, door.base) : ({ type: "unknown" } as const);
  if (read.type === "unknown") await guessed(c.env, c.req.raw);
  return read;
}

const params = z.object({ token: z.string() });
const langDoc = z
  .string()
  .optional()
  .meta({ description: "A language tag; else Accept-Language decides.", example: "de" });
const CLOSED = ["not_found", "share_revoked", "share_expired"] as const;

export function mountPublic(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/s/{token}",
      id: "getSharePage",
      tag: "Public",
      auth: "public",
      summary: "The live page",
      request: { params, query: z.object({ lang: langDoc }) },
      responses: {
        200: { description: "A page.", content: { "text/html": { schema: z.string() } } },
        404: { description: "A calm page." },
        410: { description: "A calm page." },
      },
    },
    async (c) => {
      const lang = readerLang(c);
      const headers = { ...PAGE_HEADERS, ...spokenIn(lang) };
      const [read, sentences] = await Promise.all([look(c), sentencesIn(c.env, lang)]);
      if (read.type !== "found") {
        const status = read.type === "unknown" ? 404 : 410;
        return c.body(renderClosedPage({ kind: read.type, styleUrl: STYLE_URL, sentences }), status, headers);
      }
      const html = renderPage({
        job: read.job,
        token: c.req.param("token") ?? "",
        sentences,
        failures: MESSAGES[lang].failures,
        baseUrl: new URL(c.req.url).origin,
        scriptUrl: SCRIPT_URL,
        styleUrl: STYLE_URL,
      });
      return c.body(html, 200, headers);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/s/{token}/state",
      id: "getShareState",
      tag: "Public",
      auth: "public",
      summary: "The job as the link shows it",
      request: { params, query: z.object({ lang: langDoc }) },
      responses: {
        200: { description: "A job without inputs, workflow or nodes." },
        304: { description: "Nothing has changed." },
      },
      errors: [...CLOSED],
    },
    async (c) => {
      const read = await look(c);
      if (read.type !== "found") throw closedError(read.type);
      const { job } = read;
      const lang = readerLang(c);
      const headers = {
        etag: etagOf(job.seq, lang),
        "cache-control": "private, no-store",
        "x-robots-tag": "noindex",
        ...spokenIn(lang),
      };
      if (matchesSeq(c.req.header("if-none-match"), job.seq, lang)) return c.body(null, 304, headers);
      return c.json(lang === "en" ? job : localizeJob(job, lang), 200, headers);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/s/{token}/events",
      id: "watchShare",
      tag: "Public",
      auth: "public",
      summary: "Watch over WebSocket or SSE",
      request: { params, query: z.object({ after: z.string().optional(), previews: z.string().optional() }) },
      responses: {
        101: { description: "WebSocket." },
        200: { description: "An event stream." },
        204: { description: "The end was delivered already." },
      },
      errors: [...CLOSED, "upgrade_required", "invalid_parameter"],
    },
    async (c) => {
      const { stub, secret, base } = await enter(c);
      const read = await stub.readShared(secret, base);
      if (read.type !== "found") throw closedError(read.type);
      const { share, job } = read;
      return serveEvents(c, stub, async () => ({ ...VIEWER, reveal: share.reveal, shareId: share.id, base }), job);
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/s/{token}/preview",
      id: "getSharePreview",
      tag: "Public",
      auth: "public",
      summary: "The newest preview",
      request: { params },
      responses: {
        200: { description: "A picture.", content: { "image/jpeg": { schema: { type: "string", format: "binary" } } } },
      },
      errors: [...CLOSED, "not_revealed"],
    },
    async (c) => {
      const { stub, share } = await enter(c);
      if (!share.reveal.includes("previews")) throw new ApiError("not_revealed", "This link shows no previews.");
      return servePreview(await stub.preview({ user: null }));
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/s/{token}/m/{output_id}/{variant}",
      id: "getShareMedia",
      tag: "Public",
      auth: "public",
      summary: "A result, without prompt and workflow",
      request: {
        params: z.object({ token: z.string(), output_id: z.string(), variant: z.string() }),
        query: z.object({ download: z.string().optional() }),
      },
      responses: {
        200: { description: "The file." },
        206: { description: "A part of it." },
        304: { description: "Unchanged." },
      },
      errors: [...CLOSED, "not_revealed", "media_deleted", "range_not_satisfiable"],
    },
    async (c) => {
      const { stub, share, secret, base } = await enter(c);
      const outputId = c.req.param("output_id") ?? "";
      const read = await stub.readShared(secret, base);
      const output = read.type === "found" ? read.job.outputs.find((one) => one.id === outputId) : undefined;
      if (!share.reveal.includes("outputs")) throw new ApiError("not_revealed", "This link shows no results.");
      if (!output || c.req.param("variant") !== "original")
        throw new ApiError("not_found", "The job has no such result.");
      if (c.req.query("download") !== undefined && !share.allowDownload)
        throw new ApiError("not_revealed", "This link allows no downloads.");
      return serveMedia(c, { outputId, copy: "clean", cacheControl: "private, max-age=3600", name: () => output.name });
    },
  );
}
