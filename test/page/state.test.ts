/** What the page knows after what it hears. */
import { describe, expect, it } from "vitest";
import { sampleEvent, sampleJob, sampleOutput, sampleProgress } from "../../scripts/page-samples.ts";
import type { LiveUpdate } from "../../src/client/live.ts";
import type { PublicJob } from "../../src/contract/job.ts";
import type { ViewerEvent } from "../../src/contract/viewer.ts";
import { showJob } from "../../src/page/shown-job.ts";
import { initialState, nextState, type PageEvent, type PageState } from "../../src/page/state.ts";

const start = (job = sampleJob()) => initialState(showJob(job), (rev) => `/preview?rev=${rev}`);
const update = (change: LiveUpdate<PublicJob>, nowMs = 1_000): PageEvent => ({ type: "update", update: change, nowMs });
const event = (it: ViewerEvent<PublicJob>) => update({ type: "event", event: it });
const having = (...events: PageEvent[]): PageState => events.reduce(nextState, start());
const live = update({ type: "link", link: { type: "live", transport: "websocket" } });
const waiting = (nowMs: number) => update({ type: "link", link: { type: "waiting", delayMs: 100 } }, nowMs);
const connecting = (nowMs: number) => update({ type: "link", link: { type: "connecting", transport: "sse" } }, nowMs);
const output = (index: number, expected: number | null = null) =>
  event(sampleEvent("output", 50 + index, { output: sampleOutput(index), index, expected }));
const frame = (rev: number): PageEvent => ({ type: "frame", frame: { rev, src: `blob:${rev}` } });

describe("the job", () => {
  it("is replaced by hello and end, and kept by a resumed hello", () => {
    const hello = {
      protocol: "easel.live.v1",
      role: "viewer",
      replayed: 0,
      heartbeat_ms: 1,
      max_session_ms: 1,
    } as const;
    const more = { ...hello, server_time_ms: 0, previews: "binary" } as const;
    const fresh = having(event(sampleEvent("hello", 60, { ...more, resumed: false, job: sampleJob({ seq: 60 }) })));
    expect(fresh.job.seq).toBe(60);
    const resumed = having(event(sampleEvent("hello", 60, { ...more, resumed: true, job: null })));
    expect(resumed.job).toEqual(start().job);
    const done = sampleJob({ seq: 77, status: "succeeded", terminal: true });
    expect(having(event(sampleEvent("end", 77, { status: "succeeded", job: done }))).job.status).toBe("succeeded");
  });

  it("takes status, queue, progress and viewers from their events", () => {
    const headline = "Painting";
    const changed = having(
      event(
        sampleEvent("status", 41, {
          status: "running",
          previous: "queued",
          phase: "loading_model",
          terminal: false,
          attempt: 1,
          headline,
          notice: null,
        }),
      ),
      event(sampleEvent("progress", 42, { ...sampleProgress({ value: 0.5, step: 3 }), phase: "sampling", headline })),
      event(sampleEvent("viewers", null, { now: 9, peak: 9, total: 9 })),
    );
    expect(changed.job).toMatchObject({ seq: 42, status: "running", phase: "sampling", queue: null, watching: 9 });
    expect(changed.job.progress).toMatchObject({ value: 0.5, step: 3 });
  });

  it("holds each output once, in its place, without temporary ones", () => {
    const temporary = event(
      sampleEvent("output", 59, { output: sampleOutput(3, { temporary: true }), index: 3, expected: 2 }),
    );
    const state = having(output(1, 2), output(0, 2), output(1, 2), temporary);
    expect(state.job.outputs.map(({ index }) => index)).toEqual([0, 1]);
    expect(state.expected).toBe(2);
    expect(state.fresh.length).toBe(2);
  });

  it("does not mind an event of a newer server", () => {
    const state = start();
    const strange = { type: "weather", seq: 90, at: "", job_id: "", data: {} } as unknown as ViewerEvent<PublicJob>;
    expect(nextState(state, event(strange)).job).toEqual(state.job);
  });
});

describe("the shape of the picture", () => {
  it("comes from the job, else from what is known first, else is a square", () => {
    expect(start().shape).toEqual({ width: 832, height: 1216 });
    expect(start(sampleJob({ aspect: null, outputs: [sampleOutput(0, { width: 40, height: 30 })] })).shape.width).toBe(
      40,
    );
    expect(start(sampleJob({ aspect: null })).shape).toEqual({ width: 1, height: 1 });
  });

  it("never changes while the page is open", () => {
    const state = nextState(start(sampleJob({ aspect: null })), output(0));
    expect(state.shape).toEqual({ width: 1, height: 1 });
  });
});

describe("the frames", () => {
  it("are the newest and the one beneath", () => {
    expect(having(frame(1), frame(2), frame(3)).frames.map(({ rev }) => rev)).toEqual([2, 3]);
  });

  it("never go back to an older one that was slow to decode", () => {
    expect(having(frame(5), frame(4)).frames.map(({ rev }) => rev)).toEqual([5]);
  });

  it("leave when they cannot be shown", () => {
    expect(having(frame(1), { type: "frame_failed", rev: 1 }).frames).toEqual([]);
  });
});

describe("the link", () => {
  it("claims nothing at first, connects, lives, and is lost since the first failure", () => {
    expect(start().link).toEqual({ type: "none" });
    expect(having(connecting(1)).link).toEqual({ type: "connecting" });
    expect(having(connecting(1), live).link).toEqual({ type: "live" });
    const lost = having(connecting(1), live, waiting(5_000), connecting(5_500), waiting(6_000));
    expect(lost.link).toEqual({ type: "lost", sinceMs: 5_000, heardAtMs: 1_000 });
    expect(nextState(lost, live).link).toEqual({ type: "live" });
  });

  it("is lost too when it never came to be", () => {
    expect(having(connecting(1), waiting(2_000)).link).toEqual({ type: "lost", sinceMs: 2_000, heardAtMs: null });
  });

  it.each([
    ["gone", "revoked"],
    ["forbidden", "revoked"],
    ["unauthenticated", "revoked"],
    ["unknown", "unknown"],
    ["done", null],
    ["protocol", null],
  ] as const)("that stops because of %s closes the page as %s", (reason, closed) => {
    expect(having(live, update({ type: "stopped", reason }))).toMatchObject({ closed, link: { type: "none" } });
  });
});
