/**
 * Whether an endpoint is given up: five days of nothing but failures, and twenty of them at least, so that neither a
 * bad night nor a project with few jobs loses its endpoint. The project's other endpoints are told.
 */
import { timestamp } from "../job/project.ts";

/** What is remembered of an endpoint since its last success. */
export type EndpointHealth = {
  /** When the first failure without a success after it was, or null. */
  failingSince: number | null;
  /** Failed attempts since then. */
  failures: number;
};

export const DISABLE_AFTER_MS = 5 * 86_400_000;
export const DISABLE_AFTER_FAILURES = 20;

/** An endpoint that is new, that was enabled again, or that has just answered well. */
export const HEALTHY: EndpointHealth = { failingSince: null, failures: 0 };

/** The health after an attempt that ended at `at`. */
export function afterAttempt(health: EndpointHealth, delivered: boolean, at: number): EndpointHealth {
  if (delivered) return HEALTHY;
  // Attempts of several deliveries are reported as they come, not in the order of their ends.
  return { failingSince: Math.min(health.failingSince ?? at, at), failures: health.failures + 1 };
}

/** Whether the endpoint is to be disabled now. */
export const mustDisable = ({ failingSince, failures }: EndpointHealth, now: number): boolean =>
  failingSince !== null && failures >= DISABLE_AFTER_FAILURES && now - failingSince >= DISABLE_AFTER_MS;

/** Why it was disabled, in words. `last` is the reason of the last failure, as reason.ts gives it. */
export function disabledInWords({ failingSince, failures }: EndpointHealth, last: string | null): string {
  const since = failingSince === null ? "" : ` since ${timestamp(failingSince)}`;
  return `Nothing but failures${since}, ${failures} in a row.${last === null ? "" : ` The last one: ${last}`}`;
}
