/** What the Worker reads of requests by small grammars of its own: any text may stand there. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_WAIT_SECONDS } from "../../src/contract/api.ts";
import { credentialOf } from "../../src/worker/api/auth/credential.ts";
import { matchesSeq, waitSeconds } from "../../src/worker/api/preferences.ts";
import { ApiError } from "../../src/worker/api/problem.ts";
import { parseViewerMessage } from "../../src/worker/viewers/viewer-message.ts";

/** What may stand in a header: fetch itself refuses the rest. */
const headerText = fc.string({ unit: fc.constantFrom(..."aZ09 ,;=\"'()<>@:\\/[]?{}.-_*\té"), maxLength: 200 });
const near = (...words: string[]) =>
  fc.array(fc.oneof(fc.constantFrom(...words), headerText)).map((all) => all.join(""));

describe("a header of any text", () => {
  it("[S2] that may ask to wait asks for 0 to 55 whole seconds", () => {
    fc.assert(
      fc.property(near("wait", "=", "wait=", "99999999", '"', ", ", "; "), (text) => {
        const seconds = waitSeconds(text);
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_WAIT_SECONDS).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    for (const text of ["wait ".repeat(20_000), `wait${" ".repeat(100_000)}x`, `wait=${"9".repeat(100_000)}`])
      expect(waitSeconds(text)).toBeLessThanOrEqual(MAX_WAIT_SECONDS);
  });

  it("[S2] that may name an ETag names a job's state only by its number, or by a star", () => {
    fc.assert(
      fc.property(near('W/"7"', '"7"', "W/", '"', "7", "*", ","), (text) => {
        if (matchesSeq(text, 7)) expect(text).toMatch(/\*|"7"/);
        expect(matchesSeq(text.replaceAll(/[*7]/g, ""), 7)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it("[A4] that may hold a credential holds one word of visible characters, or is refused as the caller's fault", () => {
    fc.assert(
      fc.property(
        near("Bearer ", "bearer", "Basic ", "ec_sk_", ","),
        near("easel.token.", ", "),
        (authorization, protocol) => {
          const headers = new Headers();
          try {
            headers.set("authorization", authorization);
            headers.set("sec-websocket-protocol", protocol);
          } catch {
            return;
          }
          try {
            const found = credentialOf(new Request("https://x.example/", { headers }), true);
            if (found?.from === "header") expect(found.text).toMatch(/^[\x21-\x7e]+$/);
            if (found?.from === "subprotocol") expect(found.text).not.toMatch(/[\s,]/);
          } catch (error) {
            expect(error).toBeInstanceOf(ApiError);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe("a viewer's message of any text", () => {
  it("[V8] is one of four, within its bounds, or none", () => {
    const message = fc.record(
      {
        type: fc.constantFrom("ready", "configure", "visible", "cancel", "__proto__", "auth"),
        rev: fc.oneof(fc.integer(), fc.double(), fc.string()),
        previews: fc.oneof(fc.constantFrom("none", "binary"), fc.string()),
        value: fc.oneof(fc.boolean(), fc.string()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          message.map((one) => JSON.stringify(one)),
        ),
        (text) => {
          const parsed = parseViewerMessage(text);
          if (parsed === null) return;
          expect(["ready", "configure", "visible", "cancel"]).toContain(parsed.type);
          if (parsed.type === "ready") expect(Number.isSafeInteger(parsed.rev) && parsed.rev >= 0).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
    for (const text of ["[".repeat(4_000), `{"type":"cancel","pad":"${"x".repeat(5_000)}"}`, "null", "ping"])
      expect(parseViewerMessage(text)).toBeNull();
    expect(parseViewerMessage(new ArrayBuffer(8))).toBeNull();
  });
});
