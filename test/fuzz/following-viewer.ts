/** A viewer in the model of `followed-job.ts`: what it was told, and whether that keeps what viewers are promised. */
import type { Welcome } from "../../src/core/fanout/resume.ts";
import { isTerminal } from "../../src/core/job/draft.ts";
import type { JobState } from "../../src/core/job/state.ts";

export class FollowingViewer {
  connected = false;
  /** The last counter it saw. */
  cursor: number | null = null;
  /** From here on it must have seen every durable event. */
  #since: number | null = null;
  #seen: number[] = [];
  #ended = false;
  #progress: { attempt: number; shown: number } = { attempt: 0, shown: -1 };

  /** It is greeted with the job or with what it missed. */
  connect(plan: Welcome, state: JobState): void {
    if (this.#ended) return;
    this.connected = true;
    const over = isTerminal(state.stage);
    if (plan.type === "snapshot") {
      const seq = over ? state.seq - 1 : state.seq;
      if (this.cursor !== null && seq < this.cursor && !over)
        throw new Error(`[V5] a greeting at ${seq} for a viewer that was at ${this.cursor}`);
      this.#since = seq;
      this.#seen = [];
      this.cursor = Math.max(this.cursor ?? 0, seq);
      this.#advance(state);
      if (over) this.#hear(state.seq);
    } else {
      for (const seq of plan.replay) this.#hear(seq);
      if (!over) this.#conflated(state);
    }
    if (over) this.#end();
  }

  disconnect(): void {
    this.connected = false;
  }

  /** Durable events, then perhaps that there is newer progress. */
  hearAll(durable: readonly number[], state: JobState, conflated: boolean): void {
    if (!this.connected) return;
    for (const seq of durable) this.#hear(seq);
    if (isTerminal(state.stage)) this.#end();
    else if (conflated) this.#conflated(state);
  }

  /** @throws {Error} when it has not seen all that came after it began to watch. */
  judge(durable: readonly number[], ends: ReadonlySet<number>): void {
    if (this.#since === null) return;
    if (!this.#ended) throw new Error("[V1] a viewer never saw the end");
    if (this.#seen.filter((seq) => ends.has(seq)).length !== 1)
      throw new Error(`[V1] a viewer saw the ends ${[...ends]} in ${this.#seen}`);
    const due = durable.filter((seq) => seq > (this.#since ?? 0) && !ends.has(seq));
    const seen = this.#seen.filter((seq) => !ends.has(seq));
    if (due.join() !== seen.join())
      throw new Error(`[V3] a viewer saw the durable events ${seen}, due since ${this.#since} were ${due}`);
  }

  #end(): void {
    this.#ended = true;
    this.connected = false;
  }

  #hear(seq: number): void {
    if (seq <= (this.cursor ?? 0)) throw new Error(`[V5] durable ${seq} came after ${this.cursor}`);
    this.#seen.push(seq);
    this.cursor = seq;
  }

  #conflated(state: JobState): void {
    if (state.seq < (this.cursor ?? 0)) throw new Error(`[V5] the counter fell from ${this.cursor} to ${state.seq}`);
    this.cursor = state.seq;
    this.#advance(state);
  }

  #advance({ attempt, progress }: JobState): void {
    const shown = progress.shown ?? -1;
    if (attempt !== this.#progress.attempt) this.#progress = { attempt, shown: -1 };
    if (shown < this.#progress.shown)
      throw new Error(`[J27] a viewer saw progress fall from ${this.#progress.shown} to ${shown}`);
    this.#progress.shown = shown;
  }
}
