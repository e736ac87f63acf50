/** The command that repeats a delivery. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { curlOf } from "../../../src/core/webhook/curl.ts";

/** What a shell hands to curl when the command is pasted. */
function received(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}\n`;
  return execFileSync("sh", { input: script, encoding: "utf8" }).split("\0").slice(0, -1);
}

const REQUEST = {
  url: "https://app.example.com/a?b=[1]&c='d'",
  headers: { "webhook-id": "evt_01" },
  body: '{"a":"it\'s"}',
};

describe("copy as curl", () => {
  it("[W8] is a command that a person can read", () => {
    expect(curlOf({ ...REQUEST, url: "https://app.example.com/a", body: "{}" })).toBe(
      `curl -i --globoff -X POST 'https://app.example.com/a' \\
  -H 'webhook-id: evt_01' \\
  --data-raw '{}'`,
    );
  });

  it("[W8] sends exactly this request, whatever is in it, and runs nothing else", () => {
    const text = fc.string({ unit: fc.constantFrom(..."'\"\\$`!;&|<>(){}[]*?~#%@ \n\tä😀a1-") });
    fc.assert(
      fc.property(text, text, (query, body) => {
        const request = { ...REQUEST, url: `https://app.example.com/?${query}`, body };
        expect(received(curlOf(request))).toEqual([
          ...["-i", "--globoff", "-X", "POST", request.url],
          ...["-H", "webhook-id: evt_01", "--data-raw", body],
        ]);
      }),
      { numRuns: 40 },
    );
  });

  it("[W8] is not made of a header that would become two", () => {
    for (const value of ["a\nb", "a\rb", "a\0b"]) {
      expect(() => curlOf({ ...REQUEST, headers: { "x-a": value } })).toThrow("one line");
    }
  });
});
