/** What a returning viewer is sent. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { welcome } from "../../../src/core/fanout/resume.ts";

describe("welcome", () => {
  it("[V2] sends the whole job to a viewer without a cursor", () => {
    expect(welcome(null, 9, [3, 7], true)).toEqual({ type: "snapshot" });
  });

  it("[V3] sends nothing but the greeting to a viewer that is up to date", () => {
    expect(welcome(9, 9, [3, 7], true)).toEqual({ type: "resume", replay: [] });
  });

  it("[V3] replays the durable events that were missed", () => {
    expect(welcome(4, 9, [3, 7, 8], true)).toEqual({ type: "resume", replay: [7, 8] });
  });

  it("[V3] sends the whole job when events after the cursor are no longer kept", () => {
    expect(welcome(4, 900, [500, 600], false)).toEqual({ type: "snapshot" });
  });

  it("[V3] resumes from a cursor that the kept events still reach", () => {
    expect(welcome(500, 900, [500, 600], false)).toEqual({ type: "resume", replay: [600] });
  });

  it.each([-1, 10, 1e15])("[V4] answers cursor %d, which the job never gave out, with the whole job", (after) => {
    expect(welcome(after, 9, [3, 7], true)).toEqual({ type: "snapshot" });
  });

  it("[V3] leaves no durable event out, whatever the cursor", () => {
    const kept = fc.uniqueArray(fc.integer({ min: 1, max: 200 })).map((seqs) => seqs.sort((a, b) => a - b));
    fc.assert(
      fc.property(kept, fc.integer({ min: -5, max: 220 }), fc.boolean(), (seqs, after, complete) => {
        const head = Math.max(200, ...seqs);
        const answer = welcome(after, head, seqs, complete);
        if (answer.type === "snapshot") return;
        expect(answer.replay).toEqual(seqs.filter((seq) => seq > after));
        expect(complete || after === head || (seqs[0] ?? Number.POSITIVE_INFINITY) <= after).toBe(true);
      }),
    );
  });
});
