/**
 * An endpoint as it is kept, what a patch, a rotation and an attempt make of it, and the document that its owner sees.
 * Secrets are in the record alone; the document has one only in the answer that makes it. Times are ms since 1970.
 */
import type {
  DisabledReason,
  EndpointFilter,
  Signing,
  WebhookCreate,
  WebhookEndpoint,
  WebhookPatch,
} from "../../contract/webhook.ts";
import { timestamp } from "../job/project.ts";
import { type EndpointHealth, HEALTHY } from "./health.ts";

/** A secret with the one before it, which signs too until `until`. */
export type Rotating<T> = { current: T; previous: { value: T; until: number } | null };

export type EndpointRecord = {
  id: string;
  url: string;
  events: EndpointFilter[];
  description: string | null;
  signing: Signing;
  metadata: Record<string, string>;
  disabled: { reason: DisabledReason; at: number } | null;
  /** whsec_… */
  secret: Rotating<string>;
  health: EndpointHealth;
  createdAt: number;
};

/** A secret that was never rotated. */
export const unrotated = <T>(value: T): Rotating<T> => ({ current: value, previous: null });

/** Puts another secret in its place; without an overlap the old one is over at once. */
export const rotatedTo = <T>({ current }: Rotating<T>, next: T, overlapMs: number, now: number): Rotating<T> => ({
  current: next,
  previous: overlapMs > 0 ? { value: current, until: now + overlapMs } : null,
});

/** What signs at the moment, the current one first. */
export const inForce = <T>({ current, previous }: Rotating<T>, now: number): T[] =>
  previous !== null && now < previous.until ? [current, previous.value] : [current];

export const newEndpoint = (id: string, create: WebhookCreate, secret: string, now: number): EndpointRecord => ({
  id,
  url: create.url,
  events: create.events,
  description: create.description,
  signing: create.signing,
  metadata: create.metadata,
  disabled: null,
  secret: unrotated(secret),
  health: HEALTHY,
  createdAt: now,
});

/** Changes what the patch names. Enabling forgets the failures so far. */
export function patchedEndpoint(record: EndpointRecord, patch: WebhookPatch, now: number): EndpointRecord {
  const { status, url, events, description, signing, metadata } = patch;
  const changed: EndpointRecord = {
    ...record,
    url: url ?? record.url,
    events: events ?? record.events,
    description: description === undefined ? record.description : description,
    signing: signing ?? record.signing,
    metadata: metadata ?? record.metadata,
  };
  if (status === "enabled") return { ...changed, disabled: null, health: HEALTHY };
  return status === "disabled" && record.disabled === null ? disabledFor(changed, "by_hand", now) : changed;
}

export const disabledFor = (record: EndpointRecord, reason: DisabledReason, now: number): EndpointRecord => ({
  ...record,
  disabled: { reason, at: now },
});

/** The public document. `secret` only in the answer that makes it; `publicKey` is whpk_… where v1a signs. */
export function endpointOf(
  record: EndpointRecord,
  shown: { secret: string | null; publicKey: string | null },
  now: number,
): WebhookEndpoint {
  const { disabled, health, secret } = record;
  const time = (at: number | null) => (at === null ? null : timestamp(at));
  const previous = secret.previous !== null && now < secret.previous.until ? secret.previous.until : null;
  return {
    object: "webhook_endpoint",
    id: record.id,
    url: record.url,
    events: record.events,
    description: record.description,
    signing: record.signing,
    metadata: record.metadata,
    status: disabled === null ? "enabled" : "disabled",
    disabled_reason: disabled?.reason ?? null,
    disabled_at: time(disabled?.at ?? null),
    failing_since: time(health.failingSince),
    secret: shown.secret,
    previous_secret_expires_at: time(previous),
    public_key: record.signing === "v1+v1a" ? shown.publicKey : null,
    created_at: timestamp(record.createdAt),
  };
}
