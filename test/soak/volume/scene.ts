/** What each check of volume runs on: a stack of its own, the calls to it, and the memory of its workerd. */
import type { Job } from "../../../src/contract/job.ts";
import type { FakeOptions } from "../../../src/fake/options.ts";
import { Calls } from "../calls.ts";
import { residentMb } from "../processes.ts";
import { type Stack, startStack } from "../stack.ts";

const SAMPLE_MS = 50;

export class Scene {
  readonly stack: Stack;
  readonly calls: Calls;

  private constructor(stack: Stack) {
    this.stack = stack;
    this.calls = new Calls(stack.url, stack.key);
  }

  /** Starts a Worker before one fake, lets `play` have it, and takes it down. */
  static async play<T>(fake: Partial<FakeOptions>, play: (scene: Scene) => Promise<T>): Promise<T> {
    const scene = new Scene(await startStack(1, () => {}, fake));
    try {
      return await play(scene);
    } finally {
      await scene.stack.close();
    }
  }

  /** Creates a job and waits for its end. @throws {Error} when it does not succeed. */
  async run(body: Record<string, unknown>): Promise<Job> {
    let job = await this.calls.create(body);
    while (!job.terminal) job = await this.calls.job(job.id, job);
    if (job.status !== "succeeded") throw new Error(`The job ended as ${job.status}: ${job.error?.message ?? ""}`);
    return job;
  }

  /** Memory of workerd now, in MB; its local stand-ins of R2 and of the storage are in the same process. */
  get memoryMb(): number {
    return this.stack.pids.reduce((sum, pid) => sum + residentMb(pid), 0);
  }

  /** How far memory rose above what it was before, at its highest, in MB. */
  async peakMb<T>(act: () => Promise<T>): Promise<{ result: T; peakMb: number }> {
    const rest = this.memoryMb;
    let peak = rest;
    const sampling = setInterval(() => {
      peak = Math.max(peak, this.memoryMb);
    }, SAMPLE_MS);
    try {
      const result = await act();
      return { result, peakMb: Math.max(peak, this.memoryMb) - rest };
    } finally {
      clearInterval(sampling);
    }
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
