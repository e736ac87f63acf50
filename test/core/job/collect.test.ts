import { describe, expect, it } from "vitest";
import { MAX_OUTPUTS } from "../../../src/core/job/timing.ts";
import { Driver } from "../../support/job-driver.ts";
import { endedBy, failureOf, fileOf, pictureOf, success } from "../../support/job-samples.ts";

const failed = (job: Driver, fault: { kind: "not_found" | "frame_lost" | "timeout" }, key = "9/images/0") =>
  job.send({ type: "output_failed", key, fault });

describe("collecting", () => {
  it("[J23] gives the lease back before the files are stored", () => {
    const job = new Driver().to("collecting");
    expect(job.wished).toEqual(["release:lease-1", "store:9/images/0"]);
    expect([job.run.released, job.invariants.releases("lease-1")]).toEqual([true, 1]);
    expect([job.store().stage, job.invariants.releases("lease-1")]).toEqual(["succeeded", 1]);
  });

  it("[J18] ends only when everything is stored; until then the bar stays under one", () => {
    const job = new Driver()
      .to("running")
      .hint()
      .found(success(fileOf("9"), fileOf("9", 1)))
      .store();
    expect(job.stage).toBe("collecting");
    expect(job.state.progress.shown).toBeLessThanOrEqual(0.99);
    job.store("9/images/1");
    expect([job.stage, job.state.progress.shown]).toEqual(["succeeded", 1]);
    expect(job.state.outputs.map((output) => output.index)).toEqual([0, 1]);
  });

  it("[J17] says each output once, however often it is reported stored", () => {
    const job = new Driver()
      .to("running")
      .hint()
      .found(success(fileOf("9"), fileOf("8")))
      .store()
      .store();
    expect(job.changes.filter((change) => change.type === "output")).toHaveLength(1);
  });

  it("[J17] keeps a bounded number of outputs, and says so once", () => {
    const files = Array.from({ length: MAX_OUTPUTS + 50 }, (_, position) => fileOf("9", position));
    const job = new Driver()
      .to("running")
      .hint()
      .found(success(...files));
    expect(job.wishes("store")).toHaveLength(MAX_OUTPUTS);
    expect(job.state.warnings.map((warning) => warning.code)).toEqual(["outputs_cut"]);
  });
});

describe("text outputs", () => {
  it("[J17] are kept up to a bound, all together, and it is said once that they were cut", () => {
    const text = (position: number) =>
      fileOf("9", position, { source: { type: "text", text: "x".repeat(60_000) }, key: `9/text/${position}` });
    const job = new Driver()
      .to("running")
      .hint()
      .found(success(text(0), text(1), text(2), text(3)));
    const kept = job
      .wishes("store")
      .map(({ wanted: { source } }) => (source.type === "text" ? source.text.length : null));
    expect(kept).toEqual([60_000, 60_000, 11_072, 0]);
    expect(job.state.warnings.map((warning) => warning.code)).toEqual(["text_cut"]);
  });
});

describe("storage that fails", () => {
  it("[J21] once is tried again", () => {
    const job = failed(new Driver().to("collecting"), { kind: "timeout" });
    expect(job.wish("store")).toMatchObject({ tries: 1, afterMs: 100, index: 0 });
    expect(job.store().stage).toBe("succeeded");
  });

  it.each([
    [{ kind: "storage", detail: "R2" }, "storage_failed"],
    [{ kind: "refused", status: 401 }, "backend_refused"],
    [{ kind: "unreachable", detail: "" }, "backend_unreachable"],
  ] as const)("[J21] always (%o) is given up after about a minute, and says which side it was", (fault, code) => {
    const job = new Driver().to("collecting");
    let waited = 0;
    while (job.stage === "collecting") {
      waited += job.wish("store").afterMs;
      job.send({ type: "output_failed", key: "9/images/0", fault });
    }
    expect([job.stage, job.failure?.code]).toEqual(["failed", code]);
    expect(waited).toBeGreaterThan(60_000);
  });

  it("[J21] because of the size fails the job at once, and stops the run if it still goes on", () => {
    const fault = { kind: "too_large", sizeBytes: 5e9 } as const;
    const job = new Driver().to("running");
    const output = { images: [{ filename: "out_0.png", subfolder: "", type: "output" }] };
    job.hear({ type: "executed", node: "9", displayNode: "9", promptId: job.run.promptId, output });
    job.send({ type: "output_failed", key: "9/images/0", fault });
    expect([job.failure?.code, job.wishes("cancel_run").length]).toEqual(["output_too_large", 1]);
    const ended = new Driver().to("collecting").send({ type: "output_failed", key: "9/images/0", fault });
    expect([ended.failure?.code, ended.wishes("cancel_run").length]).toEqual(["output_too_large", 0]);
  });

  it("[J23] gives back no lease that the pool already has", () => {
    const fault = { kind: "too_large", sizeBytes: 5e9 } as const;
    const job = new Driver().to("collecting").poolHears("release:lease-1");
    job.send({ type: "output_failed", key: "9/images/0", fault });
    expect([job.stage, job.wished, job.invariants.releases("lease-1")]).toEqual(["failed", ["discard"], 1]);
  });
});

describe("a result that is gone", () => {
  it("[J19] is made again with a changed input; results already stored stay, and it takes its old place", () => {
    const job = new Driver()
      .to("running")
      .hint()
      .found(success(fileOf("9"), fileOf("8")))
      .store("8/images/0");
    failed(job, { kind: "not_found" });
    expect([job.stage, job.state.attempt, job.state.bust]).toEqual(["queued", 2, ["9"]]);
    job.grant("lease-2").open();
    expect(job.wish("submit").bust).toEqual(["9"]);
    job
      .accept()
      .start()
      .hint()
      .found(success(fileOf("9"), fileOf("8")));
    expect(job.wish("store")).toMatchObject({ index: 0, wanted: { key: "9/images/0" } });
    job.store();
    expect([job.stage, job.state.outputs.map((output) => output.key)]).toEqual([
      "succeeded",
      ["9/images/0", "8/images/0"],
    ]);
  });

  it("[J19] twice, the job fails and names the node", () => {
    const job = failed(new Driver().to("collecting"), { kind: "not_found" }).grant("lease-2").open().accept().start();
    failed(job.hint().found(success(fileOf("9"))), { kind: "not_found" });
    expect(job.failure).toMatchObject({ code: "output_missing", nodeId: "9" });
  });

  it("[J20] of a run that failed anyway is not made again", () => {
    const job = new Driver()
      .to("running")
      .hint()
      .found(endedBy("error", failureOf(), fileOf("9")));
    expect(failed(job, { kind: "not_found" }).failure?.code).toBe("node_failed");
  });
});

describe("pictures that come by socket", () => {
  const socketJob = () => new Driver({ socketNodes: ["9"] }).to("running");
  const send = (job: Driver, value: number, max: number) => {
    const promptId = job.run.promptId;
    job.hear({ type: "progress", node: "9", value, max, promptId });
    return job.hear(pictureOf({ nodeId: "9", displayNodeId: "9", promptId }));
  };

  it("[J17] become results in their order, their bytes held until stored", () => {
    const job = send(send(socketJob(), 0, 2), 1, 2);
    expect(job.held.map((frame) => frame.key)).toEqual(["9/frame/0", "9/frame/1"]);
    job.hint().found(success()).store("9/frame/0").store("9/frame/1");
    expect([job.stage, job.state.outputs.length]).toEqual(["succeeded", 2]);
  });

  it("[J17] without metadata belong to the node that runs", () => {
    const job = socketJob();
    job.hear({ type: "executing", node: "9", displayNode: "9", promptId: job.run.promptId }).hear(pictureOf());
    expect(job.wish("store").wanted).toMatchObject({
      key: "9/frame/0",
      source: { type: "frame", contentType: "image/png" },
    });
    job.hear({ type: "executing", node: "3", displayNode: "3", promptId: job.run.promptId }).hear(pictureOf());
    expect(job.wishes("store")).toHaveLength(1);
  });

  it("[J19] of which one was missed are made again", () => {
    const job = send(socketJob(), 0, 2).store("9/frame/0").hint().found(success());
    expect([job.stage, job.state.attempt, job.state.bust]).toEqual(["queued", 2, ["9"]]);
    send(send(job.grant("lease-2").open().accept().start(), 0, 2), 1, 2);
    job.store("9/frame/1").hint().found(success());
    expect([job.stage, job.state.outputs.map((output) => output.key)]).toEqual([
      "succeeded",
      ["9/frame/0", "9/frame/1"],
    ]);
  });

  it("[J19] after a gap are not counted: which of them they are is not known", () => {
    const job = send(socketJob().cut().open(), 0, 1);
    expect(job.wishes("store")).toEqual([]);
    expect(job.hint().found(success()).stage).toBe("queued");
  });

  it("[J19] lost with the memory of the object are made again", () => {
    const job = send(socketJob(), 0, 1).crash();
    failed(job, { kind: "frame_lost" }, "9/frame/0");
    expect(job.stage).toBe("running");
    job.found(success());
    expect([job.stage, job.state.attempt]).toEqual(["queued", 2]);
  });

  it("[J19] that are announced by placeholders are counted by them", () => {
    const job = socketJob();
    const promptId = job.run.promptId;
    job.hear({ type: "executing", node: "9", displayNode: "9", promptId }).hear(pictureOf());
    const placeholder = { source: "websocket", "content-type": "image/png", type: "output" };
    job.hear({
      type: "executed",
      node: "9",
      displayNode: "9",
      promptId,
      output: { images: [placeholder, placeholder] },
    });
    job.store("9/frame/0");
    expect(job.hint().found(success()).state.bust).toEqual(["9"]);
  });

  it("[J19] still on their way when the history shows the end are waited for", () => {
    const job = socketJob().wait(9000).found(success());
    expect([job.stage, job.wish("look").afterMs]).toEqual(["running", 5]);
    send(job, 0, 1).hint().found(success()).store("9/frame/0");
    expect([job.stage, job.state.attempt]).toEqual(["succeeded", 1]);
  });

  it("[J19] are not waited for for ever", () => {
    const job = socketJob().wait(9000);
    for (let look = 0; look < 100 && job.stage === "running"; look += 1) {
      job.sleep(job.wish("look").afterMs).found(success());
    }
    expect([job.stage, job.state.attempt]).toEqual(["queued", 2]);
  });
});

describe("results that a job ends without", () => {
  const two = (job: Driver) =>
    job
      .to("running")
      .hint()
      .found(success(fileOf("9"), fileOf("8")))
      .store();

  it("[J33] are removed from storage, where they may be in part, and those that it has are not", () => {
    const job = two(new Driver()).cancel();
    expect([job.stage, job.wish("discard").keys]).toEqual(["canceled", ["8/images/0"]]);
    job.poolHears("release:lease-1").indexHears();
    expect(job.discarded().wishes("discard")).toEqual([]);
    expect(job.persisted).toBe(true);
  });

  it("[J33] are removed again and again while storage fails, and given up in the end", () => {
    const job = two(new Driver()).cancel();
    let tries = 0;
    for (; job.wishes("discard").length > 0 && tries < 100; tries++) job.send({ type: "discarded", ok: false });
    expect(tries).toBeGreaterThan(3);
    expect(tries).toBeLessThan(100);
  });

  it("[J33] stay while another attempt may make them, and count from all attempts", () => {
    const job = failed(two(new Driver()), { kind: "not_found" }, "8/images/0");
    expect([job.stage, job.state.attempt, job.wishes("discard")]).toEqual(["queued", 2, []]);
    job.poolHears("lease").cancel();
    expect(job.wish("discard").keys).toEqual(["8/images/0"]);
  });

  it("[J33] are nothing where all was stored", () => {
    expect(new Driver().to("succeeded").wishes("discard")).toEqual([]);
  });
});
