/**
 * Plays a recorded conversation to the job machine: it is given the recorded ids, hears the recorded socket, and its
 * wishes are answered from the recorded exchanges. Where the recorded client asked less than the machine does, the
 * answer is what the server must have known at that time.
 */
import { decodeBinary, decodeText } from "../../src/core/comfy/events.ts";
import { parseHistoryReply } from "../../src/core/comfy/history.ts";
import { parsePromptReply } from "../../src/core/comfy/replies.ts";
import { newJob, step } from "../../src/core/job/machine.ts";
import type { Effect, Found, JobEvent, JobState, RunOutcome } from "../../src/core/job/state.ts";
import { outcomeOf, submitReplyOf } from "../../src/core/job/verdict.ts";
import type { Capture, CaptureLine, HttpLine } from "./captures.ts";
import { HOUR, START, specOf, storedOf } from "./job-driver.ts";
import { freeze, Invariants } from "./job-invariants.ts";

type PromptBody = { prompt?: Record<string, { class_type?: string } | undefined>; client_id?: string; prompt_id?: string };

const isPost = (line: CaptureLine, path: RegExp): line is HttpLine =>
  line.ch === "http" && line.method === "POST" && path.test(line.path);

/** The POSTs of prompts in a recording, in order. */
export function promptsOf(capture: Capture): HttpLine[] {
  return capture.lines.filter((line): line is HttpLine => isPost(line, /^(\/api)?\/prompt$/));
}

/** Plays the part of the recording that the POST of this number begins, as one job, to its end. */
export function replay(capture: Capture, number: number): JobState {
  return new Replay(capture, number).play();
}

class Replay {
  readonly #capture: Capture;
  readonly #post: HttpLine;
  readonly #body: PromptBody;
  readonly #invariants = new Invariants();
  readonly #dueAt = new Map<Effect, number>();
  readonly #ids: string[] = [];
  #state: JobState;
  #now: number;
  /** The recorded client of which the machine hears the socket now. */
  #conn: string;
  /** The next line to be played. */
  #at = 0;
  #minted = 0;
  #leases = 0;

  constructor(capture: Capture, number: number) {
    const post = promptsOf(capture)[number];
    if (!post) throw new Error(`${capture.name} has no POST number ${number}`);
    this.#capture = capture;
    this.#post = post;
    this.#body = bodyOf(post);
    this.#conn = post.conn;
    this.#now = START + post.t_req_ms - 1;
    this.#at = capture.lines.indexOf(post);
    const nodes = Object.entries(this.#body.prompt ?? {}).map(([id, node]) => ({ id, classType: node?.class_type ?? "" }));
    const socketNodes = nodes.filter((node) => node.classType === "SaveImageWebsocket").map((node) => node.id);
    const plan = nodes.map((node) => ({ ...node, title: null }));
    this.#state = freeze(newJob(specOf({ plan, socketNodes, keepTemporary: true, startBy: null, finishBy: START + 9 * HOUR })));
  }

  play(): JobState {
    this.#send({ type: "created" });
    this.#grant();
    // What reached the socket before the answer to the POST was read stands before it in the recording.
    const lines = this.#capture.lines;
    while (this.#at > 0 && (lines[this.#at - 1]?.t_ms ?? 0) > this.#post.t_req_ms) this.#at -= 1;
    for (; this.#at < lines.length; this.#at += 1) {
      const line = lines[this.#at];
      if (!line) break;
      this.#settle(START + line.t_ms);
      this.#now = Math.max(this.#now, START + line.t_ms);
      this.#line(line);
    }
    this.#settle(this.#now + HOUR);
    return this.#state;
  }

  #grant(): void {
    this.#ids.push(this.#body.client_id ?? "11111111-1111-4111-8111-111111111111");
    const promptId = this.#promptId();
    if (promptId !== null) this.#ids.push(promptId);
    const lease = { id: `lease-${++this.#leases}`, backendId: "recorded", expiresAt: this.#now + HOUR };
    this.#send({ type: "lease_granted", lease, learned: null });
    const { connection } = this.#wish("dial");
    this.#send({ type: "socket_opened", connection, comfyVersion: "0.27.0" });
  }

  #promptId(): string | null {
    const reply = parsePromptReply(this.#post.status ?? 0, textOf(this.#post));
    return this.#body.prompt_id ?? (reply.type === "accepted" ? reply.promptId : null);
  }

  #line(line: CaptureLine): void {
    const run = "run" in this.#state.stage ? this.#state.stage.run : null;
    const submit = this.#state.effects.submit;
    if (line.ch === "http") {
      if (submit?.type === "submit" && isPost(line, /\/prompt$/) && (line === this.#post || bodyOf(line).prompt_id === submit.promptId)) {
        const reply = submitReplyOf(parsePromptReply(line.status ?? 0, textOf(line)));
        this.#send({ type: "submit_answered", promptId: submit.promptId, reply });
      } else if (run?.promptId && this.#cancels(line, run.promptId)) {
        this.#send({ type: "cancel_requested", by: "user", reason: null });
      } else if (this.#state.stage.name === "queued" && isPost(line, /\/prompt$/)) {
        this.#again(line);
      }
      return;
    }
    if (line.ch !== "ws" || !run) return;
    if (line.dir === "open") {
      const dial = this.#state.effects.dial;
      if (dial?.type !== "dial" || line.error !== undefined || !line.path?.endsWith(`clientId=${run.clientId}`)) return;
      this.#conn = line.conn;
      this.#send({ type: "socket_opened", connection: dial.connection, comfyVersion: null });
    } else if (line.conn !== this.#conn || run.socket !== "open") {
      return;
    } else if (line.dir === "close") {
      this.#send({ type: "socket_closed", connection: run.connection });
    } else if (line.dir === "in") {
      const event = line.text === undefined ? decodeBinary(Buffer.from(line.b64 ?? "", "base64")) : decodeText(line.text);
      this.#send({ type: "comfy", connection: run.connection, event });
    }
  }

  /** The recorded client sends a lost prompt again, under its old id: the machine's second attempt. */
  #again(line: HttpLine): void {
    if (bodyOf(line).prompt_id !== this.#body.prompt_id) return;
    this.#grant();
    this.#line(line);
  }

  /** What the recorded client cancels, our client cancels. */
  #cancels(line: HttpLine, promptId: string): boolean {
    if (line.status !== 200 || typeof line.req !== "string" && !line.path.includes(promptId)) return false;
    if (isPost(line, /^\/api\/jobs\/[^/]+\/cancel$/)) return line.path.includes(promptId);
    return isPost(line, /^\/(interrupt|queue|api\/jobs\/cancel)$/) && String(line.req).includes(promptId);
  }

  /** Answers all wishes that fall due before a time, and lets the alarm go off. */
  #settle(until: number): void {
    for (let steps = 0; ; steps += 1) {
      if (steps > 5000) throw new Error(`no end in sight: ${JSON.stringify(this.#state.effects)}`);
      const wishes = Object.entries(this.#state.effects).flatMap(([name, effect]) => {
        const at = this.#dueAt.get(effect) ?? this.#now + ("afterMs" in effect ? effect.afterMs : 0);
        this.#dueAt.set(effect, at);
        const answer = at <= until ? this.#answer(name, effect, at) : null;
        return answer ? [{ at, answer }] : [];
      });
      const [wish] = wishes.sort((a, b) => a.at - b.at);
      const { expire: _retention, ...deadlines } = this.#state.deadlines;
      const alarmAt = Math.min(...Object.values(deadlines));
      const at = Math.min(wish?.at ?? Number.POSITIVE_INFINITY, alarmAt);
      if (at > until) return;
      this.#now = Math.max(this.#now, at);
      this.#send(wish && wish.at <= alarmAt ? wish.answer : { type: "alarm" });
    }
  }

  /** The answer to a wish that falls due now; null for one that a later line answers. */
  #answer(name: string, effect: Effect, at: number): JobEvent | null {
    switch (effect.type) {
      case "request_lease":
      case "withdraw":
      case "release_lease":
      case "renew_lease":
        return { type: "pool_answered", effect: name, ok: true };
      case "look":
        return { type: "looked", promptId: effect.promptId, found: this.#found(effect.promptId, at) };
      case "cancel_run":
        return { type: "cancel_tried", promptId: effect.promptId };
      case "store": {
        const { source, key, nodeId } = effect.wanted;
        const name = source.type === "file" ? source.filename : source.type === "text" ? source.text : source.type;
        return { type: "output_stored", key, stored: storedOf(nodeId, { name }) };
      }
      default:
        return null;
    }
  }

  /** What queue and history knew of a prompt at a time. */
  #found(promptId: string, at: number): Found {
    const time = at - START;
    const { lines } = this.#capture;
    const isDown = lines.filter((line) => line.ch === "note" && line.t_ms <= time && / SIG(KILL|INT)/.test(line.text)).length > 0;
    const upAgain = lines.find((line) => line.ch === "http" && line.path === "/prompt" && line.method === "GET" && line.status === 200);
    if (isDown && upAgain && time < upAgain.t_ms) return { type: "unreachable", fault: { kind: "unreachable", detail: "" } };
    const posted = lines.findLast((line) => isPost(line, /\/prompt$/) && line.t_req_ms <= time && textOf(line).includes(promptId));
    if (!posted || (isDown && upAgain && posted.t_ms < upAgain.t_ms)) return { type: "absent" };
    const ended = this.#endOf(promptId, posted.t_ms);
    if (ended && ended.t_ms <= time) return { type: "ended", outcome: ended.outcome };
    const gone = lines.some((line) => line.ch === "http" && line.t_ms <= time && line.t_ms > posted.t_ms && this.#cancels(line, promptId));
    const started = this.#said(promptId, posted.t_ms, /"execution_start"/);
    if (started === undefined && ended === null) return { type: gone ? "absent" : "pending" } as Found;
    return started !== undefined && started <= time ? { type: "running" } : { type: "pending", position: 0 };
  }

  /** When the prompt ended, and how: by the recorded history, else by what the socket said. */
  #endOf(promptId: string, after: number): { t_ms: number; outcome: RunOutcome } | null {
    const saidAt = this.#said(promptId, after, /"executing".*"node": null/);
    for (const line of this.#capture.lines) {
      if (line.ch !== "http" || !line.path.startsWith("/history") || line.t_ms < after || line.status !== 200) continue;
      const reply = parseHistoryReply(promptId, 200, textOf(line));
      if (reply.ok && reply.value) return { t_ms: Math.min(saidAt ?? line.t_ms, line.t_ms), outcome: outcomeOf(reply.value) };
    }
    if (saidAt === undefined) return null;
    const failed = this.#said(promptId, after, /"execution_error"/) !== undefined;
    const stopped = this.#said(promptId, after, /"execution_interrupted"/) !== undefined;
    return { t_ms: saidAt, outcome: { result: stopped ? "interrupted" : failed ? "error" : "success", failure: null, wanted: [] } };
  }

  #said(promptId: string, after: number, what: RegExp): number | undefined {
    return this.#capture.lines.find(
      (line) => line.ch === "ws" && line.dir === "in" && line.t_ms >= after - 20 && line.text?.includes(promptId) && what.test(line.text),
    )?.t_ms;
  }

  #wish<T extends Effect["type"]>(type: T): Extract<Effect, { type: T }> {
    const wish = Object.values(this.#state.effects).find((effect) => effect.type === type);
    if (!wish) throw new Error(`nothing wished of type ${type}`);
    return wish as Extract<Effect, { type: T }>;
  }

  #send(event: JobEvent): void {
    const uuid = () => this.#ids.shift() ?? `minted-${++this.#minted}`;
    const next = step(this.#state, event, { now: this.#now, uuid });
    this.#invariants.check(this.#state, event, next, this.#now);
    this.#state = freeze(next.state);
  }
}

function bodyOf(line: HttpLine): PromptBody {
  try {
    const body: unknown = JSON.parse(typeof line.req === "string" ? line.req : "{}");
    return typeof body === "object" && body !== null ? (body as PromptBody) : {};
  } catch {
    return {};
  }
}

const textOf = (line: HttpLine): string => (typeof line.res === "string" ? line.res : "");
