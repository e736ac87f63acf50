import { describe, expect, it } from "vitest";
import { Driver } from "../../support/job-driver.ts";
import { fileOf, success } from "../../support/job-samples.ts";

const unreachable = { type: "unreachable", fault: { kind: "timeout" } } as const;

/** Lets each look find nothing, as far apart as the machine wants them. */
function absent(job: Driver, times: number): Driver {
  for (let time = 0; time < times; time += 1) job.sleep(job.wish("look").afterMs).found({ type: "absent" });
  return job;
}

describe("a POST without an answer", () => {
  it("[J6] is looked for at once, and not sent again", () => {
    const job = new Driver().to("unknown");
    expect(job.wished).toEqual(["look"]);
    expect(job.wish("look").afterMs).toBe(0);
  });

  it.each([{ type: "pending", position: 0 }, { type: "running" }] as const)(
    "[J6] found %o, it counts as accepted",
    (found) => {
      const job = new Driver().to("unknown").found(found);
      expect(job.run.submission).toBe("accepted");
      expect(job.stage).toBe(found.type === "running" ? "running" : "submitted");
    },
  );

  it("[J6] found in the history, it has already ended", () => {
    const job = new Driver().to("unknown").found(success(fileOf("9")));
    expect(job.stage).toBe("collecting");
    expect(job.state.deadlines.start_by).toBeUndefined();
  });

  it("[J6] is sent again under another id after it was absent four times; the first is canceled, should it still arrive", () => {
    const job = new Driver().to("unknown");
    const first = job.run.promptId;
    absent(job, 3);
    expect(job.wishes("submit")).toEqual([]);
    absent(job, 1);
    expect(job.wish("submit").promptId).not.toBe(first);
    expect(job.wish("cancel_run").promptId).toBe(first);
    expect(job.state.attempt).toBe(1);
  });

  it("[J6] looks that find nothing at the same moment are one", () => {
    const job = new Driver().to("unknown");
    for (let time = 0; time < 10; time += 1) job.found({ type: "absent" });
    expect([job.wishes("submit"), job.run.absentLooks]).toEqual([[], 1]);
  });

  it("[J6] is sent three times to a backend, then elsewhere, then given up as what it is", () => {
    const job = new Driver().created();
    for (const lease of ["lease-1", "lease-2"]) {
      job.grant(lease).open();
      for (const submission of [1, 2, 3]) {
        expect(job.run.submissions).toBe(submission);
        job.answer({ type: "unknown", fault: { kind: "http", status: 500, detail: "" } });
        absent(job, 4);
      }
    }
    expect(job.failure?.code).toBe("backend_unreachable");
    expect(job.wishes("cancel_run")).toHaveLength(6);
  });

  it("[J6] is answered after all: an answer for an id that is no longer ours is passed over", () => {
    const job = absent(new Driver().to("unknown"), 4);
    const before = job.state;
    job.send({ type: "submit_answered", promptId: "uuid-2", reply: { type: "accepted", nodeErrors: null } });
    expect(job.state).toEqual(before);
  });

  it("[J6] does not matter where the events have already shown the run", () => {
    const job = new Driver()
      .to("posting")
      .start()
      .answer({ type: "unknown", fault: { kind: "timeout" } });
    expect([job.stage, job.run.submission]).toEqual(["running", "accepted"]);
  });

  it("[J5] with a refusal gives the lease back", () => {
    const job = new Driver().to("posting").answer({ type: "unknown", fault: { kind: "refused", status: 401 } });
    expect([job.stage, job.state.fruitlessLeases]).toEqual(["queued", 1]);
  });

  it("[J14] and a cancel: it is canceled for as long as it may still arrive", () => {
    const job = new Driver().to("unknown").cancel().cancelTried();
    absent(job, 4);
    expect(job.stage).toBe("canceled");
    expect(job.wish("cancel_run").promptId).toBe("uuid-2");
    job.cancelTried().cancelTried().cancelTried();
    expect(job.wishes("cancel_run")).toEqual([]);
  });

  it("[J13] a backend silent for a minute is given up, its prompt canceled should it come back", () => {
    const job = new Driver().to("unknown");
    let looks = 0;
    while (job.stage === "submitted") {
      job.sleep(job.wish("look").afterMs).found(unreachable);
      looks += 1;
    }
    expect([job.stage, job.state.attempt, job.wishes("cancel_run").length]).toEqual(["queued", 2, 1]);
    expect(looks).toBeLessThan(40);
    expect(job.now - job.state.spec.createdAt).toBeGreaterThanOrEqual(60_000);
  });
});
