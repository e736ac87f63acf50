/**
 * A thousand viewers in a process of their own. They note when each step came and which durable events came in which
 * order; the same code serves the product and the bare broadcast.
 */
import WebSocket from "ws";
import { answerParent } from "./child.ts";
import { nowMs, sleep } from "./clock.ts";

export type CrowdAsk =
  | { type: "join"; address: string; protocol: string | null; viewers: number }
  /** Waits until every viewer has seen the end, or the time is over, then says what was seen. */
  | { type: "leave"; withinMs: number };

export type CrowdReport = {
  /** Step after step and moment after moment, of all viewers together. */
  steps: Float64Array;
  times: Float64Array;
  /** Different sequences of durable events among the viewers, and how many saw each. */
  histories: [string, number][];
};

/** Sockets that may be on their way at once. */
const JOINING = 40;
const DURABLE = /^\{"type":"(status|output|warning|end)","seq":(\d+)/;

type Viewer = { socket: WebSocket; durable: string[]; ended: boolean };

let viewers: Viewer[] = [];
let steps: number[] = [];
let times: number[] = [];

function hear(viewer: Viewer, text: string): void {
  const at = nowMs();
  if (text.startsWith('{"type":"progress"')) {
    const step = /"step":(\d+)/.exec(text)?.[1];
    if (step === undefined) return;
    steps.push(Number(step));
    times.push(at);
    return;
  }
  const [, type, seq] = DURABLE.exec(text) ?? [];
  if (type === undefined) return;
  viewer.durable.push(`${type} ${seq}`);
  if (type === "end") viewer.ended = true;
}

async function joinOne(address: string, protocol: string | null): Promise<void> {
  const socket = new WebSocket(address, protocol === null ? [] : [protocol], { perMessageDeflate: false });
  const viewer: Viewer = { socket, durable: [], ended: false };
  viewers.push(viewer);
  socket.on("message", (data) => hear(viewer, data.toString()));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
}

async function join(ask: Extract<CrowdAsk, { type: "join" }>): Promise<void> {
  for (let joined = 0; joined < ask.viewers; joined += JOINING) {
    const now = Math.min(JOINING, ask.viewers - joined);
    await Promise.all(Array.from({ length: now }, () => joinOne(ask.address, ask.protocol)));
  }
}

async function leave(withinMs: number): Promise<CrowdReport> {
  const until = nowMs() + withinMs;
  while (viewers.some(({ ended }) => !ended) && nowMs() < until) await sleep(20);
  const histories = new Map<string, number>();
  for (const { socket, durable } of viewers) {
    const words = durable.join(", ");
    histories.set(words, (histories.get(words) ?? 0) + 1);
    socket.terminate();
  }
  const report = { steps: Float64Array.from(steps), times: Float64Array.from(times), histories: [...histories] };
  viewers = [];
  steps = [];
  times = [];
  return report;
}

answerParent<CrowdAsk>((ask) => (ask.type === "join" ? join(ask) : leave(ask.withinMs)));
