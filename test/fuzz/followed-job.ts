/**
 * A job with what stands around it in the service: storage that keeps what it is told to keep and no more, crashes that
 * lose the rest, and viewers that come, go and return with their cursor. A model of engine, store and view in memory,
 * so that millions of sequences can be tried; what it checks are the promises to viewers (PROTOCOL.md, V3 and V5).
 */
import { DURABLE, welcome } from "../../src/core/fanout/resume.ts";
import { storedProgress, toStore } from "../../src/core/job/checkpoint.ts";
import { isTerminal } from "../../src/core/job/draft.ts";
import type { JobSpec } from "../../src/core/job/spec.ts";
import type { JobEvent, JobState } from "../../src/core/job/state.ts";
import { Driver } from "../support/job-driver.ts";
import { freeze } from "../support/job-invariants.ts";
import { FollowingViewer } from "./following-viewer.ts";

const SEQ_RESERVE = 1_000;
const VIEWERS = 3;

export class FollowedJob extends Driver {
  readonly viewers = Array.from({ length: VIEWERS }, () => new FollowingViewer());
  /** All durable events of the job's life. */
  readonly durable: number[] = [];
  readonly #keeps: number;
  #stored: JobState;
  #reservedSeq = 0;
  #storedProgress = -1;
  #diesUnheard = false;
  /** Where the end was told: anew after each change of an ended job. */
  readonly #ends = new Set<number>();

  /** `keeps` is how many durable events the storage keeps. */
  constructor(spec: Partial<JobSpec>, keeps: number) {
    super(spec);
    this.#keeps = keeps;
    this.#stored = this.state;
  }

  override send(event: JobEvent): this {
    const before = this.state.seq;
    const known = this.changes.length;
    super.send(event);
    const changes = this.changes.slice(known);
    const first = Math.max(this.state.seq - changes.length, before) + 1;
    const { removal } = this.state;
    const kept = (type: string) => !removal && (type === "patched" || DURABLE.includes(type as never));
    const durable = changes.flatMap(({ type }, at) => (kept(type) ? [first + at] : []));
    if (isOver(this)) this.#tellEnd(durable.at(-1));
    this.#store(durable, changes.length > 0);
    if (this.#diesUnheard) {
      this.#diesUnheard = false;
      return this.crash();
    }
    if (removal) for (const viewer of this.viewers) viewer.disconnect();
    else for (const viewer of this.viewers) viewer.hearAll(durable, this.state, changes.length > durable.length);
    return this;
  }

  /** Everything that was not stored is lost, connections too. */
  override crash(): this {
    for (const viewer of this.viewers) viewer.disconnect();
    const seq = Math.max(this.#stored.seq, this.#reservedSeq);
    this.state = freeze({ ...(JSON.parse(JSON.stringify(this.#stored)) as JobState), seq });
    this.#storedProgress = storedProgress(this.state);
    return this.send({ type: "revived" });
  }

  /** Something happens among the viewers; the number says what. */
  stir(number: number): void {
    const viewer = this.viewers[(number >>> 3) % VIEWERS];
    switch (number % 8) {
      case 0:
      case 1:
        return this.connect(viewer);
      case 2:
        return viewer?.disconnect();
      case 3:
        // The object dies between the write and the words.
        this.#diesUnheard = number % 32 === 3;
        return;
      default:
        return;
    }
  }

  /** A viewer comes, or comes back. */
  connect(viewer: FollowingViewer | undefined): void {
    if (!viewer || viewer.connected || this.state.seq === 0 || this.state.removal) return;
    const kept = this.durable.slice(-this.#keeps);
    const plan = welcome(viewer.cursor, this.state.seq, kept, this.durable.length < this.#keeps);
    viewer.connect(plan, this.state);
  }

  /** After the end: every viewer comes back once more. @throws {Error} when one does not know all of it. */
  judgeViewers(): void {
    // A job that is gone is shown to nobody.
    if (this.state.removal) return;
    for (const viewer of this.viewers) {
      this.connect(viewer);
      viewer.judge(this.durable, this.#ends);
    }
  }

  /** The end is told at this place now, and no longer where it was before. */
  #tellEnd(seq: number | undefined): void {
    if (seq === undefined) return;
    const before = this.durable.findIndex((known) => this.#ends.has(known));
    if (before >= 0) this.durable.splice(before, 1);
    this.#ends.add(seq);
  }

  #store(durable: readonly number[], visible: boolean): void {
    const { seq, progress } = this.state;
    if (this.persisted || durable.length > 0 || (progress.shown ?? -1) > this.#storedProgress) {
      this.#stored = toStore(this.state);
      this.#storedProgress = storedProgress(this.#stored);
      const running = this.state.stage.name === "running";
      if (!running) this.#reservedSeq = "run" in this.state.stage ? Math.max(this.#reservedSeq, seq) : seq;
      else if (this.#reservedSeq <= seq) this.#reservedSeq = seq + SEQ_RESERVE;
      this.durable.push(...durable);
    } else if (visible && seq > this.#reservedSeq) this.#reservedSeq = seq + SEQ_RESERVE;
  }
}

/** Whether the job is over. */
export const isOver = (job: Driver): boolean => isTerminal(job.state.stage);
