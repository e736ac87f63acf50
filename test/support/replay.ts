/**
 * Plays a recorded conversation to the job machine: it is given the recorded ids, hears the recorded socket, and its
 * wishes are answered from the recorded exchanges. Where the recorded client asked less than the machine does, the
 * answer is what the server must have known at that time.
 */
import { decodeBinary, decodeText } from "../../src/core/comfy/events.ts";
import { parsePromptReply } from "../../src/core/comfy/replies.ts";
import { newJob, step } from "../../src/core/job/machine.ts";
import type { Effect, JobEvent, JobState } from "../../src/core/job/state.ts";
import { submitReplyOf } from "../../src/core/job/verdict.ts";
import type { Capture, CaptureLine, HttpLine } from "./captures.ts";
import { freeze, Invariants } from "./job-invariants.ts";
import { HOUR, START, specOf, storedOf } from "./job-samples.ts";
import { isPrompt, promptsOf, RecordedServer, textOf } from "./recorded-server.ts";

type PromptBody = {
  prompt?: Record<string, { class_type?: string } | undefined>;
  client_id?: string;
  prompt_id?: string;
};

/**
 * Plays the part of the recording that the POST of this number begins, as one job, to its end. What the recorded client
 * canceled is canceled by ours, or, where `canceler` says so, by somebody of whom the machine knows nothing.
 */
export function replay(capture: Capture, number: number, canceler: "ours" | "elsewhere" = "ours"): JobState {
  return new Replay(capture, number, canceler).play();
}

class Replay {
  readonly #capture: Capture;
  readonly #server: RecordedServer;
  readonly #canceler: "ours" | "elsewhere";
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

  constructor(capture: Capture, number: number, canceler: "ours" | "elsewhere") {
    const post = promptsOf(capture)[number];
    if (!post) throw new Error(`${capture.name} has no POST number ${number}`);
    this.#capture = capture;
    this.#server = new RecordedServer(capture);
    this.#canceler = canceler;
    this.#post = post;
    this.#body = bodyOf(post);
    this.#conn = post.conn;
    this.#now = START + post.t_req_ms - 1;
    this.#at = capture.lines.indexOf(post);
    const nodes = Object.entries(this.#body.prompt ?? {}).map(([id, node]) => ({
      id,
      classType: node?.class_type ?? "",
    }));
    const socketNodes = nodes.filter((node) => node.classType === "SaveImageWebsocket").map((node) => node.id);
    const plan = nodes.map((node) => ({ ...node, title: null, units: 1 }));
    this.#state = freeze(
      newJob(specOf({ plan, socketNodes, keepTemporary: true, startBy: null, finishBy: START + 9 * HOUR })),
    );
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
      if (
        submit?.type === "submit" &&
        isPrompt(line) &&
        (line === this.#post || bodyOf(line).prompt_id === submit.promptId)
      ) {
        const reply = submitReplyOf(parsePromptReply(line.status ?? 0, textOf(line)));
        this.#send({ type: "submit_answered", promptId: submit.promptId, reply });
      } else if (run?.promptId && this.#server.cancels(line, run.promptId)) {
        if (this.#canceler === "ours") this.#send({ type: "cancel_requested", by: "user", reason: null });
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
      const event =
        line.text === undefined ? decodeBinary(Buffer.from(line.b64 ?? "", "base64")) : decodeText(line.text);
      this.#send({ type: "comfy", connection: run.connection, event });
    }
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
        return { type: "looked", promptId: effect.promptId, found: this.#server.found(effect.promptId, at - START) };
      case "cancel_run":
        return { type: "cancel_tried", promptId: effect.promptId };
      case "store": {
        const { source, key, nodeId } = effect.wanted;
        const name = source.type === "file" ? source.filename : source.type === "text" ? source.text.slice(0, 10) : key;
        return { type: "output_stored", key, stored: storedOf(nodeId, { name }) };
      }
      case "submit": {
        // What was refused once, and is posted again, is refused again.
        const answered = at > START + this.#post.t_ms && this.#post.status !== 200;
        const reply = submitReplyOf(parsePromptReply(this.#post.status ?? 0, textOf(this.#post)));
        return answered ? { type: "submit_answered", promptId: effect.promptId, reply } : null;
      }
      default:
        return null;
    }
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
