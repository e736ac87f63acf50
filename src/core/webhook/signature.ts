/**
 * Signing by Standard Webhooks: what is signed is `id.timestamp.body`, once with each key that counts, so that during a
 * rotation the receiver's old secret and its new one both fit. Every attempt is signed anew: its time is part of it.
 */
import { encodeBase64 } from "../artifact/base64.ts";
import { assert } from "../util/assert.ts";
import { readSecret, signEd25519 } from "./secrets.ts";

/**
 * The keys that count at the moment, current ones first. `secrets` (`whsec_`) has one or more, since `v1` is always
 * there; `keys` (`whsk_`) is empty where `v1a` was not asked for.
 */
export type SigningKeys = { secrets: readonly string[]; keys: readonly string[] };

/** What is signed. `body` is the exact text that is sent. */
export type SignedMessage = { id: string; timestampSeconds: number; body: string };

/** One attempt at one delivery. `jobId` is null for events that are of no job; `origin` is the service's own. */
export type Attempt = {
  event: { id: string; type: string; jobId: string | null; body: string };
  deliveryId: string;
  /** 1 for the first. */
  attempt: number;
  /** When it is sent, in ms since 1970. */
  at: number;
  origin: string;
};

const encoder = new TextEncoder();

/** The bytes that are signed. An id with a dot could be read in two ways: that is a bug of the caller. */
export function signedBytes({ id, timestampSeconds, body }: SignedMessage): Uint8Array<ArrayBuffer> {
  assert(!id.includes(".") && Number.isSafeInteger(timestampSeconds), "an id has no dot and a time is whole seconds");
  return encoder.encode(`${id}.${timestampSeconds}.${body}`);
}

/** HMAC-SHA256 in base64, without its `v1,`. */
export async function hmacBase64(secret: Uint8Array, message: Uint8Array): Promise<string> {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return encodeBase64(new Uint8Array(await crypto.subtle.sign("HMAC", key, message)));
}

/**
 * `webhook-signature`: one signature for each key, separated by spaces. Throws without a secret or with one of a wrong
 * form: nothing is ever sent unsigned or signed with an empty key.
 */
export async function signatures(message: SignedMessage, keys: SigningKeys): Promise<string> {
  assert(keys.secrets.length > 0, "no secret, no send");
  const bytes = signedBytes(message);
  const symmetric = keys.secrets.map(async (text) => {
    const secret = readSecret(text);
    assert(secret.ok, "secrets are checked before they are kept");
    return `v1,${await hmacBase64(secret.value, bytes)}`;
  });
  const asymmetric = keys.keys.map(async (key) => `v1a,${encodeBase64(await signEd25519(key, bytes))}`);
  return (await Promise.all([...symmetric, ...asymmetric])).join(" ");
}

/** All headers of one attempt. */
export async function deliveryHeaders(attempt: Attempt, keys: SigningKeys): Promise<Record<string, string>> {
  const { event, deliveryId, origin } = attempt;
  const timestampSeconds = Math.floor(attempt.at / 1_000);
  return {
    "content-type": "application/json",
    "user-agent": `easelcast-webhooks/1 (+${origin}/docs/webhooks)`,
    "webhook-id": event.id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": await signatures({ id: event.id, timestampSeconds, body: event.body }, keys),
    "easel-event-type": event.type,
    ...(event.jobId === null ? {} : { "easel-job-id": event.jobId }),
    "easel-delivery-id": deliveryId,
    "easel-attempt": String(attempt.attempt),
  };
}
