/** The receiver's side: what passes, what does not, and that the official package judges alike. */
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { mintKeyPair, mintSecret } from "../../../src/core/webhook/secrets.ts";
import { signatures } from "../../../src/core/webhook/signature.ts";
import { problemInWords, TOLERANCE_MS, type VerifyProblem, verify } from "../../../src/core/webhook/verify.ts";

const SECRET = mintSecret(new Uint8Array(32).fill(1));
const OTHER = mintSecret(new Uint8Array(32).fill(2));
const NOW = 1_795_158_721_500;
const SENT = Math.floor(NOW / 1_000);
const ID = "evt_01kag40f9x";
const BODY = '{"type":"job.succeeded","data":{"name":"ä"}}';

type Request = { headers: Record<string, string>; body: string };

async function signed(keys = { secrets: [SECRET], keys: [] as string[] }, sentAt = SENT): Promise<Request> {
  const signature = await signatures({ id: ID, timestampSeconds: sentAt, body: BODY }, keys);
  return {
    headers: { "webhook-id": ID, "webhook-timestamp": String(sentAt), "webhook-signature": signature },
    body: BODY,
  };
}

const judge = ({ headers, body }: Request, keys = [SECRET], now = NOW) =>
  verify((name) => headers[name], body, keys, now);
const problem = (error: VerifyProblem) => ({ ok: false, error });

afterEach(() => {
  vi.useRealTimers();
});

/** The official package, with its clock at `now`. */
function official({ headers, body }: Request, secret = SECRET, now = NOW): boolean {
  vi.useFakeTimers({ now, toFake: ["Date"] });
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  } finally {
    vi.useRealTimers();
  }
}

describe("verify", () => {
  it("[W1] takes what the service signed, and tells its id and age", async () => {
    expect(await judge(await signed())).toEqual({ ok: true, value: { id: ID, ageMs: 500 } });
    expect(official(await signed())).toBe(true);
  });

  it("[W1] takes what the official package signed", async () => {
    const theirs = new Webhook(SECRET).sign(ID, new Date(SENT * 1_000), BODY);
    const request = await signed();
    expect((await judge({ ...request, headers: { ...request.headers, "webhook-signature": theirs } })).ok).toBe(true);
  });

  it("[W1] refuses another body, id, time, secret and signature", async () => {
    const good = await signed();
    const changed = (headers: Record<string, string>, body = BODY) => ({
      headers: { ...good.headers, ...headers },
      body,
    });
    const signature = good.headers["webhook-signature"] ?? "";
    for (const request of [
      changed({}, `${BODY} `),
      changed({}, BODY.replace("ä", "a")),
      changed({ "webhook-id": `${ID}x` }),
      changed({ "webhook-timestamp": String(SENT - 1) }),
      changed({ "webhook-signature": signature.replace("v1,", "v2,") }),
      changed({ "webhook-signature": signature.replace("v1,", "v1a,") }),
      changed({ "webhook-signature": signature.replace("v1,", "") }),
      changed({ "webhook-signature": signature.slice(0, -2) }),
      changed({ "webhook-signature": "v1," }),
      changed({ "webhook-signature": ", ,, v1 v1a" }),
    ]) {
      expect(await judge(request), JSON.stringify(request)).toEqual(problem("no_match"));
      expect(official(request)).toBe(false);
    }
    expect(await judge(good, [OTHER])).toEqual(problem("no_match"));
    expect(official(good, OTHER)).toBe(false);
  });

  it("[W1] refuses what lacks a header or has one of another form", async () => {
    const good = await signed();
    for (const name of Object.keys(good.headers)) {
      const { [name]: _, ...headers } = good.headers;
      expect(await judge({ headers, body: BODY })).toEqual(problem("missing_headers"));
    }
    for (const time of ["now", "-1", "1e9", "1795158721.5", " 1795158721", "9".repeat(13)]) {
      const request = { ...good, headers: { ...good.headers, "webhook-timestamp": time } };
      expect(await judge(request), time).toEqual(problem("malformed_headers"));
    }
    const dotted = { ...good, headers: { ...good.headers, "webhook-id": "evt.1" } };
    expect(await judge(dotted)).toEqual(problem("malformed_headers"));
  });

  it("[W3] bears clocks that are five minutes apart and no more, as the official package does", async () => {
    const keys = { secrets: [SECRET], keys: [] };
    for (const [seconds, expected] of [
      [-301, problem("too_old")],
      [-300, null],
      [300, null],
      [301, problem("too_new")],
    ] as const) {
      const request = await signed(keys, SENT + seconds);
      const verdict = await judge(request);
      expect(verdict.ok ? null : verdict, String(seconds)).toEqual(expected);
      expect(official(request)).toBe(expected === null);
    }
    expect(TOLERANCE_MS).toBe(300_000);
  });

  it("[W9] takes a request during a rotation with the old secret and with the new one", async () => {
    const both = await signed({ secrets: [OTHER, SECRET], keys: [] });
    for (const secret of [SECRET, OTHER]) {
      expect((await judge(both, [secret])).ok).toBe(true);
      expect(official(both, secret)).toBe(true);
    }
    expect((await judge(await signed(), [OTHER, SECRET])).ok).toBe(true);
  });

  it("[W1] takes a public key in the place of a secret", async () => {
    const [pair, other] = await Promise.all([
      mintKeyPair(new Uint8Array(32).fill(3)),
      mintKeyPair(new Uint8Array(32).fill(4)),
    ]);
    const request = await signed({ secrets: [SECRET], keys: [pair.secretKey] });
    expect((await judge(request, [pair.publicKey])).ok).toBe(true);
    expect(official(request)).toBe(true);
    expect(await judge(request, [other.publicKey])).toEqual(problem("no_match"));
    expect(await judge({ ...request, body: `${BODY} ` }, [pair.publicKey])).toEqual(problem("no_match"));
    expect(await judge(request, ["whpk_AAAA"])).toEqual(problem("no_match"));
  });

  it("[W1] says so where its own secret is none, instead of refusing all for ever", async () => {
    await expect(judge(await signed(), ["whsec_c2hvcnQ="])).rejects.toThrow("must hold 24 to 64 bytes, not 5");
    await expect(judge(await signed(), [""])).rejects.toThrow("whsec_");
  });

  it("[W1] judges any headers as the official package does, and never throws on them", async () => {
    const good = await signed();
    const parts = fc.constantFrom(
      good.headers["webhook-signature"] ?? "",
      `v1,${"A".repeat(43)}=`,
      "v1",
      "v1,",
      ",",
      "v1a,AAAA",
      "é",
      "",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(parts, { maxLength: 5 }).map((list) => list.join(" ")),
        fc.integer({ min: -400, max: 400 }),
        fc.constantFrom(BODY, `${BODY}\n`, ""),
        async (signature, seconds, body) => {
          const headers = {
            ...good.headers,
            "webhook-signature": signature,
            "webhook-timestamp": String(SENT + (seconds % 3 === 0 ? 0 : seconds)),
          };
          expect((await judge({ headers, body })).ok).toBe(official({ headers, body }));
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), fc.string(), fc.string(), async (id, time, signature, body) => {
        const headers = { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signature };
        expect((await judge({ headers, body })).ok).toBe(false);
      }),
    );
  });

  it("[W8] has a sentence for each problem", () => {
    const problems: VerifyProblem[] = ["missing_headers", "malformed_headers", "too_old", "too_new", "no_match"];
    expect(new Set(problems.map(problemInWords)).size).toBe(problems.length);
  });
});
