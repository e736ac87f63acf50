/**
 * Following a job as an async iterator: each item is the job as it stands, the last one is the job at its end. Leaving
 * the loop, or the signal, closes the connection. What a slow reader has not taken is merged, not piled up.
 */
import type { Job } from "../contract/job.ts";
import type { PreviewMode, ViewerEvent } from "../contract/viewer.ts";
import { applyEvent } from "./apply-event.ts";
import { EaselError } from "./easel-error.ts";
import { type Follower, followWith, type Link, type LiveUpdate } from "./follow-with.ts";
import type { FollowedJobs } from "./followed-jobs.ts";
import type { Http } from "./http.ts";
import type { StopReason, Transport } from "./ladder.ts";
import { SAVE_MS } from "./limits.ts";
import type { LivePorts } from "./ports.ts";

/** Something was heard of a job. `job` is all of it after that; `event` is null where it came by a poll or out of the store. */
export type JobUpdate = { job: Job; event: ViewerEvent<Job> | null };

/** How previews come: not, as an address, or with their bytes. */
export type PreviewWish = Exclude<PreviewMode, "binary">;

export type FollowJobOptions = {
  /** `url` unless told: the address of each preview, to be fetched with the token. `inline`: its bytes too, in base64, if it is small. */
  previews?: PreviewWish;
  /** Whether somebody looks; true unless told. */
  visible?: boolean;
  /** The ways to follow that may be used, best first; all that the platform has unless told. */
  transports?: readonly Transport[];
  /** Ends the loop as if it had been left. */
  signal?: AbortSignal;
  /** How the connection stands, for an "offline" mark. */
  onLink?(link: Link): void;
};

/** The updates of a job, and what may be told to the connection meanwhile. */
export type JobFollow = AsyncGenerator<JobUpdate, void, undefined> & {
  /** Tries to connect now, as when the network has come back. */
  retryNow(): void;
  /** Tells whether somebody looks, as when the app goes to the back. */
  setVisible(visible: boolean): void;
};

/** What following needs. `ports` take paths instead of addresses; `heard` is told of every state of the job. */
export type FollowContext = {
  id: string;
  http: Http;
  followed: FollowedJobs;
  ports: LivePorts;
  transports: readonly Transport[];
  heard(job: Job): void;
};

/** Complete in themselves: only the newest of a kind is worth reading. */
const CONFLATED = ["queue", "progress", "preview", "viewers"];

/** Follows from the first `next()` on. The iterator throws an `EaselError` when the job cannot be followed any longer. */
export function startFollow(context: FollowContext, options: FollowJobOptions): JobFollow {
  const { id, http, followed, ports } = context;
  const { signal } = options;
  let { visible = true } = options;
  let follower: Follower | null = null;
  let job: Job | null = null;
  let queue: JobUpdate[] = [];
  let stopped: StopReason | null = null;
  let savedAtMs = 0;
  let wake = () => {};

  function push(event: ViewerEvent<Job> | null): void {
    if (!job) return;
    const often = event && CONFLATED.includes(event.type);
    if (often) queue = queue.filter((one) => one.event?.type !== event.type);
    queue.push({ job, event });
    context.heard(job);
    // The end is not kept: until it has been read, the job is one to resume.
    if (!job.terminal && (!often || ports.nowMs() - savedAtMs > SAVE_MS)) {
      savedAtMs = ports.nowMs();
      followed.keep(id, job);
    }
  }

  function hear(update: LiveUpdate<Job>): void {
    if (update.type === "event") {
      job = applyEvent(job, update.event);
      if (!["ping", "bye"].includes(update.event.type)) push(update.event);
    } else if (update.type === "job") {
      job = update.job;
      push(null);
    } else if (update.type === "link") options.onLink?.(update.link);
    else if (update.type === "stopped") stopped = update.reason;
    wake();
  }

  async function* updates(): AsyncGenerator<JobUpdate, void, undefined> {
    const path = `/v1/jobs/${id}`;
    const onAbort = () => wake();
    let read: Job | null = null;
    signal?.addEventListener("abort", onAbort);
    try {
      const known = (await followed.list()).find((one) => one.id === id);
      job = known?.job ?? null;
      if (job) push(null);
      else followed.keep(id, null);
      const places = { baseUrl: "", eventsPath: `${path}/events`, statePath: path, after: job?.seq ?? null };
      const transports = options.transports ?? context.transports;
      follower = followWith<Job>(ports, { ...places, previews: options.previews ?? "url", visible, transports }, hear);
      while (!signal?.aborted) {
        const update = queue.shift();
        if (update) {
          read = update.job;
          yield update;
          if (read.terminal) return;
        } else if (stopped) {
          // Why there is no more to hear, the service says best when it is asked for the job.
          job = await http.call<Job>("GET", path);
          if (!job.terminal) throw new EaselError(stopped, 0, false);
          push(null);
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } catch (error) {
      const { status } = error as Partial<EaselError>;
      if (status === 404 || status === 410) {
        job = null;
        followed.forget(id);
      }
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      follower?.stop();
      if (read?.terminal) followed.forget(id);
      else if (job && !job.terminal) followed.keep(id, job);
    }
  }

  return Object.assign(updates(), {
    retryNow: () => follower?.retryNow(),
    setVisible(value: boolean) {
      visible = value;
      follower?.setVisible(value);
    },
  });
}
