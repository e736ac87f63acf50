/** What holds for signed tokens of every kind: no other text is one, and no kind passes for another. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64Url } from "../../../src/core/auth/base64url.ts";
import { mintClientToken, readClientToken, verifyClientToken } from "../../../src/core/auth/client-token.ts";
import { mintTicket, readTicket, verifyTicket } from "../../../src/core/auth/ticket.ts";

const NOW = 1_795_158_721_500;
const SECRET = new TextEncoder().encode("a secret of this deployment, long enough");
const PROJECT = "prj_01kag3x7p2v9m4t8r6c5n1d0ze";
const ID = "01kag3x7p2v9m4t8r6c5n1d0ze";
const SCANNED = /ec_(sk|ct|tk|pk)_(live|test)?_?[0-9A-Za-z_-]{20,}/;

async function clientToken(): Promise<string> {
  const minted = await mintClientToken(SECRET, {
    id: ID,
    project: PROJECT,
    user: "u_42",
    scopes: ["jobs:read"],
    workflows: null,
    limits: null,
    madeAt: NOW,
    expiresAt: NOW + 60_000,
  });
  return minted.ok ? minted.value : "";
}

async function ticket(): Promise<string> {
  const jobId = PROJECT.replace("prj", "job");
  return mintTicket(SECRET, {
    id: ID,
    project: PROJECT,
    jobId,
    user: null,
    streamUntil: null,
    scopes: [],
    madeAt: null,
    expiresAt: NOW + 30_000,
  });
}

const KINDS = [
  { name: "client tokens", rule: "A8", mint: clientToken, read: readClientToken, verify: verifyClientToken },
  { name: "tickets", rule: "A10", mint: ticket, read: readTicket, verify: verifyTicket },
];

/** A token with a true signature over whatever payload, made by another implementation of the same format. */
function forge(prefix: string, payload: string, project = PROJECT, purpose = prefix): string {
  const key = createHmac("sha256", SECRET)
    .update(JSON.stringify(["easelcast token 1", purpose, project]))
    .digest();
  const body = prefix + Buffer.from(payload).toString("base64url");
  return `${body}.${createHmac("sha256", key).update(body).digest("base64url")}`;
}

const kid = createHmac("sha256", SECRET).update('["easelcast token kid 1"]').digest("hex").slice(0, 8);

describe.each(KINDS)("$name", ({ rule, mint, read, verify }) => {
  const typeOf = async (text: string) => (await verify([SECRET], text, NOW)).type;

  it(`[${rule}] are void with any other character at any place, cut anywhere, or longer`, async () => {
    const token = await mint();
    expect(await typeOf(token)).toBe("valid");
    const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= \n%";
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...characters), async (at, character) => {
        fc.pre(token[at] !== character);
        expect(await typeOf(token.slice(0, at) + character + token.slice(at + 1))).toBe("invalid");
        expect(await typeOf(token.slice(0, at) + token.slice(at + 1))).toBe("invalid");
        expect(await typeOf(token.slice(0, at) + character + token.slice(at))).toBe("invalid");
        expect(await typeOf(token.slice(0, at))).toBe("invalid");
        expect(await typeOf(token + character)).toBe("invalid");
        expect(await typeOf(character + token)).toBe("invalid");
      }),
      { numRuns: 500 },
    );
  });

  it(`[${rule}] have one spelling: every other last character of the signature is refused`, async () => {
    const token = await mint();
    const spellings = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].map(
      (character) => token.slice(0, -1) + character,
    );
    const types = await Promise.all(spellings.map(typeOf));
    expect(types.filter((type) => type === "valid")).toHaveLength(1);
  });

  it(`[${rule}] are found by scanners for leaked secrets`, async () => {
    expect(await mint()).toMatch(SCANNED);
  });

  it(`[${rule}] are nothing of the other kind, by prefix or by signature`, async () => {
    for (const other of KINDS) {
      if (other.rule === rule) continue;
      const token = await mint();
      const renamed = (token.startsWith("ec_ct_") ? "ec_tk_" : "ec_ct_") + token.slice(6);
      for (const text of [token, renamed]) expect((await other.verify([SECRET], text, NOW)).type).toBe("invalid");
      expect(other.read(token)).toBeNull();
    }
  });

  it(`[${rule}] with another payload under a true signature are refused all the same`, async () => {
    const token = await mint();
    const prefix = token.slice(0, 6);
    const payload = Buffer.from(token.slice(6).split(".")[0] ?? "", "base64url").toString();
    expect(forge(prefix, payload)).toBe(token);
    const fields = JSON.parse(payload) as Record<string, unknown>;
    const changes: Record<string, unknown>[] = [
      { exp: "tomorrow" },
      { exp: null },
      { exp: NOW + 60_000.5 },
      { exp: 1e300 },
      { iat: -1 },
      { jti: "../../x" },
      { jti: "short" },
      { jti: "x".repeat(65) },
      { sub: "a b" },
      { sub: "" },
      { scp: ["keys:write"] },
      { scp: ["everything"] },
      { scp: "jobs:read" },
      { more: true },
    ];
    for (const change of changes)
      expect([change, await typeOf(forge(prefix, JSON.stringify({ ...fields, ...change })))]).toEqual([
        change,
        "invalid",
      ]);
    for (const name of Object.keys(fields)) {
      const { [name]: _, ...rest } = fields;
      expect([name, await typeOf(forge(prefix, JSON.stringify(rest)))]).toEqual([name, "invalid"]);
    }
  });

  it(`[${rule}] [A5] signed for one project are void in another`, async () => {
    const token = await mint();
    const payload = Buffer.from(token.slice(6).split(".")[0] ?? "", "base64url").toString();
    const other = PROJECT.replace("01", "02");
    expect(await typeOf(forge(token.slice(0, 6), payload.replace(PROJECT, other), PROJECT))).toBe("invalid");
    expect(await typeOf(forge(token.slice(0, 6), payload.replace(PROJECT, other), other))).toBe("valid");
  });

  it(`[${rule}] are no other text, and no text makes the check fail`, async () => {
    const prefix = (await mint()).slice(0, 6);
    const base64url = fc.string({ unit: fc.constantFrom(..."AZaz09-_."), maxLength: 200 });
    const texts = fc.oneof(fc.string({ unit: "binary" }), base64url, fc.json());
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        for (const candidate of [
          text,
          prefix + text,
          forge(prefix, text),
          forge(prefix, text).replace(prefix, "ec_sk_"),
        ]) {
          expect(await typeOf(candidate)).toBe("invalid");
          expect(read(candidate)).toBeNull();
        }
      }),
      { numRuns: 300 },
    );
  });

  it(`[${rule}] are bounded before they are read`, async () => {
    const prefix = (await mint()).slice(0, 6);
    const padded = forge(prefix, JSON.stringify({ p: PROJECT, kid, pad: "x".repeat(4_000) }));
    expect(read(padded)).toBeNull();
    expect(read(forge(prefix, JSON.stringify({ p: PROJECT, kid })))).toEqual({ project: PROJECT });
    expect(await typeOf(prefix + "A".repeat(5_000_000))).toBe("invalid");
  });

  it(`[${rule}] say nothing of the secret: its name in them is an HMAC`, async () => {
    const payload = Buffer.from((await mint()).slice(6).split(".")[0] ?? "", "base64url").toString();
    expect(JSON.parse(payload)).toMatchObject({ kid });
  });
});

describe("base64url", () => {
  it("[A8] has one spelling for each byte string", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64Url(Buffer.from(bytes).toString("base64url"))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ABab019-_=+/ \n") }), (text) => {
        const bytes = decodeBase64Url(text);
        if (bytes !== null) expect(Buffer.from(bytes).toString("base64url")).toBe(text);
      }),
      { numRuns: 1_000 },
    );
    for (const text of ["A", "AB", "AAB", "AA==", "A A", "AA\n", "A+", "A/"]) expect(decodeBase64Url(text)).toBeNull();
  });
});
