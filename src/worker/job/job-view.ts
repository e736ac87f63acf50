/**
 * The job as its viewers get it: greetings, events, previews, each for its audience. Joins the state with what lives
 * beside it: links, the latest preview's bytes, the count of viewers.
 */
import type { Job, PublicJob } from "../../contract/job.ts";
import type { PreviewFrameHeader, PreviewMode, ViewerEvent } from "../../contract/viewer.ts";
import { LIVE_PROTOCOL } from "../../contract/viewer.ts";
import { KEPT_EVENTS, welcome } from "../../core/fanout/resume.ts";
import type { View } from "../../core/job/project.ts";
import type { Reader } from "../../core/job/reader.ts";
import { recordOf } from "../../core/job/record.ts";
import type { Change, JobState } from "../../core/job/state.ts";
import type { JobRecord } from "../../core/tenant/vocabulary.ts";
import type { MediaLinks } from "../artifacts/media-links.ts";
import { encodePreviewFrame } from "../viewers/preview-frame.ts";
import type { ViewerSpec } from "../viewers/viewer.ts";
import type { LatestPreview } from "../viewers/viewer-sockets.ts";
import type { Shown } from "./job-answers.ts";
import { envelope, eventOf, keptEventOf, shownJob } from "./job-events.ts";
import type { JobStore } from "./job-store.ts";

const HEARTBEAT_MS = 15_000;
const MAX_SESSION_MS = 600_000;
/** Largest preview that travels inside a text event (api D4). */
const MAX_INLINE_BYTES = 24 * 1024;

const OWNER = { role: "owner", base: null, reveal: ["previews", "outputs"] } as const;

export type Counts = { now: number; peak: number; total: number };

export class JobView {
  readonly #store: JobStore;
  readonly #links: MediaLinks;
  readonly counts: Counts;
  latest: LatestPreview | null = null;

  constructor(store: JobStore, links: MediaLinks, counts: Counts) {
    this.#store = store;
    this.#links = links;
    this.counts = counts;
  }

  /** Makes the links of the results that there are; needed before the job is shown. */
  async prepareLinks({ spec, outputs }: JobState): Promise<void> {
    await this.#links.prepare(spec.origin, outputs, Date.now());
  }

  /** What the projection needs for this viewer. */
  view(state: JobState, spec: Pick<ViewerSpec, "role" | "base">): View {
    const { base } = spec;
    const root = base ?? `${state.spec.origin}/v1/jobs/${state.spec.id}`;
    const share = spec.role !== "viewer" ? this.#store.shares().find((one) => one.revokedAt === null) : undefined;
    return {
      now: Date.now(),
      outputUrl: ({ id, cleanable }) => {
        // A link leads to the clean copy: where there is none, only the owner can fetch the file, with the key.
        if (!cleanable) return null;
        return base === null ? this.#links.get(id) : { url: `${base}/m/${id}/original`, expiresAt: null };
      },
      previewUrl: (rev) => `${root}/preview?rev=${rev}`,
      viewers: this.counts,
      share: share ? { id: share.id, url: null, expiresAt: share.expiresAt } : null,
    };
  }

  /** The whole job for a caller, as text. */
  document(state: JobState, reader: Reader): Shown {
    const audience = reader.user === null ? OWNER : ({ ...OWNER, role: "user" } as const);
    const job = shownJob(state, audience, this.view(state, audience)) as Job;
    const { seq, terminal, poll_after_ms: pollAfterMs } = job;
    return { type: "found", json: JSON.stringify(job), seq, terminal, pollAfterMs };
  }

  /** The job as a share link shows it. `base` is the link's path. */
  shared(state: JobState, base: string, reveal: readonly string[]): PublicJob {
    const audience = { role: "viewer", base, reveal } as const;
    return shownJob(state, audience, this.view(state, audience)) as PublicJob;
  }

  /** The job as its project's index holds it. */
  record(state: JobState): JobRecord {
    return recordOf(state, this.view(state, OWNER));
  }

  /** The greeting, and what a returning viewer missed. */
  welcome(state: JobState, spec: ViewerSpec): ViewerEvent[] {
    const kept = this.#store.keptSeqs();
    const plan = welcome(spec.after, state.seq, kept, kept.length < KEPT_EVENTS);
    const view = this.view(state, spec);
    const replay =
      plan.type === "resume" && spec.after !== null
        ? this.#store.eventsAfter(spec.after).flatMap((row) => keptEventOf(state, row, spec, view) ?? [])
        : [];
    const ended = "finishedAt" in state.stage;
    // The greeting of a resumed viewer stands at its own cursor: what it missed is yet to come, and to be counted. So is
    // the end of a job that has ended: who loses the line in between must not come back as one that has seen it.
    const present = ended ? state.seq - 1 : state.seq;
    const seq = plan.type === "resume" && spec.after !== null ? spec.after : present;
    const hello = envelope(state, "hello", seq, view.now, {
      protocol: LIVE_PROTOCOL,
      role: spec.role === "viewer" ? "viewer" : "owner",
      resumed: plan.type === "resume",
      replayed: replay.length,
      heartbeat_ms: HEARTBEAT_MS,
      max_session_ms: MAX_SESSION_MS,
      server_time_ms: view.now,
      previews: spec.previews,
      job: plan.type === "resume" ? null : shownJob(state, spec, view),
    });
    if (plan.type === "resume") return ended ? [hello, ...replay] : [hello, ...replay, ...this.#present(state, spec)];
    return ended ? [hello, this.#end(state, spec)] : [hello];
  }

  /** A change for this audience. */
  event(state: JobState, change: Change, seq: number, spec: ViewerSpec): ViewerEvent | null {
    return eventOf(state, change, seq, spec, this.view(state, spec));
  }

  /** The newest progress, or place in line. */
  conflated(state: JobState, spec: ViewerSpec): ViewerEvent | null {
    const type = state.stage.name === "queued" ? "queue" : "progress";
    return eventOf(state, { type }, state.seq, spec, this.view(state, spec));
  }

  /** The newest preview as this viewer wants it. */
  preview(state: JobState, spec: ViewerSpec, mode: PreviewMode): ViewerEvent | Uint8Array | null {
    const { latest } = this;
    const event = latest && this.event(state, { type: "preview", bytes: latest.bytes }, state.seq, spec);
    if (!latest || event?.type !== "preview") return null;
    const { data } = event;
    if (mode === "binary") {
      const header: PreviewFrameHeader = {
        seq: state.seq,
        rev: latest.rev,
        node_id: data.node_id,
        prompt_id: state.spec.id,
        image_type: data.content_type,
        width: data.width,
        height: data.height,
        step: data.step,
        steps: data.steps,
      };
      return encodePreviewFrame(header, latest.bytes);
    }
    if (mode !== "inline" || latest.bytes.byteLength > MAX_INLINE_BYTES) return event;
    return { ...event, data: { ...data, data_base64: latest.bytes.toBase64() } };
  }

  /** A new viewer came by a link. */
  joined(): void {
    this.counts.total += 1;
  }

  /** The count of viewers has changed; null where nobody need be told. */
  counted(state: JobState, now: number): ViewerEvent | null {
    if (now === this.counts.now) return null;
    this.counts.now = now;
    this.counts.peak = Math.max(this.counts.peak, now);
    return envelope(state, "viewers", null, Date.now(), { ...this.counts });
  }

  #present(state: JobState, spec: ViewerSpec): ViewerEvent[] {
    return [this.conflated(state, spec)].filter((event) => event !== null);
  }

  #end(state: JobState, spec: ViewerSpec): ViewerEvent {
    const view = this.view(state, spec);
    const job = shownJob(state, spec, view);
    return envelope(state, "end", state.seq, view.now, { status: job.status, job });
  }
}
