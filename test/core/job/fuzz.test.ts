import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Driver } from "../../support/job-driver.ts";
import { endFairly, happen, removeFairly, sequences } from "../../support/job-fuzz.ts";

describe("whatever happens to a job", () => {
  it("[J29] [J34] no rule is broken, and from wherever it was led a fair world brings it to its end, cleans up, and removes it", () => {
    const reached = new Map<string, number>();
    fc.assert(
      fc.property(sequences, ([spec, sockets, numbers]) => {
        const job = new Driver(spec).created();
        for (const number of numbers) happen(job, number);
        reached.set(job.stage, (reached.get(job.stage) ?? 0) + 1);

        endFairly(job, sockets);
        removeFairly(job, sockets);
      }),
      { numRuns: 12_000 },
    );
    // The sequences lead everywhere: else the rule above would say little.
    for (const stage of [
      "queued",
      "connecting",
      "submitted",
      "running",
      "collecting",
      "succeeded",
      "failed",
      "canceled",
    ]) {
      expect(reached.get(stage), stage).toBeGreaterThan(50);
    }
  }, 60_000);
});
