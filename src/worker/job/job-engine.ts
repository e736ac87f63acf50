/**
 * The machine at work: feeds events to `step`, stores what must be stored before it is acted upon, shows what became
 * visible, performs the outstanding wishes, keeps the one alarm. All decisions are in core/job; this only obeys.
 */
import { storedProgress, toStore } from "../../core/job/checkpoint.ts";
import { isTerminal, runOf, type Step } from "../../core/job/draft.ts";
import { step } from "../../core/job/machine.ts";
import type { Change, Effect, JobEvent, JobState } from "../../core/job/state.ts";
import { CHECKPOINT_MS } from "../../core/job/timing.ts";
import { wakeOf } from "../../core/job/wake.ts";
import { must } from "../../core/util/assert.ts";
import { errorName, log } from "../log.ts";
import { durableEvent } from "./job-events.ts";
import type { JobNews } from "./job-news.ts";
import type { EventRow, JobStore } from "./job-store.ts";

/** What the engine needs of the object around it. */
export type EnginePorts = {
  store: JobStore;
  /** What webhooks are told, and when they need the alarm. */
  news: JobNews;
  /** The time in ms; for tests another than the real one. */
  now(): number;
  setAlarm(at: number): void;
  /** Tells the viewers; called after the state was stored. */
  show(changes: { change: Change; seq: number }[], state: JobState): void;
  /** Performs one wish until it is done or aborted; the event says what came of it, null that nothing did. */
  perform(effect: Effect, name: string, signal: AbortSignal): Promise<JobEvent | null>;
  /** Hangs up at the backend: the state no longer wants a connection. */
  hangUp(): void;
};

export class JobEngine {
  readonly #ports: EnginePorts;
  readonly #inFlight = new Map<string, { effect: Effect; abort: AbortController }>();
  /** Pictures from the socket on their way into storage, by the key of their wish. */
  readonly frames = new Map<string, Uint8Array>();
  #state: JobState | null;
  /** The graph of a job that has no row yet. */
  #graph: string | null = null;
  #armedAt: number | null = null;
  #timer: { at: number; handle: ReturnType<typeof setTimeout> } | null = null;
  #savedAt = 0;
  #dirty = false;
  /** Up to here progress may grow without another write. */
  #storedProgress: number;

  constructor(ports: EnginePorts, state: JobState | null) {
    this.#ports = ports;
    this.#state = state;
    this.#storedProgress = storedProgress(state);
  }

  get state(): JobState | null {
    return this.#state;
  }

  /** The state, where there must be one. */
  get job(): JobState {
    return must(this.#state, "a job");
  }

  /** Stores a new job and sets it going. `graph` is exact JSON text. */
  begin(state: JobState, graph: string): void {
    this.#state = state;
    this.#graph = graph;
    this.apply({ type: "created" });
  }

  /** Takes up a stored job after the object was started anew; `armedAt` is where its alarm stands. */
  revive(armedAt: number | null): void {
    // An alarm that is past due may have been lost.
    if (armedAt !== null && armedAt > this.#ports.now()) this.#armedAt = armedAt;
    const { effects, removal, spec, stage } = this.job;
    if ("run" in stage || Object.keys(effects).length > 0 || this.#ports.news.undelivered)
      log("info", "job_resumed", { job: spec.id, stage: stage.name, removing: removal !== null });
    this.apply({ type: "revived" });
  }

  /** Lets an event happen. Runs to its end without waiting; everything that waits reports back as another event. */
  apply(event: JobEvent): void {
    if (!this.#state) return;
    const before = this.#state;
    const { news } = this.#ports;
    const now = this.#ports.now();
    const next = step(before, event, { now, uuid: () => crypto.randomUUID(), undelivered: news.undelivered });
    this.#state = next.state;
    for (const { key, bytes } of next.held) this.frames.set(key, bytes.slice());
    if (isOpen(before) && !isOpen(next.state)) this.#ports.hangUp();
    const shown = numbered(next, before.seq);
    this.#store(next, shown, now);
    if (shown.length > 0) this.#ports.show(shown, next.state);
    if (before.stage.name !== next.state.stage.name) this.#logTransition(before, next.state);
    this.#logTrouble(before, next.state);
    this.#reconcile();
    if (next.news.length > 0 || event.type === "revived" || event.type === "alarm") news.run();
    this.arm(now);
  }

  /** The alarm has gone off: it has to be set again, whatever comes of it. */
  alarm(): void {
    this.#armedAt = null;
    this.apply({ type: "alarm" });
  }

  /** Drops everything under way; nothing is heard of it any more. */
  halt(): void {
    for (const { abort } of this.#inFlight.values()) abort.abort();
    this.#inFlight.clear();
    this.#clearTimer();
    this.#state = null;
  }

  #store(next: Step, shown: { change: Change; seq: number }[], now: number): void {
    // Nobody will ask what happened to a job that is removed.
    const kept = next.state.removal ? [] : shown;
    const events = kept.flatMap(({ change, seq }): EventRow[] =>
      [durableEvent(next.state, change, seq, now)].filter((row) => row !== null),
    );
    const checkpoint = this.#dirty && now - this.#savedAt >= CHECKPOINT_MS;
    const outrun = (next.state.progress.shown ?? -1) > this.#storedProgress;
    if (next.persist || events.length > 0 || checkpoint || outrun) {
      const stored = toStore(next.state);
      const alongside = this.#ports.news.written(next.state, next.news, now);
      if (this.#graph === null) this.#ports.store.save(stored, events, alongside);
      else this.#ports.store.create(stored, this.#graph);
      this.#graph = null;
      this.#storedProgress = storedProgress(stored);
      this.#savedAt = now;
      this.#dirty = false;
    } else if (shown.length > 0) {
      this.#ports.store.reserveSeq(next.state.seq);
      this.#dirty = true;
    }
  }

  /** Makes what is under way match what is wished: starts what is new, aborts what is no longer wanted. */
  #reconcile(): void {
    const { effects } = this.job;
    for (const [name, running] of this.#inFlight) {
      if (effects[name] === running.effect) continue;
      running.abort.abort();
      this.#inFlight.delete(name);
    }
    for (const key of this.frames.keys()) {
      if (!effects[`store:${key}`]) this.frames.delete(key);
    }
    for (const [name, effect] of Object.entries(effects)) {
      if (!this.#inFlight.has(name)) void this.#start(name, effect);
    }
  }

  async #start(name: string, effect: Effect): Promise<void> {
    const abort = new AbortController();
    this.#inFlight.set(name, { effect, abort });
    let event: JobEvent | null = null;
    try {
      if ("afterMs" in effect && effect.afterMs > 0) await pause(effect.afterMs, abort.signal);
      if (!abort.signal.aborted) event = await this.#ports.perform(effect, name, abort.signal);
    } catch (error) {
      // A bug, not a fault of the world: the wish stays outstanding and the alarm makes it again.
      log("error", "effect_threw", { job: this.#state?.spec.id ?? null, effect: effect.type, error: errorName(error) });
    }
    if (abort.signal.aborted || this.#inFlight.get(name)?.effect !== effect) return;
    this.#inFlight.delete(name);
    if (event) this.apply(event);
  }

  /** Sets timer and alarm to what is due next; one that is early enough already stays as it is. */
  arm(now: number): void {
    if (!this.#state) return;
    const { timerAt, alarmAt } = wakeOf(this.#state, now, this.#ports.news.nextAt);
    // A timer that stands earlier finds nothing due; one that is no longer needed would keep the object awake.
    if (timerAt === null) this.#clearTimer();
    else if (!this.#timer || this.#timer.at > timerAt) this.#setTimer(timerAt, now);
    if (alarmAt === null || (this.#armedAt !== null && this.#armedAt <= alarmAt)) return;
    this.#armedAt = alarmAt;
    this.#ports.setAlarm(alarmAt);
  }

  #setTimer(at: number, now: number): void {
    this.#clearTimer();
    const handle = setTimeout(() => {
      this.#timer = null;
      this.apply({ type: "alarm" });
    }, at - now);
    this.#timer = { at, handle };
  }

  #clearTimer(): void {
    if (this.#timer) clearTimeout(this.#timer.handle);
    this.#timer = null;
  }

  #logTrouble(before: JobState, after: JobState): void {
    const [old, now] = [runOf(before), runOf(after)];
    if (!now || now.trouble === (old?.trouble ?? null)) return;
    const { backendId } = now.lease;
    log("warn", "job_trouble", { job: after.spec.id, attempt: after.attempt, backend: backendId, reason: now.trouble });
  }

  #logTransition(before: JobState, after: JobState): void {
    const run = runOf(after) ?? runOf(before);
    log("info", "job_stage", {
      job: after.spec.id,
      from: before.stage.name,
      to: after.stage.name,
      attempt: after.attempt,
      backend: run?.lease.backendId ?? null,
      reason: "failure" in after.stage ? after.stage.failure.code : null,
      terminal: isTerminal(after.stage),
    });
  }
}

const isOpen = (state: JobState): boolean => "run" in state.stage && state.stage.run.socket === "open";

/** The changes with the `seq` each of them got. */
function numbered(next: Step, before: number): { change: Change; seq: number }[] {
  const first = next.state.seq - next.changes.length + 1;
  return next.changes.map((change, index) => ({ change, seq: Math.max(first, before + 1) + index }));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
