/** A thread of the long fuzz: tries the chunks that it is handed, one after the other, and tells what it found. */
import { parentPort } from "node:worker_threads";
import fc from "fast-check";
import { sequences } from "../support/job-fuzz.ts";
import { trySequence } from "./try-sequence.ts";

/** So many sequences from this seed. */
export type Chunk = { seed: number; count: number };
/** Where the sequences led; or the smallest that breaks a rule, with fast-check's words. */
export type Found = { type: "kept"; reached: Record<string, number> } | { type: "broken"; words: string };

function tryChunk({ seed, count }: Chunk): Found {
  const reached: Record<string, number> = {};
  try {
    fc.assert(
      fc.property(sequences, (sequence) => {
        const stage = trySequence(sequence);
        reached[stage] = (reached[stage] ?? 0) + 1;
      }),
      { seed, numRuns: count },
    );
    return { type: "kept", reached };
  } catch (error) {
    return { type: "broken", words: error instanceof Error ? `${error.message}\n${error.cause ?? ""}` : String(error) };
  }
}

parentPort?.on("message", (chunk: Chunk) => parentPort?.postMessage(tryChunk(chunk)));
