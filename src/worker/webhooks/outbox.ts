/**
 * The outbox that an object embeds: events on their way to receivers, in rows that outlive any crash. The order of an
 * event's way (PROTOCOL.md W11): 1 its row is written with what it tells of; 2 the project names the receivers and has
 * a row for each; 3 it permits the attempt; 4 the event is sent; 5 the result is written; 6 the project hears of it.
 * After a crash the step that was under way is done again. Waits are the alarm's: nothing is kept awake by them.
 */

import { assertNever, must } from "../../core/util/assert.ts";
import { type Hold, heldAgain, type Lanes, planned } from "../../core/webhook/outbox-plan.ts";
import {
  announced,
  attempted,
  type ByHand,
  type OutboxRow,
  type OutboxStep,
  stepsOf,
  told,
} from "../../core/webhook/outbox-rows.ts";
import { errorOf } from "../../core/webhook/outcome.ts";
import { reasonOf } from "../../core/webhook/reason.ts";
import { verdictOf } from "../../core/webhook/schedule.ts";
import { deliveryHeaders } from "../../core/webhook/signature.ts";
import type { AttemptReport, JobTarget, OutgoingEvent, Permit, Target } from "../../core/webhook/vocabulary.ts";
import { errorName, log } from "../log.ts";
import { deliver, type SendRules } from "./deliver.ts";
import { OutboxStore } from "./outbox-store.ts";

/** The project, which knows the endpoints and keeps the ledger. Each may be called twice for the same thing. */
export type OutboxPorts = {
  /** Writes the event log and a ledger row for each receiver that wants the event; says where it goes. */
  announce(event: OutgoingEvent, jobTarget: JobTarget | null): Promise<Target[]>;
  permit(deliveryId: string): Promise<Permit>;
  attempted(report: AttemptReport): Promise<void>;
};

export type OutboxOptions = {
  storage: DurableObjectStorage;
  ports: OutboxPorts;
  lanes: Lanes;
  /** The service's own base URL, as it is when something is sent. */
  origin(): string;
  rules: Omit<SendRules, "ownHosts">;
  /** The time in ms; for tests another than the real one. */
  now(): number;
  /** What is left to do has changed: the alarm may have to stand elsewhere (`nextAt`), or there is nothing left (`size`). */
  changed(): void;
  /** For tests: the object dies here if it was told to, with all that it wrote on disk. */
  reach(point: string): Promise<void>;
};

/** While anything is under way the alarm stands this far ahead, to take it up again after a crash. */
const BACKSTOP_MS = 5_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  readonly #underWay = new Map<string, OutboxStep>();
  readonly #holds = new Map<string, Hold>();
  readonly #idle: (() => void)[] = [];
  #plannedAt: number | null = null;
  #halted = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#store = new OutboxStore(options.storage);
  }

  /** Events that are not done with: attempts are to come, or the project has not heard of all. */
  get size(): number {
    return this.#store.size;
  }

  /** When the alarm has to come by, at the latest; null where there is nothing to wait for. */
  get nextAt(): number | null {
    const backstop = this.#underWay.size > 0 ? this.#options.now() + BACKSTOP_MS : null;
    const times = [this.#plannedAt, backstop].filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /**
   * Takes an event up; synchronous, for the transaction of what it tells of. It goes when `run` is called. An id that
   * is there already changes nothing.
   */
  add(event: OutgoingEvent, jobTarget: JobTarget | null): void {
    this.#store.add(event, jobTarget);
  }

  /** Takes up deliveries whose rows the ledger has already: redelivered, replayed, a test. Nothing is announced. */
  addByHand(event: OutgoingEvent, deliveries: readonly ByHand[]): void {
    this.#store.addByHand(event, deliveries, this.#options.now());
  }

  /** Begins all that is due and not under way. Returns at once; called after each change, at start and by the alarm. */
  run(): void {
    if (this.#halted) return;
    const now = this.#options.now();
    const plan = planned(stepsOf(this.#store.rows), this.#underWay, this.#holds, this.#options.lanes, now);
    this.#plannedAt = plan.nextAt;
    for (const step of plan.start) void this.#take(step);
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#underWay.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Nothing is begun or written any more: the rows are about to go. */
  halt(): void {
    this.#halted = true;
  }

  async #take(step: OutboxStep): Promise<void> {
    this.#underWay.set(step.key, step);
    try {
      await this.#perform(step);
      this.#holds.delete(step.key);
    } catch (error) {
      // The project did not answer. The wait lives in memory: after a restart the step is simply due.
      log("warn", "webhook_step_failed", { step: step.type, event: step.eventId, error: errorName(error) });
      this.#holds.set(step.key, heldAgain(this.#holds.get(step.key), this.#options.now()));
    }
    this.#underWay.delete(step.key);
    if (this.#halted) return;
    this.run();
    this.#options.changed();
    if (this.#underWay.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #perform(step: OutboxStep): Promise<void> {
    switch (step.type) {
      case "announce":
        return this.#announce(step.eventId);
      case "attempt":
        return this.#attempt(step);
      case "report":
        return this.#report(step.eventId, step.deliveryId);
      default:
        return assertNever(step);
    }
  }

  async #announce(eventId: string): Promise<void> {
    const { ports, reach } = this.#options;
    const event = must(this.#store.event(eventId), "the event of a step");
    await reach("outbox:row-written");
    const targets = await ports.announce(event, this.#row(eventId).jobTarget);
    await reach("outbox:announced");
    const row = announced(this.#row(eventId), targets);
    // Who gets it is written with the first result: asked again, the project says the same.
    if (targets.length > 0) this.#store.remember(row);
    else this.#save(row);
  }

  async #attempt(step: Extract<OutboxStep, { type: "attempt" }>): Promise<void> {
    const { ports, reach } = this.#options;
    const permit = await ports.permit(step.deliveryId);
    await reach("outbox:permitted");
    const report = permit.type === "send" ? await this.#send(step, permit) : this.#stopped(step, permit.why);
    await reach("outbox:sent");
    this.#save(attempted(this.#row(step.eventId), report));
    await reach("outbox:result-written");
  }

  async #send(
    { eventId, deliveryId, attempt }: Extract<OutboxStep, { type: "attempt" }>,
    permit: Extract<Permit, { type: "send" }>,
  ): Promise<AttemptReport> {
    const { now, origin, rules } = this.#options;
    const event = must(this.#store.event(eventId), "the event of a step");
    const at = now();
    const { url, ...keys } = permit;
    const headers = await deliveryHeaders({ event, deliveryId, attempt, at, origin: origin() }, keys);
    const { outcome, durationMs } = await deliver(url, headers, event.body, { ...rules, ownHosts: [hostOf(origin())] });
    const verdict = verdictOf(outcome, attempt, at + durationMs, Math.random());
    const { once } = this.#delivery(eventId, deliveryId);
    const over = verdict.type === "retry" && once;
    const report: AttemptReport = {
      deliveryId,
      attempt,
      at,
      durationMs,
      httpStatus: outcome.type === "answered" ? outcome.status : null,
      error: errorOf(outcome),
      reason: reasonOf(outcome, { url, durationMs }),
      excerpt: outcome.type === "answered" ? outcome.excerpt : null,
      result: over ? "dead" : verdict.type,
      nextAt: verdict.type === "retry" && !over ? verdict.at : null,
    };
    this.#log(event, report);
    return report;
  }

  /** The project says that there is nobody to send it to any more. */
  #stopped({ eventId, deliveryId, attempt }: Extract<OutboxStep, { type: "attempt" }>, why: string): AttemptReport {
    const at = this.#options.now();
    const reason = `The endpoint is ${why}: nothing was sent, and nothing more will be.`;
    const nothing = { durationMs: 0, httpStatus: null, error: null, excerpt: null, nextAt: null };
    const report: AttemptReport = { deliveryId, attempt, at, reason, result: "stopped", ...nothing };
    this.#log(this.#row(eventId).event, report);
    return report;
  }

  async #report(eventId: string, deliveryId: string): Promise<void> {
    const report = must(this.#delivery(eventId, deliveryId).untold[0], "a result to tell");
    await this.#options.ports.attempted(report);
    await this.#options.reach("outbox:reported");
    this.#save(told(this.#row(eventId), report));
  }

  #save(row: OutboxRow): void {
    if (!this.#halted) this.#store.save(row);
  }

  #row(eventId: string): OutboxRow {
    return must(this.#store.get(eventId), "the row of a step");
  }

  #delivery(eventId: string, deliveryId: string) {
    const { deliveries } = this.#row(eventId);
    return must(
      deliveries.find((one) => one.deliveryId === deliveryId),
      "the delivery of a step",
    );
  }

  #log({ id, jobId, type }: OutboxRow["event"], report: AttemptReport): void {
    const { deliveryId, attempt, httpStatus: status, result, error, durationMs: ms } = report;
    const endpoint = this.#delivery(id, deliveryId).endpointId ?? "job";
    const level = result === "delivered" ? "info" : "warn";
    log(level, "webhook_attempt", {
      job: jobId,
      type,
      endpoint,
      delivery: deliveryId,
      attempt,
      status,
      result,
      error,
      ms,
    });
  }
}

const hostOf = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host : "");
