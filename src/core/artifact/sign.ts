/**
 * The signature in a media URL, `/m/{sig}/{output}/{variant}.{ext}`: whoever has the URL may fetch the file until the
 * day in it ends, or until the output's epoch is raised. It needs no header and no look-up, and does not change within
 * a day, so a client that polls sees the same URL and keeps its cached picture.
 */

import { constantTimeEqual } from "../util/ids.ts";
import { encodeBase64Url } from "./base64.ts";

/** What a signature is for. `epoch` counts how often the output's old links were made void. */
export type MediaGrant = { outputId: string; variant: string; epoch: number };

/** What is wrong with a signature, if anything. */
export type MediaVerdict = "valid" | "expired" | "invalid";

const DAY_MS = 86_400_000;
/** A URL handed out at any time of the day lives for 24 to 48 hours. */
const LIFETIME_DAYS = 2;
/** 128 bits: nobody guesses those online, and the URL stays short. */
const SIGNATURE_BYTES = 16;
/** Base 36; six digits reach the year 5 million. */
const SEGMENT_PATTERN = /^([0-9a-z]{1,6})\.([A-Za-z0-9_-]{22})$/;

/** The day, counted from 1970 in UTC, at whose beginning URLs signed at `nowMs` expire. */
export const expiryDay = (nowMs: number): number => Math.floor(nowMs / DAY_MS) + LIFETIME_DAYS;

/** The moment (ms since 1970) at which a URL of `expDay` expires. */
export const expiryMs = (expDay: number): number => expDay * DAY_MS;

/** The path segment `<day in base 36>.<signature>` for a grant. `secret` is the project's, of 32 bytes or more. */
export async function signMedia(secret: Uint8Array, grant: MediaGrant & { expDay: number }): Promise<string> {
  return `${grant.expDay.toString(36)}.${await signature(secret, grant)}`;
}

/** Checks the path segment of a URL that asks for `grant` at `nowMs`. Only a true signature can be `expired`. */
export async function verifyMedia(
  secret: Uint8Array,
  segment: string,
  grant: MediaGrant,
  nowMs: number,
): Promise<MediaVerdict> {
  const [, day = "", claimed = ""] = SEGMENT_PATTERN.exec(segment) ?? [];
  const expDay = Number.parseInt(day, 36);
  // One spelling only: otherwise one file has many URLs, and caches hold it many times.
  if (Number.isNaN(expDay) || expDay.toString(36) !== day) return "invalid";
  const expected = await signature(secret, { ...grant, expDay });
  if (!constantTimeEqual(expected, claimed)) return "invalid";
  return nowMs < expiryMs(expDay) ? "valid" : "expired";
}

async function signature(secret: Uint8Array, grant: MediaGrant & { expDay: number }): Promise<string> {
  // JSON keeps the fields apart, whatever is in them; the first entry keeps other uses of the secret apart.
  const message = JSON.stringify(["easelcast media 1", grant.outputId, grant.variant, grant.expDay, grant.epoch]);
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(message));
  return encodeBase64Url(new Uint8Array(mac, 0, SIGNATURE_BYTES));
}
