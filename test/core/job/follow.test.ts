import { describe, expect, it } from "vitest";
import type { ComfyEvent } from "../../../src/core/comfy/events.ts";
import { Driver } from "../../support/job-driver.ts";
import { endedBy, failureOf, fileOf, nodeState, pictureOf, START, success } from "../../support/job-samples.ts";

const ours = (driver: Driver) => driver.run.promptId ?? "";

describe("a run followed on the socket", () => {
  it("[J8] goes from created to succeeded with its one output", () => {
    const job = new Driver().to("succeeded");
    expect(job.state.outputs.map(({ key, index }) => [key, index])).toEqual([["9/images/0", 0]]);
    const said = job.changes.filter((change) => change.type !== "progress").map((change) => change.type);
    expect(said).toEqual(["status", "status", "status", "status", "output", "status", "end"]);
  });

  it.each<[string, (promptId: string) => ComfyEvent]>([
    ["execution_success", (promptId) => ({ type: "executionSuccess", promptId, timestampMs: null })],
    ["executing null", (promptId) => ({ type: "executing", node: null, displayNode: null, promptId })],
    [
      "execution_interrupted",
      (promptId) => ({
        type: "executionInterrupted",
        promptId,
        nodeId: "3",
        nodeType: null,
        executed: [],
        timestampMs: null,
      }),
    ],
    ["execution_error", (promptId) => errorEvent(promptId, false)],
  ])("[J8] %s makes us look, and ends nothing by itself", (_name, event) => {
    const job = new Driver().to("running");
    job.hear(event(ours(job)));
    expect([job.stage, job.wish("look").afterMs]).toEqual(["running", 0]);
  });

  it("[J8] a blocked branch is no end; the success after it is", () => {
    const job = new Driver().to("running");
    job.hear(errorEvent(ours(job), true));
    expect(job.wished).toEqual([]);
    job
      .hint()
      .found(success(fileOf("9")))
      .store();
    expect(job.stage).toBe("succeeded");
  });

  it("[J17] results are stored as their nodes end, and known again in the history", () => {
    const job = new Driver().to("running");
    const output = { images: [{ filename: "out_0.png", subfolder: "", type: "output" }] };
    job.hear({ type: "executed", node: "9", displayNode: "9", promptId: ours(job), output });
    expect(job.wish("store")).toMatchObject({
      index: 0,
      backendId: "backend-of-lease-1",
      wanted: { key: "9/images/0" },
    });
    job
      .store()
      .hint()
      .found(success(fileOf("9")));
    expect([job.stage, job.state.outputs.length]).toEqual(["succeeded", 1]);
  });

  it("[J17] files of the temp folder are results only where asked for, those of the input folder never", () => {
    const output = {
      images: [
        { filename: "t.png", subfolder: "", type: "temp" },
        { filename: "i.png", subfolder: "", type: "input" },
      ],
    };
    for (const keepTemporary of [false, true]) {
      const job = new Driver({ keepTemporary }).to("running");
      job.hear({ type: "executed", node: "8", displayNode: "8", promptId: ours(job), output });
      expect(job.wishes("store").map((wish) => wish.wanted.key)).toEqual(keepTemporary ? ["8/images/0"] : []);
    }
  });

  it("[J28] events of other prompts, unknown ones and broken ones change nothing that is seen", () => {
    const job = new Driver().to("running");
    const { seq, stage } = job.state;
    const foreign = "another-prompt";
    job.hear({ type: "executing", node: null, displayNode: null, promptId: foreign });
    job.hear({ type: "progressState", promptId: foreign, nodes: [nodeState("3", 1, 2)] });
    job.hear({ type: "progress", promptId: null, node: "3", value: 1, max: 2 });
    job.hear({ type: "executionSuccess", promptId: null, timestampMs: null });
    job.hear({ type: "custom", name: "VHS_latentpreview", data: {} });
    job.hear({ type: "undecodable", reason: "malformed" });
    job.hear(pictureOf({ promptId: foreign }));
    expect([job.state.seq, job.state.stage.name, job.wished]).toEqual([seq, stage.name, []]);
  });

  it("[J28] a picture that names no prompt is ours only while ours runs: before and after, it may be anybody's", () => {
    const waiting = new Driver().to("submitted").hear(pictureOf());
    expect(waiting.state.preview).toBeNull();
    const running = new Driver().to("running").hear(pictureOf());
    expect(running.state.preview).toMatchObject({ rev: 1, nodeId: "3" });
    running.hint().hear(pictureOf());
    expect(running.state.preview?.rev).toBe(1);
  });

  it("[J27] the number of a preview goes on growing in a second attempt", () => {
    const job = new Driver().to("running").hear(pictureOf()).cut();
    job.found({ type: "absent" }).sleep(600).found({ type: "absent" });
    expect(job.state.attempt).toBe(2);
    job.grant("lease-2").open().accept().start().hear(pictureOf());
    expect(job.state.preview?.rev).toBe(2);
  });
});

describe("the end in the history", () => {
  it("[J8] may come late: until then it is asked for, soon and then seldom", () => {
    const job = new Driver().to("running").hint();
    const waits: number[] = [];
    for (let look = 0; look < 8; look += 1) {
      job.found(look % 2 === 0 ? { type: "running" } : { type: "absent" });
      waits.push(job.wish("look").afterMs);
      job.sleep(job.wish("look").afterMs);
    }
    expect(waits).toEqual([5, 15, 40, 100, 250, 500, 500, 500]);
    expect([job.stage, job.state.attempt]).toEqual(["running", 1]);
    expect(job.found(success(fileOf("9"))).stage).toBe("collecting");
  });

  it("[J12] that never comes after it was announced is a lost run, but only after 30 s", () => {
    const job = new Driver().to("running").hint();
    const hintedAt = job.now;
    while (job.state.attempt === 1) job.sleep(job.wish("look").afterMs).found({ type: "absent" });
    expect(job.now - hintedAt).toBeGreaterThanOrEqual(30_000);
  });

  it("[J20] of a failure keeps what its finished nodes made, and names the node", () => {
    const job = new Driver().to("running");
    const output = { images: [{ filename: "early.png", subfolder: "", type: "output" }] };
    job.hear({ type: "executed", node: "8", displayNode: "8", promptId: ours(job), output }).store("8/images/0");
    job.hear(errorEvent(ours(job), false)).found(endedBy("error", failureOf(), fileOf("8"), fileOf("7")));
    expect(job.stage).toBe("collecting");
    job.store("7/images/0");
    expect([job.stage, job.failure?.nodeId, job.state.outputs.length]).toEqual(["failed", "3", 2]);
  });

  it("[J8] without a word of how is a failure", () => {
    expect(new Driver().to("running").hint().found(endedBy("unknown")).failure?.code).toBe("internal");
  });

  it("[J16] of an interrupt that was not ours is a cancel by the backend", () => {
    const job = new Driver().to("running").hint().found(endedBy("interrupted"));
    expect([job.stage, job.state.cancel?.by]).toEqual(["canceled", "backend"]);
  });

  it("[J8] of a fully cached run succeeds though nothing ran", () => {
    const job = new Driver().to("submitted");
    const promptId = ours(job);
    job.hear({ type: "executionStart", promptId, timestampMs: null });
    job.hear({ type: "executionCached", promptId, nodes: ["1", "3", "9"], timestampMs: null });
    const output = { images: [{ filename: "out_0.png", subfolder: "", type: "output" }] };
    job
      .hear({ type: "executed", node: "9", displayNode: "9", promptId, output })
      .report(nodeState("9", 1, 1, "finished"));
    expect(job.state.progress.shown).toBe(0.99);
    job
      .store()
      .hint()
      .found(success(fileOf("9")));
    expect([job.stage, job.state.progress.shown]).toEqual(["succeeded", 1]);
    expect(job.state.effects["release:lease-1"]).toMatchObject({ outcome: { type: "finished", nodeMs: {} } });
  });

  it("[J18] with nothing to keep is a success with a warning", () => {
    const job = new Driver().to("running").hint().found(success());
    expect([job.stage, job.state.warnings[0]?.code]).toEqual(["succeeded", "no_outputs"]);
  });
});

describe("what the pool learns", () => {
  it("[J23] is the time of each node that ran, when all of it was heard", () => {
    const job = new Driver()
      .to("running")
      .sleep(500)
      .report(nodeState("3", 4, 4, "finished"))
      .sleep(100)
      .hint();
    job.found(success(fileOf("9")));
    expect(job.state.effects["release:lease-1"]).toMatchObject({ outcome: { nodeMs: { "3": 500 }, runMs: 600 } });
  });

  it("[J23] is known as soon as the end was announced: a socket lost after that makes no gap", () => {
    const job = new Driver()
      .to("running")
      .sleep(500)
      .report(nodeState("3", 4, 4, "finished"))
      .hint()
      .cut();
    job.found(success(fileOf("9")));
    expect(job.state.effects["release:lease-1"]).toMatchObject({ outcome: { nodeMs: { "3": 500 } } });
  });

  it("[J23] is nothing from a run that was followed with a gap", () => {
    const job = new Driver()
      .to("running")
      .cut()
      .open()
      .report(nodeState("3", 4, 4, "finished"))
      .hint();
    job.found(success(fileOf("9")));
    expect(job.state.effects["release:lease-1"]).toMatchObject({ outcome: { nodeMs: {}, runMs: null } });
    expect(job.now).toBe(START);
  });
});

function errorEvent(promptId: string, blocked: boolean): ComfyEvent {
  const failure = {
    nodeId: "3",
    nodeType: "KSampler",
    message: "boom",
    exceptionType: "E",
    executed: [],
    outOfMemory: false,
  };
  return { type: "executionError", promptId, ...failure, blocked, cycle: false };
}
