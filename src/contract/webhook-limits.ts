/** The bounds of webhooks. Plain numbers without schemas, so that a receiver's bundle can have them alone. */

/** Endpoints that a project may have at once. */
export const MAX_ENDPOINTS = 16;
/** Longest time a receiver has for its answer. */
export const DELIVERY_TIMEOUT_MS = 15_000;
/** Bytes of a receiver's answer that are kept. */
export const MAX_EXCERPT_BYTES = 1_000;
/** How long deliveries and events can be looked up. */
export const LEDGER_DAYS = 30;
/** Events that one replay sends at most. */
export const MAX_REPLAYED_EVENTS = 1_000;
/** Bytes of a symmetric secret: fewest, most, and how many are drawn. */
export const SECRET_BYTES = { min: 24, max: 64, drawn: 32 } as const;
/** How long the old secret goes on signing after a rotation, in seconds: most, usual. */
export const OVERLAP_SECONDS = { max: 604_800, usual: 86_400 } as const;
/** Largest body of an event, in bytes. */
export const MAX_EVENT_BYTES = 20_000;
/** Results that one event names at most. */
export const MAX_EVENT_OUTPUTS = 16;
/** Shortest time between two `job.progress` of a job. */
export const PROGRESS_INTERVAL_MS = 10_000;
