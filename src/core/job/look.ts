/**
 * Looking: what queue and history say of our prompt. The socket hastens completion, the history proves it; with no
 * socket at all these rules alone finish every job.
 */
import { collect, socketNodesShort } from "./collect.ts";
import type { Draft } from "./draft.ts";
import { abandonPrompt, cancelName, endCanceled, failure, refusal, runAgain } from "./end.ts";
import type { Fault, Found, RunOutcome } from "./state.ts";
import { submit } from "./submit.ts";
import {
  ABSENT_LOOK_MS,
  ABSENT_LOOKS,
  BACKEND_GONE_MS,
  CANCEL_AGAIN_MS,
  END_LOOK_MS,
  END_PROOF_MS,
  LAST_PICTURES_MS,
  MAX_SUBMISSIONS,
  POLL_MS,
  QUIET_POLL_MS,
  SILENCE_MS,
  UNKNOWN_POST_LOOKS,
  UNREACHABLE_LOOK_MS,
  waitMs,
} from "./timing.ts";
import { trouble } from "./trouble.ts";

/** Looks after `afterMs`; a look already waiting is replaced, one under way with no wait is left alone. */
export function look(d: Draft, afterMs: number) {
  const { promptId, lease, looks } = d.run;
  if (promptId === null) return;
  const waiting = d.state.effects.look;
  if (afterMs === 0 && waiting?.type === "look" && waiting.afterMs === 0 && waiting.promptId === promptId) return;
  d.patchRun({ looks: looks + 1 });
  d.wish("look", { type: "look", backendId: lease.backendId, promptId, afterMs, nonce: looks + 1 });
}

/** An end was announced by the socket: the history is asked, soon and often, until it shows the entry. */
export function endHinted(d: Draft) {
  if (d.run.endHintAt === null) d.patchRun({ endHintAt: d.now, looks: 0 });
  look(d, 0);
}

const lookForEnd = (d: Draft): void => look(d, waitMs(END_LOOK_MS, d.run.looks - 1));

/** What a look found. */
export function looked(d: Draft, found: Found) {
  d.drop("look");
  switch (found.type) {
    case "ended":
      return ended(d, found.outcome);
    case "running":
    case "pending":
      d.patchRun({ submission: "accepted", absentLooks: 0, absentAt: null, unreachableSince: null });
      if (found.type === "running") begin(d);
      if (d.run.trouble === "not_answering" || d.run.trouble === "refused") {
        trouble(d, d.run.socket === "open" ? null : "connection_lost");
      }
      if (d.state.cancel) cancelAgain(d);
      return lookOn(d);
    case "absent":
      d.patchRun({ unreachableSince: null });
      return absent(d);
    case "unreachable":
      return unreachable(d, found.fault);
  }
}

/** The run has begun, whichever way we came to know it. */
export function begin(d: Draft) {
  if (d.state.stage.name !== "submitted") return;
  d.deadline("start_by", null);
  d.patchRun({ startedAt: d.now, submission: "accepted" });
  d.patch({ startedAt: d.state.startedAt ?? d.now, queue: null });
  d.enter({ name: "running", run: d.run });
}

function ended(d: Draft, outcome: RunOutcome) {
  if (d.run.promptId !== null) d.drop(cancelName(d.run.promptId));
  if (d.state.cancel) return endCanceled(d);
  if (outcome.result === "interrupted") {
    d.patch({ cancel: { requestedAt: d.now, by: "backend", reason: "Interrupted at the ComfyUI server." } });
    return endCanceled(d);
  }
  begin(d);
  if (outcome.result === "success") {
    if (picturesOnTheirWay(d)) return lookForEnd(d);
    return collect(d, outcome.wanted, { type: "success" });
  }
  const unclear = failure("internal", "ComfyUI ended the run without saying how.");
  collect(d, outcome.wanted, { type: "failure", failure: outcome.failure ?? unclear });
}

/** The history may know of the end before the last socket pictures are here; the announced end comes behind them. */
function picturesOnTheirWay(d: Draft): boolean {
  const { socket, unbroken, endHintAt, endSeenAt } = d.run;
  if (socket !== "open" || !unbroken || endHintAt !== null || socketNodesShort(d).length === 0) return false;
  if (endSeenAt === null) d.patchRun({ endSeenAt: d.now, looks: 0 });
  return d.now - (endSeenAt ?? d.now) < LAST_PICTURES_MS;
}

/** Still there: when to look again depends on how far the socket can be trusted. */
function lookOn(d: Draft) {
  const { socket, trusted, endHintAt, lastNewsAt } = d.run;
  if (endHintAt !== null) return lookForEnd(d);
  if (socket !== "open" || !trusted) return look(d, POLL_MS);
  if (d.now - lastNewsAt >= SILENCE_MS) return look(d, QUIET_POLL_MS);
}

function cancelAgain(d: Draft) {
  const { promptId } = d.run;
  if (promptId !== null && !d.state.effects[cancelName(promptId)]) abandonPrompt(d, d.run, CANCEL_AGAIN_MS);
}

/** In neither queue nor history. Once is no proof: a prompt is nowhere for a moment between the two (protocol P7). */
function absent(d: Draft) {
  const { submission, submissions, endHintAt, absentAt } = d.run;
  if (submission === "posting") return look(d, ABSENT_LOOK_MS);
  if (submission === "accepted" && d.state.cancel) return endCanceled(d);
  if (endHintAt !== null && d.now - endHintAt < END_PROOF_MS) return lookForEnd(d);
  // Two looks at almost the same moment are one.
  if (absentAt === null || d.now - absentAt >= ABSENT_LOOK_MS / 2) {
    d.patchRun({ absentLooks: d.run.absentLooks + 1, absentAt: d.now });
  }
  if (d.run.absentLooks < (submission === "unknown" ? UNKNOWN_POST_LOOKS : ABSENT_LOOKS))
    return look(d, ABSENT_LOOK_MS);
  if (submission === "unknown") {
    if (d.state.cancel) return endCanceled(d, { promptLives: true });
    if (submissions < MAX_SUBMISSIONS) return submit(d);
    const why = failure("backend_unreachable", "ComfyUI did not take the prompt: its answers were lost or errors.");
    const leaving = { promptLives: true, outcome: { type: "unreachable" } } as const;
    return runAgain(d, why, "ComfyUI did not take the prompt; trying again.", leaving);
  }
  const why = failure("worker_lost", "ComfyUI no longer knows this run: it was restarted, or its queue was cleared.");
  const warning = "ComfyUI lost this run (it was restarted or its queue was cleared); trying again.";
  runAgain(d, why, warning, { outcome: { type: "lost" } });
}

/** No answer of ComfyUI by HTTP. As long as the socket tells of the run, the backend is not gone. */
function unreachable(d: Draft, fault: Fault) {
  const since = d.run.unreachableSince ?? d.now;
  d.patchRun({ unreachableSince: since });
  trouble(d, fault.kind === "refused" ? "refused" : "not_answering");
  if (d.now - Math.max(since, d.run.lastHeardAt) < BACKEND_GONE_MS) {
    const { min, max } = UNREACHABLE_LOOK_MS;
    return look(d, Math.min(max, Math.max(min, Math.round((d.now - since) / 2))));
  }
  const silent = failure("backend_unreachable", "ComfyUI stopped answering while it worked on this job.");
  const why = fault.kind === "refused" ? refusal(fault.status) : silent;
  const leaving = { promptLives: true, outcome: { type: "unreachable" } } as const;
  runAgain(d, why, "ComfyUI stopped answering; trying again.", leaving);
}
