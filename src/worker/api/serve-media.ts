/**
 * Stored results out of R2: the clean copy, put together from ranges of the original without parsing it again, or the
 * original itself for its owner. Range, ETag and length are those of the copy that is served.
 */
import type { Context } from "hono";
import { outputKey } from "../../core/artifact/key.ts";
import { contentDisposition, downloadName } from "../../core/artifact/name.ts";
import {
  contentRange,
  matchesEtag,
  parseRange,
  planRead,
  type ReadStep,
  strongEtag,
} from "../../core/artifact/serve.ts";
import { type Facts, readFacts } from "../artifacts/artifact-store.ts";
import type { ApiEnv } from "./api-env.ts";
import { ApiError } from "./problem.ts";

export type Serving = {
  outputId: string;
  copy: "clean" | "original";
  cacheControl: string;
  /** The name in a download; ComfyUI's own, or one that says nothing. */
  name: (facts: Facts) => string;
};

const ZEROS_BYTES = 64 * 1024;

/** Answers GET and HEAD for a stored result. */
export async function serveMedia(c: Context<ApiEnv>, serving: Serving): Promise<Response> {
  const { outputId, copy } = serving;
  const facts = await readFacts(c.env.MEDIA, outputId);
  if (!facts) throw new ApiError("media_deleted", "The file was removed with its job.");
  const clean = copy === "clean";
  if (clean && facts.clean.status === "unknown") {
    throw new ApiError(
      "not_revealed",
      "Files of this kind cannot be freed of their metadata; only the owner may fetch it.",
    );
  }
  const sizeBytes = clean ? facts.clean.sizeBytes : facts.sizeBytes;
  const etag = strongEtag(facts.sha256, copy);
  const download = c.req.query("download");
  const name = downloadName(download || serving.name(facts), facts.extension);
  const headers = new Headers({
    "content-type": facts.contentType,
    etag,
    "accept-ranges": "bytes",
    "cache-control": serving.cacheControl,
    "content-disposition": contentDisposition(download === undefined ? "inline" : "attachment", name),
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
    // A result is data from a stranger's server: opened on its own it may run nothing.
    "content-security-policy": "default-src 'none'; sandbox",
  });
  if (matchesEtag(c.req.header("if-none-match") ?? null, etag)) return new Response(null, { status: 304, headers });
  const ifRange = c.req.header("if-range");
  const asked = parseRange(
    ifRange === undefined || ifRange === etag ? (c.req.header("range") ?? null) : null,
    sizeBytes,
  );
  if (asked.type === "unsatisfiable") {
    throw new ApiError("range_not_satisfiable", `The file has ${sizeBytes} bytes.`, {
      headers: { "content-range": contentRange(null, sizeBytes) },
    });
  }
  const range = asked.type === "range" ? { offset: asked.offset, length: asked.length } : null;
  const length = range?.length ?? sizeBytes;
  headers.set("content-length", String(length));
  if (range) headers.set("content-range", contentRange(range, sizeBytes));
  const status = range ? 206 : 200;
  if (c.req.method === "HEAD") return new Response(null, { status, headers });
  const whole: ReadStep[] = [{ type: "read", offset: range?.offset ?? 0, length }];
  const steps = clean ? planRead(facts.clean, range) : whole;
  return new Response(await bodyOf(c.env.MEDIA, outputKey(outputId), steps, length), { status, headers });
}

async function bodyOf(bucket: R2Bucket, key: string, steps: ReadStep[], length: number): Promise<ReadableStream> {
  const [only] = steps;
  if (steps.length === 1 && only?.type === "read" && length > 0) {
    const object = await bucket.get(key, { range: { offset: only.offset, length: only.length } });
    if (!object) throw new ApiError("media_deleted", "The file was removed with its job.");
    return object.body;
  }
  const fixed = new FixedLengthStream(length);
  // A reader that goes away ends the copying; there is nobody left to tell.
  void copySteps(bucket, key, steps, fixed.writable).catch(() => {});
  return fixed.readable;
}

async function copySteps(
  bucket: R2Bucket,
  key: string,
  steps: ReadStep[],
  to: WritableStream<Uint8Array>,
): Promise<void> {
  try {
    for (const step of steps) {
      if (step.type === "read") {
        const object = await bucket.get(key, { range: { offset: step.offset, length: step.length } });
        if (!object) throw new Error("the file went away");
        await object.body.pipeTo(to, { preventClose: true });
      } else {
        const writer = to.getWriter();
        if (step.type === "bytes") await writer.write(step.bytes);
        else
          for (let left = step.count; left > 0; left -= ZEROS_BYTES)
            await writer.write(new Uint8Array(Math.min(left, ZEROS_BYTES)));
        writer.releaseLock();
      }
    }
    await to.close();
  } catch (error) {
    await to.abort(error);
    throw error;
  }
}
