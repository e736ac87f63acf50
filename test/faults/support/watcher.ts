/**
 * One viewer of a job over WebSocket, who comes back with its cursor whenever its socket ends, and notes when each event
 * came. It stands for every client: what it sees through a fault is what people see.
 */
import { WebSocket } from "ws";
import type { Job, JobPhase } from "../../../src/contract/job.ts";
import { LIVE_PROTOCOL, type ViewerEvent } from "../../../src/contract/viewer.ts";

/** Waits this long before it comes back; clients would wait longer, but it measures. */
const COME_BACK_MS = 40;

/** An event, and when it came. */
export type Seen = { event: ViewerEvent<Job>; at: number };

/** Watches from its creation until the `end`, or until it is stopped. */
export class Watcher {
  readonly seen: Seen[] = [];
  /** The close code of the last socket after the end; null before. */
  closedWith: number | null = null;
  /** The newest step and phase it was told. */
  step = 0;
  phase: JobPhase | null = null;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  #socket: WebSocket | null = null;
  #stopped = false;
  #wake: (() => void)[] = [];

  constructor(url: string, headers: Record<string, string>) {
    this.#url = url;
    this.#headers = headers;
    this.#open();
  }

  /** Resolves true as soon as `look` holds, false after `limitMs`. */
  async until(look: () => boolean, limitMs: number): Promise<boolean> {
    const deadline = Date.now() + limitMs;
    const timer = setTimeout(() => this.#awake(), limitMs + 5);
    while (!look() && Date.now() < deadline) await new Promise<void>((resolve) => this.#wake.push(resolve));
    clearTimeout(timer);
    return look();
  }

  /** The first `end`, if it has come. */
  get end(): { job: Job; at: number } | null {
    const last = this.seen.find(({ event }) => event.type === "end");
    return last?.event.type === "end" ? { job: last.event.data.job, at: last.at } : null;
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  #open(): void {
    if (this.#stopped) return;
    const cursor = this.seen.findLast(({ event }) => event.seq !== null)?.event.seq ?? null;
    const query = cursor === null ? "" : `&after=${cursor}`;
    const socket = new WebSocket(`${this.#url}?previews=none${query}`, LIVE_PROTOCOL, {
      headers: this.#headers,
      perMessageDeflate: false,
      handshakeTimeout: 5_000,
    });
    this.#socket = socket;
    socket.on("open", () => {
      socket.send("ping");
    });
    socket.on("message", (data) => this.#heard(data.toString()));
    socket.on("error", () => {});
    socket.on("close", (code) => {
      if (this.end === null) setTimeout(() => this.#open(), COME_BACK_MS);
      else this.closedWith = code;
      this.#awake();
    });
  }

  #heard(text: string): void {
    if (!text.startsWith("{")) return;
    const event = JSON.parse(text) as ViewerEvent<Job>;
    this.seen.push({ event, at: Date.now() });
    switch (event.type) {
      case "hello":
        this.step = event.data.job?.progress.step ?? this.step;
        this.phase = event.data.job?.phase ?? this.phase;
        break;
      case "progress":
        this.step = event.data.step ?? this.step;
        this.phase = event.data.phase;
        break;
      case "status":
        this.phase = event.data.phase;
        break;
    }
    this.#awake();
  }

  #awake(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
