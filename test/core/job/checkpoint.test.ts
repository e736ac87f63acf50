import { describe, expect, it } from "vitest";
import { storedProgress, toStore } from "../../../src/core/job/checkpoint.ts";
import { Driver } from "../../support/job-driver.ts";
import { nodeState } from "../../support/job-samples.ts";

const half = () => new Driver().to("running").report(nodeState("1", 1, 1, "finished"), nodeState("3", 4, 8));

describe("what is stored of a job's progress", () => {
  it("[J27] runs ahead of what is shown while the job runs, and stays under one", () => {
    const { state } = half();
    expect(storedProgress(toStore(state))).toBeGreaterThan(storedProgress(state));
    const full = { ...state, progress: { ...state.progress, shown: 0.99 } };
    expect(storedProgress(toStore(full))).toBe(0.99);
  });

  it("[J27] is what is shown where nothing runs", () => {
    for (const stage of ["submitted", "collecting", "succeeded"] as const) {
      const { state } = new Driver().to(stage);
      expect(toStore(state)).toBe(state);
    }
  });

  it("[J27] keeps a job that is taken up again from showing less than before", () => {
    const job = half();
    const stored = toStore(job.state);
    job.report(nodeState("3", 9, 16));
    const shown = storedProgress(job.state);
    expect(shown).toBeLessThanOrEqual(storedProgress(stored));
    job.state = JSON.parse(JSON.stringify(stored));
    job
      .send({ type: "revived" })
      .open()
      .report(nodeState("3", 6, 8));
    expect(storedProgress(job.state)).toBeGreaterThanOrEqual(shown);
  });
});
