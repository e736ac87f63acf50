/**
 * Results on their way into R2 and out again. A file goes through in one pass, never buffered whole: hashed, inspected
 * and written as it streams by. Its facts are written beside it as soon as its last byte was seen, while R2 still
 * finishes the file: a result is complete when both are there, and is written again where one is missing.
 */

import * as z from "zod";
import { CleanPlanSchema } from "../../core/artifact/clean-plan.ts";
import { ArtifactInspector, type Inspection } from "../../core/artifact/inspect.ts";
import { outputKey } from "../../core/artifact/key.ts";
import { hex } from "../../core/util/ids.ts";

/** Largest result that is kept. */
export const MAX_OUTPUT_BYTES = 2 * 1024 * 1024 * 1024;
/** Part of a file whose length is not announced: R2 asks for equal parts of at least 5 MiB. */
const PART_BYTES = 8 * 1024 * 1024;
/** Piece in which a body passes through our hands. */
const PIECE_BYTES = 64 * 1024;

export const FactsSchema = z.object({
  jobName: z.string(),
  name: z.string(),
  contentType: z.string(),
  kind: z.string(),
  extension: z.string(),
  sizeBytes: z.int(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  durationMs: z.int().nullable(),
  sha256: z.string(),
  clean: CleanPlanSchema,
});
/** What is known of a stored result. */
export type Facts = z.infer<typeof FactsSchema>;

/** Thrown when a body ends before its announced length, or is larger than what is kept. */
export class BodyError extends Error {
  readonly kind: "truncated" | "too_large";
  readonly sizeBytes: number;
  constructor(kind: "truncated" | "too_large", sizeBytes: number) {
    super(kind);
    this.name = "BodyError";
    this.kind = kind;
    this.sizeBytes = sizeBytes;
  }
}

const factsKey = (outputId: string) => `${outputKey(outputId)}.facts`;

/** The facts of a result if it is stored completely, else null. */
export async function completeFacts(bucket: R2Bucket, outputId: string): Promise<Facts | null> {
  const [facts, file] = await Promise.all([readFacts(bucket, outputId), bucket.head(outputKey(outputId))]);
  return facts && file?.size === facts.sizeBytes ? facts : null;
}

/** The facts of a result that was announced, or null where it was removed. */
export async function readFacts(bucket: R2Bucket, outputId: string): Promise<Facts | null> {
  const object = await bucket.get(factsKey(outputId));
  if (!object) return null;
  const parsed = FactsSchema.safeParse(await object.json());
  return parsed.success ? parsed.data : null;
}

/** What is stored: a stream of the network, or bytes that are here already. */
export type Body = ReadableStream<Uint8Array> | Uint8Array;

/**
 * Stores a body under an output's key, and its facts.
 * @throws {BodyError} when the body is cut short or too large; whatever R2 throws when it fails.
 */
export async function storeBody(
  bucket: R2Bucket,
  outputId: string,
  body: Body,
  lengthBytes: number | null,
  about: { jobName: string; name: string },
): Promise<Facts> {
  if (lengthBytes !== null && lengthBytes > MAX_OUTPUT_BYTES) throw new BodyError("too_large", lengthBytes);
  const pass = new Pass(about.name, lengthBytes);
  const pieces = pass.pieces(body);
  const key = outputKey(outputId);
  const [stored, facts] = await Promise.allSettled([
    lengthBytes === null ? putParts(bucket, key, pieces) : putKnown(bucket, key, pieces, lengthBytes),
    putFacts(bucket, outputId, pass, about),
  ]);
  if (stored.status === "rejected") throw stored.reason;
  if (facts.status === "rejected") throw facts.reason;
  return facts.value;
}

async function putFacts(bucket: R2Bucket, outputId: string, pass: Pass, about: { jobName: string; name: string }) {
  const { sha256, inspection, sizeBytes } = await pass.finish();
  const facts: Facts = {
    ...about,
    contentType: inspection.contentType,
    kind: inspection.kind,
    extension: inspection.extension,
    sizeBytes,
    width: inspection.width,
    height: inspection.height,
    durationMs: inspection.durationMs,
    sha256,
    clean: inspection.clean,
  };
  await bucket.put(factsKey(outputId), JSON.stringify(facts));
  return facts;
}

/** Removes results and their facts. */
export async function removeOutputs(bucket: R2Bucket, outputIds: string[]): Promise<void> {
  const keys = outputIds.flatMap((id) => [outputKey(id), factsKey(id)]);
  for (let i = 0; i < keys.length; i += 1000) await bucket.delete(keys.slice(i, i + 1000));
}

/** Looks at bytes as they pass: counts, hashes, inspects. */
class Pass {
  readonly #digest = new crypto.DigestStream("SHA-256");
  readonly #hash = this.#digest.getWriter();
  readonly #inspector: ArtifactInspector;
  readonly #lengthBytes: number | null;
  readonly #passed = Promise.withResolvers<void>();
  #sizeBytes = 0;

  constructor(name: string, lengthBytes: number | null) {
    this.#inspector = new ArtifactInspector(name);
    this.#lengthBytes = lengthBytes;
  }

  /**
   * The bytes in pieces large enough that their number costs nothing: a network body's own chunks are of 4 KiB. A piece
   * is valid until the next one is asked for, because its memory is used again.
   */
  async *pieces(body: Body): AsyncGenerator<Uint8Array> {
    try {
      if (body instanceof Uint8Array) {
        await this.#see(body);
        yield body;
      } else yield* this.#read(body);
      if (this.#lengthBytes !== null && this.#sizeBytes !== this.#lengthBytes) {
        throw new BodyError("truncated", this.#sizeBytes);
      }
      this.#passed.resolve();
    } finally {
      // Where it broke off, or was left by who reads it; after the line above this does nothing.
      this.#passed.reject(new BodyError("truncated", this.#sizeBytes));
    }
  }

  async *#read(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = body.getReader({ mode: "byob" });
    let memory = new ArrayBuffer(PIECE_BYTES);
    try {
      for (;;) {
        const { done, value } = await reader.readAtLeast(PIECE_BYTES, new Uint8Array(memory));
        if (done) break;
        await this.#see(value);
        yield value;
        memory = value.buffer;
      }
    } finally {
      // Does nothing to a body that was read to its end.
      await reader.cancel().catch(() => {});
    }
  }

  async #see(piece: Uint8Array): Promise<void> {
    this.#sizeBytes += piece.byteLength;
    if (this.#sizeBytes > MAX_OUTPUT_BYTES) throw new BodyError("too_large", this.#sizeBytes);
    this.#inspector.push(piece);
    await this.#hash.write(piece);
  }

  /** What was seen, once all of it was. */
  async finish(): Promise<{ sha256: string; sizeBytes: number; inspection: Inspection }> {
    await this.#passed.promise;
    await this.#hash.close();
    const sha256 = hex(new Uint8Array(await this.#digest.digest));
    return { sha256, sizeBytes: this.#sizeBytes, inspection: this.#inspector.finish(this.#sizeBytes) };
  }
}

async function putKnown(
  bucket: R2Bucket,
  key: string,
  pieces: AsyncIterable<Uint8Array>,
  lengthBytes: number,
): Promise<void> {
  const fixed = new FixedLengthStream(lengthBytes);
  const piped = pour(pieces, fixed.writable);
  // Both are awaited: a body that breaks off must reject here whichever side notices first.
  const [stored, sent] = await Promise.allSettled([bucket.put(key, fixed.readable), piped]);
  if (sent.status === "rejected") throw sent.reason;
  if (stored.status === "rejected") throw stored.reason;
}

/** A body of unknown length: small ones in one put, others in equal parts. */
async function putParts(bucket: R2Bucket, key: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let part = new Uint8Array(PART_BYTES);
  let filled = 0;
  let upload: R2MultipartUpload | null = null;
  const parts: R2UploadedPart[] = [];
  try {
    for await (const value of pieces) {
      let rest = value;
      while (rest.byteLength > 0) {
        const taken = rest.subarray(0, PART_BYTES - filled);
        part.set(taken, filled);
        filled += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
        if (filled < PART_BYTES) continue;
        upload ??= await bucket.createMultipartUpload(key);
        parts.push(await upload.uploadPart(parts.length + 1, part));
        part = new Uint8Array(PART_BYTES);
        filled = 0;
      }
    }
    if (!upload) {
      await bucket.put(key, part.subarray(0, filled));
      return;
    }
    if (filled > 0) parts.push(await upload.uploadPart(parts.length + 1, part.subarray(0, filled)));
    await upload.complete(parts);
  } catch (error) {
    await upload?.abort();
    throw error;
  }
}

async function pour(pieces: AsyncIterable<Uint8Array>, into: WritableStream<Uint8Array>): Promise<void> {
  const writer = into.getWriter();
  try {
    for await (const piece of pieces) await writer.write(piece);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
}
