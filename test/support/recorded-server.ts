/**
 * What the server of a recording knew of a prompt at a time: from the recorded history where there is one, else from
 * what its socket said. Times are the recording's `t_ms`.
 */
import { parseHistoryReply } from "../../src/core/comfy/history.ts";
import type { Found, RunOutcome } from "../../src/core/job/state.ts";
import { outcomeOf } from "../../src/core/job/verdict.ts";
import type { Capture, CaptureLine, HttpLine } from "./captures.ts";

const isHttp = (line: CaptureLine): line is HttpLine => line.ch === "http";

/** The answer's text; empty where it was none. */
export const textOf = (line: HttpLine): string => (typeof line.res === "string" ? line.res : "");

/** Whether this is the POST of a prompt. */
export const isPrompt = (line: HttpLine): boolean => line.method === "POST" && /^(\/api)?\/prompt$/.test(line.path);

/** The POSTs of prompts in a recording, in order. */
export function promptsOf(capture: Capture): HttpLine[] {
  return capture.lines.filter(isHttp).filter(isPrompt);
}

export class RecordedServer {
  readonly #capture: Capture;
  readonly #exchanges: HttpLine[];
  /** When the server was killed, and when it answered again. */
  readonly #down: { from: number; to: number } | null;

  constructor(capture: Capture) {
    this.#capture = capture;
    this.#exchanges = capture.lines.filter(isHttp);
    const killed = capture.lines.find((line) => line.ch === "note" && / SIG(KILL|INT)/.test(line.text));
    const back = this.#exchanges.find(
      (line) => line.path === "/prompt" && line.method === "GET" && line.status === 200,
    );
    this.#down = killed && back ? { from: killed.t_ms, to: back.t_ms } : null;
  }

  /** What queue and history said of a prompt at a time. */
  found(promptId: string, time: number): Found {
    const down = this.#down;
    if (down && time >= down.from && time < down.to) {
      return { type: "unreachable", fault: { kind: "unreachable", detail: "" } };
    }
    const posted = this.#exchanges.findLast(
      (line) => isPrompt(line) && line.t_req_ms <= time && textOf(line).includes(promptId),
    );
    // A killed server forgets its queue and its history.
    if (!posted || (down && time >= down.to && posted.t_ms < down.from)) return { type: "absent" };
    const ended = this.#endOf(promptId, posted.t_ms);
    if (ended && ended.at <= time) return { type: "ended", outcome: ended.outcome };
    if (this.#exchanges.some((line) => line.t_ms <= time && line.t_ms > posted.t_ms && this.#deletes(line, promptId))) {
      return { type: "absent" };
    }
    const startedAt = this.#saidAt(promptId, posted.t_ms, /"execution_start"/);
    return startedAt !== null && startedAt <= time ? { type: "running" } : { type: "pending", position: 0 };
  }

  /** Whether this exchange canceled the prompt, running or waiting. */
  cancels(line: HttpLine, promptId: string): boolean {
    if (line.method !== "POST" || line.status !== 200) return false;
    if (/^\/api\/jobs\/[^/]+\/cancel$/.test(line.path)) return line.path.includes(promptId);
    if (/^\/(interrupt|api\/jobs\/cancel)$/.test(line.path)) return String(line.req).includes(promptId);
    return this.#deletes(line, promptId);
  }

  /** Deleting from the queue does nothing to a prompt that runs. */
  #deletes(line: HttpLine, promptId: string): boolean {
    if (line.method !== "POST" || line.path !== "/queue" || !String(line.req).includes(promptId)) return false;
    const startedAt = this.#saidAt(promptId, 0, /"execution_start"/);
    return startedAt === null || startedAt > line.t_ms;
  }

  #endOf(promptId: string, after: number): { at: number; outcome: RunOutcome } | null {
    const saidAt = this.#saidAt(promptId, after, /"executing".*"node": null/);
    for (const line of this.#exchanges) {
      if (!line.path.startsWith("/history") || line.t_ms < after) continue;
      const reply = parseHistoryReply(promptId, line.status ?? 0, textOf(line));
      if (reply.ok && reply.value) return { at: saidAt ?? line.t_ms, outcome: outcomeOf(reply.value) };
    }
    if (saidAt === null) return null;
    const said = (what: RegExp) => this.#saidAt(promptId, after, what) !== null;
    const stopped = said(/"execution_interrupted"/);
    const result = stopped ? "interrupted" : said(/"execution_error"/) ? "error" : "success";
    return { at: saidAt, outcome: { result, failure: null, wanted: [] } };
  }

  /** When a socket said this of the prompt. Events may reach it a moment before the answer to the POST was read. */
  #saidAt(promptId: string, after: number, what: RegExp): number | null {
    for (const line of this.#capture.lines) {
      if (line.ch !== "ws" || line.dir !== "in" || line.t_ms < after - 20) continue;
      if (line.text?.includes(promptId) && what.test(line.text)) return line.t_ms;
    }
    return null;
  }
}
