/**
 * What a caller may still do: the limits of the project, its users and their tokens, held against what is used. Uploads
 * and jobs of the day are rows, unfinished jobs are in the index; what was created in this minute and the streams that
 * are open are in memory only.
 */
import type { Limits, Quota } from "../../contract/account.ts";
import {
  type BindingLimits,
  type CountedLimit,
  quotasOf,
  type Refusal,
  refusalOf,
  strictest,
  type Used,
  type UsedBy,
} from "../../core/tenant/limits.ts";
import { CreatesThisMinute, OpenStreams, RecentIds } from "../../core/tenant/rate.ts";
import { dayOf } from "../../core/tenant/usage-days.ts";
import type { JobIndex } from "./job-index.ts";
import type { ProjectStore } from "./project-store.ts";
import type { UsageStore } from "./usage-store.ts";

/** Who asks: a user or, with null, the project itself; `token` are limits that the user's token brings of its own. */
export type Caller = { user: string | null; token: Partial<Limits> | null };

export class Allowance {
  readonly creates = new CreatesThisMinute();
  readonly streams = new OpenStreams();
  readonly uploads = new RecentIds();
  readonly #project: ProjectStore;
  readonly #usage: UsageStore;
  readonly #index: JobIndex;

  constructor(project: ProjectStore, usage: UsageStore, index: JobIndex) {
    this.#project = project;
    this.#usage = usage;
    this.#index = index;
  }

  /** Why so much more is refused, or null. */
  refusal(asked: Partial<Record<CountedLimit, number>>, caller: Caller, now: number): Refusal | null {
    return refusalOf(asked, this.#limits(caller), this.#used(caller, now), now);
  }

  /** What is left of all limits that are set. */
  quotas(caller: Caller, now: number): Quota[] {
    return quotasOf(this.#limits(caller), this.#used(caller, now), now);
  }

  /** How many of the caller's jobs, and of the project's, may run at once; null for no limit. */
  concurrent(caller: Caller): { concurrent: number | null; projectConcurrent: number | null } {
    return {
      concurrent: strictest("concurrent", this.#limits(caller)),
      projectConcurrent: this.#project.settings.limits.concurrent,
    };
  }

  #limits({ user, token }: Caller): BindingLimits {
    const { limits, userLimits } = this.#project.settings;
    return { project: limits, user: user === null ? null : userLimits, token };
  }

  #used({ user }: Caller, now: number): UsedBy {
    const project = this.#usedBy(null, now);
    return { project, user: user === null ? project : this.#usedBy(user, now) };
  }

  #usedBy(user: string | null, now: number): Used {
    const { unfinished, running } = this.#index.open.count(user);
    const { created, uploadBytes } = this.#usage.day(dayOf(now), user);
    return {
      jobs_per_day: created,
      concurrent: running,
      queue_places: unfinished,
      upload_bytes_per_day: uploadBytes,
      streams: this.streams.count(user, now),
      creates_per_minute: this.creates.count(user, now),
    };
  }
}
