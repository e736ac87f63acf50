/**
 * A job's news for the receivers of webhooks: the body of each event is made at the time of the change, its row written
 * with the change, and the outbox sees to the rest.
 */
import type { News } from "../../core/job/news.ts";
import { outputOf, userJobOf } from "../../core/job/project.ts";
import type { JobState } from "../../core/job/state.ts";
import { ulid } from "../../core/util/ids.ts";
import { eventText, type JobChange, jobEvent } from "../../core/webhook/events.ts";
import type { OutgoingEvent } from "../../core/webhook/vocabulary.ts";
import { errorName, log } from "../log.ts";
import type { Outbox } from "../webhooks/outbox.ts";
import type { JobView } from "./job-view.ts";

export class JobNews {
  readonly #outbox: Outbox;
  readonly #view: JobView;

  readonly #reach: (point: string) => void;

  /** `reach`: for tests, the object dies there if it was told to. */
  constructor(outbox: Outbox, view: JobView, reach: (point: string) => void) {
    this.#outbox = outbox;
    this.#view = view;
    this.#reach = reach;
  }

  /** Whether any event has attempts to come, or is not told of to the project. */
  get undelivered(): boolean {
    return this.#outbox.size > 0;
  }

  get nextAt(): number | null {
    return this.#outbox.nextAt;
  }

  /** What writes the rows of these news, to be called in the transaction of the state; null where there are none. */
  written(state: JobState, news: readonly News[], now: number): (() => void) | null {
    const events = news.flatMap((one) => this.#eventOf(state, one, now) ?? []);
    if (events.length === 0) return null;
    return () => {
      this.#reach("outbox:row-unwritten");
      for (const event of events) this.#outbox.add(event, state.spec.webhook ?? null);
    };
  }

  run(): void {
    this.#outbox.run();
  }

  #eventOf(state: JobState, news: News, now: number): OutgoingEvent | null {
    const { spec } = state;
    const view = this.#view.view(state, { role: "user", base: null });
    const id = `evt_${ulid(now, crypto.getRandomValues(new Uint8Array(10)))}`;
    try {
      const change = changeOf(state, news, view);
      const stamp = { id, at: now, project: spec.project, mode: spec.mode ?? "live" };
      const event = change && jobEvent(change, { ...userJobOf(state, view), seq: news.seq }, stamp);
      return event && { id, type: event.type, jobId: spec.id, at: now, body: eventText(event) };
    } catch (error) {
      // A bug in an event must not keep the job from going on.
      log("error", "webhook_event_threw", { job: spec.id, news: news.type, error: errorName(error) });
      return null;
    }
  }
}

function changeOf(state: JobState, news: News, view: Parameters<typeof outputOf>[2]): JobChange | null {
  if (news.type !== "output") return news;
  const stored = state.outputs.find(({ key }) => key === news.key);
  return stored ? { type: "output", output: outputOf(state, stored, view) } : null;
}
