/**
 * The ends of a job and of an attempt: success, failure, cancel, expiry, another attempt. Each gives back the lease
 * once, hangs up, and leaves no wish behind but those that clean up at the backend.
 */
import { type Draft, isTerminal, runOf } from "./draft.ts";
import { newProgress, nodeDurations } from "./progress.ts";
import type { Run } from "./run.ts";
import type { Effect, Failure, LeaseOutcome, Stage } from "./state.ts";
import { LEASE_AGAIN_MS, MAX_ATTEMPTS, MAX_FRUITLESS_LEASES, MAX_SPENT_LEASES, waitMs } from "./timing.ts";

/** Wishes that follow the run or wait for one; those that clean up (release, withdraw, cancel_run, discard) are not among them. */
const RUN_WISHES: readonly Effect["type"][] = [
  "dial",
  "upload",
  "submit",
  "look",
  "store",
  "request_lease",
  "renew_lease",
];

/** A failure that is about no particular node. */
export function failure(code: Failure["code"], detail: string): Failure {
  return { code, detail, nodeId: null, classType: null, input: null };
}

/** ComfyUI's address does not let us in. */
export function refusal(status: number): Failure {
  return failure("backend_refused", `ComfyUI's address answered ${status}: check the headers configured for it.`);
}

/** Gives a lease back, whoever holds it; the wish stays until the pool has heard it. */
export function wishRelease(d: Draft, leaseId: string, outcome: LeaseOutcome) {
  const name = `release:${leaseId}`;
  const spentLeases = [...d.state.spentLeases.filter((spent) => spent !== leaseId), leaseId];
  d.patch({ spentLeases: spentLeases.slice(-MAX_SPENT_LEASES) });
  // A release under way tells more than a second one could.
  const run = runOf(d.state);
  const counts = run?.lease.id === leaseId ? run.counts : {};
  if (!d.state.effects[name]) d.wish(name, { type: "release_lease", leaseId, outcome, counts, tries: 0, afterMs: 0 });
}

/** Gives back the lease of the run, once. */
export function releaseLease(d: Draft, outcome: LeaseOutcome) {
  const run = runOf(d.state);
  if (!run || run.released) return;
  d.patchRun({ released: true });
  d.patch({ lastRun: { backendId: run.lease.backendId, promptId: run.promptId } });
  wishRelease(d, run.lease.id, outcome);
  d.drop("renew");
  d.deadline("renew", null);
}

/** The name of the wish that a prompt be dropped. */
export const cancelName = (promptId: string): string => `cancel_run:${promptId}`;

/** Asks the backend to drop our prompt, wherever it stands there; not needed once its end was seen. */
export function abandonPrompt(d: Draft, run: Run, afterMs = 0) {
  const { promptId, lease, comfyVersion } = run;
  if (promptId === null || run.submission === "none" || run.released) return;
  const { backendId } = lease;
  d.wish(cancelName(promptId), { type: "cancel_run", backendId, promptId, comfyVersion, afterMs, tries: 0 });
}

function dropRunWishes(d: Draft) {
  for (const [name, effect] of Object.entries(d.state.effects)) {
    if (RUN_WISHES.includes(effect.type)) d.drop(name);
  }
  for (const name of ["ask", "watch", "renew", "start_by", "finish_by", "cancel_give_up"] as const)
    d.deadline(name, null);
}

/** What is on its way into storage is no longer waited for: it may get there, whole or in part, all the same. */
function abandonWanted(d: Draft) {
  const keys = Object.keys(d.state.wanted);
  if (keys.length > 0) d.patch({ wanted: {}, abandoned: [...new Set([...d.state.abandoned, ...keys])] });
}

function terminal(d: Draft, stage: Stage) {
  if (isTerminal(d.state.stage)) return;
  dropRunWishes(d);
  if (d.state.stage.name === "queued") d.wish("withdraw", { type: "withdraw", tries: 0, afterMs: 0 });
  abandonWanted(d);
  const keys = d.state.abandoned.filter((key) => !d.state.outputs.some((stored) => stored.key === key));
  if (keys.length > 0) d.wish("discard", { type: "discard", keys, tries: 0, afterMs: 0 });
  d.patch({ abandoned: [], queue: null });
  d.enter(stage);
  d.deadline("expire", d.state.expiresAt);
  d.show({ type: "end" });
}

/** Everything is stored. */
export function succeed(d: Draft) {
  if (d.state.outputs.length === 0) {
    d.warn("no_outputs", "The run ended well but made nothing that could be kept.");
  }
  d.patch({ progress: { ...d.state.progress, shown: 1, current: null } });
  terminal(d, { name: "succeeded", finishedAt: d.now });
}

/** How a run is left: `promptLives` when the backend may still be working on it. */
export type Leaving = { promptLives?: boolean; outcome?: LeaseOutcome };

function leaveRun(d: Draft, { promptLives, outcome }: Leaving) {
  const run = runOf(d.state);
  if (run && promptLives) abandonPrompt(d, run);
  releaseLease(d, outcome ?? finishedOutcome(d));
}

/** The job cannot be done. Whoever has canceled it is told that it stopped, not why it would have failed. */
export function fail(d: Draft, why: Failure, leaving: Leaving = {}) {
  if (d.state.cancel) return endCanceled(d, leaving);
  d.count(`failed_${why.code}`);
  leaveRun(d, leaving);
  terminal(d, { name: "failed", finishedAt: d.now, failure: why });
}

/** The end of a cancel. */
export function endCanceled(d: Draft, leaving: Leaving = {}) {
  leaveRun(d, leaving);
  terminal(d, { name: "canceled", finishedAt: d.now });
}

/** A deadline passed. */
export function expire(d: Draft, why: Failure) {
  const leaving: Leaving = { promptLives: true, outcome: { type: "unused" } };
  if (d.state.cancel) return endCanceled(d, leaving);
  leaveRun(d, leaving);
  terminal(d, { name: "expired", finishedAt: d.now, failure: why });
}

/** What the pool is told of a run that ended at the backend. Times are learned only where all of it was heard. */
export function finishedOutcome(d: Draft): LeaseOutcome {
  const run = runOf(d.state);
  if (!run || run.submission === "none") return { type: "unused" };
  if (!run.unbroken || run.startedAt === null || run.endHintAt === null) {
    return { type: "finished", nodeMs: {}, runMs: null };
  }
  return {
    type: "finished",
    nodeMs: nodeDurations(d.state.progress, d.state.spec.plan),
    runMs: run.endHintAt - run.startedAt,
  };
}

function backToQueue(d: Draft, afterMs: number) {
  dropRunWishes(d);
  abandonWanted(d);
  d.patch({ missing: [], queue: null, progress: newProgress(null) });
  const { startBy, finishBy } = d.state.spec;
  if (startBy !== null && d.state.startedAt === null) d.deadline("start_by", startBy);
  d.deadline("finish_by", finishBy);
  d.enter({ name: "queued" });
  d.wish("lease", { type: "request_lease", tries: 0, afterMs });
}

/** The run came to nothing through no fault of the graph: once more, or the end. */
export function runAgain(d: Draft, why: Failure, warning: string, leaving: Leaving) {
  if (d.state.cancel || d.state.attempt >= MAX_ATTEMPTS) return fail(d, why, leaving);
  d.count("reruns");
  leaveRun(d, leaving);
  d.patch({ attempt: d.state.attempt + 1, fruitlessLeases: 0 });
  d.warn("attempt_retried", warning);
  backToQueue(d, 0);
}

/** The lease was of no use: nothing was submitted. The job waits for another one, longer each time. */
export function giveLeaseBack(d: Draft, why: Failure, outcome: LeaseOutcome) {
  const fruitlessLeases = d.state.fruitlessLeases + 1;
  if (d.state.cancel || fruitlessLeases >= MAX_FRUITLESS_LEASES) return fail(d, why, { outcome });
  // In line again it would look like any job that waits for a backend that is off.
  if (why.code === "backend_refused") d.warn("refused", why.detail);
  releaseLease(d, outcome);
  d.patch({ fruitlessLeases });
  backToQueue(d, waitMs(LEASE_AGAIN_MS, fruitlessLeases - 1));
}
