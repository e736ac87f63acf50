import { describe, expect, it } from "vitest";
import { jobOf } from "../../../src/core/job/project.ts";
import { mayReach } from "../../../src/core/job/reader.ts";
import { restoredJob, type StoredSpec, type StoredState } from "../../../src/core/job/restore.ts";
import type { JobState } from "../../../src/core/job/state.ts";
import { Driver, REACHABLE } from "../../support/job-driver.ts";
import { HOUR, START, specOf } from "../../support/job-samples.ts";

/** The rows of a job as the version before projects wrote them. */
function oldRows({ spec, ...state }: JobState): [StoredSpec, StoredState] {
  const { project, user, rerunOf, concurrent, priority, ...oldSpec } = spec;
  const { metadata, priority: _priority, expiresAt, removal, ...oldState } = state;
  const { index, ...effects } = oldState.effects;
  return JSON.parse(JSON.stringify([oldSpec, { ...oldState, effects }]));
}

describe("a job that an older version stored", () => {
  it.each(REACHABLE)("[J36] is taken up while %s, with what was not known then as it would have been", (stage) => {
    const old = new Driver({ metadata: { a: "1" } }).to(stage).state;
    const state = restoredJob(...oldRows(old));
    expect(state).toMatchObject({ metadata: { a: "1" }, priority: "normal", expiresAt: START + 100 * HOUR });
    expect(state.removal).toBeNull();
    expect(state.spec).toMatchObject({ project: "default", user: null, rerunOf: null, concurrent: null });
    expect(state.stage).toEqual(old.stage);
  });

  it("[A6] is a server's: no user reaches it", () => {
    const { spec } = restoredJob(...oldRows(new Driver().to("succeeded").state));
    expect([mayReach(spec, { user: null }), mayReach(spec, { user: "u_1" })]).toEqual([true, false]);
  });

  it("[J35] is told to the index when its status changes next, and goes on to its end", () => {
    const job = new Driver();
    job.state = restoredJob(...oldRows(new Driver().to("submitted").state));
    expect(job.state.effects.index).toBeUndefined();
    job.start();
    expect(job.wishes("index")).toHaveLength(1);
  });

  it("[J34] that was about to be removed is removed as it is now", () => {
    const [spec, state] = oldRows(new Driver().to("succeeded").state);
    const effects = { erase: { type: "erase" } } as const;
    const restored = restoredJob(spec, { ...state, effects, deadlines: {} });
    expect([restored.effects, restored.deadlines]).toEqual([{}, { expire: specOf().expiresAt }]);
  });

  it("[J36] and one of this version come back as they were", () => {
    for (const stage of REACHABLE) {
      const { state } = new Driver({ user: "u_42", priority: "high", concurrent: 2 }).to(stage).patch({
        metadata: { patched: "yes" },
      });
      const { spec, ...saved } = state;
      expect(restoredJob(spec, saved)).toEqual(state);
    }
    const { spec, ...saved } = new Driver().to("running").remove().state;
    expect(restoredJob(spec, saved).removal).toMatchObject({ why: "deleted" });
  });

  it("[J36] is shown in the present form", () => {
    const state = restoredJob(...oldRows(new Driver().to("succeeded").state));
    const view = {
      now: START,
      outputUrl: () => null,
      previewUrl: () => null,
      viewers: { now: 0, peak: 0, total: 0 },
      share: null,
    };
    expect(jobOf(state, view)).toMatchObject({ user: null, priority: "normal", rerun_of: null });
  });
});
