/**
 * A backend's health: a small machine with back-off. A box that is off is a state, not an error; it is asked again at
 * growing intervals while somebody waits for it.
 */

export type Health = {
  state: "unknown" | "ready" | "offline";
  failures: number;
  /** When it may be asked again. */
  probeAt: number;
  reason: string | null;
  comfyVersion: string | null;
};

/** Interval between probes of a backend that answers. */
export const PROBE_READY_MS = 30_000;
const PROBE_OFFLINE_MS = [1_000, 2_000, 5_000, 10_000, 15_000] as const;

/** A backend of which nothing is known: it is tried rather than waited for. */
export const unknownHealth: Health = { state: "unknown", failures: 0, probeAt: 0, reason: null, comfyVersion: null };

/** It answered `/system_stats`, or finished a run. */
export function answered(now: number, comfyVersion: string | null): Health {
  return { state: "ready", failures: 0, probeAt: now + PROBE_READY_MS, reason: null, comfyVersion };
}

/** It did not answer, or refused. `reason` is for the owner. */
export function failed(health: Health, now: number, reason: string): Health {
  const wait = PROBE_OFFLINE_MS[Math.min(health.failures, PROBE_OFFLINE_MS.length - 1)] ?? 0;
  return { ...health, state: "offline", failures: health.failures + 1, probeAt: now + wait, reason };
}
