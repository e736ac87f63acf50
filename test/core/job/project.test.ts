import { describe, expect, it } from "vitest";
import { JobSchema } from "../../../src/contract/job.ts";
import { jobOf, timestamp, userJobOf, type View } from "../../../src/core/job/project.ts";
import { publicJobOf } from "../../../src/core/job/project-public.ts";
import type { JobState } from "../../../src/core/job/state.ts";
import { Driver, REACHABLE } from "../../support/job-driver.ts";
import {
  endedBy,
  failureOf,
  fileOf,
  HOUR,
  nodeState,
  pictureOf,
  START,
  storedOf,
  success,
} from "../../support/job-samples.ts";

const view: View = {
  now: START + 5000,
  outputUrl: (output) => ({ url: `https://api.example/m/${output.id}`, expiresAt: START + 1e6 }),
  previewUrl: (rev) => `https://api.example/m/preview-${rev}`,
  viewers: { now: 1, peak: 2, total: 3 },
  share: { id: "shr_01kag3000000000000000000aa", url: "https://api.example/s/CANARYshare", expiresAt: START + 1e6 },
};

/** Each of these words stands in a place that no viewer may see. */
const secret = {
  project: "CANARYproject",
  user: "CANARYuser",
  rerunOf: "CANARYrerun",
  inputs: { prompt: "CANARYprompt" },
  seed: "CANARYseed",
  metadata: { note: "CANARYmetadata" },
  workflow: { id: "CANARYworkflow", version: 1, name: "CANARYname" },
  fingerprint: "CANARYfingerprint",
  shape: "CANARYshape",
  labels: { CANARYnode: "CANARYlabel" },
  plan: [{ id: "CANARYnode", classType: "CANARYclass", title: "CANARYtitle", units: 1 }],
};

const secretJob = () => {
  const job = new Driver(secret).created().grant("CANARYlease").open().accept();
  const promptId = job.run.promptId;
  job.hear({ type: "executionCached", promptId, nodes: [], timestampMs: null });
  job.hear({ type: "executing", node: "CANARYnode", displayNode: "CANARYnode", promptId });
  return job.report(nodeState("CANARYnode", 2, 4)).hear(pictureOf({ promptId, nodeId: "CANARYnode" }));
};

const secretFailure = failureOf({
  detail: "CANARYdetail",
  nodeId: "CANARYnode",
  classType: "CANARYclass",
  input: "CANARYinput",
});

const SECRET_STATES: [string, () => Driver][] = [
  ["waiting in line", () => new Driver(secret).created()],
  ["running", secretJob],
  [
    "collecting",
    () =>
      secretJob()
        .hint()
        .found(success(fileOf("CANARYnode"))),
  ],
  ["failed", () => secretJob().hint().found(endedBy("error", secretFailure))],
  ["canceled", () => secretJob().send({ type: "cancel_requested", by: "user", reason: "CANARYreason" })],
  [
    "succeeded",
    () => {
      const job = secretJob()
        .hint()
        .found(success(fileOf("CANARYnode")));
      return job.send({ type: "output_stored", key: "CANARYnode/images/0", stored: storedCanary });
    },
  ],
  ["with a warning", () => new Driver(secret).to("connecting").noSocket(true).noSocket(true)],
];

const storedCanary = storedOf("CANARYnode", { name: "CANARYfile_00001_.png", label: "CANARYlabel" });

describe("the public document", () => {
  it.each(SECRET_STATES)("[J30] of a job %s shows nothing of prompt, workflow, node or backend", (_name, make) => {
    const { state } = make();
    expect(JSON.stringify(publicJobOf(state, view))).not.toContain("CANARY");
    expect(JSON.stringify(publicJobOf(state, view))).not.toContain("backend-of");
    expect(publicJobOf(state, view).warnings).toEqual([]);
    expect(JSON.stringify(jobOf(state, view))).toContain("CANARY");
  });

  it("[J30] has no field for whose the job is, what was noted on it, its priority, or what it repeats", () => {
    const shown = publicJobOf(new Driver({ priority: "high" }).to("running").state, view);
    expect(Object.keys(shown)).toEqual(expect.arrayContaining(["status", "progress", "outputs", "aspect"]));
    for (const field of ["user", "metadata", "priority", "rerun_of", "links", "backend"])
      expect(shown).not.toHaveProperty(field);
  });

  it("[J30] names results by their place, with their extension", () => {
    const state = new Driver().to("succeeded").state;
    expect(publicJobOf(state, view).outputs[0]).toMatchObject({ name: "result-1.png", node_id: "", label: null });
  });
});

describe("the user's document", () => {
  it.each(REACHABLE)("[A6] is the owner's without the backend while %s", (stage) => {
    const { state } = new Driver({ user: "u_42" }).to(stage);
    expect(userJobOf(state, view)).toEqual({ ...jobOf(state, view), backend: null });
    expect(JSON.stringify(userJobOf(state, view))).not.toContain("backend-of");
  });
});

describe("the owner's document", () => {
  it("[J36] shows what was changed as it is now, and what was asked for as it was", () => {
    const job = new Driver({ user: "u_42", rerunOf: "job_01kag3000000000000000000bb", metadata: { a: "1" } }).to(
      "queued",
    );
    const before = jobOf(job.state, view);
    expect(before).toMatchObject({ user: "u_42", rerun_of: "job_01kag3000000000000000000bb", priority: "normal" });
    expect([before.metadata, before.links.rerun]).toEqual([{ a: "1" }, `${before.links.self}/rerun`]);
    job.patch({ metadata: { b: "2" }, priority: "low", expiresAt: START + 200 * HOUR });
    expect(jobOf(job.state, view)).toMatchObject({
      metadata: { b: "2" },
      priority: "low",
      expires_at: timestamp(START + 200 * HOUR),
    });
    expect(jobOf(job.state, view).metadata).toEqual({ b: "2" });
  });

  it.each(REACHABLE)("is of the promised shape while %s", (stage) => {
    const { state } = new Driver().to(stage);
    expect(JobSchema.parse(jobOf(state, view))).toEqual(jobOf(state, view));
  });

  it.each([
    ["queued", "queued", "waiting", false],
    ["connecting", "queued", "assigning", false],
    ["submitted", "queued", "waiting", false],
    ["running", "running", "sampling", false],
    ["collecting", "running", "uploading", false],
    ["succeeded", "succeeded", "done", true],
  ] as const)("says of a job that is %s: %s, %s", (stage, status, phase, terminal) => {
    expect(jobOf(new Driver().to(stage).state, view)).toMatchObject({ status, phase, terminal });
  });

  it("says canceling from the request to the end", () => {
    const job = new Driver().to("running").cancel();
    expect(jobOf(job.state, view)).toMatchObject({
      status: "canceling",
      cancel: { by: "user", reason: "changed_mind" },
    });
    expect(jobOf(job.cancelTried().found({ type: "absent" }).state, view).status).toBe("canceled");
  });

  it("names the backend and prompt also after the end", () => {
    const backend = { kind: "comfyui", worker: "backend-of-lease-1", prompt_id: "uuid-2" };
    expect(jobOf(new Driver().to("running").state, view).backend).toEqual(backend);
    expect(jobOf(new Driver().to("succeeded").state, view).backend).toEqual(backend);
  });

  it("says of a failure what, where and whether to try again", () => {
    const state: JobState = new Driver()
      .to("running")
      .hint()
      .found(endedBy("error", failureOf({ code: "out_of_memory" }))).state;
    expect(jobOf(state, view).error).toMatchObject({
      code: "out_of_memory",
      message: "KSampler: boom",
      user_message: "This picture was too big for the machine. Try a smaller size.",
      retryable: true,
      node_id: "3",
      doc_url: "https://api.example/errors/out_of_memory",
    });
  });

  it("gives its times in whole seconds and its durations in ms", () => {
    const job = new Driver()
      .to("submitted")
      .sleep(1500)
      .start()
      .sleep(2000)
      .hint()
      .found(success(fileOf("9")))
      .store();
    expect(jobOf(job.state, view).metrics).toEqual({ queue_ms: 1500, load_ms: null, run_ms: 2000, total_ms: 3500 });
    expect(jobOf(job.state, view).finished_at).toBe("2025-11-20T00:53:23Z");
  });
});
