/** Why it failed, in words. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DELIVERY_ERRORS, MAX_EXCERPT_BYTES } from "../../../src/contract/webhook.ts";
import {
  edgeFailure,
  errorOf,
  excerptOf,
  failureOfThrown,
  isDelivered,
  type Outcome,
} from "../../../src/core/webhook/outcome.ts";
import { reasonOf } from "../../../src/core/webhook/reason.ts";

const URL = "https://app.example.com:8443/hooks/hunter2?token=hunter2";
const answered = (status: number, more: Partial<Outcome & { type: "answered" }> = {}): Outcome => ({
  type: "answered",
  status,
  retryAfter: null,
  location: null,
  excerpt: "",
  ...more,
});
const reason = (outcome: Outcome, durationMs = 100) => reasonOf(outcome, { url: URL, durationMs });
const failed = (failure: "timeout" | "dns" | "tls" | "refused" | "closed" | "unreachable"): Outcome => ({
  type: "failed",
  failure,
});

describe("the reason", () => {
  it("[W8] names what happened, where, and what to do", () => {
    expect(reason(failed("timeout"))).toBe(
      "No answer from app.example.com:8443 within 15 s. A receiver has 15 s: answer 2xx at once and do the work afterwards.",
    );
    expect(reason(failed("dns"))).toContain("The name app.example.com:8443 is not known (DNS)");
    expect(reason(failed("tls"))).toMatch(/TLS.*certificate is expired, self-signed/);
    expect(reason(failed("refused"))).toMatch(/refused the connection: is the receiver running/);
    expect(reason(failed("closed"))).toMatch(/refused, or cut before an answer came/);
    expect(reason(failed("unreachable"))).toContain("could not be reached");
    expect(reason({ type: "unsafe_url", detail: "must use port 443 or 8443" })).toBe(
      "The address may not be called: it must use port 443 or 8443. Nothing was sent.",
    );
  });

  it("[W8] of a redirect shows its target, without what may be secret in it", () => {
    const to = (location: string | null, status = 301) => reason(answered(status, { location })) ?? "";
    expect(to("https://www.example.com/hooks?token=abc#x")).toContain(
      "answered 301, a redirect to https://www.example.com/hooks. ",
    );
    expect(to("/login?next=/hooks", 302)).toContain("a redirect to https://app.example.com:8443/login. ");
    expect(to("https://user:hunter3@www.example.com/")).toContain("redirect to https://www.example.com/. ");
    expect(to(`https://www.example.com/${"a".repeat(5_000)}`).length).toBeLessThan(400);
    expect(to("javascript:alert(1)")).toContain("an address that begins with javascript:");
    for (const nothing of [null, "", "https://", "http://["]) expect(to(nothing)).toContain("no readable target");
    expect(to(null, 304)).toContain("304");
    expect(to("https://www.example.com/?hunter3 hunter3")).not.toContain("hunter3");
  });

  it("[W8] of a status says what it usually means", () => {
    for (const [status, words] of [
      [400, "signature"],
      [401, "signature did not fit its secret"],
      [403, "check for robots"],
      [404, "nothing at this path"],
      [405, "does not take POST"],
      [410, "no more events"],
      [413, "too large"],
      [415, "application/json"],
      [418, "refused the event"],
      [429, "Retry-After"],
      [500, "failed while working"],
      [503, "the receiver is not"],
      [599, "failed while working"],
      [101, "no success"],
    ] as const) {
      expect(reason(answered(status)), String(status)).toContain(words);
      expect(reason(answered(status))).toContain(String(status));
    }
  });

  it("[W8] sees the cause behind what Cloudflare's network answers in the receiver's place", () => {
    expect(errorOf(answered(521))).toBe("refused");
    expect(errorOf(answered(522))).toBe("timeout");
    expect(errorOf(answered(526))).toBe("tls");
    expect(errorOf(answered(530, { excerpt: "error code: 1016" }))).toBe("dns");
    expect(errorOf(answered(530, { excerpt: "error code: 1033" }))).toBe("unreachable");
    expect(edgeFailure(500, "error code: 1016")).toBeNull();
    expect(reason(answered(526))).toMatch(/certificate.*\(Cloudflare's network answered 526 in its place\.\)/);
  });

  it("[W8] is given to a success too where it came late, and only there", () => {
    expect(reason(answered(204), 9_999)).toBeNull();
    expect(reason(answered(204), 13_240)).toMatch(/^Too slow, but just in time: the answer took 13\.2 s\./);
  });

  it("[W8] is there for every failure, short, in plain text, and quotes no secret", () => {
    const outcomes = fc.oneof(
      fc.constantFrom<Outcome>(...(["timeout", "dns", "tls", "refused", "closed", "unreachable"] as const).map(failed)),
      fc.record({
        type: fc.constant("answered" as const),
        status: fc.integer({ min: 100, max: 999 }),
        retryAfter: fc.option(fc.string()),
        location: fc.option(
          fc.oneof(
            fc.string().map((path) => `https://www.example.com/${path}?hunter2`),
            fc.string().map((path) => `/${path}#hunter2`),
            fc.string(),
          ),
        ),
        excerpt: fc.constant("hunter2"),
      }),
    );
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 0, max: 15_000 }), (outcome, durationMs) => {
        const said = reason(outcome, durationMs);
        if (isDelivered(outcome)) return;
        expect(errorOf(outcome)).not.toBeNull();
        expect(DELIVERY_ERRORS).toContain(errorOf(outcome));
        expect(said?.length).toBeGreaterThan(20);
        expect(said?.length).toBeLessThan(500);
        // A target without a host of its own may lead back to the same path, which is then part of the answer.
        const own = errorOf(outcome) === "redirect" ? said?.replace("/hooks/hunter2", "") : said;
        expect(own).not.toContain("hunter2");
        expect(said).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe("what a fetch throws", () => {
  const NOTHING = { https: true, resolves: null, connects: null };
  const thrown = (name: string, message: string) => Object.assign(new Error(message), { name });
  const internal = thrown("Error", "internal error; reference = l78enutkgnin5srbfjht6prb");
  const lost = thrown("Error", "Network connection lost.");

  it("[W8] is a failure of the kind that the runtime can tell", () => {
    expect(failureOfThrown(thrown("TimeoutError", "The operation was aborted due to timeout"), NOTHING)).toBe(
      "timeout",
    );
    expect(failureOfThrown(lost, NOTHING)).toBe("closed");
    expect(failureOfThrown(internal, NOTHING)).toBe("unreachable");
    expect(failureOfThrown(thrown("TypeError", "TLS peer's certificate is not trusted"), NOTHING)).toBe("tls");
    expect(failureOfThrown(thrown("Error", "getaddrinfo ENOTFOUND nowhere.example.com"), NOTHING)).toBe("dns");
    expect(failureOfThrown(thrown("Error", "connect(): Connection refused"), NOTHING)).toBe("refused");
    for (const odd of [null, undefined, "text", 5, {}, { message: 5 }]) {
      expect(failureOfThrown(odd, NOTHING)).toBe("unreachable");
    }
  });

  it("[W8] is told more exactly by whoever looked at the name and the port", () => {
    expect(failureOfThrown(internal, { ...NOTHING, resolves: false })).toBe("dns");
    expect(failureOfThrown(internal, { ...NOTHING, resolves: true, connects: true })).toBe("tls");
    expect(failureOfThrown(internal, { https: false, resolves: true, connects: true })).toBe("unreachable");
    expect(failureOfThrown(lost, { ...NOTHING, connects: false })).toBe("refused");
    expect(failureOfThrown(lost, { ...NOTHING, connects: true })).toBe("closed");
  });
});

describe("the excerpt of an answer", () => {
  it("[W8] is a thousand bytes of text at most, and safe to show", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_500 }), (bytes) => {
        const text = excerptOf(bytes);
        expect(text.length).toBeLessThanOrEqual(MAX_EXCERPT_BYTES);
        expect(text.replace(/[\n\t]/g, "")).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
      }),
    );
    const of = (text: string) => excerptOf(new TextEncoder().encode(text));
    expect(of("no such\nhook ä")).toBe("no such\nhook ä");
    expect(of("\x1b[2Jgone\r\x9b1m\u202etxt")).toBe(" [2Jgone  1m txt");
    expect(of(`${"a".repeat(999)}ä`)).toBe("a".repeat(999));
    expect(of("a".repeat(1_000))).toBe("a".repeat(1_000));
  });
});
