/** Ports for following a job without a network or a clock: sockets and responses are played by the test. */
import { decodeEvent, decodePreviewFrame } from "../../src/client/decode.ts";
import type { LivePorts, SocketHandlers } from "../../src/client/ports.ts";

/** A socket as the test's side of it. */
export type ScriptedSocket = SocketHandlers & { url: string; sent: string[]; closed: boolean };
/** A request that waits for the test's answer. */
export type ScriptedRequest = {
  url: string;
  headers: Record<string, string>;
  /** All of it, for callers that send more than headers. */
  init: RequestInit;
  answer(response: Response): void;
  fail(): void;
};

/** Ports whose time moves by `advance` and whose chance is always `random`. */
export function scriptedPorts(random = 0.5) {
  let nowMs = 1_000_000;
  let timers: { atMs: number; run: () => void }[] = [];
  const sockets: ScriptedSocket[] = [];
  const requests: ScriptedRequest[] = [];
  const ports: LivePorts = {
    openSocket(url, _protocol, handlers) {
      const socket: ScriptedSocket = { ...handlers, url, sent: [], closed: false };
      sockets.push(socket);
      return {
        send: (text) => void socket.sent.push(text),
        close: () => {
          socket.closed = true;
        },
      };
    },
    fetch: (url, init) =>
      new Promise((resolve, reject) => {
        const fail = () => reject(new TypeError("network"));
        requests.push({ url, headers: init.headers, init, answer: resolve, fail });
        init.signal.addEventListener("abort", fail);
        if (init.signal.aborted) fail();
      }),
    decodeEvent,
    decodeFrame: decodePreviewFrame,
    random: () => random,
    nowMs: () => nowMs,
    after(ms, run) {
      const timer = { atMs: nowMs + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  /** Lets promises that are ready run. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  /** Moves time on and runs what comes due, in order. */
  async function advance(ms: number): Promise<void> {
    await settle();
    const untilMs = nowMs + ms;
    for (;;) {
      const [next] = timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (!next) break;
      timers = timers.filter((timer) => timer !== next);
      nowMs = Math.max(nowMs, next.atMs);
      next.run();
      await settle();
    }
    nowMs = untilMs;
    await settle();
  }
  return { ports, sockets, requests, advance, settle, pendingTimers: () => timers.length };
}
