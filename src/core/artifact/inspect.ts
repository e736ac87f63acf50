/**
 * Looks at a file while it streams past: what it is, how big its picture is, and how to serve it without its metadata.
 * Holds at most one field of the format (64 kB) whatever the file; the bytes go on to the bucket untouched.
 */
import { type CleanPlan, CleanPlanBuilder, UNKNOWN_PLAN } from "./clean-plan.ts";
import { scanFlac } from "./formats/flac.ts";
import { scanGif } from "./formats/gif.ts";
import { scanIsobmff } from "./formats/isobmff.ts";
import { scanJpeg } from "./formats/jpeg.ts";
import { scanMatroska } from "./formats/matroska.ts";
import { scanMp3 } from "./formats/mp3.ts";
import { scanOgg } from "./formats/ogg.ts";
import { scanPng } from "./formats/png.ts";
import { scanWav } from "./formats/wav.ts";
import { scanWebp } from "./formats/webp.ts";
import { type MediaFacts, type Scan, type ScanContext, ScanRun } from "./scan.ts";
import { contentTypeFor, SNIFF_BYTES, sniff } from "./sniff.ts";

/**
 * What is known of a file at its end; a fact that could not be found is null. `truncated` tells that the structure ended
 * early; it is false where there is no structure to tell by. A truncated or unreadable file has an `unknown` plan.
 */
export type Inspection = MediaFacts & { clean: CleanPlan; truncated: boolean };

const SCANNERS: ReadonlyMap<string, (context: ScanContext) => Scan> = new Map([
  ["image/png", scanPng],
  ["image/jpeg", scanJpeg],
  ["image/webp", scanWebp],
  ["image/gif", scanGif],
  ["video/mp4", scanIsobmff],
  ["video/quicktime", scanIsobmff],
  ["audio/mp4", scanIsobmff],
  ["video/webm", scanMatroska],
  ["video/x-matroska", scanMatroska],
  ["audio/flac", scanFlac],
  ["audio/wav", scanWav],
  ["audio/mpeg", scanMp3],
  ["audio/ogg", scanOgg],
]);

/** Inspects one file: `push` its bytes in order, in chunks of any size, then `finish` once. Never throws. */
export class ArtifactInspector {
  readonly #filename: string;
  readonly #plan = new CleanPlanBuilder();
  #head: Uint8Array | null = new Uint8Array(SNIFF_BYTES);
  #headBytes = 0;
  #seenBytes = 0;
  #media: MediaFacts | null = null;
  #run: ScanRun | null = null;

  /** `filename` is ComfyUI's; it matters only where the bytes do not tell what they are. */
  constructor(filename = "") {
    this.#filename = filename;
  }

  /** Looks at the next bytes. Nothing of `chunk` is kept by reference. */
  push(chunk: Uint8Array): void {
    this.#seenBytes += chunk.length;
    if (this.#head === null) {
      this.#run?.push(chunk);
      return;
    }
    const used = Math.min(SNIFF_BYTES - this.#headBytes, chunk.length);
    this.#head.set(chunk.subarray(0, used), this.#headBytes);
    this.#headBytes += used;
    if (this.#headBytes < SNIFF_BYTES) return;
    this.#start(this.#head);
    this.#run?.push(chunk.subarray(used));
  }

  /** Says that the file ends here. `totalBytes` is the length it was announced with: fewer seen means truncated. */
  finish(totalBytes: number): Inspection {
    const media = this.#media ?? this.#start((this.#head ?? new Uint8Array(0)).subarray(0, this.#headBytes));
    this.#run?.finish();
    const isWhole = this.#seenBytes === totalBytes;
    const isClean = this.#run?.state === "complete" && isWhole;
    return {
      ...media,
      clean: isClean ? this.#plan.build(totalBytes) : UNKNOWN_PLAN,
      truncated: this.#run?.state === "truncated" || this.#seenBytes < totalBytes,
    };
  }

  #start(head: Uint8Array): MediaFacts {
    const sniffed = sniff(head);
    const media: MediaFacts = {
      ...contentTypeFor(sniffed, this.#filename),
      width: null,
      height: null,
      durationMs: null,
    };
    const scanner = SCANNERS.get(sniffed?.contentType ?? "");
    if (scanner) {
      const context: ScanContext = { at: 0, plan: this.#plan, media };
      this.#run = new ScanRun(context, scanner(context));
      this.#run.push(head);
    }
    this.#media = media;
    this.#head = null;
    return media;
  }
}
