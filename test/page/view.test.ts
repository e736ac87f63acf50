/** What the page shows in each state of the table "What the live page shows". */
import { describe, expect, it } from "vitest";
import { sampleJob, sampleOutput, sampleProgress } from "../../scripts/page-samples.ts";
import { JOB_PHASES, NOTICE_CODES, type PublicJob, QUEUE_REASONS } from "../../src/contract/job.ts";
import { showJob } from "../../src/page/shown-job.ts";
import { initialState, type PageState } from "../../src/page/state.ts";
import { iconOf, viewOf } from "../../src/page/view.ts";
import { wordsOf } from "./words-of.ts";

const english = wordsOf("en");

const stateOf = (job: Partial<PublicJob> = {}, changes: Partial<PageState> = {}): PageState => ({
  ...initialState(showJob(sampleJob(job)), (rev) => `/preview?rev=${rev}`),
  ...changes,
});
const view = (job: Partial<PublicJob> = {}, changes: Partial<PageState> = {}) => viewOf(stateOf(job, changes), english);

const painting = sampleProgress({ value: 0.62, step: 15, steps: 24, eta_ms: 4_200, eta_confidence: "medium" });
const running = { status: "running", phase: "sampling", queue: null, progress: painting } as const;
const over = { terminal: true, phase: "done", queue: null, progress: painting } as const;
const metrics = { queue_ms: 1, load_ms: 1, run_ms: 1, total_ms: 27_000 };
const frames = [{ rev: 1, src: "/p" }];
const error = { code: "node_failed", user_message: "It was too big.", retryable: false } as const;
const queue = { position: 2, ahead: 1, reason: "workers_busy", est_start_ms: 11_000, est_start_p90_ms: null } as const;

describe("each state has its name and words", () => {
  it.each<[string, Partial<PublicJob>, Partial<PageState>, string, string | null]>([
    ["queued", {}, {}, "Second in line", "Starts in about 11 seconds. Other pictures are being painted right now."],
    ["queued", { queue: null }, {}, "Waiting in line", null],
    [
      "queued",
      { queue: { ...queue, position: 1, reason: "paused", est_start_ms: null } },
      {},
      "Next in line",
      english.reasons.paused,
    ],
    ["loading", { ...running, phase: "loading_model" }, {}, "Warming up the model", english.firstTakesLonger],
    ["loading", { ...running, phase: "assigning" }, {}, "Getting ready", null],
    ["running", running, {}, "Painting", null],
    ["running", { ...running, phase: "retrying" }, {}, "Trying again", english.retryingDetail],
    ["running", { ...running, phase: "varnishing" as "saving", headline: "Varnishing" }, {}, "Varnishing", null],
    ["running", { ...running, status: "canceling" }, {}, "Stopping", null],
    ["previewing", running, { frames }, "Painting", null],
    [
      "arriving",
      { ...running, outputs: [sampleOutput(0)] },
      { expected: 4 },
      "Painting",
      "1 of 4 ready · about 4 seconds left",
    ],
    [
      "arriving",
      { ...running, phase: "saving", outputs: [sampleOutput(0)] },
      {},
      "Saving",
      "1 ready · about 4 seconds left",
    ],
    [
      "succeeded",
      { ...over, status: "succeeded", metrics, outputs: [sampleOutput(0)] },
      {},
      "Done in 27 seconds",
      null,
    ],
    ["succeeded", { ...over, status: "succeeded", outputs: [sampleOutput(0)] }, {}, "Finished", null],
    ["succeeded", { ...over, status: "succeeded" }, {}, "Finished, with nothing to show", null],
    [
      "media_gone",
      { ...over, status: "succeeded", outputs: [sampleOutput(0, { url: null })] },
      {},
      "The picture was removed on November 27",
      english.removedDetail,
    ],
    ["failed", { ...over, status: "failed", error }, {}, english.failures.node_failed, null],
    [
      "failed",
      { ...over, status: "failed", error: { ...error, code: "eclipse" as "internal" } },
      {},
      "It was too big.",
      null,
    ],
    [
      "failed",
      { ...over, status: "failed", error: { code: "eclipse" as "internal", user_message: "", retryable: true } },
      {},
      english.failed,
      english.failedDetail,
    ],
    ["canceled", { ...over, status: "canceled" }, {}, "Stopped by the creator", null],
    ["expired", { ...over, status: "expired" }, {}, "Took too long to start", null],
    [
      "expired",
      { ...over, status: "expired", started_at: "2026-11-20T07:11:50Z" },
      {},
      "Took too long to finish",
      null,
    ],
    ["ended", { ...over, status: "archived" as "expired", headline: "Archived" }, {}, "Archived", null],
    ["closed", running, { closed: "revoked" }, "This link was closed", english.closed.revoked.detail],
  ])("%s: %j %j", (name, job, changes, headline, detail) => {
    expect(view(job, changes)).toMatchObject({ name, headline, detail });
  });

  it("for every phase and reason of the contract", () => {
    for (const phase of JOB_PHASES) expect(english.phases[phase]).toMatch(/^[A-Z]/);
    for (const reason of QUEUE_REASONS) expect(english.reasons[reason]).toMatch(/\.$/);
  });
});

describe("trouble on the way", () => {
  it.each(NOTICE_CODES)("[J32] %s is said in one calm sentence, and gone when it is over", (code) => {
    const notice = { code, message: "for the API" };
    expect(view({ ...running, notice }).detail).toBe(english.troubles[code]);
    expect(view({ ...running, notice: null }).detail).toBeNull();
  });

  it("[J32] of a kind that a newer server knows is passed over", () => {
    const notice = { code: "eclipse" as "refused", message: "" };
    expect(view({ ...running, notice }).detail).toBeNull();
  });
});

describe("the bar", () => {
  it("has a value, and says the whole sentence", () => {
    const text = "Painting · 15 of 24 · about 4 seconds left";
    expect(view(running).bar).toEqual({ value: 0.62, percent: "62%", text });
  });

  it("has no value without an honest number, and none while waiting", () => {
    expect(view({ ...running, progress: sampleProgress({}) }).bar).toMatchObject({ value: null, percent: null });
    expect(view({ progress: painting }).bar?.value).toBeNull();
    expect(view().bar?.text).toBe(
      "Second in line. Starts in about 11 seconds. Other pictures are being painted right now.",
    );
  });

  it("never shows more than there is", () => {
    expect(view({ ...running, progress: sampleProgress({ value: 0.999 }) }).bar?.percent).toBe("99%");
  });

  it.each(["succeeded", "failed", "canceled", "expired"] as const)("is gone once the job has %s", (status) => {
    expect(view({ ...over, status }).bar).toBeNull();
  });
});

describe("time left", () => {
  const left = (progress: Partial<PublicJob["progress"]>) =>
    view({ ...running, progress: sampleProgress(progress) }).facts.map((fact) => fact.value);

  it("is shown when the service trusts it", () => {
    expect(left({ eta_ms: 4_200, eta_confidence: "medium" })).toEqual(["about 4 seconds"]);
    expect(left({ eta_ms: 4_200, eta_confidence: "low" })).toEqual([]);
    expect(left({ eta_ms: null })).toEqual([]);
  });

  it.each([
    [0, "1 second"],
    [59_400, "59 seconds"],
    [60_000, "1 minute"],
    [87_000, "1 min 27 sec"],
    [600_000, "10 minutes"],
    [5_400_000, "1.5 hours"],
  ])("of %i ms reads as %s", (ms, text) => {
    expect(english.duration(ms)).toBe(text);
  });
});

describe("the place in line", () => {
  it.each([
    [1, "Next in line"],
    [3, "Third in line"],
    [11, "11th in line"],
    [12, "12th in line"],
    [22, "22nd in line"],
    [1_001, "1,001st in line"],
  ])("%i reads as %s", (position, text) => {
    expect(english.place(position)).toBe(text);
  });
});

describe("announcements", () => {
  it("change at quarters and phases only", () => {
    const said = [];
    for (let percent = 0; percent < 100; percent += 1) {
      said.push(view({ ...running, progress: sampleProgress({ value: percent / 100, step: percent }) }).announcement);
    }
    said.push(view({ ...running, phase: "saving", progress: sampleProgress({ value: 0.99 }) }).announcement);
    expect([...new Set(said)]).toEqual(["Painting", "Painting, 25%", "Painting, 50%", "Painting, 75%", "Saving, 75%"]);
  });

  it.each<[string, Partial<PublicJob>, Partial<PageState>]>([
    ["Waiting in line", {}, {}],
    ["2 of 4 ready", { ...running, outputs: [sampleOutput(0), sampleOutput(1)] }, { expected: 4 }],
    ["Finished", { ...over, status: "succeeded", metrics, outputs: [sampleOutput(0)] }, {}],
    ["", { ...over, status: "failed", error }, {}],
    ["Stopped by the creator", { ...over, status: "canceled" }, {}],
    ["You are offline", running, { online: false }],
    ["Reconnecting…", running, { link: { type: "lost", sinceMs: 0, heardAtMs: null }, nowMs: 60_000 }],
    ["This link was closed", running, { closed: "revoked" }],
  ])("say %j", (text, job, changes) => {
    expect(view(job, changes).announcement).toBe(text);
  });

  it("leave bad news to the alert", () => {
    expect(view({ ...over, status: "failed", error }).alert).toBe(true);
    expect(view({ ...over, status: "canceled" }).alert).toBe(false);
  });
});

it("has either a sentence or figures, because both would push down what lies below", () => {
  const arriving = view({ ...running, outputs: [sampleOutput(0)] }, { expected: 2 });
  expect(arriving).toMatchObject({ detail: "1 of 2 ready · about 4 seconds left", facts: [] });
});

describe("the connection", () => {
  const lost = (nowMs: number) => ({ link: { type: "lost", sinceMs: 0, heardAtMs: -5_000 }, nowMs }) as const;

  it("is nobody's business for the first three seconds", () => {
    expect(view(running, lost(2_900)).notice).toBeNull();
    expect(view(running, lost(3_000)).notice).toEqual({ text: "Reconnecting… last update 8 sec. ago", retry: true });
  });

  it("is not missed once the job is over", () => {
    expect(view({ ...over, status: "succeeded" }, lost(60_000)).notice).toBeNull();
    expect(view({ ...over, status: "succeeded" }, { online: false }).notice).toBeNull();
  });

  it("offline offers no retry, because only the network can help", () => {
    expect(view(running, { online: false }).notice).toEqual({ text: "You are offline", retry: false });
  });

  it("shows how many watch", () => {
    expect(view(running, { link: { type: "live" } }).pulse).toEqual({ tone: "live", text: "Live · 3 watching" });
    expect(view(running).pulse).toEqual({ tone: "none", text: "3 watching" });
    expect(view(running, { link: { type: "connecting" } })).toMatchObject({
      busy: true,
      pulse: { text: "Connecting…" },
    });
  });

  it("is not called live before it has brought anything", () => {
    const never = { link: { type: "lost", sinceMs: 0, heardAtMs: null }, nowMs: 100 } as const;
    expect(view(running, never).pulse).toEqual({ tone: "waiting", text: "Connecting…" });
    expect(view(running, lost(100)).pulse.tone).toBe("live");
  });

  it("counts nobody once the job is over", () => {
    expect(view({ ...over, status: "succeeded" }).pulse.text).toBe("");
  });
});

describe("the results", () => {
  it("have their places before they come, and keep the picture's shape", () => {
    const { media } = view({ ...running, outputs: [sampleOutput(0)] }, { expected: 3 });
    expect(media.columns).toBe(2);
    expect(media.tiles.map((tile) => tile?.alt)).toEqual(["Finished picture 1 of 3", undefined, undefined]);
  });

  it("put pictures and videos into the grid and the rest into the list", () => {
    const outputs = [
      sampleOutput(0),
      sampleOutput(1, { type: "video" }),
      sampleOutput(2, { type: "audio", label: "Waves" }),
      sampleOutput(3, { type: "text", text: "Hello", url: null }),
      sampleOutput(4, { type: "hologram" as "file" }),
    ];
    const { media } = view({ ...over, status: "succeeded", outputs });
    expect(media.tiles.map((tile) => tile?.kind)).toEqual(["image", "video"]);
    expect(media.files.map((file) => [file.kind, file.name])).toEqual([
      ["audio", "Waves"],
      ["text", "Text"],
      ["file", "lake-5.png"],
    ]);
  });

  it("download through their own URL", () => {
    const tile = (url: string) =>
      view({ ...over, status: "succeeded", outputs: [sampleOutput(0, { url })] }).media.tiles[0];
    expect(tile("/m/1")?.downloadUrl).toBe("/m/1?download");
    expect(tile("/m/1?v=2")?.downloadUrl).toBe("/m/1?v=2&download");
  });

  it("are not shown behind a closed link, nor is the last preview", () => {
    const closed = view({ ...running, outputs: [sampleOutput(0)] }, { closed: "revoked", frames });
    expect([closed.media.tiles, closed.picture.frames]).toEqual([[], []]);
  });
});

describe("title and icon", () => {
  it("carry the progress", () => {
    expect(view(running).title).toBe("62% · Painting");
    expect(iconOf(view(running))).toEqual([0.62, "busy"]);
    expect(view({ ...over, status: "succeeded", metrics, outputs: [sampleOutput(0)] }).title).toBe(
      "Done in 27 seconds",
    );
    expect(iconOf(view({ ...over, status: "failed", error }))).toEqual([1, "stopped"]);
  });
});
