/** The baseline of fan-out: a bare `ws` server that sends a text to everyone at a steady rate, and notes when. */
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { answerParent } from "./child.ts";
import { nowMs, sleep } from "./clock.ts";

export type BroadcastAsk =
  | { type: "listen" }
  /** Sends `text` with its step counted up, then the `last` text. Resolves with the moment of each step. */
  | { type: "broadcast"; text: string; last: string; steps: number; everyMs: number };

let server: WebSocketServer;

async function listen(): Promise<string> {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await new Promise((resolve) => server.once("listening", resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function broadcast(ask: Extract<BroadcastAsk, { type: "broadcast" }>): Promise<number[]> {
  const sent: number[] = [];
  const start = nowMs();
  for (let step = 1; step <= ask.steps; step++) {
    await sleep(Math.max(0, start + step * ask.everyMs - nowMs()));
    sent.push(nowMs());
    send(ask.text.replace(/"step":\d+/, `"step":${step}`));
  }
  send(ask.last);
  return sent;
}

function send(text: string): void {
  for (const socket of server.clients) socket.send(text);
}

answerParent<BroadcastAsk>((ask) => (ask.type === "listen" ? listen() : broadcast(ask)));
