/**
 * What one viewer was told, over all its connections, and whether that keeps the promises: a counter that rises, every
 * durable event once, progress that never falls, a picture of the job that events alone keep right, one end.
 */
import type { Job } from "../../src/contract/job.ts";
import type { ViewerEvent } from "../../src/contract/viewer.ts";
import { DURABLE } from "../../src/core/fanout/resume.ts";

/** What a viewer makes of the job by applying its events. */
type Picture = { status: string; attempt: number; outputs: string[]; warnings: string[] };

export class ViewerLedger {
  readonly #owner: boolean;
  readonly violations: string[] = [];
  /** One line per event and connection, for the story of a job. */
  readonly story: string[] = [];
  /** The last counter seen: where the next connection goes on. */
  cursor: number | null = null;
  /** From here on all durable events must have been seen. */
  since: number | null = null;
  /** Counters of the durable events that were seen. */
  readonly durable = new Set<number>();
  /** How often it has connected. */
  connections = 0;
  ends = 0;
  end: Job | null = null;
  #greeted = false;
  #askedAfter: number | null = null;
  #progress: { attempt: number; value: number } = { attempt: 0, value: 0 };
  #picture: Picture | null = null;

  constructor(owner: boolean) {
    this.#owner = owner;
  }

  /** A connection is about to be made. */
  connecting(): void {
    this.connections += 1;
    this.#greeted = false;
    this.#askedAfter = this.cursor;
    this.story.push(`-- connects after ${this.cursor}`);
  }

  /** The connection was answered with something else than events. While the Worker restarts that is no wonder. */
  refused(status: number): void {
    this.story.push(`-- refused with ${status}`);
    if (status === 204 && this.ends === 0) this.#broken("the stream is said to be over, and no end was seen");
    if (status >= 400 && status < 500) this.#broken(`refused with ${status}`);
  }

  /** A socket was closed. */
  closed(code: number): void {
    this.story.push(`-- closed with ${code}`);
    if (code >= 4400 && code !== 4408) this.#broken(`closed with ${code}`);
    if (code === 1000 && this.ends === 0) this.#broken("closed as done, and no end was seen");
  }

  /** True when there is nothing to come back for. */
  get over(): boolean {
    return this.ends > 0 || this.violations.length > 0;
  }

  /** An event came. */
  heard(event: ViewerEvent<Job>): void {
    const { type, seq } = event;
    this.story.push(`${type} ${seq ?? ""} ${summary(event)}`);
    if (this.ends > 0 && type !== "viewers") this.#broken(`${type} after the end`);
    if (type === "hello") this.#hello(event);
    else if (!this.#greeted) this.#broken(`${type} before the greeting`);
    if (seq === null || type === "hello") return;
    const last = this.cursor ?? 0;
    if (seq < last) this.#broken(`the counter fell from ${last} to ${seq} with ${type}`);
    if (DURABLE.includes(type)) {
      if (seq === last) this.#broken(`durable ${type} has the counter ${seq} that was seen before`);
      this.durable.add(seq);
    }
    this.cursor = Math.max(last, seq);
    this.#apply(event);
  }

  #hello({ seq, data }: Extract<ViewerEvent<Job>, { type: "hello" }>): void {
    if (this.#greeted) this.#broken("greeted twice");
    this.#greeted = true;
    if (seq === null) return this.#broken("a greeting without counter");
    if (data.resumed) {
      if (seq !== this.#askedAfter) this.#broken(`resumed at ${seq} instead of ${this.#askedAfter}`);
      return;
    }
    // No job of a soak has more events than are kept.
    if (this.#askedAfter !== null) this.#broken(`cursor ${this.#askedAfter} was not known, the counter is at ${seq}`);
    if (!data.job) return this.#broken("neither resumed nor given the job");
    this.cursor = Math.max(this.cursor ?? 0, seq);
    this.since = seq;
    this.durable.clear();
    this.#picture = pictureOf(data.job);
    this.#advance(data.job.attempt, data.job.progress.value);
  }

  #apply(event: ViewerEvent<Job>): void {
    const picture = this.#picture;
    if (!picture) return;
    switch (event.type) {
      case "status":
        picture.status = event.data.status;
        picture.attempt = event.data.attempt;
        return;
      case "output":
        if (picture.outputs[event.data.index] !== undefined)
          this.#broken(`output ${event.data.index} was announced twice`);
        picture.outputs[event.data.index] = event.data.output.id;
        return;
      case "warning":
        picture.warnings.push(event.data.code);
        return;
      case "progress":
        return this.#advance(picture.attempt, event.data.value);
      case "end": {
        this.ends += 1;
        this.end = event.data.job;
        const told = pictureOf(event.data.job);
        if (!this.#owner) picture.warnings = [];
        if (JSON.stringify(picture) !== JSON.stringify(told))
          this.#broken(`events led to ${JSON.stringify(picture)}, the end says ${JSON.stringify(told)}`);
        return;
      }
      default:
        return;
    }
  }

  #advance(attempt: number, value: number | null): void {
    if (attempt !== this.#progress.attempt) this.#progress = { attempt, value: 0 };
    if (value === null) return;
    if (value < this.#progress.value) this.#broken(`progress fell from ${this.#progress.value} to ${value}`);
    this.#progress.value = value;
  }

  #broken(words: string): void {
    this.violations.push(words);
    this.story.push(`!! ${words}`);
  }
}

function pictureOf(job: Job): Picture {
  const outputs: string[] = [];
  for (const { index, id } of job.outputs) outputs[index] = id;
  return {
    status: job.status,
    attempt: job.attempt,
    outputs,
    warnings: (job.warnings ?? []).map(({ code }) => code),
  };
}

function summary(event: ViewerEvent<Job>): string {
  switch (event.type) {
    case "hello":
      return `resumed ${event.data.resumed}, replays ${event.data.replayed}, job ${event.data.job?.status ?? "-"}`;
    case "status":
      return `${event.data.previous} -> ${event.data.status} (${event.data.phase}, attempt ${event.data.attempt}) ${event.data.notice?.code ?? ""}`;
    case "progress":
      return `${event.data.value} ${event.data.current_node ?? ""} ${event.data.step ?? ""}`;
    case "output":
      return `${event.data.index} ${event.data.output.id}`;
    case "warning":
      return event.data.code;
    case "end":
      return `${event.data.status} ${event.data.job.error?.code ?? ""}`;
    default:
      return "";
  }
}
