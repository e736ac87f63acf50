/**
 * How a format is read without holding it: a scanner is a generator that asks for a few bytes or to be carried past
 * many, and `ScanRun` answers from chunks of whatever size the network makes. A scanner therefore reads like code over
 * a whole file, cannot depend on where chunks are cut, and holds at most one `take`.
 */
import type { CleanPlanBuilder } from "./clean-plan.ts";
import type { MediaType } from "./sniff.ts";

/** The most bytes a scanner may hold at once: the longest JPEG segment fits. */
export const MAX_TAKE_BYTES = 65_536;

/** What a scanner finds out; it starts with what the first bytes say. */
export type MediaFacts = MediaType & { width: number | null; height: number | null; durationMs: number | null };

/** What a scanner works on. `at` is the offset of the next byte, kept up to date by the run. */
export type ScanContext = { at: number; readonly plan: CleanPlanBuilder; readonly media: MediaFacts };

type ScanRequest =
  | { type: "take"; bytes: number; endAllowed: boolean }
  | { type: "skip"; bytes: number }
  | { type: "testZeros"; bytes: number }
  | { type: "seek"; byte: number }
  | { type: "rest"; tailBytes: number };

/** A scanner, or a piece of one. It returns when the structure is complete. */
export type Scan<T = void> = Generator<ScanRequest, T, Uint8Array>;

/** Thrown by scanners, caught by `ScanRun`: the bytes are not what the format allows, so nobody can vouch for them. */
export class Unreadable extends Error {}

/** Thrown by scanners, caught by `ScanRun`: the file is readable but its writer stopped before the end. */
export class EndedEarly extends Error {}

const EMPTY = new Uint8Array(0);

/** The next `bytes` bytes. They are valid until the next request: copy what must last. */
export function* take(bytes: number): Scan<Uint8Array> {
  if (bytes > MAX_TAKE_BYTES) throw new Unreadable("field too long");
  return bytes > 0 ? yield { type: "take", bytes, endAllowed: false } : EMPTY;
}

/** Like `take`, where the file may end: then fewer bytes come, or none. */
export function* takeOrEnd(bytes: number): Scan<Uint8Array> {
  return yield { type: "take", bytes, endAllowed: true };
}

/** Passes over `bytes` bytes, any number. */
export function* skip(bytes: number): Scan {
  if (bytes > 0) yield { type: "skip", bytes };
}

/** Passes over `bytes` bytes and tells whether all of them are zero. */
export function* skipZeros(bytes: number): Scan<boolean> {
  return bytes > 0 ? (yield { type: "testZeros", bytes }).length === 0 : true;
}

/** Passes over everything up to and including the next `byte`. */
export function* seekPast(byte: number): Scan {
  yield { type: "seek", byte };
}

/** Passes over the rest of the file and returns its last `tailBytes` bytes at most. */
export function* rest(tailBytes = 0): Scan<Uint8Array> {
  return yield { type: "rest", tailBytes };
}

/** Passes over the rest of the file and leaves it out of the copy. */
export function* dropRest(context: ScanContext): Scan {
  const from = context.at;
  yield* rest();
  if (context.at > from) context.plan.remove("trailing bytes");
}

function hasNonZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return true;
  return false;
}

/** Drives one scanner over one file. */
export class ScanRun {
  readonly #context: ScanContext;
  readonly #scan: Scan;
  #request: ScanRequest | null = null;
  /** Bytes of a `take` or a tail that lie in earlier chunks. */
  #held: Uint8Array = EMPTY;
  #heldBytes = 0;
  #passedBytes = 0;
  #sawNonZero = false;
  /** `open` while bytes are still wanted. */
  state: "open" | "complete" | "unreadable" | "truncated" = "open";

  constructor(context: ScanContext, scan: Scan) {
    this.#context = context;
    this.#scan = scan;
    this.#answer(EMPTY);
  }

  /** Feeds the next bytes of the file; ignored once the scanner has ended. */
  push(chunk: Uint8Array): void {
    let used = 0;
    while (used < chunk.length && this.#request !== null) used += this.#feed(this.#request, chunk.subarray(used));
  }

  /** Says that the file ends here. */
  finish(): void {
    while (this.#request !== null) {
      const request = this.#request;
      const mayEnd = request.type === "rest" || (request.type === "take" && request.endAllowed);
      if (mayEnd) this.#answer(this.#held.subarray(0, this.#heldBytes));
      else this.#end("truncated");
    }
  }

  /** Uses bytes for the request and returns how many. */
  #feed(request: ScanRequest, chunk: Uint8Array): number {
    switch (request.type) {
      case "take":
        return this.#feedTake(request.bytes, chunk);
      case "rest":
        this.#context.at += chunk.length;
        this.#holdTail(chunk, request.tailBytes);
        return chunk.length;
      case "seek": {
        const index = chunk.indexOf(request.byte);
        const used = index < 0 ? chunk.length : index + 1;
        this.#context.at += used;
        if (index >= 0) this.#answer(EMPTY);
        return used;
      }
      case "skip":
      case "testZeros": {
        const used = Math.min(request.bytes - this.#passedBytes, chunk.length);
        this.#context.at += used;
        this.#passedBytes += used;
        if (request.type === "testZeros" && !this.#sawNonZero) {
          this.#sawNonZero = hasNonZero(chunk.subarray(0, used));
        }
        if (this.#passedBytes === request.bytes) this.#answer(this.#sawNonZero ? chunk.subarray(0, 1) : EMPTY);
        return used;
      }
    }
  }

  #feedTake(bytes: number, chunk: Uint8Array): number {
    const used = Math.min(bytes - this.#heldBytes, chunk.length);
    this.#context.at += used;
    if (used === bytes) {
      this.#answer(chunk.subarray(0, used));
      return used;
    }
    if (this.#heldBytes === 0) this.#held = new Uint8Array(bytes);
    this.#held.set(chunk.subarray(0, used), this.#heldBytes);
    this.#heldBytes += used;
    if (this.#heldBytes === bytes) this.#answer(this.#held);
    return used;
  }

  #holdTail(chunk: Uint8Array, tailBytes: number): void {
    if (tailBytes === 0) return;
    const fromHeld = Math.min(this.#heldBytes, Math.max(0, tailBytes - chunk.length));
    const fromChunk = Math.min(chunk.length, tailBytes);
    const tail = new Uint8Array(fromHeld + fromChunk);
    tail.set(this.#held.subarray(this.#heldBytes - fromHeld, this.#heldBytes));
    tail.set(chunk.subarray(chunk.length - fromChunk), fromHeld);
    this.#held = tail;
    this.#heldBytes = tail.length;
  }

  #answer(bytes: Uint8Array): void {
    this.#held = EMPTY;
    this.#heldBytes = 0;
    this.#passedBytes = 0;
    this.#sawNonZero = false;
    try {
      const next = this.#scan.next(bytes);
      if (next.done) this.#end("complete");
      else this.#request = next.value;
    } catch (error) {
      if (error instanceof Unreadable) this.#end("unreadable");
      else if (error instanceof EndedEarly) this.#end("truncated");
      else throw error;
    }
  }

  #end(state: "complete" | "unreadable" | "truncated"): void {
    this.#request = null;
    this.state = state;
  }
}
