/**
 * Following the run on the socket: progress, previews, results as their nodes end, and hints of the end. Nothing here
 * ends a job; hints make us look (look.ts). Events of other prompts and unknown events pass unnoticed.
 */
import type { ComfyEvent } from "../comfy/events.ts";
import { collectOutputs } from "../comfy/outputs.ts";
import { want } from "./collect.ts";
import { type Draft, runOf } from "./draft.ts";
import { redial, redialLater } from "./enter.ts";
import { begin, endHinted, look } from "./look.ts";
import {
  type NodeReport,
  type ProgressModel,
  settle,
  tallyOf,
  withCached,
  withExecuting,
  withReports,
} from "./progress.ts";
import { DEAF_SOCKET_MS, SILENCE_MS, WATCH_MS } from "./timing.ts";
import { trouble } from "./trouble.ts";
import { toWanted } from "./wanted.ts";
import { inPlan, phaseOfClass } from "./weights.ts";

/** The socket has gone: the run goes on without it, followed by polling until a new one is heard. */
export function socketClosed(d: Draft) {
  redialLater(d);
  if (d.run.submission === "none") return;
  trouble(d, "connection_lost");
  look(d, 0);
}

/** Time to doubt the socket: ask by HTTP, and replace a socket that stays silent. */
export function watch(d: Draft) {
  const run = runOf(d.state);
  if (!run || run.released) return d.deadline("watch", null);
  const silentAt = run.lastNewsAt + SILENCE_MS;
  d.deadline("watch", silentAt > d.now ? Math.min(silentAt, d.now + WATCH_MS) : d.now + WATCH_MS);
  if (run.submission === "none" || run.submission === "posting") return;
  const silentMs = d.now - run.lastNewsAt;
  if (run.socket === "open" && silentMs < SILENCE_MS) return;
  if (run.socket === "open" && d.state.stage.name === "running" && !isLoading(d)) trouble(d, "no_news");
  look(d, 0);
  if (run.socket === "open" && d.now - run.lastHeardAt >= DEAF_SOCKET_MS && mayReplace(d)) {
    d.patchRun({ deafDial: true });
    redial(d, 0);
  }
}

/** ComfyUI is silent while it loads a model, for minutes (protocol §4). */
function isLoading(d: Draft): boolean {
  const node = d.state.spec.plan.find((one) => one.id === d.run.executing);
  return node !== undefined && phaseOfClass(node.classType) === "loading_model";
}

/** Once per silence, and never where the silence of a loading model would cost the pictures that only this socket gets. */
function mayReplace(d: Draft): boolean {
  return !d.run.deafDial && d.state.stage.name === "running" && d.state.spec.socketNodes.length === 0;
}

/** One message of the socket. */
export function heard(d: Draft, event: ComfyEvent) {
  d.patchRun({ lastHeardAt: d.now });
  if (event.type === "undecodable") return d.count("dropped_frames");
  if (!isOurs(d, event)) return;
  d.patchRun({ lastNewsAt: d.now });
  trouble(d, null);
  switch (event.type) {
    case "executionStart":
      return begin(d);
    case "executionCached":
      begin(d);
      return progressed(d, withCached(d.state.progress, d.state.spec.plan, event.nodes));
    case "executing": {
      if (event.node === null) return endHinted(d);
      begin(d);
      const visible = event.displayNode ?? event.node;
      d.patchRun({ executing: planned(d, visible) });
      return progressed(d, withExecuting(d.state.progress, d.state.spec.plan, visible, d.now));
    }
    case "progress":
      begin(d);
      if (event.node === null) return;
      expectFrames(d, event.node, event.max);
      return reported(d, [{ nodeId: event.node, value: event.value, max: event.max, finished: false }]);
    case "progressState":
      begin(d);
      return reported(d, reportsOf(event.nodes, d.state.progress));
    case "executed":
      begin(d);
      return executed(d, event);
    case "preview":
      return picture(d, event);
    case "executionError":
      // A blocked branch is announced so too, and the run goes on (protocol §2.6).
      return event.blocked ? undefined : endHinted(d);
    case "executionSuccess":
    case "executionInterrupted":
      return endHinted(d);
    default:
      return;
  }
}

/** Whether the event is about our prompt; if it says so itself, the socket is known to be heard by the right server. */
function isOurs(d: Draft, event: ComfyEvent): boolean {
  const { promptId, trusted, dialFailures, deafDial, endHintAt } = d.run;
  if (promptId === null || !("promptId" in event)) return false;
  if (event.promptId === null) {
    // Previews of type 1 and the `executing` after a reconnect name no prompt. They are ours while ours runs: one
    // prompt runs at a time, and those of clients without an id are broadcast (protocol §2.5).
    const unnamed = event.type === "preview" || event.type === "executing";
    return unnamed && d.state.stage.name === "running" && endHintAt === null;
  }
  if (event.promptId !== promptId) return false;
  if (!trusted || dialFailures > 0 || deafDial) d.patchRun({ trusted: true, dialFailures: 0, deafDial: false });
  return true;
}

function reported(d: Draft, reports: NodeReport[]) {
  progressed(d, withReports(d.state.progress, d.state.spec.plan, reports, d.now));
}

/** Takes over new progress, and shows it where a viewer would see a difference. */
function progressed(d: Draft, model: ProgressModel) {
  const before = d.state.progress;
  if (model === before) return;
  const next = settle(model, d.state.spec.plan);
  d.patch({ progress: next });
  if (face(next, d) !== face(before, d)) d.show({ type: "progress" });
}

function face(model: ProgressModel, d: Draft): string {
  const current = model.current === null ? undefined : model.nodes[model.current];
  const { done, total } = tallyOf(model, d.state.spec.plan);
  return [model.begun, model.shown, model.current, current?.step, current?.steps, done, total].join();
}

/** Reports per visible node: expanded nodes count for the node they were expanded from (protocol §4). */
function reportsOf(nodes: Extract<ComfyEvent, { type: "progressState" }>["nodes"], known: ProgressModel): NodeReport[] {
  const inner = new Map<string, number[]>();
  const reports: NodeReport[] = [];
  const finishedNow = new Set<string>();
  for (const node of nodes) {
    const visible = node.realNodeId ?? node.displayNodeId ?? node.nodeId;
    const finished = node.state === "finished";
    if (visible === node.nodeId) {
      // Each state repeats all nodes that have begun; what is finished has nothing new to tell.
      if (finished) finishedNow.add(visible);
      if (finished && known.nodes[visible]?.finishedAt != null) continue;
      reports.push({ nodeId: visible, value: node.value, max: node.max, finished });
    } else {
      const fractions = inner.get(visible) ?? [];
      fractions.push(finished ? 1 : node.max > 0 ? node.value / node.max : 0);
      inner.set(visible, fractions);
    }
  }
  for (const [nodeId, fractions] of inner) {
    if (finishedNow.has(nodeId)) continue;
    const mean = fractions.reduce((sum, one) => sum + one, 0) / fractions.length;
    reports.push({ nodeId, value: mean, max: 1, finished: false });
  }
  return reports;
}

function executed(d: Draft, event: Extract<ComfyEvent, { type: "executed" }>) {
  if (event.output === null) return;
  const outputs = collectOutputs(event.node, event.output);
  const announced = outputs.filter((output) => output.kind === "frame").length;
  if (announced > 0 && d.state.spec.socketNodes.includes(event.node)) {
    patchFrames(d, event.node, { expected: announced });
  }
  want(d, toWanted(outputs));
}

/** A socket node says by its progress how many pictures it sends (protocol §3: value 0 to N-1 of N). */
function expectFrames(d: Draft, node: string, max: number) {
  if (!d.state.spec.socketNodes.includes(node)) return;
  if (d.run.frames[node]?.expected == null) patchFrames(d, node, { expected: max });
}

/** The node, if it is one of ours: what is kept must not be as long as a message may be. */
function planned(d: Draft, nodeId: string | null): string | null {
  return nodeId !== null && inPlan(d.state.spec.plan, nodeId) ? nodeId : null;
}

function patchFrames(d: Draft, node: string, part: { heard?: number; expected?: number }) {
  const frames = d.run.frames[node] ?? { heard: 0, expected: null };
  d.patchRun({ frames: { ...d.run.frames, [node]: { ...frames, ...part } } });
}

/** A picture on the socket: a result where a socket node sends it, else a preview. */
function picture(d: Draft, event: Extract<ComfyEvent, { type: "preview" }>) {
  const sender = event.nodeId ?? d.run.executing;
  const node = planned(d, event.displayNodeId ?? sender);
  if (sender !== null && d.state.spec.socketNodes.includes(sender)) keepFrame(d, sender, event);
  const current = node === null ? undefined : d.state.progress.nodes[node];
  d.patch({
    preview: {
      rev: (d.state.preview?.rev ?? 0) + 1,
      contentType: event.imageType,
      width: null,
      height: null,
      sizeBytes: event.bytes.byteLength,
      nodeId: node,
      step: current?.step ?? null,
      steps: current?.steps ?? null,
    },
  });
  d.show({ type: "preview", bytes: event.bytes });
}

/** Keeps a socket picture as a result. After a gap its place among the others is not known: it counts as missed. */
function keepFrame(d: Draft, node: string, event: Extract<ComfyEvent, { type: "preview" }>) {
  if (!d.run.unbroken) return;
  const position = d.run.frames[node]?.heard ?? 0;
  const key = `${node}/frame/${position}`;
  patchFrames(d, node, { heard: position + 1 });
  const source = { type: "frame", contentType: event.imageType } as const;
  const known = d.state.wanted[key];
  want(d, [{ key, nodeId: node, position, source, hint: "image", temporary: false }]);
  if (d.state.wanted[key] && !known) d.held.push({ key, bytes: event.bytes });
}
