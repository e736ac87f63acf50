/** What holds for every format: nothing leaks, chunking does not matter, damage is survived, ranges are exact. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CleanPlanSchema, MAX_LITERAL_BYTES, MAX_PARTS } from "../../../src/core/artifact/clean-plan.ts";
import { ArtifactInspector } from "../../../src/core/artifact/inspect.ts";
import { planRead } from "../../../src/core/artifact/serve.ts";
import { be32, be64, join, noise, PROMPT, zeros } from "../../support/artifact-bytes.ts";
import { box } from "../../support/artifact-videos.ts";
import { allFiles, cleanCopy, inspect, perform, tellsPrompt } from "../../support/artifacts.ts";

const FILES = Object.entries(allFiles());
const anyFile = fc.constantFrom(...FILES.map(([, file]) => file));

/** Sound up to the end of the file, or parts that follow each other without a count. */
const MAY_END_ANYWHERE = /^(streamed wav|live webm|audio webm|flac|mp3)$/;

describe.each(FILES)("%s", (name, file) => {
  const whole = inspect(file);

  it("has a clean copy that tells nothing of prompt or workflow", () => {
    expect(whole.truncated).toBe(false);
    expect(whole.clean.status).toBe(tellsPrompt(file) ? "cleaned" : "clean");
    expect(tellsPrompt(cleanCopy(file, whole.clean))).toBe(false);
  });

  it("has a clean copy that is itself clean, of the same type, size and length", () => {
    const copy = cleanCopy(file, whole.clean);
    const again = inspect(copy);
    const { clean: _plan, ...facts } = whole;
    expect(again).toMatchObject(facts);
    expect(cleanCopy(copy, again.clean)).toEqual(copy);
  });

  it("is seen the same one byte at a time", () => {
    expect(inspect(file, "", 1)).toEqual(whole);
  });

  it("is not vouched for when its end is missing, unless the format lets it end there; then the rest tells nothing", () => {
    for (let bytes = 0; bytes < file.length; bytes += Math.ceil(file.length / 150)) {
      const start = file.subarray(0, bytes);
      const { clean } = inspect(start);
      if (!MAY_END_ANYWHERE.test(name)) expect(clean.status).toBe("unknown");
      expect(tellsPrompt(cleanCopy(start, clean))).toBe(false);
    }
  });

  it("is not vouched for when fewer bytes came than were announced", () => {
    const inspector = new ArtifactInspector();
    inspector.push(file);
    expect(inspector.finish(file.length + 1)).toMatchObject({
      truncated: true,
      clean: { status: "unknown", parts: [] },
    });
  });

  it("has a plan that survives JSON and adds up to its size", () => {
    expect(CleanPlanSchema.parse(JSON.parse(JSON.stringify(whole.clean)))).toEqual(whole.clean);
    expect(cleanCopy(file, whole.clean).length).toBe(whole.clean.sizeBytes);
  });
});

describe("any file", () => {
  it("is seen the same however it is cut into chunks", () => {
    fc.assert(
      fc.property(
        anyFile,
        fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 30 }),
        (file, cuts) => {
          const inspector = new ArtifactInspector();
          for (let at = 0, turn = 0; at < file.length; turn += 1) {
            const bytes = cuts[turn % cuts.length] || 1;
            // A buffer that is wiped right after, as a stream with a reused buffer would do.
            const chunk = file.slice(at, at + bytes);
            inspector.push(chunk);
            chunk.fill(0xaa);
            at += bytes;
          }
          expect(inspector.finish(file.length)).toEqual(inspect(file));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("can be read by ranges that are exactly slices of the clean copy", () => {
    fc.assert(
      fc.property(
        anyFile,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (file, a, b) => {
          const { clean } = inspect(file);
          const copy = cleanCopy(file, clean);
          const offset = Math.floor(a * copy.length);
          const length = Math.floor(b * (copy.length - offset));
          const steps = planRead(clean, { offset, length });
          expect(perform(file, steps)).toEqual(copy.subarray(offset, offset + length));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("may be damaged anywhere: nothing throws, plans stay small and lie within the file", () => {
    const mutation = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.integer({ min: 0, max: 255 }),
    );
    fc.assert(
      fc.property(
        anyFile,
        fc.array(mutation, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (file, mutations, early) => {
          const damaged = file.slice();
          // Structure is dense at the start of a file: half of the runs damage only that.
          const reach = early ? Math.min(200, file.length) : file.length;
          for (const [place, value] of mutations) damaged[Math.floor(place * reach)] = value;
          const { clean } = inspect(damaged);
          expect(clean.parts.length).toBeLessThanOrEqual(MAX_PARTS + 1);
          expect(JSON.stringify(clean).length).toBeLessThan(MAX_LITERAL_BYTES * 2 + MAX_PARTS * 60);
          for (const part of clean.parts) {
            if (part.type === "copy") expect(part.from < part.to && part.to <= damaged.length).toBe(true);
          }
          expect(cleanCopy(damaged, clean).length).toBe(clean.sizeBytes);
          expect(inspect(damaged, "", 7)).toEqual(inspect(damaged));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("may be noise, with or without a known beginning", () => {
    const heads = FILES.map(([, file]) => file.subarray(0, 16));
    fc.assert(
      fc.property(fc.constantFrom(new Uint8Array(0), ...heads), fc.uint8Array({ maxLength: 2000 }), (head, body) => {
        const file = join(head, body);
        expect(inspect(file, "", 13)).toEqual(inspect(file));
      }),
      { numRuns: 1000 },
    );
  });

  it("is not vouched for if nobody knows its format", () => {
    for (const file of [
      join("glTF", noise(600)),
      join(`{"prompt": ${PROMPT}}`),
      join("notes"),
      noise(600),
      new Uint8Array(0),
    ]) {
      expect(inspect(file).clean).toEqual({ status: "unknown", parts: [], sizeBytes: 0, removed: [] });
    }
  });

  it("of 500 MB passes through without growing memory", () => {
    const megabyte = noise(1_000_000);
    const start = join(box("ftyp", "isom", zeros(4)), be32(1), "mdat", be64(500_000_016));
    const inspector = new ArtifactInspector();
    inspector.push(start);
    const before = process.memoryUsage().arrayBuffers;
    for (let pushed = 0; pushed < 500; pushed += 1) inspector.push(megabyte);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    const movie = box("moov", box("udta", PROMPT));
    inspector.push(movie);
    const { clean } = inspector.finish(start.length + 500_000_000 + movie.length);
    expect(clean).toMatchObject({ status: "cleaned", sizeBytes: start.length + 500_000_000 + movie.length });
    expect(clean.parts).toHaveLength(3);
  });

  it("keeps a name for what went, without control characters and not too many", () => {
    const { removed } = inspect(allFiles().png ?? new Uint8Array(0)).clean;
    expect(removed).toEqual(["tEXt:workflow", "eXIf"]);
  });
});
