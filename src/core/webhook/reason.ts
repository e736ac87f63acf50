/**
 * Why an attempt ended as it did, in words for a stranger: what happened, whose affair it is, what to do. Nothing of the
 * URL is quoted but its host, since a path or a query may hold a secret; a redirect is shown with its target's path.
 */
import { DELIVERY_TIMEOUT_MS } from "../../contract/webhook-limits.ts";
import { assertNever } from "../util/assert.ts";
import { edgeFailure, type Failure, isDelivered, type Outcome } from "./outcome.ts";

/** What the words are about. `url` is the target, `durationMs` how long the attempt took. */
export type Circumstances = { url: string; durationMs: number };

/** From here on a receiver that answers in time is told how close it was. */
const SLOW_MS = (DELIVERY_TIMEOUT_MS * 2) / 3;
const MAX_TARGET_CHARS = 200;
const IN_TIME = `A receiver has ${seconds(DELIVERY_TIMEOUT_MS)}: answer 2xx at once and do the work afterwards.`;

/** One or two sentences; null where there is nothing to say, which is a success in good time. */
export function reasonOf(outcome: Outcome, { url, durationMs }: Circumstances): string | null {
  const host = hostOf(url);
  switch (outcome.type) {
    case "unsafe_url":
      return `The address may not be called: it ${outcome.detail}. Nothing was sent.`;
    case "failed":
      return failureInWords(outcome.failure, host);
    case "answered":
      if (isDelivered(outcome)) return durationMs < SLOW_MS ? null : tooSlow(durationMs);
      if (outcome.status >= 300 && outcome.status < 400) return redirect(outcome, url);
      return statusInWords(outcome.status, outcome.excerpt, host);
    default:
      return assertNever(outcome);
  }
}

const tooSlow = (durationMs: number) =>
  `Too slow, but just in time: the answer took ${seconds(durationMs)}. ${IN_TIME}`;

function failureInWords(failure: Failure, host: string): string {
  switch (failure) {
    case "timeout":
      return `No answer from ${host} within ${seconds(DELIVERY_TIMEOUT_MS)}. ${IN_TIME}`;
    case "dns":
      return `The name ${host} is not known (DNS): it is misspelled, or its record is gone.`;
    case "tls":
      return `No secure connection to ${host} (TLS): its certificate is expired, self-signed, incomplete or for another name.`;
    case "refused":
      return `${host} refused the connection: is the receiver running, and does its firewall let port 443 through?`;
    case "closed":
      return `The connection to ${host} was refused, or cut before an answer came: is the receiver running, and does it crash on the request?`;
    case "unreachable":
      return `${host} could not be reached: its name is not known, its certificate is not valid, or the way there is broken.`;
    default:
      return assertNever(failure);
  }
}

function redirect({ status, location }: { status: number; location: string | null }, url: string): string {
  if (status === 304) return "The receiver answered 304 (Not Modified), which means nothing to a POST. Answer 2xx.";
  const target = location ? shownTarget(location, url) : null;
  if (target === null) return `The receiver answered ${status}, a redirect that names no readable target. Answer 2xx.`;
  return `The receiver answered ${status}, a redirect to ${target}. Redirects are not followed: make that the webhook's URL, if it is yours.`;
}

function statusInWords(status: number, excerpt: string, host: string): string {
  const edge = edgeFailure(status, excerpt);
  if (edge !== null) return `${failureInWords(edge, host)} (Cloudflare's network answered ${status} in its place.)`;
  const said = `The receiver answered ${status}`;
  switch (status) {
    case 400:
    case 422:
      return `${said}: it did not like the request. A check of the signature that fails often answers so; see its log and the excerpt of its answer.`;
    case 401:
    case 403:
      return `${said}: it let nobody in. Either the signature did not fit its secret, or a login, a firewall or a check for robots stands before it.`;
    case 404:
      return `${said}: there is nothing at this path. Check the webhook's URL.`;
    case 405:
      return `${said}: this path does not take POST. Check the webhook's URL.`;
    case 410:
      return `${said} (Gone): it wants no more events, so no more are sent.`;
    case 413:
      return `${said}: the body is too large for it. Events have up to 20 kB.`;
    case 415:
      return `${said}: it does not take application/json, which events are.`;
    case 429:
      return `${said}: too many requests for it. It is asked again later, not before the Retry-After that it gives.`;
    case 502:
    case 503:
    case 504:
      return `${said}: what stands before the receiver is up, the receiver is not. It is asked again later.`;
    default:
      if (status >= 500)
        return `${said}: it failed while working on the event. Its own log says why; look for the webhook-id.`;
      if (status >= 400) return `${said}: it refused the event. Its own log says why; look for the webhook-id.`;
      return `${said}, which is no success. Answer 2xx.`;
  }
}

/** A redirect's target without user, query and fragment; null where it cannot be read. */
function shownTarget(location: string, base: string): string | null {
  if (!URL.canParse(location, base)) return null;
  const { protocol, host, pathname } = new URL(location, base);
  if (protocol !== "https:" && protocol !== "http:") return `an address that begins with ${protocol}`.slice(0, 60);
  const target = `${protocol}//${host}${pathname}`;
  return target.length <= MAX_TARGET_CHARS ? target : `${target.slice(0, MAX_TARGET_CHARS)}…`;
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : "the receiver");

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
