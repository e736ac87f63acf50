/**
 * The soak: many jobs of many kinds through several backends while backends, connections, objects and the Worker itself
 * fail at random, and viewers come and go. One seed decides what happens. Judged job by job and once more at the end.
 */
import { png } from "../support/artifact-pictures.ts";
import { restOf } from "./aftermath.ts";
import { Calls } from "./calls.ts";
import { brief, JobLife } from "./job-life.ts";
import { BACKENDS, drawPlan, type Plan, type PlannedFault } from "./plan.ts";
import type { FaultKind } from "./plan-faults.ts";
import type { FailedJob, SoakReport } from "./report.ts";
import { type Stack, startStack } from "./stack.ts";

/** Jobs under way at a time: more than there are places, so that some wait in line. */
const WINDOW = 18;
const UPLOADS = 4;

export type SoakOptions = {
  seed: number;
  jobs: number;
  /** Kinds of faults that are left out. */
  without?: ReadonlySet<FaultKind>;
  /** Only the jobs from `first` to `last`, with the faults that strike meanwhile. */
  only?: { first: number; last: number };
  onProgress?: (progress: SoakProgress) => void;
};

export type SoakProgress = { ended: number; of: number; open: number; faults: number; failed: number; seconds: number };

/** Runs a soak to its end. The Worker must have been built. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const logs = new Map<string, string[]>();
  const stack = await startStack(BACKENDS, (line) => {
    const id = /job_[0-9a-z]{26}/.exec(line)?.[0] ?? "";
    const lines = logs.get(id) ?? [];
    if (lines.length < 200) lines.push(line);
    logs.set(id, lines);
  });
  try {
    return await new Soak(options, stack, logs).run();
  } finally {
    await stack.close();
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #stack: Stack;
  readonly #calls: Calls;
  readonly #logs: ReadonlyMap<string, string[]>;
  readonly #lives: JobLife[] = [];
  readonly #startedAt = Date.now();
  readonly #faults: Record<string, number> = {};
  /** What happened to whom when: part of the story of a failed job. */
  readonly #timeline: { at: number; words: string }[] = [];
  #pending: Promise<unknown>[] = [];
  #restarts = 0;

  constructor(options: SoakOptions, stack: Stack, logs: ReadonlyMap<string, string[]>) {
    this.#options = options;
    this.#stack = stack;
    this.#logs = logs;
    this.#calls = new Calls(stack.url, stack.key);
  }

  async run(): Promise<SoakReport> {
    const { seed, jobs, without, only = { first: 0, last: jobs - 1 } } = this.#options;
    const uploads: string[] = [];
    for (let at = 0; at < UPLOADS; at++)
      uploads.push((await this.#calls.upload(new Uint8Array(png(48 + 16 * at, 64)))).id);
    const plan = drawPlan(seed, jobs, uploads, without);
    const ticking = setInterval(() => this.#tell(plan), 250);
    const open = new Set<Promise<void>>();
    for (const job of plan.jobs.slice(only.first, only.last + 1)) {
      this.#strike(plan, job.number);
      const life = new JobLife(job, this.#stack, this.#calls, seed);
      this.#lives.push(life);
      const running = life.run().finally(() => open.delete(running));
      open.add(running);
      if (open.size >= WINDOW) await Promise.race(open);
    }
    await Promise.all(open);
    await Promise.all(this.#pending);
    clearInterval(ticking);
    for (const { fake } of this.#stack.fakes) {
      fake.clearFaults();
      fake.start();
    }
    const rest = await restOf(this.#stack, this.#calls, this.#lives, uploads);
    this.#tell(plan);
    return this.#report(rest);
  }

  /** Lets loose what is planned for the moment at which this job is created. */
  #strike(plan: Plan, number: number): void {
    for (const fault of plan.faults) if (fault.atJob === number) this.#pending.push(this.#inject(fault));
    for (const { atJob, how } of plan.restarts) {
      if (atJob !== number) continue;
      this.#restarts += 1;
      this.#note(`the Worker is ${how} and started again`);
      this.#pending.push(this.#stack.restart(how).then(() => this.#note("the Worker is back")));
    }
  }

  async #inject({ backend, kind, steps }: PlannedFault): Promise<void> {
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    const target = this.#stack.fakes[backend];
    for (const { afterMs, act } of steps) {
      if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
      this.#note(`box-${backend}: ${JSON.stringify(act)}`);
      if (act.type === "revive") target?.fake.start();
      else target?.fake.fault(act);
    }
  }

  #note(words: string): void {
    this.#timeline.push({ at: Date.now(), words });
  }

  #tell(plan: Plan): void {
    this.#options.onProgress?.({
      ended: this.#lives.filter(({ endedAt }) => endedAt > 0).length,
      of: this.#options.only ? this.#options.only.last - this.#options.only.first + 1 : plan.jobs.length,
      open: this.#lives.filter(({ acceptedAt, endedAt }) => acceptedAt > 0 && endedAt === 0).length,
      faults: Object.values(this.#faults).reduce((sum, count) => sum + count, 0),
      failed: this.#lives.filter(({ violations }) => violations.length > 0).length,
      seconds: (Date.now() - this.#startedAt) / 1000,
    });
  }

  #report(rest: string[]): SoakReport {
    const outcomes: Record<string, number> = {};
    for (const { final } of this.#lives) {
      const name = final ? [final.status, final.error?.code].filter(Boolean).join(":") : "none";
      outcomes[name] = (outcomes[name] ?? 0) + 1;
    }
    const ledgers = this.#lives.flatMap(({ watchers }) => watchers.map(({ ledger }) => ledger));
    return {
      seed: this.#options.seed,
      seconds: (Date.now() - this.#startedAt) / 1000,
      accepted: this.#lives.filter(({ acceptedAt }) => acceptedAt > 0).length,
      ended: this.#lives.filter(({ endedAt }) => endedAt > 0).length,
      outcomes,
      faults: this.#faults,
      watched: {
        viewers: ledgers.length,
        connections: ledgers.reduce((sum, { connections }) => sum + connections, 0),
        durable: ledgers.reduce((sum, { durable }) => sum + durable.size, 0),
      },
      restarts: this.#restarts,
      repeatedCalls: this.#calls.repeated,
      slowest: this.#lives
        .map(({ plan, acceptedAt, endedAt }) => ({ number: plan.number, ms: endedAt - acceptedAt }))
        .reduce((worst, one) => (one.ms > worst.ms ? one : worst), { number: 0, ms: 0 }),
      failed: this.#lives.filter(({ violations }) => violations.length > 0).map((life) => this.#story(life)),
      rest,
    };
  }

  /** All that is known of a job: its plan, its log lines, what struck meanwhile, what its first viewer was told. */
  #story(life: JobLife): FailedJob {
    const { plan, id, acceptedAt, endedAt, final } = life;
    const until = endedAt || Date.now();
    const seconds = (at: number) => `${((at - acceptedAt) / 1000).toFixed(2).padStart(7)} s`;
    const struck = this.#timeline.filter(({ at }) => at > acceptedAt - 5_000 && at < until + 500);
    return {
      number: plan.number,
      id,
      kind: plan.asked.kind,
      violations: life.violations,
      story: [
        `plan: cancel after ${plan.cancelAfterMs}, abort after ${plan.abortAfterMs}, repeats ${plan.repeats}`,
        `ended ${seconds(until)}: ${final ? brief(final) : "not"}`,
        ...struck.map(({ at, words }) => `${seconds(at)} ${words}`),
        ...(this.#logs.get(id) ?? []),
        ...life.watchers.flatMap(({ ledger, plan: viewer }) => [
          `viewer ${JSON.stringify(viewer)}`,
          ...ledger.story.slice(-60).map((line) => `  ${line}`),
        ]),
      ],
    };
  }
}
