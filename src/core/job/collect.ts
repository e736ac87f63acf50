/**
 * Results on their way into storage: each is fetched as soon as its node has ended, announced once it lies in
 * storage, and the job ends when none is left. A result is known by the same key from the socket and the history.
 */
import type { Draft } from "./draft.ts";
import { fail, failure, finishedOutcome, refusal, releaseLease, runAgain, succeed } from "./end.ts";
import { removed } from "./removal.ts";
import type { Ending, Failure, Fault, Stored, Wanted } from "./state.ts";
import { MAX_OUTPUTS, MAX_TEXT_CHARS, STORE_RETRY_MS, waitMs } from "./timing.ts";

/** Takes up results that are neither stored nor on their way. */
export function want(d: Draft, wanted: readonly Wanted[]) {
  for (const one of wanted) {
    if (one.temporary && !d.state.spec.keepTemporary) continue;
    if (d.state.wanted[one.key] || d.state.outputs.some((stored) => stored.key === one.key)) continue;
    const index = freeIndex(d);
    if (index >= MAX_OUTPUTS) return d.warn("outputs_cut", `Only the first ${MAX_OUTPUTS} outputs are kept.`);
    const wanted = withinText(d, one);
    d.patch({ wanted: { ...d.state.wanted, [one.key]: wanted } });
    const backendId = d.run.lease.backendId;
    d.wish(`store:${one.key}`, { type: "store", backendId, wanted, index, tries: 0, afterMs: 0 });
  }
}

/** Texts are part of the state, which is stored in one row: together they are bounded. */
function withinText(d: Draft, one: Wanted): Wanted {
  if (one.source.type !== "text") return one;
  const { wanted, outputs } = d.state;
  const coming = Object.values(wanted).reduce(
    (sum, { source }) => sum + (source.type === "text" ? source.text.length : 0),
    0,
  );
  const room = MAX_TEXT_CHARS - outputs.reduce((sum, { text }) => sum + (text?.length ?? 0), coming);
  const { text } = one.source;
  if (text.length <= room) return one;
  d.warn("text_cut", `Only the first ${MAX_TEXT_CHARS} characters of text are kept.`);
  return { ...one, source: { type: "text", text: text.slice(0, Math.max(0, room)) } };
}

/** The lowest free place: a result that had to be made again takes the place it had. */
function freeIndex(d: Draft): number {
  const taken = new Set(d.state.outputs.map((stored) => stored.index));
  for (const effect of Object.values(d.state.effects)) {
    if (effect.type === "store") taken.add(effect.index);
  }
  let index = 0;
  while (taken.has(index)) index += 1;
  return index;
}

/**
 * The run has ended at the backend: its place is given back at once, only its files are still needed. A POST that was
 * not answered yet is still waited for: its answer may say that outputs were dropped.
 */
export function collect(d: Draft, wanted: readonly Wanted[], ending: Ending) {
  want(d, wanted);
  d.drop("dial");
  d.drop("look");
  d.deadline("watch", null);
  releaseLease(d, finishedOutcome(d));
  d.patchRun({ socket: "none" });
  noteMissing(d, socketNodesShort(d));
  d.enter({ name: "collecting", run: d.run, ending });
  endWhenStored(d);
}

/** Socket nodes of which a picture that was announced or promised did not come. */
export function socketNodesShort(d: Draft): string[] {
  return d.state.spec.socketNodes.filter((node) => {
    const frames = d.run.frames[node];
    return !frames || frames.heard < (frames.expected ?? 1);
  });
}

function noteMissing(d: Draft, nodes: readonly string[]) {
  if (nodes.length > 0) d.patch({ missing: [...new Set([...d.state.missing, ...nodes])] });
}

/** One result lies in storage. */
export function outputStored(d: Draft, key: string, stored: Omit<Stored, "index" | "key">) {
  const wish = d.state.effects[`store:${key}`];
  if (wish?.type !== "store") return;
  d.drop(`store:${key}`);
  const { [key]: _stored, ...wanted } = d.state.wanted;
  const outputs = [...d.state.outputs, { ...stored, key, index: wish.index }].sort((a, b) => a.index - b.index);
  d.patch({ wanted, outputs });
  d.show({ type: "output", key });
  endWhenStored(d);
}

/** One result did not get into storage. */
export function outputFailed(d: Draft, key: string, fault: Fault) {
  const wish = d.state.effects[`store:${key}`];
  if (wish?.type !== "store") return;
  const { nodeId } = wish.wanted;
  // A file or picture that is gone cannot be had from this run; the run itself goes on.
  const gone = fault.kind === "not_found" || fault.kind === "frame_lost";
  if (!gone && fault.kind !== "too_large" && wish.tries < STORE_RETRY_MS.length) {
    return d.wish(`store:${key}`, { ...wish, tries: wish.tries + 1, afterMs: waitMs(STORE_RETRY_MS, wish.tries) });
  }
  d.drop(`store:${key}`);
  const { [key]: _lost, ...wanted } = d.state.wanted;
  d.patch({ wanted, abandoned: [...new Set([...d.state.abandoned, key])] });
  if (gone) {
    noteMissing(d, [nodeId]);
    return endWhenStored(d);
  }
  if (fault.kind === "too_large") {
    const detail = `An output of ${fault.sizeBytes} bytes is larger than this service keeps.`;
    return fail(d, { ...failure("output_too_large", detail), nodeId }, { promptLives: true });
  }
  fail(d, { ...withheld(fault), nodeId }, { promptLives: true });
}

/** Why a result that is there did not get into storage. */
function withheld(fault: Fault): Failure {
  if (fault.kind === "refused") return refusal(fault.status);
  if (fault.kind === "storage") return failure("storage_failed", "An output could not be stored.");
  return failure("backend_unreachable", "An output could not be fetched from ComfyUI.");
}

/** What was abandoned of an ended job's results was removed, or all media of a removed one; or storage failed. */
export function discarded(d: Draft, ok: boolean) {
  const wish = d.state.effects.discard;
  if (wish?.type !== "discard") return;
  const { removal } = d.state;
  // What a removed job has stored must go, however long storage fails; leftovers of one that stays are given up.
  if (!ok && (removal || wish.tries < STORE_RETRY_MS.length)) {
    return d.wishAgain("discard", { ...wish, tries: wish.tries + 1, afterMs: waitMs(STORE_RETRY_MS, wish.tries) });
  }
  d.drop("discard");
  if (ok) removed(d, { cleared: true });
}

/** Ends the job as its run ended, once nothing is on its way. */
function endWhenStored(d: Draft) {
  const { stage, wanted, missing } = d.state;
  if (stage.name !== "collecting" || Object.keys(wanted).length > 0) return;
  if (stage.ending.type === "failure") return fail(d, stage.ending.failure);
  if (missing.length === 0) return succeed(d);
  const why = {
    ...failure("output_missing", "A result was announced but could not be had."),
    nodeId: missing[0] ?? null,
  };
  d.patch({ bust: [...new Set([...d.state.bust, ...missing])] });
  runAgain(d, why, "A result was no longer at the ComfyUI server; making it again.", {});
}
