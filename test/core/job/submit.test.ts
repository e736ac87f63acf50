import { describe, expect, it } from "vitest";
import { Driver } from "../../support/job-driver.ts";
import { failureOf, fileOf, success } from "../../support/job-samples.ts";

const image = {
  name: "image",
  uploadId: "upl_1",
  contentType: "image/png",
  slots: [["5", "image"]] as [string, string][],
};

describe("handing over", () => {
  it("[J3] sends nothing before the socket is open, then the inputs, then the prompt under an id that is stored first", () => {
    const job = new Driver({ images: [image] }).to("connecting");
    expect(job.wished).toEqual(["dial"]);
    expect(job.open().wished).toEqual(["upload:image"]);
    job.send({ type: "uploaded", name: "image", storedName: "image (1).png" });
    expect([job.stage, job.persisted, job.run.promptId]).toEqual(["submitted", true, job.wish("submit").promptId]);
    expect(job.wish("submit")).toMatchObject({ uploads: { image: "image (1).png" }, clientId: job.run.clientId });
  });

  it("[J3] waits for the socket again if it is lost while the inputs are sent, and does not send them twice", () => {
    const job = new Driver({ images: [image] }).to("posting");
    const upload = job.wish("upload");
    job.cut();
    expect(job.wish("upload")).toBe(upload);
    expect(job.send({ type: "uploaded", name: "image", storedName: "a.png" }).wished).toEqual(["dial"]);
    expect(job.open().wished).toEqual(["submit"]);
  });

  it("[J3] an input is sent again a few times, then the lease is of no use", () => {
    const job = new Driver({ images: [image] }).to("posting");
    const fail = () => job.send({ type: "upload_failed", name: "image", fault: { kind: "timeout" } });
    const waits = [1, 2, 3].map(() => fail().wish("upload").afterMs);
    expect(waits).toEqual([200, 1000, 3000]);
    expect(fail().stage).toBe("queued");
  });

  it.each([
    [{ kind: "input", detail: "Not a picture." }, "Not a picture."],
    [{ kind: "not_found" }, "The uploaded file is no longer there."],
    [{ kind: "too_large", sizeBytes: 9 }, "ComfyUI finds it too large."],
  ] as const)("[J3] a bad input (%o) fails the job and names it", (fault, detail) => {
    const job = new Driver({ images: [image] }).to("posting").send({ type: "upload_failed", name: "image", fault });
    expect(job.failure).toMatchObject({ code: "input_unreadable", detail, input: "image" });
  });

  it("[J7] a refused prompt fails the job at once, and the lease goes back", () => {
    const job = new Driver()
      .to("posting")
      .answer({ type: "rejected", failure: failureOf({ code: "invalid_workflow" }) });
    expect([job.stage, job.failure?.code]).toEqual(["failed", "invalid_workflow"]);
    expect(job.wished).toEqual(["release:lease-1"]);
  });

  it.each(["posting", "collecting"] as const)(
    "[J7] an acceptance that drops outputs counts as a refusal, and the prompt is taken back (answered while %s)",
    (stage) => {
      const job = new Driver().to("posting");
      // With the POST still unanswered, its events and even its end may be seen first.
      if (stage === "collecting")
        job
          .start()
          .hint()
          .found(success(fileOf("9")));
      expect(job.stage).toBe(stage === "collecting" ? "collecting" : "submitted");
      job.accept(failureOf({ code: "invalid_workflow" }));
      expect([job.stage, job.failure?.code]).toEqual(["failed", "invalid_workflow"]);
      expect(job.wishes("cancel_run")).toHaveLength(stage === "posting" ? 1 : 0);
    },
  );
});
