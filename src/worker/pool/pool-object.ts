/**
 * `PoolObject`: who may run where and when. Jobs ask for a place and give it back; the pool grants, expires, asks
 * backends how they are while somebody waits for them, and learns how long things take. It opens no sockets.
 */
import { DurableObject } from "cloudflare:workers";
import { nextAlarm } from "../../core/clock/deadlines.ts";
import type { Learned, Lease, LeaseOutcome, QueuePlace } from "../../core/job/state.ts";
import type { Backend } from "../../core/pool/backend.ts";
import { answered, failed, PROBE_READY_MS } from "../../core/pool/health.ts";
import { learn } from "../../core/pool/learn.ts";
import { grants, LEASE_MS, TOLD_PLACES, waitReason } from "../../core/pool/lease.ts";
import { configOf } from "../config.ts";
import { errorName, log } from "../log.ts";
import type { LeaseAnswer, PoolOverview } from "./pool-answers.ts";
import { type LeaseRow, PoolStore, type WaitingRow } from "./pool-store.ts";
import { probe } from "./probe.ts";

/** Time between two tries to tell a job of its lease. */
const TELL_AGAIN_MS = 1_000;

export class PoolObject extends DurableObject<Env> {
  readonly #store: PoolStore;
  #told = new Map<string, string>();
  #tellTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new PoolStore(ctx.storage);
  }

  get #backends(): Backend[] {
    return configOf(this.env).backends;
  }

  /**
   * Asks for a place; asking again changes nothing. The answer carries the lease if there is one at once: who need not
   * wait is never written into the line.
   */
  async requestLease(jobName: string, shape: string): Promise<LeaseAnswer> {
    let lease = this.#store.lease({ jobName });
    if (lease && !lease.told) this.#store.saveLease({ ...lease, told: true });
    if (!lease && this.#store.ahead(jobName) === null) {
      const waits = this.#store.waitingCount() > 0;
      lease = waits ? null : (this.#grantTo([{ jobName, shape, at: Date.now() }], true)[0] ?? null);
      if (!lease) this.#store.enqueue(jobName, shape, Date.now());
    }
    if (!lease) this.#grant();
    await this.#arm();
    if (!lease) return { type: "waiting", place: this.#placeOf(shape, this.#store.ahead(jobName) ?? 0) };
    return { type: "granted", lease: leaseOf(lease), learned: this.#learnedFor(lease) };
  }

  /** Leaves the line. */
  async withdraw(jobName: string): Promise<void> {
    this.#store.dequeue(jobName);
    this.#tellPlacesSoon();
  }

  /** Keeps a lease alive; false when it is no longer held. */
  async renew(leaseId: string): Promise<boolean> {
    const lease = this.#store.lease({ id: leaseId });
    if (!lease) return false;
    this.#store.saveLease({ ...lease, expiresAt: Date.now() + LEASE_MS });
    return true;
  }

  /** Gives a lease back and says how it went; a second time changes nothing. */
  async release(leaseId: string, outcome: LeaseOutcome, shape: string, counts: Record<string, number>): Promise<void> {
    const lease = this.#store.lease({ id: leaseId });
    if (!lease) return;
    this.#store.removeLease(leaseId);
    this.#store.addCounts({ ...counts, runs: 1 });
    this.#judge(lease.backendId, outcome, shape);
    this.#grant();
    await this.#arm();
  }

  /** The state of the pool, for the owner. */
  async overview(): Promise<PoolOverview> {
    await this.#probeDue(Date.now());
    const leases = this.#store.leases();
    return {
      waiting: this.#store.waitingCount(),
      leased: leases.length,
      counters: this.#store.counts(),
      backends: this.#backends.map((backend) => {
        const health = this.#store.health(backend.id);
        return {
          id: backend.id,
          state: health.state,
          reason: health.reason,
          comfyui_version: health.comfyVersion,
          leases: leases.filter((lease) => lease.backendId === backend.id).length,
          slots: backend.slots,
        };
      }),
    };
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    for (const lease of this.#store.leases()) {
      if (lease.expiresAt > now) continue;
      this.#store.removeLease(lease.id);
      log("warn", "lease_expired", { backend: lease.backendId });
    }
    if (this.#store.waitingCount() > 0) await this.#probeDue(now);
    this.#grant();
    for (const lease of this.#store.leases()) if (!lease.told) void this.#tell(lease);
    await this.#arm();
  }

  /** Grants what can be granted to those in line, and tells them. */
  #grant(): void {
    const slots = this.#backends.reduce((sum, backend) => sum + backend.slots, 0);
    for (const lease of this.#grantTo(this.#store.waiting(slots), false)) {
      this.#store.dequeue(lease.jobName);
      void this.#tell(lease);
    }
    this.#tellPlacesSoon();
  }

  #grantTo(waiting: WaitingRow[], told: boolean): LeaseRow[] {
    const made = grants(this.#backends, (id) => this.#store.health(id), this.#store.leases(), waiting);
    return made.map(({ jobName, backendId }) => {
      const shape = waiting.find((one) => one.jobName === jobName)?.shape ?? "";
      const id = crypto.randomUUID();
      const lease: LeaseRow = { id, jobName, backendId, shape, expiresAt: Date.now() + LEASE_MS, told };
      this.#store.saveLease(lease);
      return lease;
    });
  }

  async #tell(lease: LeaseRow): Promise<void> {
    try {
      await this.env.JOBS.getByName(lease.jobName).grant(leaseOf(lease), this.#learnedFor(lease));
      const still = this.#store.lease({ id: lease.id });
      if (still) this.#store.saveLease({ ...still, told: true });
    } catch (error) {
      log("warn", "grant_not_heard", { backend: lease.backendId, error: errorName(error) });
    }
  }

  /** Tells the first in line where they stand, after a moment in which more may change. */
  #tellPlacesSoon(): void {
    if (this.#store.waitingCount() === 0) return;
    this.#tellTimer ??= setTimeout(() => {
      this.#tellTimer = null;
      void this.#tellPlaces();
    }, 100);
  }

  async #tellPlaces(): Promise<void> {
    const told = new Map<string, string>();
    const calls = this.#store.waiting(TOLD_PLACES).map(async ({ jobName, shape }, ahead) => {
      const place = this.#placeOf(shape, ahead);
      const words = JSON.stringify(place);
      told.set(jobName, words);
      if (this.#told.get(jobName) === words) return;
      // A place that was not heard is told again with the next move of the line.
      await this.env.JOBS.getByName(jobName)
        .place(place)
        .catch(() => told.delete(jobName));
    });
    await Promise.all(calls);
    this.#told = told;
  }

  #placeOf(shape: string, ahead: number): QueuePlace {
    const reason = waitReason(this.#backends, (id) => this.#store.health(id));
    const slots = this.#backends.reduce((sum, backend) => sum + Math.max(1, backend.slots - 1), 0);
    const runMs =
      this.#backends.map((backend) => this.#store.learned(backend.id, shape)?.runMs).find((ms) => ms != null) ?? null;
    const estStartMs =
      runMs === null || reason === "backend_offline" ? null : Math.round((runMs * (ahead + 1)) / Math.max(1, slots));
    return { position: ahead + 1, ahead, reason, estStartMs };
  }

  #judge(backendId: string, outcome: LeaseOutcome, shape: string): void {
    const health = this.#store.health(backendId);
    const now = Date.now();
    switch (outcome.type) {
      case "finished":
        // It works, as a run has shown; when it is to be asked next stays as it was.
        if (health.state !== "ready")
          this.#store.saveHealth(backendId, { ...answered(now, health.comfyVersion), probeAt: health.probeAt });
        if (Object.keys(outcome.nodeMs).length > 0) {
          this.#store.saveLearned(
            backendId,
            shape,
            learn(this.#store.learned(backendId, shape), outcome.nodeMs, outcome.runMs),
          );
        }
        return;
      case "unreachable":
        this.#store.saveHealth(backendId, failed(health, now, "It did not answer."));
        return;
      case "lost":
      case "unused":
        return;
    }
  }

  async #probeDue(now: number): Promise<void> {
    const due = this.#backends.filter((backend) => this.#store.health(backend.id).probeAt <= now);
    await Promise.all(
      due.map(async (backend) => {
        const found = await probe(this.env, backend);
        const health = this.#store.health(backend.id);
        this.#store.saveHealth(
          backend.id,
          found.ok ? answered(Date.now(), found.value) : failed(health, Date.now(), found.error),
        );
      }),
    );
  }

  #learnedFor(lease: LeaseRow): Learned | null {
    const times = this.#store.learned(lease.backendId, lease.shape);
    return times && { nodeMs: times.nodeMs, samples: times.samples };
  }

  /** The next time anything is due: a lease that runs out, one to be told again, a backend to be asked. */
  async #arm(): Promise<void> {
    const now = Date.now();
    const leases = this.#store.leases();
    const waiting = this.#store.waitingCount() > 0;
    const probes = waiting
      ? this.#backends
          .map((backend) => this.#store.health(backend.id))
          .filter((one) => one.state === "offline")
          .map((one) => Math.max(one.probeAt, now + 50))
      : [];
    const untold = leases.some((lease) => !lease.told) ? now + TELL_AGAIN_MS : null;
    const at = nextAlarm({}, [
      ...leases.map((lease) => lease.expiresAt),
      ...probes,
      untold,
      waiting ? now + PROBE_READY_MS : null,
    ]);
    const set = await this.ctx.storage.getAlarm();
    if (at !== null && (set === null || set > at || set < now)) await this.ctx.storage.setAlarm(at);
  }
}

const leaseOf = (row: LeaseRow): Lease => ({ id: row.id, backendId: row.backendId, expiresAt: row.expiresAt });
