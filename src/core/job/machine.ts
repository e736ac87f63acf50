/**
 * The job as a pure function: `step(state, event, context)` gives the next state, what viewers see of the change, and
 * whether the state must be stored before its wishes are carried out. It is total: any event in any stage is either
 * handled or has no effect; it never throws for what the outside world does. PROTOCOL.md lists its rules (J).
 */
import { assertNever } from "../util/assert.ts";
import { discarded, outputFailed, outputStored } from "./collect.ts";
import { Draft, isTerminal, runOf, type Step, type StepContext } from "./draft.ts";
import { abandonPrompt, cancelName, endCanceled, expire, failure, giveLeaseBack } from "./end.ts";
import { leaseGranted, redial, socketFailed, socketOpened } from "./enter.ts";
import { heard, socketClosed, watch } from "./follow.ts";
import { indexed, tellIndexAgain } from "./indexing.ts";
import { look, looked } from "./look.ts";
import { tellNews } from "./news.ts";
import { patched } from "./patch.ts";
import { newProgress } from "./progress.ts";
import { delivered, expired, goOnRemoving, remove } from "./removal.ts";
import type { JobSpec } from "./spec.ts";
import type { DeadlineName, JobEvent, JobState, QueuePlace } from "./state.ts";
import { submitAnswered, uploaded, uploadFailed } from "./submit.ts";
import {
  ASK_AGAIN_MS,
  CANCEL_AGAIN_MS,
  CANCEL_GIVE_UP_MS,
  INDEX_CONFIRM_MS,
  LAST_CANCEL_TRIES,
  LAST_POOL_TRIES,
  POOL_RETRY_MS,
  RENEW_LEASE_MS,
  WATCH_MS,
  waitMs,
} from "./timing.ts";

/** A job that was just accepted; `created` sets it going. */
export function newJob(spec: JobSpec): JobState {
  return {
    spec,
    seq: 0,
    stage: { name: "queued" },
    metadata: spec.metadata,
    priority: spec.priority,
    expiresAt: spec.expiresAt,
    removal: null,
    attempt: 1,
    fruitlessLeases: 0,
    spentLeases: [],
    lastRun: null,
    queue: null,
    progress: newProgress(null),
    preview: null,
    outputs: [],
    wanted: {},
    abandoned: [],
    missing: [],
    bust: [],
    warnings: [],
    cancel: null,
    startedAt: null,
    hooks: { wanted: spec.hooks ?? [], progressAt: null, endOpen: true },
    effects: {},
    deadlines: {},
  };
}

/** The next step of a job. The input state is not changed. */
export function step(state: JobState, event: JobEvent, context: StepContext): Step {
  const d = new Draft(state, context);
  apply(d, event);
  tellNews(d);
  goOnRemoving(d);
  return d.done();
}

function apply(d: Draft, event: JobEvent) {
  const run = runOf(d.state);
  switch (event.type) {
    case "created":
      return created(d);
    case "revived":
      return revived(d);
    case "alarm":
      return alarm(d);
    case "cancel_requested":
      return cancelRequested(d, event.by, event.reason);
    case "remove_requested":
      return remove(d, event.by);
    case "patched":
      return patched(d, event);
    case "lease_granted":
      return leaseGranted(d, event.lease, event.learned);
    case "lease_lost":
      if (!run || run.lease.id !== event.leaseId || run.released) return;
      return leaseLost(d);
    case "queue_place":
      return placed(d, event.place);
    case "socket_opened":
    case "socket_failed":
    case "socket_closed":
    case "comfy":
      // Only the connection we hold now has a say; a job that collects has hung up.
      if (!run || run.connection !== event.connection || run.released) return;
      return onSocket(d, event);
    case "uploaded":
      return run && d.state.stage.name === "connecting" ? uploaded(d, event.name, event.storedName) : undefined;
    case "upload_failed":
      return run && d.state.stage.name === "connecting" ? uploadFailed(d, event.name, event.fault) : undefined;
    case "submit_answered":
      return run?.promptId === event.promptId ? submitAnswered(d, event.reply) : undefined;
    case "looked":
      if (!run || run.promptId !== event.promptId || run.released) return;
      return looked(d, event.found);
    case "cancel_tried":
      return cancelTried(d, event.promptId);
    case "output_stored":
      return run ? outputStored(d, event.key, event.stored) : undefined;
    case "output_failed":
      return run ? outputFailed(d, event.key, event.fault) : undefined;
    case "discarded":
      return discarded(d, event.ok);
    case "indexed":
      return indexed(d, event);
    case "delivered":
      return delivered(d);
    case "pool_answered":
      return poolAnswered(d, event.effect, event.ok);
    default:
      return assertNever(event);
  }
}

function onSocket(
  d: Draft,
  event: Extract<JobEvent, { type: "socket_opened" | "socket_failed" | "socket_closed" | "comfy" }>,
) {
  switch (event.type) {
    case "socket_opened":
      return socketOpened(d, event.comfyVersion);
    case "socket_failed":
      return socketFailed(d, event.fault, event.httpAnswers);
    case "socket_closed":
      return socketClosed(d);
    case "comfy":
      return heard(d, event.event);
  }
}

function created(d: Draft) {
  if (d.state.seq > 0) return;
  const { startBy, finishBy } = d.state.spec;
  d.persist = true;
  d.state.seq += 1;
  if (startBy !== null) d.deadline("start_by", startBy);
  d.deadline("finish_by", finishBy);
  d.wish("lease", { type: "request_lease", tries: 0, afterMs: 0 });
  // The Worker has let the job in there; this confirms that it came to be, unless it has more to tell by then.
  d.tellIndex(INDEX_CONFIRM_MS);
}

/** The object was restarted: sockets and waits are gone, stored wishes are made again by the shell. */
function revived(d: Draft) {
  if (d.state.seq === 0) return created(d);
  const run = runOf(d.state);
  if (!run) return;
  // Whether the POST left before the crash is not known: it must not leave again.
  d.drop("submit");
  if (run.released) return;
  if (run.submission === "posting") d.patchRun({ submission: "unknown" });
  d.patchRun({ lastHeardAt: d.now, lastNewsAt: d.now });
  d.patchRun({ absentLooks: 0, absentAt: null, unreachableSince: null, endSeenAt: null });
  redial(d, 0);
  if (d.run.submission !== "none") {
    d.count("resumes");
    d.warn("service_restarted", "This service was restarted in mid-run and took the run up again.");
    look(d, 0);
  }
  d.deadline("watch", d.now + WATCH_MS);
}

function alarm(d: Draft) {
  const due = (name: DeadlineName) => (d.state.deadlines[name] ?? Number.POSITIVE_INFINITY) <= d.now;
  if (due("index")) tellIndexAgain(d);
  if (due("finish_by")) {
    return expire(d, failure(d.state.startedAt ? "run_timeout" : "start_timeout", "The job's deadline has passed."));
  }
  if (due("start_by")) return expire(d, failure("start_timeout", "The job did not start within its deadline."));
  if (due("cancel_give_up")) {
    d.warn("cancel_unconfirmed", "ComfyUI did not confirm that it stopped.");
    return endCanceled(d, { promptLives: true });
  }
  if (due("expire")) return expired(d);
  if (due("ask")) askAgain(d);
  if (due("renew")) renewLease(d);
  if (due("watch")) watch(d);
}

function askAgain(d: Draft) {
  d.deadline("ask", null);
  if (d.state.stage.name === "queued") d.wish("lease", { type: "request_lease", tries: 0, afterMs: 0 });
}

function renewLease(d: Draft) {
  const run = runOf(d.state);
  if (!run || run.released) return d.deadline("renew", null);
  // Not stored: after a crash the stored deadline has passed, and it is wished anew.
  d.wishAgain("renew", { type: "renew_lease", leaseId: run.lease.id, tries: 0, afterMs: 0 });
  d.deadline("renew", d.now + RENEW_LEASE_MS);
}

/** The pool gave our place to another. A prompt that is already running is seen through all the same. */
function leaseLost(d: Draft) {
  if (d.run.submission !== "none") {
    d.drop("renew");
    return d.deadline("renew", null);
  }
  giveLeaseBack(d, failure("internal", "The place at the backend was lost again and again."), { type: "unused" });
}

/** A cancel is a row first; what follows depends on what the backend knows of us. */
function cancelRequested(d: Draft, by: string, reason: string | null) {
  if (isTerminal(d.state.stage) || d.state.cancel) return;
  d.patch({ cancel: { requestedAt: d.now, by, reason } });
  const run = runOf(d.state);
  if (!run || run.submission === "none" || run.released) return endCanceled(d);
  d.persist = true;
  d.show({ type: "status", previous: d.state.stage.name });
  d.deadline("cancel_give_up", d.now + CANCEL_GIVE_UP_MS);
  abandonPrompt(d, run);
}

function placed(d: Draft, place: QueuePlace) {
  const { stage, queue } = d.state;
  if (stage.name !== "queued") return;
  const known = queue as Readonly<Record<string, unknown>> | null;
  if (known && Object.entries(place).every(([name, value]) => known[name] === value)) return;
  d.patch({ queue: place });
  d.show({ type: "queue" });
}

/** A cancel was sent. It may have been lost (protocol §1.4), so we look, and send it again while the prompt is there. */
function cancelTried(d: Draft, promptId: string) {
  const name = cancelName(promptId);
  const wish = d.state.effects[name];
  if (wish?.type !== "cancel_run") return;
  d.drop(name);
  const run = runOf(d.state);
  if (run && !run.released && run.promptId === promptId && d.state.cancel) return look(d, 0);
  if (wish.tries + 1 >= LAST_CANCEL_TRIES) return;
  d.wishAgain(name, { ...wish, tries: wish.tries + 1, afterMs: CANCEL_AGAIN_MS });
}

/** The pool object answered one of our wishes, or could not be reached. */
function poolAnswered(d: Draft, name: string, ok: boolean) {
  const wish = d.state.effects[name];
  switch (wish?.type) {
    case "request_lease":
    case "withdraw":
    case "release_lease":
    case "renew_lease":
      if (ok) {
        if (wish.type === "request_lease") d.deadline("ask", d.now + ASK_AGAIN_MS);
        return d.drop(name);
      }
      if (d.state.removal && wish.tries + 1 >= LAST_POOL_TRIES) return d.drop(name);
      return d.wishAgain(name, { ...wish, tries: wish.tries + 1, afterMs: waitMs(POOL_RETRY_MS, wish.tries) });
    default:
      return;
  }
}
