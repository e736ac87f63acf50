/** What people are told while something is wrong that does not end the job. */
import { describe, expect, it } from "vitest";
import { SILENCE_MS } from "../../../src/core/job/timing.ts";
import { noticeOf } from "../../../src/core/job/trouble.ts";
import { Driver } from "../../support/job-driver.ts";
import { nodeState } from "../../support/job-samples.ts";

const notice = (job: Driver) => noticeOf(job.state)?.code ?? null;
const UNREACHABLE = { type: "unreachable", fault: { kind: "timeout" } } as const;

describe("a notice", () => {
  it("[J32] is there while the line is cut, and gone when our run is heard again", () => {
    const job = new Driver().to("running").cut();
    expect(notice(job)).toBe("connection_lost");
    expect(notice(job.open().report(nodeState("3", 1, 4)))).toBeNull();
  });

  it("[J32] tells silence from a cut", () => {
    expect(notice(new Driver().to("running").wait(SILENCE_MS))).toBe("no_news");
  });

  it("[J32] tells a backend that answers nothing from both, and goes back to the cut when it answers", () => {
    const job = new Driver().to("running").cut().found(UNREACHABLE);
    expect(notice(job)).toBe("not_answering");
    expect(notice(job.found({ type: "running" }))).toBe("connection_lost");
  });

  it("[J32] tells a locked door from silence; after a minute of it the job fails as refused", () => {
    const refused = { type: "unreachable", fault: { kind: "refused", status: 403 } } as const;
    const job = new Driver().to("running").cut().found(refused);
    expect(notice(job)).toBe("refused");
    expect(notice(job.found({ type: "running" }))).toBe("connection_lost");
    for (const lease of ["lease-2", "lease-3"]) {
      while (job.stage === "running") job.sleep(Math.max(1, job.wish("look").afterMs)).found(refused);
      if (job.stage === "queued") job.grant(lease).open().accept().start().cut();
    }
    expect(job.failure).toMatchObject({ code: "backend_refused", detail: expect.stringContaining("403") });
  });

  it("[J5] [J32] a job that was not let in keeps a warning of it while it waits in line again", () => {
    const fault = { kind: "refused", status: 401 } as const;
    const job = new Driver().to("connecting").noSocket(false);
    job.send({ type: "socket_failed", connection: job.run.connection, fault, httpAnswers: false });
    expect([job.stage, job.state.warnings.map(({ code }) => code)]).toEqual(["queued", ["refused"]]);
  });

  it("[J32] is shown once, not with each look", () => {
    const job = new Driver().to("running").cut().found(UNREACHABLE);
    const shown = job.changes.length;
    job.found(UNREACHABLE).found(UNREACHABLE);
    expect(job.changes.length).toBe(shown);
  });

  it("[J32] leaves one warning of its kind for the owner", () => {
    const job = new Driver().to("running").cut().found(UNREACHABLE).found({ type: "running" }).found(UNREACHABLE);
    expect(job.state.warnings.map((warning) => warning.code)).toEqual(["connection_lost", "not_answering"]);
  });

  it("[J32] is counted for the owner, with the dials and frames that it cost", () => {
    const job = new Driver().to("running").cut().open();
    job.hear({ type: "undecodable", reason: "truncated_frame" }).report(nodeState("3", 1, 4));
    expect(job.run.counts).toEqual({ connection_lost: 1, reconnects: 1, dropped_frames: 1 });
    expect(job.send({ type: "alarm" }).cut().run.counts).toMatchObject({ connection_lost: 2, reconnects: 2 });
  });

  it("[J32] names no machine, node or address", () => {
    const job = new Driver().to("running").cut();
    expect(noticeOf(job.state)?.message).not.toMatch(/ComfyUI|socket|http|backend|node/i);
  });
});
