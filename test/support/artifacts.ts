/**
 * Every kind of file the artifact code knows, by name, and what tests do with all of them. Every file that can hold
 * metadata holds `PROMPT`, but for those that show what a clean one looks like.
 */
import type { CleanPlan } from "../../src/core/artifact/clean-plan.ts";
import { ArtifactInspector, type Inspection } from "../../src/core/artifact/inspect.ts";
import { planRead, type ReadStep } from "../../src/core/artifact/serve.ts";
import { join, PROMPT, zeros } from "./artifact-bytes.ts";
import {
  apng,
  captured,
  exif,
  gif,
  gifApplication,
  gifComment,
  jpeg,
  jpegSegment,
  png,
  pngChunk,
} from "./artifact-pictures.ts";
import { flac, id3v1, mp3, opus, streamedWav, wav } from "./artifact-sounds.ts";
import { liveWebm, matroska, mp4 } from "./artifact-videos.ts";

/** Every file above, by name: for tests that hold for all of them. */
export const allFiles = (): Record<string, Uint8Array> => ({
  "captured png": captured("01-txt2img-metadata", ".png"),
  "captured png without metadata": captured("25-view-variants", "alpha.png"),
  "captured animated png": captured("27b-video-output", ".png"),
  "captured webp": captured("27b-video-output", ".webp"),
  "captured lossy webp": captured("25-view-variants", "preview=webp;80&channel=rgb"),
  "captured jpeg": captured("25-view-variants", "plain.jpg&type=input"),
  "captured webm": captured("27b-video-output", ".webm"),
  "captured mp4": captured("27b-video-output", ".mp4"),
  png: png(7, 5, pngChunk("tEXt", `workflow\0${PROMPT}`), pngChunk("eXIf", PROMPT)),
  apng: apng(),
  jpeg: jpeg(exif(6), jpegSegment(0xfe, PROMPT), jpegSegment(0xed, `Photoshop 3.0\0${PROMPT}`)),
  gif: gif(1, gifComment()),
  "animated gif": gif(3, gifApplication("NETSCAPE2.0", "\x01\0\0"), gifApplication("XMP DataXMP", PROMPT)),
  wav: wav(),
  "streamed wav": streamedWav(),
  mp4: mp4(),
  "live webm": liveWebm(),
  "audio webm": liveWebm(2),
  matroska: matroska(),
  flac: flac(),
  mp3: mp3(10, id3v1()),
  opus: opus(),
});

/** Inspects a file given in chunks of `chunkBytes`. */
export function inspect(file: Uint8Array, filename = "", chunkBytes = file.length): Inspection {
  const inspector = new ArtifactInspector(filename);
  for (let at = 0; at < file.length; at += Math.max(1, chunkBytes)) inspector.push(file.subarray(at, at + chunkBytes));
  return inspector.finish(file.length);
}

/** The bytes that read steps stand for. */
export function perform(file: Uint8Array, steps: ReadStep[]): Uint8Array {
  return join(
    ...steps.map((step) => {
      if (step.type === "read") return file.subarray(step.offset, step.offset + step.length);
      return step.type === "bytes" ? step.bytes : zeros(step.count);
    }),
  );
}

/** The clean copy of a file. */
export const cleanCopy = (file: Uint8Array, plan: CleanPlan): Uint8Array => perform(file, planRead(plan, null));

/** Whether a word that only metadata contains stands anywhere in the bytes. */
export const tellsPrompt = (file: Uint8Array): boolean =>
  /class_type|prompt|workflow|secret/i.test(Buffer.from(file).toString("latin1"));
