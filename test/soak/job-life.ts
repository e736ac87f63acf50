/**
 * One job of a soak from its request to its judgement: created, watched, perhaps canceled or crashed, waited for; then
 * held against what was promised of it.
 */
import { createHash } from "node:crypto";
import type { Job } from "../../src/contract/job.ts";
import { ulid } from "../../src/core/util/ids.ts";
import type { Calls } from "./calls.ts";
import type { PlannedJob } from "./plan.ts";
import { Random } from "./random.ts";
import type { Stack } from "./stack.ts";
import { type Place, Watcher } from "./watcher.ts";

/** A job that has not ended after this is stuck. The service itself waits 60 s for a backend that is gone. */
const STUCK_MS = 200_000;
/** A viewer that has not seen the end this long after it has missed it. */
const VIEWER_LATE_MS = 30_000;
/** Share of the jobs whose results are downloaded and compared with their hashes. */
const DOWNLOADS = 0.15;

/** What is wrong with a job: lost (unknown or half of it gone), stuck, something twice, or another broken promise. */
export type Violation = { kind: "lost" | "stuck" | "duplicated" | "broken"; words: string };

export class JobLife {
  readonly plan: PlannedJob;
  readonly id: string;
  readonly violations: Violation[] = [];
  readonly watchers: Watcher[] = [];
  /** The job as it was read after its end. */
  final: Job | null = null;
  acceptedAt = 0;
  endedAt = 0;
  cancelHeard = false;
  readonly #stack: Stack;
  readonly #calls: Calls;
  readonly #seed: number;

  constructor(plan: PlannedJob, stack: Stack, calls: Calls, seed: number) {
    this.plan = plan;
    this.#stack = stack;
    this.#calls = calls;
    this.#seed = seed;
    const random = new Random(seed, `id ${plan.number}`);
    this.id = `job_${ulid(
      1_763_600_000_000 + plan.number,
      Uint8Array.from({ length: 10 }, () => random.int(0, 255)),
    )}`;
  }

  /** Lives it through. Never throws: what went wrong is among the violations. */
  async run(): Promise<void> {
    try {
      const { asked, number } = this.plan;
      // A repeated POST with the same id is a replay, so a lost answer costs nothing.
      await this.#calls.create({ ...asked.body, id: this.id, metadata: { number: String(number) } });
      this.acceptedAt = Date.now();
      const happenings = [this.#watch(), this.#cancel(), this.#abort()];
      await this.#untilEnded();
      const watched = await Promise.race([Promise.all(happenings), pause(VIEWER_LATE_MS).then(() => "late" as const)]);
      if (watched === "late") this.#stopWatchers();
      await this.#judge();
    } catch (error) {
      this.violate("lost", error instanceof Error ? error.message : String(error));
      this.#stopWatchers();
    }
  }

  violate(kind: Violation["kind"], words: string): void {
    this.violations.push({ kind, words });
  }

  async #watch(): Promise<void> {
    const { viewers } = this.plan;
    if (viewers.length === 0) return;
    const shared = viewers.some(({ role }) => role === "viewer") ? (await this.#calls.share(this.id)).url : "";
    const owner: Place = { url: `${this.#stack.url}/v1/jobs/${this.id}/events`, headers: this.#calls.auth };
    const viewer: Place = { url: `${shared}/events`, headers: {} };
    for (const plan of viewers) this.watchers.push(new Watcher(plan.role === "owner" ? owner : viewer, plan));
    await Promise.all(this.watchers.map((watcher) => watcher.watch()));
  }

  async #cancel(): Promise<void> {
    if (this.plan.cancelAfterMs === null) return;
    await pause(this.plan.cancelAfterMs);
    const job = await this.#calls.cancel(this.id);
    this.cancelHeard = job.cancel !== null || !job.terminal;
  }

  async #abort(): Promise<void> {
    if (this.plan.abortAfterMs === null) return;
    await pause(this.plan.abortAfterMs);
    if (this.#stack.up) await this.#stack.abortJob(this.id).catch(() => {});
  }

  async #untilEnded(): Promise<void> {
    let job = await this.#calls.job(this.id, null);
    while (!job.terminal) {
      if (Date.now() - this.acceptedAt > STUCK_MS) {
        this.violate("stuck", `still ${job.status} (${job.phase}) after ${STUCK_MS / 1000} s: ${job.headline}`);
        return this.#stopWatchers();
      }
      job = await this.#calls.job(this.id, job);
    }
    this.endedAt = Date.now();
    this.final = job;
  }

  #stopWatchers(): void {
    for (const watcher of this.watchers) watcher.stop();
  }

  async #judge(): Promise<void> {
    const { final } = this;
    if (!final) return;
    this.#judgeEnd(final);
    for (const { ledger, plan } of this.watchers) {
      const who = `a ${plan.role} by ${plan.transport}`;
      for (const words of ledger.violations) this.violate("broken", `${who}: ${words}`);
      if (ledger.violations.length > 0) continue;
      if (ledger.ends !== 1) this.violate("broken", `${who} saw ${ledger.ends} ends`);
      else if (ledger.end && !sameJob(ledger.end, final, plan.role === "owner"))
        this.violate("broken", `${who} was told another end than the job has`);
    }
    const again = await this.#calls.job(this.id, null);
    if (again.seq !== final.seq || !sameJob(again, final, true)) {
      this.violate("broken", `the job changed after its end: ${brief(final)} -> ${brief(again)}`);
    }
    if (new Random(this.#seed, `download ${this.plan.number}`).chance(DOWNLOADS)) await this.#download(final);
  }

  /** Whether the job may end so. Faults explain failures of the backend's making, and nothing else. */
  #judgeEnd(job: Job): void {
    const { ends, kind } = this.plan.asked;
    const ids = job.outputs.map((output) => output.id);
    if (new Set(ids).size !== ids.length) this.violate("duplicated", `results twice: ${ids.join()}`);
    if (job.outputs.some((output, at) => output.index !== at))
      this.violate("broken", `results are not in their places: ${job.outputs.map(({ index }) => index).join()}`);
    if (job.outputs.length > ends.outputs)
      this.violate("duplicated", `${job.outputs.length} results of a ${kind} job that makes ${ends.outputs}`);
    if (job.status === "succeeded") {
      if (ends.status !== "succeeded") this.violate("broken", `a ${kind} job succeeded`);
      if (job.outputs.length < ends.outputs)
        this.violate("lost", `${job.outputs.length} of ${ends.outputs} results of a ${kind} job that succeeded`);
      if (job.progress.value !== 1) this.violate("broken", `succeeded at ${job.progress.value}`);
      return;
    }
    const code = job.error?.code ?? "";
    if (job.status === "failed") {
      const asAsked = ends.status === "failed" && ends.code === code;
      if (!asAsked && !BACKEND_FAILURES.includes(code)) this.violate("broken", `a ${kind} job failed with ${code}`);
      return;
    }
    if (job.status === "canceled" && (this.plan.cancelAfterMs !== null || job.cancel?.by === "backend")) return;
    this.violate("broken", `a ${kind} job ended as ${job.status} ${code}`);
  }

  async #download(job: Job): Promise<void> {
    for (const output of job.outputs) {
      const bytes = await this.#calls.bytes(`/v1/outputs/${output.id}/raw`);
      const hash = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      if (hash !== output.hash) this.violate("broken", `result ${output.id} has the hash ${hash}, not ${output.hash}`);
    }
  }
}

/** Failures that faults of a backend may lead to. */
const BACKEND_FAILURES: readonly string[] = [
  "node_failed",
  "worker_lost",
  "backend_unreachable",
  "backend_refused",
  "output_missing",
];

/** One line about a job. */
export const brief = (job: Job): string =>
  `${job.status} ${job.error?.code ?? ""} seq ${job.seq}, attempt ${job.attempt}, ${job.outputs.length} results`;

/** Whether two accounts of an ended job agree. A viewer by link is shown less. */
function sameJob(one: Job, other: Job, owner: boolean): boolean {
  const told = (job: Job) =>
    JSON.stringify([
      job.status,
      job.seq,
      job.attempt,
      job.outputs.map(({ id, index, hash }) => [id, index, owner ? hash : null]),
      job.error?.code ?? null,
      job.finished_at,
      owner ? job.warnings.map(({ code }) => code) : null,
    ]);
  return told(one) === told(other);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
