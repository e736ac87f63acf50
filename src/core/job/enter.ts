/**
 * From the lease to a socket: the grant, dialing and dialing anew, and going on without a socket where the backend
 * answers by HTTP only. What is then handed over is in submit.ts.
 */
import { type Draft, runOf } from "./draft.ts";
import { failure, giveLeaseBack, refusal, wishRelease } from "./end.ts";
import { look } from "./look.ts";
import { newProgress } from "./progress.ts";
import type { Run } from "./run.ts";
import type { Fault, Learned, Lease } from "./state.ts";
import { provideInputs } from "./submit.ts";
import { DIALS_BEFORE_BLIND, LEASE_AGAIN_MS, REDIAL_MS, RENEW_LEASE_MS, WATCH_MS, waitMs } from "./timing.ts";

function newRun(d: Draft, lease: Lease): Run {
  return {
    lease,
    released: false,
    connection: 1,
    clientId: d.uuid(),
    socket: "dialing",
    blind: false,
    trusted: false,
    unbroken: true,
    dialFailures: 0,
    comfyVersion: null,
    uploads: Object.fromEntries(d.state.spec.images.map((image) => [image.name, null])),
    promptId: null,
    submission: "none",
    submissions: 0,
    submittedAt: null,
    startedAt: null,
    lastHeardAt: d.now,
    lastNewsAt: d.now,
    deafDial: false,
    endHintAt: null,
    endSeenAt: null,
    looks: 0,
    absentLooks: 0,
    absentAt: null,
    unreachableSince: null,
    counts: {},
    trouble: null,
    executing: null,
    frames: {},
  };
}

/** The pool gives us a place at a backend. Grants come at least once; one that we cannot use goes straight back. */
export function leaseGranted(d: Draft, lease: Lease, learned: Learned | null) {
  const run = runOf(d.state);
  if (run && !run.released && run.lease.id === lease.id) return d.patchRun({ lease });
  const queued = d.state.stage.name === "queued";
  if (!queued || d.state.spentLeases.includes(lease.id)) {
    wishRelease(d, lease.id, { type: "unused" });
    // The pool may think that it has served us: it is asked again once it had time to hear otherwise.
    if (queued) d.wish("lease", { type: "request_lease", tries: 0, afterMs: waitMs(LEASE_AGAIN_MS, 0) });
    return;
  }
  d.drop("lease");
  d.deadline("ask", null);
  d.patch({ queue: null, progress: newProgress(learned) });
  d.enter({ name: "connecting", run: newRun(d, lease) });
  d.deadline("renew", d.now + RENEW_LEASE_MS);
  dial(d, 0);
}

/** Opens the socket of the present connection number. */
function dial(d: Draft, afterMs: number) {
  const { connection, clientId, lease } = d.run;
  d.patchRun({ socket: "dialing" });
  d.wish("dial", { type: "dial", connection, clientId, backendId: lease.backendId, afterMs });
}

/**
 * Dials anew. Before the POST a fresh client id is free of the old socket's fate; after it only the old id can hear
 * the running prompt, at the risk of a deaf socket (protocol P3), which is why the new one is not trusted yet.
 */
export function redial(d: Draft, afterMs: number) {
  const { connection, submission, clientId } = d.run;
  const early = submission === "none";
  if (!early) d.count("reconnects");
  d.patchRun({
    connection: connection + 1,
    clientId: early ? d.uuid() : clientId,
    trusted: false,
  });
  dial(d, afterMs);
}

/** Dials anew after a dial that failed or a socket that was lost: each waits longer, until our prompt is heard again. */
export function redialLater(d: Draft) {
  const dialFailures = d.run.dialFailures + 1;
  d.patchRun({ dialFailures });
  redial(d, waitMs(REDIAL_MS, dialFailures - 1));
}

/** The socket is open and its first `status` was seen. */
export function socketOpened(d: Draft, comfyVersion: string | null) {
  const { run } = d;
  if (run.socket === "open") return;
  const early = run.submission === "none";
  d.drop("dial");
  d.patchRun({
    socket: "open",
    comfyVersion: comfyVersion ?? run.comfyVersion,
    lastHeardAt: d.now,
    lastNewsAt: d.now,
    trusted: early,
    unbroken: early,
  });
  d.deadline("watch", d.now + WATCH_MS);
  if (early) provideInputs(d);
  else look(d, 0);
}

/** The socket could not be opened. A backend that answers by HTTP is worked with all the same, by polling. */
export function socketFailed(d: Draft, fault: Fault, httpAnswers: boolean) {
  if (d.run.submission !== "none" || d.run.dialFailures + 1 < DIALS_BEFORE_BLIND) return redialLater(d);
  if (!httpAnswers) {
    const why =
      fault.kind === "refused" ? refusal(fault.status) : failure("backend_unreachable", "ComfyUI did not answer.");
    return giveLeaseBack(d, why, { type: "unreachable" });
  }
  if (d.state.spec.socketNodes.length > 0) {
    const why = "This workflow sends its pictures over the WebSocket, and ComfyUI's address does not let one through.";
    return giveLeaseBack(d, failure("backend_unreachable", why), { type: "unused" });
  }
  d.warn("no_websocket", "ComfyUI's WebSocket cannot be reached; following the run by polling.");
  d.patchRun({ blind: true });
  d.deadline("watch", d.now + WATCH_MS);
  redialLater(d);
  provideInputs(d);
}
