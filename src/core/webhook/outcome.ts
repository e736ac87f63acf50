/**
 * What came of one attempt, and what kind of failure it is. Two layers hide the cause: the runtime throws few and vague
 * errors, and Cloudflare's network answers in the place of a server that it cannot reach, with statuses of its own.
 */
import { type DeliveryError, MAX_EXCERPT_BYTES } from "../../contract/webhook.ts";
import { assertNever } from "../util/assert.ts";

/** Failures without an answer. */
export type Failure = "timeout" | "dns" | "tls" | "refused" | "closed" | "unreachable";

export type Outcome =
  | {
      type: "answered";
      status: number;
      /** The headers of these names. */
      retryAfter: string | null;
      location: string | null;
      /** The beginning of the answer's body, as `excerptOf` gives it. */
      excerpt: string;
    }
  | { type: "failed"; failure: Failure }
  /** The URL guard said no, for the reason in the clause ("must use port 443 or 8443"). */
  | { type: "unsafe_url"; detail: string };

/** Whether the receiver has it. */
export const isDelivered = (outcome: Outcome): boolean =>
  outcome.type === "answered" && outcome.status >= 200 && outcome.status < 300;

/** What Cloudflare's network says in the receiver's place: 530 has the cause in its body. */
const EDGE_STATUS: Readonly<Record<number, Failure>> = {
  520: "closed",
  521: "refused",
  522: "timeout",
  523: "unreachable",
  524: "timeout",
  525: "tls",
  526: "tls",
};

/** The failure that Cloudflare's network reports in the receiver's place, or null where the answer is the receiver's. */
export function edgeFailure(status: number, excerpt: string): Failure | null {
  if (status === 530) return /\b1016\b/.test(excerpt) ? "dns" : "unreachable";
  return EDGE_STATUS[status] ?? null;
}

/** The kind of failure; null where there is none. */
export function errorOf(outcome: Outcome): DeliveryError | null {
  switch (outcome.type) {
    case "unsafe_url":
      return "unsafe_url";
    case "failed":
      return outcome.failure;
    case "answered":
      if (isDelivered(outcome)) return null;
      if (outcome.status >= 300 && outcome.status < 400) return "redirect";
      return edgeFailure(outcome.status, outcome.excerpt) ?? "status";
    default:
      return assertNever(outcome);
  }
}

/** What else is known about a target whose fetch threw; null where nobody looked. */
export type Facts = {
  https: boolean;
  /** Whether its name has an address. */
  resolves: boolean | null;
  /** Whether its port takes connections. */
  connects: boolean | null;
};

/**
 * The failure behind what a fetch threw. The runtime says "Network connection lost." for a refused connection and a cut
 * one, and "internal error" for an unknown name and a bad certificate; the facts tell these apart.
 */
export function failureOfThrown(thrown: unknown, { https, resolves, connects }: Facts): Failure {
  const { name, message } = textsOf(thrown);
  if (name === "TimeoutError" || name === "AbortError") return "timeout";
  if (resolves === false || /\b(dns|getaddrinfo|enotfound|lookup)\b/i.test(message)) return "dns";
  if (connects === false || /\brefused\b/i.test(message)) return "refused";
  if (/\b(tls|ssl|certificate)\b/i.test(message)) return "tls";
  if (/connection lost|reset|closed|hang ?up/i.test(message)) return "closed";
  return https && connects === true ? "tls" : "unreachable";
}

function textsOf(thrown: unknown): { name: string; message: string } {
  const { name, message } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Record<string, unknown>;
  return { name: typeof name === "string" ? name : "", message: typeof message === "string" ? message : "" };
}

/** The beginning of an answer as text that any terminal or page can show. `bytes` may hold more than is kept. */
export function excerptOf(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: false }).decode(bytes.subarray(0, MAX_EXCERPT_BYTES));
  // A character that was cut in the middle; others that are not UTF-8 stay visible as such.
  const whole = bytes.length > MAX_EXCERPT_BYTES ? text.replace(/\ufffd$/, "") : text;
  return Array.from(whole, (character) => (isControl(character.charCodeAt(0)) ? " " : character)).join("");
}

const isControl = (code: number): boolean =>
  (code < 0x20 && code !== 0x0a && code !== 0x09) ||
  (code >= 0x7f && code < 0xa0) ||
  // Marks that turn the direction of what follows.
  (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069);
