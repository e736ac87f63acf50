/**
 * Plays one row: brings the job into its state, lets the fault strike, waits for the end, and holds what everybody may
 * rely on against what came: one end, once; nothing twice, nothing left over; the place given back; the reason in words.
 */
import type { Job } from "../../src/contract/job.ts";
import { CLOSE_CODES, type ViewerEventType } from "../../src/contract/viewer.ts";
import type { Expected, FaultCase, State } from "./case.ts";
import { reach, release } from "./states.ts";
import { pause, type Scene } from "./support/scene.ts";
import type { Watcher } from "./support/watcher.ts";

/** What came of a row. */
export type RowResult = {
  /** What came, in a few words. */
  outcome: string;
  /** What is wrong; empty when the row has passed. */
  problems: string[];
  /** From the fault to the terminal event. */
  endSeconds: number | null;
  /** From the end of execution (or the return of what was away, if later) to the terminal event. */
  recoveryMs: number | null;
  /** From the fault to the first word about it. */
  noticeMs: number | null;
};

/** Time after the end in which the lease has to be back and the viewer's socket closed. */
const AFTERMATH_MS = 5_000;

const DURABLE: ReadonlySet<string> = new Set<ViewerEventType>(["status", "output", "warning", "end"]);

/** Plays the row. The stage is cleared first, so that a row never depends on the one before. */
export async function play(scene: Scene, fault: FaultCase, state: State, expected: Expected): Promise<RowResult> {
  await scene.clear();
  await fault.arm?.(scene);
  await reach(scene, state, expected.request);
  const { watcher } = scene;
  if (watcher === null) throw new Error("Nobody watches.");
  const struckAt = Date.now();
  await fault.strike(scene, state);
  release(scene);
  await watcher.until(() => watcher.end !== null, struckAt + expected.withinSeconds * 1000 - Date.now());
  const { end } = watcher;
  const problems: string[] = [];
  if (end === null) {
    const job = await scene.worker.getJob(scene.jobId);
    problems.push(`no end within ${expected.withinSeconds} s; it stands at ${words(job)}`);
    return { outcome: "stuck", problems, endSeconds: null, recoveryMs: null, noticeMs: null };
  }
  const executionEnd = await scene.executionEnd(end.job.backend?.prompt_id ?? "");
  const backAt = Math.min(scene.backAt ?? 0, end.at);
  problems.push(...judge(end.job, expected), ...(await judgeAftermath(scene, watcher, end.job)));
  return {
    outcome: words(end.job),
    problems,
    endSeconds: (end.at - struckAt) / 1000,
    recoveryMs: executionEnd === null ? null : end.at - Math.max(executionEnd, backAt, struckAt),
    noticeMs: noticedAt(watcher, struckAt),
  };
}

function words({ status, attempt, error, warnings }: Job): string {
  const said = warnings.map(({ code }) => code).join(", ");
  return `${status}${error ? ` (${error.code})` : ""}${attempt > 1 ? `, attempt ${attempt}` : ""}${said ? `: ${said}` : ""}`;
}

function judge(job: Job, expected: Expected): string[] {
  const problems: string[] = [];
  const differs = (what: string, got: unknown, wanted: unknown): void => {
    if (got !== wanted) problems.push(`${what} is ${got}, not ${wanted}`);
  };
  differs("status", job.status, expected.status);
  differs("attempt", job.attempt, expected.attempt);
  differs("error", job.error?.code ?? null, expected.error);
  const said = job.warnings.map(({ code }) => code);
  for (const code of expected.says) if (!said.includes(code)) problems.push(`nothing is said of ${code}`);
  for (const code of said) {
    if (!expected.says.includes(code) && !expected.may.includes(code)) problems.push(`it speaks of ${code}`);
  }
  if (job.status === "succeeded") differs("progress", job.progress.value, 1);
  return problems;
}

async function judgeAftermath(scene: Scene, watcher: Watcher, job: Job): Promise<string[]> {
  const problems: string[] = [];
  const jobs = [job, ...(await endedOthers(scene, problems))];
  if (!(await scene.untilIdle(AFTERMATH_MS))) problems.push(`leases: ${JSON.stringify(await scene.worker.queue())}`);
  if (!(await watcher.until(() => watcher.closedWith !== null, AFTERMATH_MS))) problems.push("the socket stays open");
  if (watcher.closedWith !== CLOSE_CODES.done) problems.push(`the socket was closed with ${watcher.closedWith}`);
  const ends = watcher.seen.filter(({ event }) => event.type === "end").length;
  if (ends !== 1) problems.push(`${ends} terminal events`);
  if (watcher.seen.at(-1)?.event.type !== "end") problems.push("something came after the end");
  problems.push(...judgeSequence(watcher));
  const wanted = scene.wantedOutputs;
  if (job.status === "succeeded" && job.outputs.length !== wanted) {
    problems.push(`${job.outputs.length} outputs, not ${wanted}`);
  }
  if (new Set(job.outputs.map(({ node_id }) => node_id)).size !== job.outputs.length) problems.push("an output twice");
  const announced = watcher.seen.flatMap(({ event }) => (event.type === "output" ? [event.data.output.id] : []));
  if (new Set(announced).size !== announced.length) problems.push("an output announced twice");
  problems.push(...(await judgeLatecomer(scene, job)), ...(await judgeBucket(scene, jobs)));
  return problems;
}

/** What is kept is new each time; what is conflated has the newest number, a greeting that of the viewer's cursor. */
function judgeSequence(watcher: Watcher): string[] {
  let last = -1;
  for (const { event } of watcher.seen) {
    if (event.seq === null) continue;
    if (DURABLE.has(event.type) ? event.seq <= last : event.seq < last) {
      return [`seq ${event.seq} of ${event.type} after ${last}`];
    }
    last = event.seq;
  }
  return [];
}

/** Whoever comes after the end sees the same end. */
async function judgeLatecomer(scene: Scene, job: Job): Promise<string[]> {
  const late = scene.watch(job.id);
  const came = await late.until(() => late.end !== null, AFTERMATH_MS);
  late.stop();
  if (!came) return ["who comes after the end sees none"];
  return late.end?.job.seq === job.seq ? [] : [`who comes after the end sees it with seq ${late.end?.job.seq}`];
}

/** The other jobs of the row must end too; where the backend is gone for good, by a cancel. */
async function endedOthers(scene: Scene, problems: string[]): Promise<Job[]> {
  const jobs: Job[] = [];
  if (scene.others.length > 0) await scene.mend();
  for (const id of scene.others) {
    const deadline = Date.now() + 40_000;
    let job = await scene.worker.getJob(id);
    while (!job.terminal && Date.now() < deadline) {
      await pause(100);
      job = await scene.worker.getJob(id);
    }
    if (!job.terminal) problems.push(`another job is stuck: ${words(job)}`);
    jobs.push(job);
  }
  return jobs;
}

async function judgeBucket(scene: Scene, jobs: readonly Job[]): Promise<string[]> {
  const wanted = jobs.flatMap(({ outputs }) => outputs.flatMap(({ id }) => [`o/${id}`, `o/${id}.facts`]));
  const keys = (await scene.worker.bucketKeys()).filter((key) => !scene.keysBefore.includes(key));
  const orphans = keys.filter((key) => !wanted.includes(key));
  const lost = wanted.filter((key) => !keys.includes(key));
  return [
    ...(orphans.length > 0 ? [`orphans in the bucket: ${orphans.join(", ")}`] : []),
    ...(lost.length > 0 ? [`not in the bucket: ${lost.join(", ")}`] : []),
  ];
}

function noticedAt(watcher: Watcher, struckAt: number): number | null {
  const first = watcher.seen.find(
    ({ event, at }) =>
      at >= struckAt &&
      (event.type === "warning" || event.type === "end" || (event.type === "status" && event.data.notice !== null)),
  );
  return first ? first.at - struckAt : null;
}
