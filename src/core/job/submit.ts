/**
 * Handing the job over: inputs uploaded, our own prompt id stored, and only then the POST (protocol §7). A POST
 * without an answer is unknown, never repeated before queue and history were looked at.
 */
import type { Draft } from "./draft.ts";
import { abandonPrompt, fail, failure, giveLeaseBack, refusal } from "./end.ts";
import { look } from "./look.ts";
import type { Fault, SubmitReply } from "./state.ts";
import { UPLOAD_RETRY_MS, waitMs } from "./timing.ts";

/** Sends the inputs that ComfyUI does not have yet; the prompt follows when all of them are there. */
export function provideInputs(d: Draft) {
  for (const { name, uploadId } of d.state.spec.images) {
    if (d.run.uploads[name] === null && !d.state.effects[`upload:${name}`]) upload(d, name, uploadId, 0);
  }
  submitWhenReady(d);
}

function upload(d: Draft, name: string, uploadId: string, tries: number) {
  const backendId = d.run.lease.backendId;
  const afterMs = tries === 0 ? 0 : waitMs(UPLOAD_RETRY_MS, tries - 1);
  d.wish(`upload:${name}`, { type: "upload", backendId, name, uploadId, tries, afterMs });
}

/** ComfyUI keeps the input under `storedName`. */
export function uploaded(d: Draft, name: string, storedName: string) {
  if (!d.state.effects[`upload:${name}`]) return;
  d.drop(`upload:${name}`);
  d.patchRun({ uploads: { ...d.run.uploads, [name]: storedName } });
  submitWhenReady(d);
}

/** An input did not get to ComfyUI. */
export function uploadFailed(d: Draft, name: string, fault: Fault) {
  const wish = d.state.effects[`upload:${name}`];
  if (wish?.type !== "upload") return;
  d.drop(`upload:${name}`);
  const unreadable = unreadableWords(fault);
  if (unreadable !== null) return fail(d, { ...failure("input_unreadable", unreadable), input: name });
  if (fault.kind === "refused") return giveLeaseBack(d, refusal(fault.status), { type: "unreachable" });
  if (wish.tries < UPLOAD_RETRY_MS.length) return upload(d, name, wish.uploadId, wish.tries + 1);
  giveLeaseBack(d, failure("backend_unreachable", "ComfyUI did not take the input picture."), { type: "unreachable" });
}

/** What is wrong with the input itself, or null where the fault lies elsewhere. */
function unreadableWords(fault: Fault): string | null {
  switch (fault.kind) {
    case "input":
      return fault.detail;
    case "not_found":
      return "The uploaded file is no longer there.";
    case "too_large":
      return "ComfyUI finds it too large.";
    default:
      return null;
  }
}

function submitWhenReady(d: Draft) {
  const { uploads, submission, socket, blind } = d.run;
  if (submission !== "none" || (socket !== "open" && !blind)) return;
  if (Object.values(uploads).every((stored) => stored !== null)) submit(d);
}

/** Posts the prompt under a fresh id of ours; the id is stored before anything leaves. */
export function submit(d: Draft) {
  const { run } = d;
  // The prompt of a POST that seems lost may still arrive: nobody would wait for it any more.
  abandonPrompt(d, run);
  const promptId = d.uuid();
  d.patchRun({
    promptId,
    submission: "posting",
    submissions: run.submissions + 1,
    submittedAt: d.now,
    looks: 0,
    absentLooks: 0,
    absentAt: null,
    unreachableSince: null,
  });
  if (d.state.stage.name === "connecting") d.enter({ name: "submitted", run: d.run });
  d.wish("submit", {
    type: "submit",
    backendId: run.lease.backendId,
    promptId,
    clientId: run.clientId,
    uploads: Object.fromEntries(Object.entries(run.uploads).map(([name, stored]) => [name, stored ?? ""])),
    bust: d.state.bust,
  });
}

/** ComfyUI's answer to the POST, or the lack of one. */
export function submitAnswered(d: Draft, reply: SubmitReply) {
  if (!d.state.effects.submit) return;
  d.drop("submit");
  switch (reply.type) {
    case "accepted":
      // A run of which ComfyUI silently drops outputs is not what was asked for (protocol P11).
      if (reply.nodeErrors) return fail(d, reply.nodeErrors, { promptLives: true });
      return accepted(d);
    case "rejected":
      return fail(d, reply.failure);
    case "unknown":
      // Seen at the backend in the meantime: then the answer does not matter.
      if (d.run.submission === "accepted") return accepted(d);
      if (reply.fault.kind === "refused") return giveLeaseBack(d, refusal(reply.fault.status), { type: "unreachable" });
      d.patchRun({ submission: "unknown" });
      return look(d, 0);
  }
}

function accepted(d: Draft) {
  const { released, socket, trusted } = d.run;
  if (released) return;
  d.patchRun({ submission: "accepted" });
  if (d.state.cancel) return abandonPrompt(d, d.run);
  if (socket !== "open" || !trusted) look(d, 0);
}
