/** How the backends are: what runs show of them, and what they answer when they are asked. */
import type { LeaseOutcome } from "../../core/job/state.ts";
import type { Backend } from "../../core/pool/backend.ts";
import { answered, failed, type Health } from "../../core/pool/health.ts";
import type { PoolStore } from "./pool-store.ts";
import { probe } from "./probe.ts";

export class BackendsHealth {
  readonly #env: Env;
  readonly #store: PoolStore;
  readonly #probes = new Map<string, Promise<void>>();

  constructor(env: Env, store: PoolStore) {
    this.#env = env;
    this.#store = store;
  }

  of(backendId: string): Health {
    return this.#store.health(backendId);
  }

  /** Whether it may be given work: one of which nothing is known is tried rather than waited for. */
  isUp(backendId: string): boolean {
    return this.of(backendId).state !== "offline";
  }

  /** Learns from how a stay at a backend ended. */
  judge(backendId: string, outcome: LeaseOutcome): void {
    const health = this.of(backendId);
    switch (outcome.type) {
      case "finished":
        // It works, as a run has shown; when it is to be asked next stays as it was.
        if (health.state !== "ready")
          this.#store.saveHealth(backendId, { ...answered(Date.now(), health.comfyVersion), probeAt: health.probeAt });
        return;
      case "unreachable":
        this.#store.saveHealth(backendId, failed(health, Date.now(), "It did not answer."));
        return;
      case "lost":
      case "unused":
        return;
    }
  }

  /** Asks the backends whose time has come, each once at a time. */
  async probeDue(backends: readonly Backend[], now: number): Promise<void> {
    await Promise.all(
      backends
        .filter(({ id }) => this.of(id).probeAt <= now)
        .map((backend) => {
          const running = this.#probes.get(backend.id) ?? this.#probe(backend);
          this.#probes.set(backend.id, running);
          return running.finally(() => this.#probes.delete(backend.id));
        }),
    );
  }

  /** Like `probeDue`, but waits only for backends of which nothing is known: for the others what is known will do. */
  async lookAround(backends: readonly Backend[], now: number): Promise<void> {
    const isUnknown = ({ id }: Backend) => this.of(id).state === "unknown";
    void this.probeDue(
      backends.filter((backend) => !isUnknown(backend)),
      now,
    );
    await this.probeDue(backends.filter(isUnknown), now);
  }

  async #probe(backend: Backend): Promise<void> {
    const found = await probe(this.#env, backend);
    const health = this.of(backend.id);
    this.#store.saveHealth(
      backend.id,
      found.ok ? answered(Date.now(), found.value) : failed(health, Date.now(), found.error),
    );
  }
}
