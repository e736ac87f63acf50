/**
 * How to serve a file without its metadata: a list of parts over the stored original. The plan is made once, while the
 * file streams into the bucket, and is stored beside it; serving needs no parser, only range reads. Building it here,
 * reading by it in serve.ts.
 */
import * as z from "zod";
import { encodeBase64 } from "./base64.ts";

const count = z.int().min(0);

/** A piece of the clean copy: bytes `from` up to and without `to` of the original, literal bytes, or a run of zeros. */
export const CleanPartSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("copy"), from: count, to: count }),
  z.object({ type: z.literal("bytes"), base64: z.string() }),
  z.object({ type: z.literal("zeros"), count }),
]);
/** See `CleanPartSchema`. */
export type CleanPart = z.infer<typeof CleanPartSchema>;

/**
 * `clean`: nothing had to go, the only part is the whole file. `cleaned`: the parts, in order, are the copy to show.
 * `unknown`: nobody can vouch for the file, there are no parts and only the owner may fetch it.
 * `sizeBytes` is the length of the copy (0 if unknown); `removed` names what went, for example `tEXt:prompt`.
 */
export const CleanPlanSchema = z.object({
  status: z.enum(["clean", "cleaned", "unknown"]),
  parts: z.array(CleanPartSchema),
  sizeBytes: count,
  removed: z.array(z.string()),
});
/** See `CleanPlanSchema`. */
export type CleanPlan = z.infer<typeof CleanPlanSchema>;

/** The plan of a file that nobody can vouch for. */
export const UNKNOWN_PLAN: CleanPlan = { status: "unknown", parts: [], sizeBytes: 0, removed: [] };

/** A plan of more parts is given up: at about 50 bytes a part it stays a small row. */
export const MAX_PARTS = 200;
/** Literal bytes one plan may hold; real files need under 200. */
export const MAX_LITERAL_BYTES = 8192;
const MAX_REMOVED_NAMES = 32;
const MAX_NAME_LENGTH = 60;

/** Collects the parts in file order. What is neither kept nor written is left out. */
export class CleanPlanBuilder {
  readonly #parts: CleanPart[] = [];
  readonly #removed = new Set<string>();
  #literalBytes = 0;
  #sizeBytes = 0;
  #overflowed = false;

  /** Length of the copy so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Keeps the original's bytes `from` up to and without `to`. Neighbours become one part. */
  keep(from: number, to: number): void {
    if (to <= from) return;
    const last = this.#parts.at(-1);
    this.#sizeBytes += to - from;
    if (last?.type === "copy" && last.to === from) last.to = to;
    else this.#add({ type: "copy", from, to });
  }

  /** Writes bytes that are not in the original. They are encoded at once, so `bytes` may be reused. */
  write(bytes: Uint8Array): void {
    if (this.#countLiteral(bytes)) this.#add({ type: "bytes", base64: encodeBase64(bytes) });
  }

  /** Like `write`, but before everything else: for a header that is known only at the end. */
  prepend(bytes: Uint8Array): void {
    if (this.#countLiteral(bytes)) this.#parts.unshift({ type: "bytes", base64: encodeBase64(bytes) });
  }

  /** Writes `zeros` zero bytes. */
  writeZeros(zeros: number): void {
    if (zeros <= 0) return;
    this.#sizeBytes += zeros;
    this.#add({ type: "zeros", count: zeros });
  }

  /** Says that something is missing from the copy. A plan without any such name is the whole file. */
  remove(name: string): void {
    if (this.#removed.size >= MAX_REMOVED_NAMES) return;
    this.#removed.add(name.replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_NAME_LENGTH));
  }

  /** The plan of a file of `totalBytes`. */
  build(totalBytes: number): CleanPlan {
    if (this.#removed.size === 0) {
      return {
        status: "clean",
        parts: [{ type: "copy", from: 0, to: totalBytes }],
        sizeBytes: totalBytes,
        removed: [],
      };
    }
    if (this.#overflowed) return UNKNOWN_PLAN;
    return { status: "cleaned", parts: this.#parts, sizeBytes: this.#sizeBytes, removed: [...this.#removed] };
  }

  #add(part: CleanPart): void {
    if (this.#parts.length < MAX_PARTS) this.#parts.push(part);
    else this.#overflowed = true;
  }

  #countLiteral(bytes: Uint8Array): boolean {
    this.#literalBytes += bytes.length;
    this.#sizeBytes += bytes.length;
    if (this.#literalBytes > MAX_LITERAL_BYTES) this.#overflowed = true;
    return !this.#overflowed;
  }
}
