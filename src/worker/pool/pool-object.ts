/**
 * `PoolObject`: who may run where and when. Jobs ask for a place and give it back; the pool grants, expires, asks
 * backends how they are while somebody waits for them, and learns how long things take. It opens no sockets.
 */
import { DurableObject } from "cloudflare:workers";
import { nextAlarm } from "../../core/clock/deadlines.ts";
import type { Learned, Lease, LeaseOutcome } from "../../core/job/state.ts";
import type { Capacity, JobEstimate, LeaseAnswer, PoolOverview } from "../../core/pool/answers.ts";
import type { Backend } from "../../core/pool/backend.ts";
import { capacityState } from "../../core/pool/capacity.ts";
import { forecast, type Turn } from "../../core/pool/forecast.ts";
import { PROBE_READY_MS } from "../../core/pool/health.ts";
import { learn } from "../../core/pool/learn.ts";
import { freeBackend, LEASE_MS } from "../../core/pool/lease.ts";
import type { LeaseRequest } from "../../core/pool/line.ts";
import { placeOf, TOLD_PLACES } from "../../core/pool/place.ts";
import { configOf } from "../config.ts";
import { errorName, log } from "../log.ts";
import { BackendsHealth } from "./backends-health.ts";
import { LeaseBook } from "./lease-book.ts";
import { PlaceTeller } from "./place-teller.ts";
import { type LeaseRow, PoolStore } from "./pool-store.ts";

/** Time between two tries to tell a job of its lease. */
const TELL_AGAIN_MS = 1_000;
/** Stands in line for one who only asks; no job and no owner has a space in its name. */
const ASKER = "who asks";

export class PoolObject extends DurableObject<Env> {
  readonly #store: PoolStore;
  readonly #book: LeaseBook;
  readonly #health: BackendsHealth;
  readonly #teller: PlaceTeller;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new PoolStore(ctx.storage);
    this.#book = new LeaseBook(this.#store);
    this.#health = new BackendsHealth(env, this.#store);
    this.#teller = new PlaceTeller({
      places: () => this.#firstPlaces(),
      tell: (jobName, place) => env.JOBS.getByName(jobName).place(place),
    });
  }

  get #backends(): Backend[] {
    return configOf(this.env).backends;
  }

  /**
   * Asks for a place; asking again changes nothing but what the job asks for. The answer carries the lease if there is
   * one at once: who need not wait is never written into the line.
   */
  async requestLease(jobName: string, request: LeaseRequest): Promise<LeaseAnswer> {
    const held = this.#book.lease({ jobName });
    if (held && !held.told) this.#book.save({ ...held, told: true });
    const isNew = !held && this.#book.ask(jobName, request);
    if (!held) this.#grant(jobName);
    const lease = this.#book.lease({ jobName });
    if (lease) {
      await this.#arm();
      return { type: "granted", lease: leaseOf(lease), learned: this.#learnedFor(lease) };
    }
    if (isNew) this.#book.keep(jobName);
    const place = placeOf(jobName, this.#book.line, this.#forecast(), this.#isOffline);
    this.#teller.heard(jobName, place);
    await this.#arm();
    return { type: "waiting", place };
  }

  /** Leaves the line. */
  async withdraw(jobName: string): Promise<void> {
    this.#book.withdraw(jobName);
    this.#grant();
    await this.#arm();
  }

  /** Keeps a lease alive; false when it is no longer held. */
  async renew(leaseId: string): Promise<boolean> {
    const lease = this.#book.lease({ id: leaseId });
    if (!lease) return false;
    this.#book.save({ ...lease, expiresAt: Date.now() + LEASE_MS });
    return true;
  }

  /** Gives a lease back and says how it went; a second time changes nothing. */
  async release(leaseId: string, outcome: LeaseOutcome, shape: string, counts: Record<string, number>): Promise<void> {
    const lease = this.#book.lease({ id: leaseId });
    if (!lease) return;
    this.#book.remove(lease);
    this.#store.addCounts({ ...counts, runs: 1 });
    this.#health.judge(lease.backendId, outcome);
    if (outcome.type === "finished" && Object.keys(outcome.nodeMs).length > 0) {
      const times = learn(this.#store.learned(lease.backendId, shape), outcome.nodeMs, outcome.runMs);
      this.#store.saveLearned(lease.backendId, shape, times);
    }
    this.#grant();
    await this.#arm();
  }

  /** The state of the pool, for the owner. */
  async overview(): Promise<PoolOverview> {
    await this.#health.probeDue(this.#backends, Date.now());
    const held = this.#book.heldByBackend();
    return {
      waiting: this.#book.line.size,
      leased: this.#book.leases().length,
      counters: this.#store.counts(),
      backends: this.#backends.map(({ id, slots }) => {
        const { state, reason, comfyVersion } = this.#health.of(id);
        return { id, state, reason, comfyui_version: comfyVersion, leases: held.get(id) ?? 0, slots };
      }),
    };
  }

  /** The state of the pool, for anybody who thinks of creating a job. */
  async capacity(): Promise<Capacity> {
    await this.#health.lookAround(this.#backends, Date.now());
    const held = this.#book.heldByBackend();
    const up = this.#backends.filter(({ id }) => this.#health.isUp(id));
    const freeSlots = up.reduce((sum, { id, slots }) => sum + Math.max(0, slots - (held.get(id) ?? 0)), 0);
    return {
      state: capacityState({ backends: this.#backends.length, up: up.length, freeSlots }),
      queueDepth: this.#book.line.size,
      workersReady: up.length,
      estStartMs: this.#startMs({ shape: "", owner: ASKER, priority: "normal", maxRunning: null }),
    };
  }

  /** When a job would begin and how long it would run; `asker` as it would ask, else as a user who has no job here. */
  async estimate(shape: string, asker: Partial<Omit<LeaseRequest, "shape">> = {}): Promise<JobEstimate> {
    await this.#health.lookAround(this.#backends, Date.now());
    const request = { owner: ASKER, priority: "normal", maxRunning: null, ...asker, shape } as const;
    return { startMs: this.#startMs(request), runMs: this.#runTimes(shape) };
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    for (const lease of this.#book.leases()) {
      if (lease.expiresAt > now) continue;
      this.#book.remove(lease);
      log("warn", "lease_expired", { backend: lease.backendId });
    }
    if (this.#book.line.size > 0) await this.#health.probeDue(this.#backends, now);
    this.#grant();
    for (const lease of this.#book.leases()) if (!lease.told) void this.#tell(lease);
    await this.#arm();
  }

  /** Grants what can be granted to those in line, and tells them; `asking` hears of it by its answer. */
  #grant(asking: string | null = null): void {
    const held = this.#book.heldByBackend();
    for (;;) {
      const backendId = freeBackend(
        this.#backends,
        (id) => this.#health.isUp(id),
        (id) => held.get(id) ?? 0,
      );
      if (backendId === null) break;
      const now = Date.now();
      const id = crypto.randomUUID();
      const lease = this.#book.grant({ id, backendId, grantedAt: now, expiresAt: now + LEASE_MS }, asking);
      if (!lease) break;
      held.set(backendId, (held.get(backendId) ?? 0) + 1);
      if (!lease.told) void this.#tell(lease);
    }
    if (this.#book.line.size > 0) this.#teller.soon();
  }

  async #tell(lease: LeaseRow): Promise<void> {
    try {
      await this.env.JOBS.getByName(lease.jobName).grant(leaseOf(lease), this.#learnedFor(lease));
      const still = this.#book.lease({ id: lease.id });
      if (still) this.#book.save({ ...still, told: true });
    } catch (error) {
      log("warn", "grant_not_heard", { backend: lease.backendId, error: errorName(error) });
    }
  }

  get #isOffline(): boolean {
    return this.#backends.every(({ id }) => !this.#health.isUp(id));
  }

  #runTimes(shape: string) {
    return this.#store.runTimes(
      this.#backends.map(({ id }) => id),
      shape,
    );
  }

  #forecast(): Turn[] {
    const pool = {
      now: Date.now(),
      backends: this.#backends,
      isUp: (id: string) => this.#health.isUp(id),
      leases: this.#book.leases(),
      runMs: (shape: string) => this.#runTimes(shape)?.p50 ?? null,
    };
    return forecast(this.#book.line, pool, TOLD_PLACES);
  }

  #firstPlaces() {
    const turns = this.#forecast();
    return turns.map(({ jobName }) => ({
      jobName,
      place: placeOf(jobName, this.#book.line, turns, this.#isOffline),
    }));
  }

  /** In how many ms a job that asks so would begin. It stands in line for the time of this call and is never granted. */
  #startMs(request: LeaseRequest): number | null {
    const { line } = this.#book;
    line.join(ASKER, request);
    const { estStartMs } = placeOf(ASKER, line, this.#forecast(), this.#isOffline);
    line.leave(ASKER);
    return estStartMs;
  }

  #learnedFor(lease: LeaseRow): Learned | null {
    const times = this.#store.learned(lease.backendId, lease.shape);
    return times && { nodeMs: times.nodeMs, samples: times.samples };
  }

  /** The next time anything is due: a lease that runs out, one to be told again, a backend to be asked. */
  async #arm(): Promise<void> {
    const now = Date.now();
    const leases = this.#book.leases();
    const waiting = this.#book.line.size > 0;
    const offline = waiting ? this.#backends.map(({ id }) => this.#health.of(id)) : [];
    const at = nextAlarm({}, [
      ...leases.map(({ expiresAt }) => expiresAt),
      ...offline.filter(({ state }) => state === "offline").map(({ probeAt }) => Math.max(probeAt, now + 50)),
      leases.some(({ told }) => !told) ? now + TELL_AGAIN_MS : null,
      waiting ? now + PROBE_READY_MS : null,
    ]);
    const set = await this.ctx.storage.getAlarm();
    if (at !== null && (set === null || set > at || set < now)) await this.ctx.storage.setAlarm(at);
  }
}

const leaseOf = (row: LeaseRow): Lease => ({ id: row.id, backendId: row.backendId, expiresAt: row.expiresAt });
