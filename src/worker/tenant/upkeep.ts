/**
 * What a project's object does when nobody calls: asks jobs of which it heard too little, forgets what is too old. One
 * alarm, set only while there is such work.
 */
import { jobObjectName } from "../../core/auth/share-token.ts";
import { nextAlarm } from "../../core/clock/deadlines.ts";
import { DEAD_KEY_KEPT_MS, endOfKey } from "../../core/tenant/keys.ts";
import { type OpenJob, PENDING_MS, SILENT_MS } from "../../core/tenant/open-jobs.ts";
import { DAY_MS, dayOf, nextMidnight, USAGE_KEPT_DAYS, usageEnd } from "../../core/tenant/usage-days.ts";
import { errorName, log } from "../log.ts";
import type { WebhookDesk } from "../webhooks/webhook-desk.ts";
import type { JobIndex } from "./job-index.ts";
import type { ProjectStore } from "./project-store.ts";
import type { Rows } from "./rows.ts";
import type { UsageStore } from "./usage-store.ts";

/** Revocations of a user's tokens are kept as long as the longest of them lives: a day, for a sign-in token. */
export const VOIDED_KEPT_MS = DAY_MS;
/** Jobs asked in one run, and at once: an object has six connections. */
const ASKED_AT_MOST = 60;
const ASKED_AT_ONCE = 6;
/** Least time between two runs. */
const PAUSE_MS = 1_000;
/** An alarm that is so late was lost and is set anew. */
const LOST_MS = 300_000;
/** How long one run waits for what it sends; what takes longer goes on by itself and is looked after by the next. */
const SENDING_MS = 30_000;

export type UpkeepPorts = {
  env: Env;
  projectId: string;
  storage: DurableObjectStorage;
  rows: Rows;
  index: JobIndex;
  usage: UsageStore;
  project: ProjectStore;
  desk: WebhookDesk;
};

export class Upkeep {
  readonly #ports: UpkeepPorts;
  /** When the alarm goes off; null when it is not set. */
  armedAt: number | null = null;

  constructor(ports: UpkeepPorts) {
    this.#ports = ports;
  }

  /** Takes up the alarm of the object's earlier life, or sets it if there should be one. */
  async start(now: number): Promise<void> {
    const set = await this.#ports.storage.getAlarm();
    if (set !== null && set > now - LOST_MS) this.armedAt = set;
    else this.arm();
    // What was on its way when the object died goes on with the alarm.
    if (this.#ports.desk.outbox.size > 0) this.arm(now);
  }

  /** Sets the alarm to `at`, or to the next thing there is to do, unless it goes off before that. */
  arm(at = this.#next()): void {
    if (at === null || (this.armedAt !== null && this.armedAt <= at)) return;
    this.armedAt = at;
    this.#ports.rows.written += 1;
    void this.#ports.storage.setAlarm(at);
  }

  /** After news of a job: to ask it should it fall silent, or to forget it in time if it has ended (null). */
  armFor(open: OpenJob | null): void {
    this.arm(open ? open.askAt : this.#nextTrim());
  }

  /** The alarm. It never throws: what fails is tried again with the next one. */
  async run(now: number): Promise<void> {
    this.armedAt = null;
    let again: number | null = now + PENDING_MS;
    try {
      const sent = this.#send();
      await this.#askSilent(now);
      await sent;
      again = this.#forget(now) ? null : now + PAUSE_MS;
    } catch (error) {
      log("error", "upkeep_failed", { project: this.#ports.projectId, error: errorName(error) });
    }
    const next = this.#next();
    if (next !== null) this.arm(Math.max(next, now + PAUSE_MS));
    if (again !== null) this.arm(again);
  }

  /** Sends what is due of the project's own events. */
  async #send(): Promise<void> {
    const { outbox } = this.#ports.desk;
    if (outbox.size === 0) return;
    outbox.run();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SENDING_MS);
    });
    await Promise.race([outbox.settled(), late]);
    clearTimeout(timer);
  }

  /** Asks the jobs of which nothing, or nothing for long, was heard. */
  async #askSilent(now: number): Promise<void> {
    const jobs = this.#ports.index.open.toAsk(now, ASKED_AT_MOST);
    for (let first = 0; first < jobs.length; first += ASKED_AT_ONCE) {
      await Promise.all(jobs.slice(first, first + ASKED_AT_ONCE).map((job) => this.#ask(job, now)));
    }
  }

  async #ask(job: OpenJob, now: number): Promise<void> {
    const { env, projectId, index } = this.#ports;
    job.askAt = now + PENDING_MS;
    try {
      const record = await env.JOBS.getByName(await jobObjectName(projectId, job.jobId)).report();
      if (!record) return index.missing(job, now);
      index.record(record, now);
      job.askAt = now + SILENT_MS;
    } catch (error) {
      log("warn", "job_not_asked", { job: job.jobId, error: errorName(error) });
    }
  }

  /** Forgets what is too old; false if there is more of it. */
  #forget(now: number): boolean {
    const { index, usage, project, desk } = this.#ports;
    project.dropKeys(now);
    project.dropVoided(now - VOIDED_KEPT_MS);
    const firstKept = dayOf(now) - USAGE_KEPT_DAYS;
    const firstDay = usage.firstDay();
    if (firstDay !== null && firstDay < firstKept) usage.dropBefore(firstKept);
    return [index.trim(now), desk.trim(now)].every(Boolean);
  }

  #next(): number | null {
    const { index, usage, project, desk } = this.#ports;
    const firstDay = usage.firstDay();
    const ends = [...project.keys.values()].map(endOfKey).filter((at) => at !== null);
    const deadKey = earliest(ends);
    const voided = earliest(project.voided.values());
    return nextAlarm({}, [
      index.open.nextAsk(),
      this.#nextTrim(),
      desk.nextAt(),
      firstDay === null ? null : usageEnd(firstDay),
      deadKey === null ? null : deadKey + DEAD_KEY_KEPT_MS,
      voided === null ? null : voided + VOIDED_KEPT_MS,
    ]);
  }

  /** Once a day is often enough. */
  #nextTrim(): number | null {
    const at = this.#ports.index.nextTrim();
    return at === null ? null : nextMidnight(at);
  }
}

function earliest(times: Iterable<number>): number | null {
  let first: number | null = null;
  for (const at of times) if (first === null || at < first) first = at;
  return first;
}
