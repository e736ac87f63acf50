/** One sequence of the long fuzz: a job is led anywhere while viewers come and go, then ends in a fair world. */
import { endFairly, happen, removeFairly, type Sequence } from "../support/job-fuzz.ts";
import { FollowedJob } from "./followed-job.ts";

/** Durable events that a job's storage keeps: few, so that viewers come back too late, or more than any job has. */
const KEEPS = [4, 12, 500] as const;

/** Tries a sequence and tells the stage to which it led. @throws {Error} naming the rule that was broken. */
export function trySequence([spec, sockets, numbers]: Sequence): string {
  const job = new FollowedJob(spec, KEEPS[numbers.length % KEEPS.length] ?? 500);
  job.created();
  for (const number of numbers) {
    // The same number decides about the viewers, mixed so that they do not follow the job's events.
    job.stir(Math.imul(number ^ 0x5bd1e995, 0x9e3779b1) >>> 12);
    happen(job, number);
  }
  const reached = job.stage;
  endFairly(job, sockets);
  job.judgeViewers();
  removeFairly(job, sockets);
  return reached;
}
