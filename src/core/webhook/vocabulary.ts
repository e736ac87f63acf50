/**
 * What is said between whoever sends events (a job's object, the project's object itself) and the project, which knows
 * the endpoints and keeps the ledger. Times are milliseconds since 1970.
 */
import type { DeliveryError, EventType } from "../../contract/webhook.ts";

/** An event as it is sent: the same bytes in every attempt. */
export type OutgoingEvent = {
  /** `evt_…`: the receiver's webhook-id. */
  id: string;
  type: EventType;
  jobId: string | null;
  at: number;
  /** JSON text, at most 20 kB. */
  body: string;
};

/** Where the events of one job go besides the project's endpoints. */
export type JobTarget = { url: string; events: string[] };

/** One event on its way to one receiver. */
export type Target = { deliveryId: string; endpointId: string | null; url: string };

/** What an attempt needs, asked for right before it: secrets rotate, endpoints move and are disabled. */
export type Permit =
  | {
      type: "send";
      url: string;
      /** whsec_…; the current one first, then the one that a rotation still lets sign. */
      secrets: string[];
      /** whsk_…; empty where the endpoint asks for no Ed25519 signature. */
      keys: string[];
    }
  /** The endpoint is gone or disabled: the delivery ends here. */
  | { type: "stop"; why: "deleted" | "disabled" };

/** What came of an attempt. */
export type AttemptReport = {
  deliveryId: string;
  attempt: number;
  at: number;
  durationMs: number;
  httpStatus: number | null;
  error: DeliveryError | null;
  /** In words for the one who set the receiver up. */
  reason: string | null;
  excerpt: string | null;
  result: "delivered" | "retry" | "dead" | "gone" | "stopped";
  /** When the next attempt comes. */
  nextAt: number | null;
};
