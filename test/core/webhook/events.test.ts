/** What events say and what they never say. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JOB_STATUSES, type Job } from "../../../src/contract/job.ts";
import { JOB_EVENT_TYPES, MAX_EVENT_BYTES, MAX_EVENT_OUTPUTS } from "../../../src/contract/webhook.ts";
import { EVENT_SCHEMAS, type WebhookEvent, type WebhookJob } from "../../../src/contract/webhook-bodies.ts";
import { disabledEvent, eventText, eventTypeOf, type JobChange, jobEvent } from "../../../src/core/webhook/events.ts";
import { pingEvent, SAMPLE_JOB_ID, sampleEvent } from "../../../src/core/webhook/samples.ts";
import { aJob, anOutput, JOB_ID, ORIGIN, SECRET_WORDS, STAMP } from "./a-job.ts";

const ENDED: JobChange = { type: "status", previous: "running", status: "succeeded" };
const CHANGES: JobChange[] = [
  { type: "status", previous: "queued", status: "running" },
  { type: "progress" },
  { type: "output", output: anOutput(0) },
  ENDED,
  { type: "status", previous: "running", status: "failed" },
  { type: "status", previous: "canceling", status: "canceled" },
  { type: "status", previous: "queued", status: "expired" },
  { type: "deleted" },
];

const sizeOf = (event: WebhookEvent) => Buffer.byteLength(JSON.stringify(event));

function made(change: JobChange, job: Job = aJob()): WebhookEvent {
  const event = jobEvent(change, job, STAMP);
  if (event === null) throw new Error("no event");
  return event;
}

function ended(job: Job): WebhookJob {
  const event = made(ENDED, job);
  if (event.type !== "job.succeeded") throw new Error(event.type);
  return event.data.job;
}

describe("the event of an end", () => {
  it("[W5] is the documented cut of the job, field by field", () => {
    expect(made(ENDED)).toEqual({
      id: STAMP.id,
      type: "job.succeeded",
      timestamp: "2026-11-20T07:12:01Z",
      api_version: "v1",
      mode: "live",
      project: STAMP.project,
      data: {
        job: {
          id: JOB_ID,
          seq: 77,
          status: "succeeded",
          terminal: true,
          user: "u_42",
          metadata: { screen: "editor" },
          workflow: { id: "portrait-flux", version: 3, name: "Portrait" },
          created_at: "2026-11-20T07:11:43Z",
          started_at: "2026-11-20T07:11:52Z",
          finished_at: "2026-11-20T07:12:01Z",
          outputs: [
            {
              id: anOutput(0).id,
              type: "image",
              content_type: "image/png",
              width: 1_024,
              height: 1_024,
              size_bytes: 1_848_320,
              hash: anOutput(0).hash,
              thumbhash: null,
              url: anOutput(0).url,
              url_expires_at: "2026-11-22T00:00:00Z",
            },
          ],
          outputs_truncated: false,
          error: null,
          cancel: null,
          metrics: { queue_ms: 9_000, load_ms: 3_100, run_ms: 18_200, total_ms: 27_200, gpu_ms: null },
          links: { self: `${ORIGIN}/v1/jobs/${JOB_ID}` },
        },
      },
    });
  });

  it("[W5] of a job without success has its error or its cancel, and what results there are", () => {
    const error = {
      code: "node_failed",
      message: "KSampler: broken",
      user_message: "It failed.",
      retryable: false,
      stage: null,
      node_id: "3",
      class_type: "KSampler",
      input: null,
      doc_url: `${ORIGIN}/errors/node_failed`,
    } as const;
    const failed = made({ type: "status", previous: "running", status: "failed" }, aJob({ status: "failed", error }));
    expect(failed).toMatchObject({ type: "job.failed", data: { job: { error, outputs: [{ id: anOutput(0).id }] } } });
    const cancel = { requested_at: "2026-11-20T07:12:00Z", by: "user", reason: "changed_mind" };
    const canceled = made(
      { type: "status", previous: "canceling", status: "canceled" },
      aJob({ status: "canceled", cancel, outputs: [] }),
    );
    expect(canceled).toMatchObject({ type: "job.canceled", data: { job: { cancel, outputs: [] } } });
  });

  it("[W5] names 16 results at most and says that there are more", () => {
    const job = (count: number) => aJob({ outputs: Array.from({ length: count }, (_, index) => anOutput(index)) });
    expect(ended(job(16))).toMatchObject({ outputs_truncated: false });
    expect(ended(job(16)).outputs).toHaveLength(16);
    expect(ended(job(17))).toMatchObject({ outputs_truncated: true });
    expect(ended(job(17)).outputs.map(({ id }) => id)).toEqual(job(16).outputs.map(({ id }) => id));
  });

  it("[W5] gives results up before metadata, and metadata only where they alone are too large", () => {
    const outputs = Array.from({ length: 16 }, (_, index) => anOutput(index));
    const metadata = (value: string) =>
      Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`key-${index}`, value]));
    const large = ended(aJob({ outputs, metadata: metadata("ä".repeat(500)) }));
    expect(large.metadata).toEqual(metadata("ä".repeat(500)));
    expect(large.outputs.length).toBeGreaterThan(0);
    expect(large.outputs.length).toBeLessThan(16);
    expect(large.outputs_truncated).toBe(true);
    const huge = ended(aJob({ outputs, metadata: metadata("\u0001".repeat(500)) }));
    expect(huge.metadata).toBeNull();
    expect(huge.outputs).toHaveLength(16);
    const started = made(
      { type: "status", previous: "queued", status: "running" },
      aJob({ metadata: metadata("\u0001".repeat(500)) }),
    );
    expect(started).toMatchObject({ data: { job: { metadata: null } } });
  });
});

describe("the other events", () => {
  it("[W5] are as thin as documented", () => {
    const keys = (change: JobChange) => {
      const { data } = made(change) as { data: Record<string, Record<string, unknown>> };
      return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Object.keys(value)]));
    };
    expect(keys({ type: "progress" })).toEqual({
      job: ["id", "seq", "status"],
      progress: Object.keys(aJob().progress),
    });
    expect(keys({ type: "output", output: anOutput(0) })).toMatchObject({ job: ["id", "seq", "status"] });
    expect(keys({ type: "deleted" })).toEqual({ job: ["id"] });
    const started = keys({ type: "status", previous: "queued", status: "running" }).job;
    expect(started).not.toContain("outputs");
    expect(started).toContain("workflow");
  });

  it("[W5] to other endpoints name the disabled one without the query of its URL", () => {
    const event = disabledEvent(
      { id: "whe_01kag40f9x000000000000000c", url: "https://app.example.com/hook?token=hunter2#x" },
      "Nothing but failures.",
      Date.parse("2026-11-15T00:00:00Z"),
      STAMP,
    );
    expect(event.data).toEqual({
      endpoint: { id: "whe_01kag40f9x000000000000000c", url: "https://app.example.com/hook" },
      reason: "Nothing but failures.",
      failed_since: "2026-11-15T00:00:00Z",
    });
    expect(EVENT_SCHEMAS["webhook.disabled"].safeParse(event).success).toBe(true);
  });

  it("[W5] that try a receiver out are marked as tests, of a job that is none", () => {
    for (const type of JOB_EVENT_TYPES) {
      const event = sampleEvent(type, { id: STAMP.id, at: STAMP.at, project: STAMP.project, origin: ORIGIN });
      expect(event).toMatchObject({ type, mode: "test", data: { job: { id: SAMPLE_JOB_ID } } });
      expect(EVENT_SCHEMAS[type].safeParse(event).error).toBeUndefined();
    }
    for (const id of ["whe_01kag40f9x000000000000000c", null]) {
      const ping = pingEvent(id, STAMP);
      expect(ping).toMatchObject({ type: "webhook.test", mode: "test" });
      expect(EVENT_SCHEMAS["webhook.test"].safeParse(ping).error).toBeUndefined();
    }
  });
});

describe("every event", () => {
  it("[W5] has nothing of inputs, names of files, texts, shares or machines", () => {
    for (const change of CHANGES) {
      const text = eventText(made(change));
      expect(text).not.toContain(SECRET_WORDS);
      expect(text).not.toMatch(/"(inputs|seed|share|backend|preview|warnings|name":"a)"/);
    }
  });

  it("[W5] fits its schema and into 20 kB, whatever the job's texts", () => {
    const unit = fc.oneof(fc.constantFrom("\u0001", "ä", "漢", "😀", '"', "\ud800"), fc.string({ unit: "binary" }));
    const text = fc
      .tuple(unit, fc.integer({ min: 1, max: 600 }))
      .map(([part, times]) => part.repeat(times).slice(0, 600));
    const metadata = fc
      .tuple(text, fc.integer({ min: 0, max: 16 }))
      .map(([value, keys]) => Object.fromEntries(Array.from({ length: keys }, (_, index) => [`key-${index}`, value])));
    const count = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(text, text, metadata, count, fc.constantFrom(...CHANGES), (a, b, labels, outputs, change) => {
        const job = aJob({
          user: a,
          metadata: labels,
          workflow: { id: a, version: 1, name: b },
          outputs: Array.from({ length: outputs }, (_, index) => anOutput(index, { content_type: b })),
          cancel: { requested_at: "2026-11-20T07:12:00Z", by: a, reason: b },
          error: {
            code: "node_failed",
            message: b.repeat(10),
            user_message: a,
            retryable: false,
            stage: null,
            node_id: a,
            class_type: b,
            input: a,
            doc_url: `${ORIGIN}/errors/node_failed`,
          },
          progress: { ...aJob().progress, current_node: a, current_node_class: b, current_node_title: a, message: b },
        });
        const event = made(change, job);
        expect(sizeOf(event)).toBeLessThanOrEqual(MAX_EVENT_BYTES);
        expect(JSON.parse(eventText(event))).toEqual(JSON.parse(JSON.stringify(event)));
        expect(EVENT_SCHEMAS[event.type].safeParse(event).error).toBeUndefined();
        if ("outputs" in event.data && Array.isArray(event.data.outputs)) {
          expect(event.data.outputs.length).toBeLessThanOrEqual(MAX_EVENT_OUTPUTS);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("[W5] is never cut in the middle of a character", () => {
    for (const before of ["", "a"]) {
      const job = aJob({ workflow: { id: "x", version: 1, name: before + "😀".repeat(300) } });
      expect(JSON.stringify(made(ENDED, job))).not.toMatch(/\\ud8/);
    }
  });
});

describe("a change of a job", () => {
  it("[W6] makes the event of its kind", () => {
    expect(CHANGES.map(eventTypeOf)).toEqual(JOB_EVENT_TYPES);
    for (const change of CHANGES) expect(made(change).type).toBe(eventTypeOf(change));
  });

  it("[W6] makes none where it is no news for a receiver", () => {
    for (const previous of JOB_STATUSES) {
      for (const status of ["queued", "canceling"] as const) {
        expect(jobEvent({ type: "status", previous, status }, aJob(), STAMP)).toBeNull();
      }
      expect(eventTypeOf({ type: "status", previous, status: previous })).toBeNull();
    }
    expect(eventTypeOf({ type: "status", previous: "canceling", status: "running" })).toBeNull();
  });
});
