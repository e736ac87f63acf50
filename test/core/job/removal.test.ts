import { describe, expect, it } from "vitest";
import { LAST_POOL_TRIES } from "../../../src/core/job/timing.ts";
import { Driver, REACHABLE } from "../../support/job-driver.ts";
import { fileOf, HOUR, success } from "../../support/job-samples.ts";

const LIVING = REACHABLE.filter((stage) => stage !== "succeeded");
const names = (job: Driver) => Object.keys(job.state.effects).sort();

describe("a deleted job", () => {
  it.each(REACHABLE)("[J34] is gone at once while %s: it has ended, and whoever watches is sent away", (stage) => {
    const job = new Driver().to(stage);
    const known = job.changes.length;
    job.remove();
    expect(job.state.removal).toMatchObject({ at: job.now, why: "deleted" });
    expect("finishedAt" in job.state.stage).toBe(true);
    expect(job.persisted).toBe(true);
    expect(job.changes.slice(known).at(-1)).toEqual({ type: "removed" });
  });

  it.each(LIVING)("[J34] is canceled while %s, its prompt dropped at the backend and its lease given back", (stage) => {
    const job = new Driver().to(stage);
    const atBackend = ["posting", "unknown", "submitted", "running"].includes(stage);
    const promptId = atBackend ? job.run.promptId : null;
    job.remove();
    expect([job.stage, job.state.cancel?.by]).toEqual(["canceled", "deleted"]);
    expect(job.wishes("cancel_run").map((wish) => wish.promptId)).toEqual(atBackend ? [promptId] : []);
    expect(job.invariants.releases("lease-1")).toBe(stage === "queued" ? 0 : 1);
    expect(job.wishes("withdraw")).toHaveLength(stage === "queued" ? 1 : 0);
  });

  it("[J34] that ended keeps its end", () => {
    const job = new Driver().to("succeeded").remove();
    expect([job.stage, job.state.cancel]).toEqual(["succeeded", null]);
  });

  it("[J34] is taken out of the index, then its media go, then its rows", () => {
    const job = new Driver().to("succeeded").poolHears("release:lease-1").remove();
    expect(names(job)).toEqual(["index"]);
    expect([names(job.indexHears()), job.wish("discard").keys]).toEqual([["discard"], ["9/images/0"]]);
    expect(names(job.discarded())).toEqual(["erase"]);
  });

  it("[J34] takes with it what it had abandoned, and what was on its way", () => {
    const job = new Driver()
      .to("running")
      .hint()
      .found(success(fileOf("9"), fileOf("8"), fileOf("7")))
      .store();
    job.send({ type: "output_failed", key: "8/images/0", fault: { kind: "not_found" } });
    job.poolHears("release:lease-1").remove().indexHears();
    expect([...job.wish("discard").keys].sort()).toEqual(["7/images/0", "8/images/0", "9/images/0"]);
  });

  it("[J34] keeps its rows until the backend and the pool have heard of it", () => {
    const job = new Driver().to("running").remove().indexHears().discarded();
    expect(names(job)).toEqual([expect.stringMatching(/^cancel_run:/), "release:lease-1"]);
    job.poolHears("release:lease-1").cancelTried().cancelTried();
    expect(names(job)).toEqual([expect.stringMatching(/^cancel_run:/)]);
    expect(names(job.cancelTried())).toEqual(["erase"]);
  });

  it("[J34] does not wait for ever for a pool that does not answer: a lease runs out by itself", () => {
    const job = new Driver().to("connecting").remove().indexHears().discarded();
    for (let tries = 0; tries < LAST_POOL_TRIES; tries += 1) {
      expect(names(job)).toEqual(["release:lease-1"]);
      job.send({ type: "pool_answered", effect: "release:lease-1", ok: false });
    }
    expect(names(job)).toEqual(["erase"]);
  });

  it("[J34] has its media removed again and again while storage fails: none may stay", () => {
    const job = new Driver().to("succeeded").poolHears("release:lease-1").remove().indexHears();
    for (let tries = 0; tries < 50; tries += 1) job.discarded(false);
    expect(names(job)).toEqual(["discard"]);
    expect(names(job.discarded())).toEqual(["erase"]);
  });

  it("[J34] [J35] loses its media though the index does not answer, but keeps its rows until it was told", () => {
    const job = new Driver().to("succeeded").poolHears("release:lease-1").remove();
    while (job.wishes("index").length > 0) job.indexHears(false);
    expect(names(job)).toEqual(["discard"]);
    expect(names(job.discarded())).toEqual([]);
    job.wait(HOUR);
    expect(names(job)).toEqual(["index"]);
    expect(names(job.indexHears())).toEqual(["erase"]);
  });

  it("[J34] asked for twice is one removal", () => {
    const job = new Driver().to("running").remove();
    const { state } = job;
    expect(job.remove().state).toEqual(state);
  });

  it("[J34] gives back a lease that comes too late, and only then goes", () => {
    const job = new Driver().to("queued").remove().indexHears().discarded().poolHears("withdraw");
    expect(names(job)).toEqual(["erase"]);
    expect(names(job.grant("lease-9"))).toEqual(["release:lease-9"]);
    expect(names(job.poolHears("release:lease-9"))).toEqual(["erase"]);
  });

  it("[J34] goes on where its object died: each step can be done twice", () => {
    const stored = new Driver().to("succeeded").poolHears("release:lease-1").remove();
    for (const step of ["told", "cleared", "both"] as const) {
      const job = new Driver().to("succeeded").poolHears("release:lease-1").remove();
      if (step !== "cleared") job.indexHears();
      if (step === "both") job.discarded();
      // None of what follows is stored: it begins again behind the removal.
      expect(job.persisted).toBe(step === "cleared");
      job.state = stored.state;
      job.crash();
      expect(names(job)).toEqual(["index"]);
      expect(names(job.indexHears().discarded())).toEqual(["erase"]);
    }
  });

  it("[J34] cannot be changed any more", () => {
    const job = new Driver().to("queued").remove();
    const { state } = job;
    expect(job.patch({ metadata: { a: "1" }, priority: "high", expiresAt: 1 }).cancel().state).toEqual(state);
  });
});

describe("a job whose time is over", () => {
  it("[J34] goes the same way, and says why", () => {
    const job = new Driver()
      .to("succeeded")
      .poolHears("release:lease-1")
      .indexHears()
      .wait(100 * HOUR);
    expect(job.state.removal).toMatchObject({ why: "expired" });
    expect(names(job)).toEqual(["index"]);
    expect(names(job.indexHears().discarded())).toEqual(["erase"]);
  });

  it("[J34] is not deleted as well", () => {
    const job = new Driver()
      .to("succeeded")
      .wait(100 * HOUR)
      .remove();
    expect(job.state.removal?.why).toBe("expired");
  });
});
