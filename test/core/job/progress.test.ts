import { describe, expect, it } from "vitest";
import { estimate } from "../../../src/core/job/eta.ts";
import { progressOf } from "../../../src/core/job/project.ts";
import type { Learned } from "../../../src/core/job/state.ts";
import { Driver } from "../../support/job-driver.ts";
import { nodeState, START } from "../../support/job-samples.ts";

const shown = (job: Driver) => job.state.progress.shown;
const learned = (nodeMs: Record<string, number>, samples = 5): Learned => ({ nodeMs, samples });

/** A job whose run has begun, on a backend of which this was learned. */
const begun = (known: Learned | null, cached: string[] = []) => {
  const job = new Driver().created().grant("lease-1", known).open().accept();
  return job.hear({ type: "executionCached", promptId: job.run.promptId, nodes: cached, timestampMs: null });
};

describe("progress", () => {
  it("[J27] is no number until the run tells what it takes from its cache, then begins at nothing", () => {
    const job = new Driver().to("submitted");
    job.hear({ type: "executionStart", promptId: job.run.promptId, timestampMs: null });
    expect([job.stage, shown(job)]).toEqual(["running", null]);
    job.hear({ type: "executionCached", promptId: job.run.promptId, nodes: [], timestampMs: null });
    expect([shown(job), job.changes.at(-1)?.type]).toEqual([0, "progress"]);
  });

  it("[J27] takes what was learned of one step for each step that is asked for", () => {
    const plan = [
      { id: "3", classType: "KSampler", title: null, units: 20 },
      { id: "9", classType: "SaveImage", title: null, units: 1 },
    ];
    const job = new Driver({ plan })
      .created()
      .grant("lease-1", learned({ "3": 50, "9": 1000 }))
      .open()
      .accept();
    job.hear({ type: "executionCached", promptId: job.run.promptId, nodes: [], timestampMs: null });
    expect(estimate(job.state.progress, plan, job.now)?.ms).toBe(2000);
    expect(shown(job.report(nodeState("3", 10, 20)))).toBe(0.25);
  });

  it("[J27] weighs nodes by what they took before", () => {
    const job = begun(learned({ "1": 100, "3": 800, "9": 100 }));
    job.report(nodeState("1", 1, 1, "finished"), nodeState("3", 5, 10));
    expect(shown(job)).toBeCloseTo(0.5);
  });

  it("[J27] counts only what will run", () => {
    const job = begun(learned({ "1": 100, "3": 800, "9": 200 }), ["1"]).report(nodeState("3", 10, 10, "finished"));
    expect(shown(job)).toBeCloseTo(0.8);
    expect(progressOf(job.state, job.now)).toMatchObject({ nodes_done: 1, nodes_total: 2 });
  });

  it("[J27] does not fall when a node starts again, and does not count it twice", () => {
    const job = begun(null).report(nodeState("3", 8, 10));
    const before = shown(job);
    job.report(nodeState("3", 0, 1)).report(nodeState("3", 2, 10));
    expect([shown(job), job.state.progress.nodes["3"]?.fraction]).toEqual([before, 0.8]);
    job.report(nodeState("3", 10, 10, "finished")).report(nodeState("3", 0, 1));
    expect(progressOf(job.state, job.now).nodes_done).toBe(1);
  });

  it("[J27] counts the nodes that another was expanded into for the one that is seen", () => {
    const inner = (id: string, value: number) => ({ ...nodeState(id, value, 4), displayNodeId: "3", realNodeId: "3" });
    const job = begun(learned({ "1": 0, "3": 1000, "9": 0 })).report(
      nodeState("3", 0, 1),
      inner("3.0.0.1", 4),
      inner("3.0.0.2", 0),
    );
    expect(shown(job)).toBeCloseTo(0.5, 1);
    expect(Object.keys(job.state.progress.nodes)).toEqual(["3"]);
    job.report(nodeState("3", 1, 1, "finished"), inner("3.0.0.1", 1));
    expect(job.state.progress.nodes["3"]?.fraction).toBe(1);
  });

  it("[J27] stays under one however much is reported", () => {
    const job = begun(null).report(
      nodeState("1", 1, 1, "finished"),
      nodeState("3", 99, 1),
      nodeState("9", 1, 1, "finished"),
    );
    expect(shown(job)).toBe(0.99);
  });

  it("[J27] keeps nothing of nodes that are not in the plan", () => {
    const job = begun(null, ["x", "1"]);
    job.report(...Array.from({ length: 100 }, (_, index) => nodeState(`other-${index}`, 1, 2)));
    expect([job.state.progress.nodes, job.state.progress.cached]).toEqual([{}, ["1"]]);
  });

  it("[J27] shows a change only where a viewer would see one", () => {
    const job = begun(null).report(nodeState("3", 1, 4));
    const { seq } = job.state;
    job.report(nodeState("3", 1, 4)).report(nodeState("3", 1, 4));
    expect(job.state.seq).toBe(seq);
  });

  it("[J27] knows the running node from the reports when nobody names it", () => {
    const job = begun(null).report(nodeState("1", 1, 1, "finished"), nodeState("3", 7, 20));
    expect(progressOf(job.state, job.now)).toMatchObject({
      current_node: "3",
      step: 7,
      steps: 20,
      message: "Sampler 7/20",
    });
  });

  it("[J27] starts anew with a second attempt", () => {
    const job = begun(null)
      .report(nodeState("3", 9, 10))
      .cut()
      .found({ type: "absent" })
      .sleep(600)
      .found({ type: "absent" });
    expect([job.state.attempt, shown(job)]).toEqual([2, null]);
  });
});

describe("the time left", () => {
  const eta = (job: Driver) => estimate(job.state.progress, job.state.spec.plan, job.now);

  it("is not told where nothing was learned and no pace is known", () => {
    expect(eta(begun(null))).toBeNull();
    expect(eta(begun(null).report(nodeState("3", 1, 10)))).toBeNull();
  });

  it("comes from what was learned, less what has passed", () => {
    const job = begun(learned({ "1": 1000, "3": 8000, "9": 500 }));
    expect(eta(job)).toEqual({ ms: 9500, confidence: "high" });
    job.report(nodeState("1", 0, 1)).sleep(400);
    expect(eta(job)?.ms).toBe(9100);
    expect(eta(begun(learned({ "1": 1000, "3": 8000, "9": 500 }, 1)))?.confidence).toBe("medium");
  });

  it("follows the pace of the steps, not what came before the first of them", () => {
    const job = begun(null, ["1"])
      .report(nodeState("3", 0, 10))
      .sleep(30_000)
      .report(nodeState("3", 1, 10));
    expect(eta(job)).toBeNull();
    job.sleep(200).report(nodeState("3", 3, 10));
    expect(eta(job)?.ms).toBe(700);
    expect(eta(job.sleep(50))?.ms).toBe(650);
  });

  it("is never negative, and begins again with a bar that starts again", () => {
    const job = begun(null, ["1"]);
    for (const step of [1, 2, 3]) job.sleep(100).report(nodeState("3", step, 3));
    expect(eta(job.sleep(5000))?.ms).toBe(0);
    job.report(nodeState("3", 1, 3));
    expect(eta(job)).toBeNull();
    expect(job.now).toBeGreaterThan(START);
  });
});
