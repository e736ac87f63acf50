/** Sign-in tokens, with a sign-in service whose answers the test gives. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Issuer, IssuerSchema } from "../../src/contract/account.ts";
import { ALGORITHMS, type Algorithm } from "../../src/core/auth/key-set.ts";
import { KeyCache } from "../../src/worker/auth/key-cache.ts";
import { isJwtForm, type UserJwtVerdict, verifyUserJwt } from "../../src/worker/auth/user-jwt.ts";

const NOW = 1_795_158_721_500;
const SECONDS = Math.floor(NOW / 1_000);
const JWKS_URL = "https://keys.example.com/jwks.json";
const ISSUER = IssuerSchema.parse({ issuer: "https://id.example.com", jwks_uri: JWKS_URL, audience: "my-app" });
const CLAIMS = { iss: ISSUER.issuer, aud: "my-app", sub: "u_42", iat: SECONDS - 10, exp: SECONDS + 3_600 };

type Key = { alg: Algorithm; kid: string; sign: CryptoKey; pem: string; jwk: JWK };

async function makeKey(alg: Algorithm, kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwk = { ...(await exportJWK(publicKey)), kid, use: "sig" };
  return { alg, kid, sign: privateKey, pem: await exportSPKI(publicKey), jwk };
}

let es: Key;
let rs: Key;
let stranger: Key;
beforeAll(async () => {
  [es, rs, stranger] = await Promise.all([makeKey("ES256", "es"), makeKey("RS256", "rs"), makeKey("ES256", "es")]);
});
afterEach(() => void vi.useRealTimers());

type Claims = Record<string, unknown>;

const sign = (claims: Claims = {}, key = es, header: Record<string, unknown> = {}) =>
  new SignJWT({ ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT", ...header })
    .sign(key.sign);

/** A token from parts as they are, its signature made by `signature` or empty. */
function compose(header: unknown, claims: unknown, signature: (input: string) => string = () => ""): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${signature(input)}`;
}

type Answer = Response | Promise<Response>;

/** One isolate's view of the sign-in service: its answers by URL, what was asked, and the keys it keeps. */
function createService(answers: Record<string, (init: RequestInit) => Answer>) {
  const asked: string[] = [];
  const keys = new KeyCache();
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    asked.push(url);
    expect(init.redirect).toBe("manual");
    const answer = answers[url];
    if (!answer) throw new TypeError(`nothing at ${url}`);
    return answer(init);
  };
  const verify = (token: string, at = NOW, issuers: Issuer[] = [ISSUER]): Promise<UserJwtVerdict> =>
    verifyUserJwt(issuers, token, { now: at, allowLocal: false, fetch: send, keys });
  return { asked, answers, verify };
}

const serve = (...published: JWK[]) => createService({ [JWKS_URL]: () => Response.json({ keys: published }) });

describe("a sign-in token", () => {
  it("[A9] says who its user is, by a signature of its service", async () => {
    const { verify } = serve(es.jwk, rs.jwk);
    for (const key of [es, rs]) {
      expect(await verify(await sign({}, key))).toEqual({
        type: "valid",
        user: "u_42",
        issuer: ISSUER,
        issuedAt: (SECONDS - 10) * 1_000,
        expiresAt: (SECONDS + 3_600) * 1_000,
      });
    }
  });

  it.each(ALGORITHMS)("[A9] may be signed by %s", async (alg) => {
    const key = await makeKey(alg, "k1");
    const { verify } = serve({ ...key.jwk, alg });
    expect((await verify(await sign({}, key))).type).toBe("valid");
  });

  it("[A9] costs one question for the keys, however many tokens come", async () => {
    const { verify, asked } = serve(es.jwk);
    for (let i = 0; i < 5; i++) expect((await verify(await sign({ sub: `u_${i}` }), NOW + i)).type).toBe("valid");
    expect(asked).toEqual([JWKS_URL]);
  });

  it.each([
    ["of another issuer", { iss: "https://evil.example.com" }],
    ["of an issuer spelled otherwise", { iss: "https://id.example.com/" }],
    ["of no issuer", { iss: undefined }],
    ["of a list of issuers", { iss: [ISSUER.issuer] }],
    ["for another app", { aud: "other-app" }],
    ["for other apps", { aud: ["other-app", "third-app"] }],
    ["for nobody", { aud: undefined }],
    ["for an odd audience", { aud: { "0": "my-app" } }],
  ])("[A9] %s is refused before anybody is asked for keys", async (_, change) => {
    const { verify, asked } = serve(es.jwk);
    expect((await verify(compose({ alg: "ES256", kid: "es" }, { ...CLAIMS, ...change }, () => "AAAA"))).type).toBe(
      "invalid",
    );
    expect(asked).toEqual([]);
  });

  it.each<[string, Claims, UserJwtVerdict["type"]]>([
    ["over", { exp: SECONDS - 31 }, "expired"],
    ["over for no longer than clocks may differ", { exp: SECONDS - 29 }, "valid"],
    ["without an end", { exp: undefined }, "invalid"],
    ["with an end in words", { exp: "tomorrow" }, "invalid"],
    ["for later", { nbf: SECONDS + 31 }, "invalid"],
    ["for later by no more than clocks may differ", { nbf: SECONDS + 29 }, "valid"],
    ["without a beginning", { iat: undefined }, "invalid"],
    ["made in the future", { iat: SECONDS + 31 }, "invalid"],
    ["made a day ago, whatever end it names", { iat: SECONDS - 86_371 }, "expired"],
    ["made less than a day ago", { iat: SECONDS - 86_370 }, "valid"],
    ["for several apps, this one among them", { aud: ["other-app", "my-app"] }, "valid"],
    ["without a user", { sub: undefined }, "invalid"],
    ["with a number for a user", { sub: 42 }, "invalid"],
    ["with a user of several words", { sub: "a b" }, "invalid"],
    ["with a user that breaks the line", { sub: "a\nb" }, "invalid"],
    ["with an empty user", { sub: "" }, "invalid"],
    ["with a user beyond ASCII", { sub: "é" }, "invalid"],
    ["with a very long user", { sub: "u".repeat(129) }, "invalid"],
    ["with the longest user", { sub: "u".repeat(128) }, "valid"],
  ])("[A9] %s: %j is %s", async (_, change, type) => {
    expect((await serve(es.jwk).verify(await sign(change))).type).toBe(type);
  });

  it("[A9] counts for a day at most, so that a revocation outlives it", async () => {
    const verdict = await serve(es.jwk).verify(await sign({ exp: 1e15 }));
    expect(verdict).toMatchObject({ type: "valid", expiresAt: (CLAIMS.iat + 86_340) * 1_000 });
  });

  it("[A9] has a reason for its refusal, which quotes nothing of it", async () => {
    const { verify } = serve(es.jwk);
    expect(await verify(await sign({ nbf: SECONDS + 100 }))).toEqual({
      type: "invalid",
      detail: "The sign-in token's nbf is missing, or does not hold now.",
    });
    expect(await verify(await sign({}, stranger))).toEqual({
      type: "invalid",
      detail: "The sign-in token's signature does not match its key.",
    });
  });

  it("[A9] is judged by the service that it names, where a project has several", async () => {
    const second: Issuer = { ...ISSUER, issuer: "https://two.example.com", jwks_uri: "https://two.example.com/jwks" };
    const tablet: Issuer = { ...ISSUER, audience: "tablet-app", scopes: ["jobs:read"] };
    const service = serve(es.jwk);
    service.answers["https://two.example.com/jwks"] = () => Response.json({ keys: [rs.jwk] });
    const verify = (token: string) => service.verify(token, NOW, [ISSUER, second, tablet]);
    const of = (one: Issuer, key: Key) => sign({ iss: one.issuer, aud: one.audience }, key);
    expect(await verify(await of(second, rs))).toMatchObject({ type: "valid", issuer: second });
    expect(await verify(await of(tablet, es))).toMatchObject({ type: "valid", issuer: tablet });
    expect((await verify(await of(ISSUER, rs))).type).toBe("invalid");
    expect((await verify(await of(second, es))).type).toBe("invalid");
  });

  it("[A9] names its user by the claim that the project chose, its own ones only", async () => {
    const by = async (user_claim: string, claims: Claims) => {
      const verdict = await serve(es.jwk).verify(await sign(claims), NOW, [{ ...ISSUER, user_claim }]);
      return verdict.type === "valid" ? verdict.user : verdict.type;
    };
    expect(await by("https://example.com/uid", { "https://example.com/uid": "x1" })).toBe("x1");
    expect(await by("constructor", {})).toBe("invalid");
    expect(await by("__proto__", {})).toBe("invalid");
    expect(await by("email", { email: "a@example.com" })).toBe("invalid");
    expect(await by("email", { email: "a@example.com", email_verified: false })).toBe("invalid");
    expect(await by("email", { email: "a@example.com", email_verified: true })).toBe("a@example.com");
  });
});

describe("a forged sign-in token", () => {
  it("[A9] without a signature is refused, whatever it calls its algorithm", async () => {
    const { verify } = serve(es.jwk, rs.jwk);
    const real = (await sign()).split(".")[2] ?? "";
    for (const alg of ["none", "None", "NONE", "nOnE", "", null, undefined, 0, ["ES256"], "ES256 ", "es256"]) {
      for (const signature of ["", "AA", real])
        expect([alg, (await verify(compose({ alg, kid: "es" }, CLAIMS, () => signature))).type]).toEqual([
          alg,
          "invalid",
        ]);
    }
    for (const key of [es, rs]) {
      for (const length of [0, 64, 256]) {
        const zeros = Buffer.alloc(length).toString("base64url");
        expect((await verify(compose({ alg: key.alg, kid: key.kid }, CLAIMS, () => zeros))).type).toBe("invalid");
      }
    }
  });

  it("[A9] by a MAC with the public key as its secret is refused, in every form of that key", async () => {
    const { verify } = serve(rs.jwk, es.jwk);
    for (const key of [rs, es]) {
      const numbers = [key.jwk.n, key.jwk.e, key.jwk.x, key.jwk.y].filter((one) => one !== undefined);
      const secrets: (string | Buffer)[] = [
        key.pem,
        `${key.pem}\n`,
        key.pem.trim(),
        Buffer.from(key.pem.replace(/-----[^-]+-----|\s/g, ""), "base64"),
        JSON.stringify(key.jwk),
        ...numbers,
        ...numbers.map((one) => Buffer.from(one, "base64url")),
        "",
      ];
      for (const secret of secrets) {
        for (const bits of [256, 384, 512]) {
          const mac = (input: string) => createHmac(`sha${bits}`, secret).update(input).digest("base64url");
          expect((await verify(compose({ alg: `HS${bits}`, kid: key.kid }, CLAIMS, mac))).type).toBe("invalid");
          // The MAC under the name of the true algorithm.
          expect((await verify(compose({ alg: key.alg, kid: key.kid }, CLAIMS, mac))).type).toBe("invalid");
        }
      }
    }
  });

  it("[A9] by a symmetric key that the service published by mistake is refused", async () => {
    const secret = Buffer.from("a secret that was published by mistake");
    const { verify } = serve({ kty: "oct", k: secret.toString("base64url"), kid: "oct", alg: "HS256" }, es.jwk);
    const mac = (input: string) => createHmac("sha256", secret).update(input).digest("base64url");
    for (const alg of ["HS256", "RS256", "ES256"])
      expect((await verify(compose({ alg, kid: "oct" }, CLAIMS, mac))).type).toBe("invalid");
    expect((await verify(await sign())).type).toBe("valid");
  });

  it("[A9] that brings its own key, or says where to find it, is refused, and nobody is asked there", async () => {
    const { verify, asked } = serve(es.jwk);
    const x5c = [stranger.pem.replace(/-----[^-]+-----|\s/g, "")];
    const evil = "https://evil.example.com/jwks.json";
    const headers = [
      { jwk: stranger.jwk },
      { jku: evil },
      { x5u: evil },
      { x5c },
      { jwk: stranger.jwk, jku: evil, x5c },
    ];
    for (const header of headers) {
      for (const kid of ["es", "other", undefined])
        expect((await verify(await sign({}, stranger, { ...header, kid }))).type).toBe("invalid");
      // They do no harm in a true token.
      expect((await verify(await sign({}, es, header))).type).toBe("valid");
    }
    expect(new Set(asked)).toEqual(new Set([JWKS_URL]));
  });

  it.each<[string, unknown]>([
    ["a path", "../../../../dev/null"],
    ["a URL", "https://evil.example.com/key"],
    ["a query", "es' UNION SELECT 'x"],
    ["a name that objects have", "__proto__"],
    ["another", "constructor"],
    ["an object", { toString: "es" }],
    ["a list", ["es"]],
    ["a number", 0],
    ["null", null],
    ["an empty text", ""],
    ["a very long text", "k".repeat(4_000)],
  ])("[A9] with %s for the name of its key is refused", async (_, kid) => {
    const { verify } = serve(es.jwk);
    const signature = (await sign()).split(".")[2] ?? "";
    expect((await verify(compose({ alg: "ES256", kid }, CLAIMS, () => signature))).type).toBe("invalid");
  });

  it("[A9] under the key of another algorithm is refused", async () => {
    const { verify } = serve({ ...rs.jwk, alg: "PS256" }, es.jwk);
    expect((await verify(await sign({}, rs))).type).toBe("invalid");
    expect((await verify(await sign({}, rs, { kid: "es" }))).type).toBe("invalid");
    expect((await verify(await sign({}, es, { kid: "rs" }))).type).toBe("invalid");
  });

  it("[A9] that demands an extension, or leaves its payload unencoded, is refused", async () => {
    const { verify } = serve(es.jwk);
    const token = await sign();
    const signature = token.split(".")[2] ?? "";
    for (const extra of [{ crit: ["exp"] }, { crit: [] }, { crit: ["b64"], b64: false }, { crit: "b64" }])
      expect((await verify(compose({ alg: "ES256", kid: "es", ...extra }, CLAIMS, () => signature))).type).toBe(
        "invalid",
      );
  });

  it.each([
    ["JWT", "valid"],
    ["jwt", "valid"],
    ["at+jwt", "valid"],
    ["application/at+JWT", "valid"],
    [undefined, "valid"],
    ["logout+jwt", "invalid"],
    ["secevent+jwt", "invalid"],
    ["dpop+jwt", "invalid"],
    ["JWE", "invalid"],
    [5, "invalid"],
  ])("[A9] of the type %j is %s: only tokens for signing in are credentials", async (typ, type) => {
    expect((await serve(es.jwk).verify(await sign({}, es, { typ }))).type).toBe(type);
  });

  it("[A9] that differs from a true one in any character, or in length, is refused", async () => {
    const { verify } = serve(es.jwk);
    const token = await sign();
    expect((await verify(token)).type).toBe("valid");
    const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...characters), async (at, character) => {
        fc.pre(token[at] !== character);
        const changed = [
          token.slice(0, at) + character + token.slice(at + 1),
          token.slice(0, at) + token.slice(at + 1),
          token.slice(0, at),
          token + character,
          character + token,
        ];
        for (const text of changed) expect((await verify(text)).type).toBe("invalid");
      }),
      { numRuns: 300 },
    );
  });

  it("[A9] may be any text", async () => {
    const { verify, asked } = serve(es.jwk);
    const part = fc
      .oneof(fc.json(), fc.string({ unit: "binary" }))
      .map((text) => Buffer.from(text).toString("base64url"));
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.tuple(part, part, part).map((parts) => parts.join(".")),
      fc.tuple(fc.jsonValue(), fc.jsonValue()).map(([header, claims]) => compose(header, claims, () => "AA")),
      fc.jsonValue().map((claims) => compose({ alg: "ES256", kid: "es" }, claims, () => "AA")),
      fc.jsonValue().map((header) => compose({ alg: "ES256", ...(header as object) }, CLAIMS, () => "AA")),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect((await verify(text)).type).toBe("invalid");
      }),
      { numRuns: 500 },
    );
    expect(asked.length).toBeLessThan(2);
  });

  it("[A9] is bounded in length before it is read", async () => {
    const { verify } = serve(es.jwk);
    expect((await verify(await sign({ pad: "x".repeat(5_000) }))).type).toBe("valid");
    expect((await verify(await sign({ pad: "x".repeat(6_500) }))).type).toBe("invalid");
    expect((await verify(`${"A".repeat(5_000_000)}.A.A`)).type).toBe("invalid");
    expect((await verify(".".repeat(8_000))).type).toBe("invalid");
    expect(isJwtForm(await sign())).toBe(true);
    for (const text of ["", "a.b", "..", "AA.AA.AA.AA", "AA.AA.", "AB.AA.AA", "AA.AA.A=", "ec_ct_x.y"])
      expect(isJwtForm(text)).toBe(false);
  });
});

describe("keys that change", () => {
  it("[A9] a new key counts at once", async () => {
    const fresh = await makeKey("ES256", "fresh");
    const published = [es.jwk];
    const { verify, asked } = createService({ [JWKS_URL]: () => Response.json({ keys: published }) });
    expect((await verify(await sign())).type).toBe("valid");
    published.push(fresh.jwk);
    expect((await verify(await sign({}, fresh), NOW + 31_000)).type).toBe("valid");
    expect((await verify(await sign(), NOW + 31_000)).type).toBe("valid");
    expect(asked).toHaveLength(2);
  });

  it("[A9] an unknown key makes us ask every 30 seconds at most", async () => {
    const fresh = await makeKey("ES256", "fresh");
    const { verify, asked } = serve(es.jwk);
    const token = await sign({}, fresh);
    for (let at = NOW; at <= NOW + 90_000; at += 5_000) expect((await verify(token, at)).type).toBe("invalid");
    expect(asked).toHaveLength(4);
  });

  it("[A9] a wrong signature by a known key makes us ask nobody", async () => {
    const { verify, asked } = serve(es.jwk);
    for (let at = NOW; at <= NOW + 90_000; at += 5_000)
      expect((await verify(await sign({}, stranger), at)).type).toBe("invalid");
    expect(asked).toHaveLength(1);
  });

  it("[A9] a key that was taken back is refused after ten minutes at the latest", async () => {
    const published = [es.jwk, rs.jwk];
    const { verify } = createService({ [JWKS_URL]: () => Response.json({ keys: published }) });
    const token = await sign();
    expect((await verify(token)).type).toBe("valid");
    published.shift();
    expect((await verify(token, NOW + 599_999)).type).toBe("valid");
    expect((await verify(token, NOW + 600_000)).type).toBe("invalid");
    expect((await verify(await sign({}, rs), NOW + 600_000)).type).toBe("valid");
  });

  it("[A9] a token that names no key is tried with those of its kind, and new ones are asked for too", async () => {
    const nameless = await makeKey("ES256", "nameless");
    const published = [rs.jwk, { ...es.jwk, kid: undefined }, stranger.jwk];
    const { verify, asked } = createService({ [JWKS_URL]: () => Response.json({ keys: published }) });
    for (const key of [es, stranger])
      expect((await verify(await sign({}, key, { kid: undefined }))).type).toBe("valid");
    published.push(nameless.jwk);
    const token = await sign({}, nameless, { kid: undefined });
    expect((await verify(token, NOW + 29_999)).type).toBe("invalid");
    expect((await verify(token, NOW + 30_000)).type).toBe("valid");
    expect(asked).toHaveLength(2);
  });

  it("[A9] two keys of one name are both tried", async () => {
    const { verify } = serve(stranger.jwk, es.jwk);
    for (const key of [es, stranger]) expect((await verify(await sign({}, key))).type).toBe("valid");
  });

  it("[A9] an answer that comes late does not take the place of a newer one", async () => {
    const late: ((response: Response) => void)[] = [];
    const { verify } = createService({ [JWKS_URL]: () => new Promise((resolve) => late.push(resolve)) });
    const first = verify(await sign(), NOW);
    const second = verify(await sign(), NOW + 1);
    await vi.waitFor(() => expect(late).toHaveLength(2));
    late[1]?.(Response.json({ keys: [es.jwk] }));
    expect((await second).type).toBe("valid");
    late[0]?.(Response.json({ keys: [rs.jwk] }));
    expect((await first).type).toBe("valid");
    expect((await verify(await sign(), NOW + 2)).type).toBe("valid");
    expect(late).toHaveLength(2);
  });

  it("[A5] [A9] a project that names another's issuer with keys of its own gives them to nobody else", async () => {
    const service = serve(es.jwk);
    const evil: Issuer = { ...ISSUER, jwks_uri: "https://evil.example.com/jwks" };
    service.answers["https://evil.example.com/jwks"] = () => Response.json({ keys: [stranger.jwk] });
    const forged = await sign({}, stranger);
    expect((await service.verify(forged, NOW, [evil])).type).toBe("valid");
    expect((await service.verify(forged, NOW, [ISSUER])).type).toBe("invalid");
    expect((await service.verify(await sign(), NOW, [ISSUER])).type).toBe("valid");
  });

  it("[A9] those of 64 services are kept, and the one unused for longest is asked anew", async () => {
    const service = serve();
    const issuers = Array.from(
      { length: 65 },
      (_, i): Issuer => ({ ...ISSUER, jwks_uri: `https://k${i}.example.com/` }),
    );
    for (const { jwks_uri } of issuers) service.answers[jwks_uri ?? ""] = () => Response.json({ keys: [es.jwk] });
    const token = await sign();
    const use = async (i: number) =>
      expect((await service.verify(token, NOW, issuers.slice(i, i + 1))).type).toBe("valid");
    for (let i = 0; i < 64; i++) await use(i);
    await use(0);
    await use(64);
    expect(service.asked).toHaveLength(65);
    await use(0);
    expect(service.asked).toHaveLength(65);
    await use(1);
    expect(service.asked).toHaveLength(66);
  });
});

describe("a sign-in service in trouble", () => {
  const endless = () => new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(65_536)) }));

  it.each<[string, () => Answer, string]>([
    ["that cannot be reached", () => Promise.reject(new TypeError("refused")), "could not be reached"],
    ["that fails", () => new Response("sorry", { status: 500 }), "500"],
    ["that has no keys", () => new Response("", { status: 404 }), "404"],
    ["that sends us elsewhere", () => Response.redirect("https://keys.example.com/other", 302), "302"],
    ["that answers with a page", () => new Response("<html>"), "is not JSON"],
    ["that answers with other JSON", () => Response.json(["keys"]), "list of keys"],
    ["that answers with nothing", () => new Response(null), "is not JSON"],
    [
      "that answers with too much",
      () => new Response(`{"keys":[],"pad":"${"x".repeat(262_144)}"}`),
      "larger than 256 kB",
    ],
    ["that never stops answering", endless, "larger than 256 kB"],
  ])("[A9] %s does not make tokens invalid, only unknown for now", async (_, answer, reason) => {
    const service = createService({ [JWKS_URL]: answer });
    const verdict = await service.verify(await sign());
    expect(verdict).toEqual({ type: "unavailable", detail: expect.stringContaining(reason) });
    // It is left alone for a moment, then asked again.
    expect((await service.verify(await sign(), NOW + 9_999)).type).toBe("unavailable");
    expect(service.asked).toEqual([JWKS_URL]);
    service.answers[JWKS_URL] = () => Response.json({ keys: [es.jwk] });
    expect((await service.verify(await sign(), NOW + 10_000)).type).toBe("valid");
  });

  it("[A9] with the largest set that is read is used", async () => {
    const pad = "x".repeat(262_144 - JSON.stringify({ keys: [es.jwk], pad: "" }).length);
    const service = createService({ [JWKS_URL]: () => new Response(JSON.stringify({ keys: [es.jwk], pad })) });
    expect((await service.verify(await sign())).type).toBe("valid");
  });

  it.each<[string, (init: RequestInit) => Answer]>([
    ["does not answer", () => new Promise<Response>(() => {})],
    ["stops in mid-answer", () => new Response(new ReadableStream({ start: (s) => s.enqueue(new Uint8Array([123])) }))],
  ])("[A9] that %s holds nobody for more than 5 seconds", async (_, answer) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const signals: AbortSignal[] = [];
    const service = createService({
      [JWKS_URL]: (init) => {
        if (init.signal) signals.push(init.signal);
        return answer(init);
      },
    });
    const verdict = service.verify(await sign());
    await vi.advanceTimersByTimeAsync(4_999);
    expect(signals.map((signal) => signal.aborted)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await verdict).toEqual({ type: "unavailable", detail: expect.stringContaining("no answer in time") });
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[A9] leaves the keys that are known in use while they are young", async () => {
    const service = serve(es.jwk);
    const fresh = await makeKey("ES256", "fresh");
    expect((await service.verify(await sign())).type).toBe("valid");
    service.answers[JWKS_URL] = () => new Response("", { status: 503 });
    // Of a key that is not known nothing can be said: it may be a new one.
    expect((await service.verify(await sign({}, fresh), NOW + 60_000)).type).toBe("unavailable");
    expect((await service.verify(await sign({}, fresh), NOW + 61_000)).type).toBe("unavailable");
    expect((await service.verify(await sign(), NOW + 60_000)).type).toBe("valid");
    expect(service.asked).toHaveLength(2);
    expect((await service.verify(await sign(), NOW + 600_000)).type).toBe("unavailable");
  });
});

describe("a service's own description", () => {
  const DESCRIPTION = "https://id.example.com/.well-known/openid-configuration";
  const discovered: Issuer = { ...ISSUER, jwks_uri: null };
  const describing = (document: unknown) =>
    createService({
      [DESCRIPTION]: () => Response.json(document),
      [JWKS_URL]: () => Response.json({ keys: [es.jwk] }),
    });

  it("[A9] says where its keys are, and both are kept", async () => {
    const service = describing({ issuer: ISSUER.issuer, jwks_uri: JWKS_URL });
    for (let i = 0; i < 2; i++) expect((await service.verify(await sign(), NOW, [discovered])).type).toBe("valid");
    expect(service.asked).toEqual([DESCRIPTION, JWKS_URL]);
  });

  it.each([
    ["another issuer", { issuer: "https://evil.example.com", jwks_uri: JWKS_URL }],
    ["keys within our own network", { issuer: ISSUER.issuer, jwks_uri: "https://169.254.169.254/keys" }],
    ["keys without TLS", { issuer: ISSUER.issuer, jwks_uri: "http://keys.example.com/jwks.json" }],
    ["no keys", { issuer: ISSUER.issuer }],
  ])("[A9] that names %s counts for nothing, and nobody is asked there", async (_, document) => {
    const service = describing(document);
    expect((await service.verify(await sign(), NOW, [discovered])).type).toBe("unavailable");
    expect(service.asked).toEqual([DESCRIPTION]);
  });

  it("[A9] is asked for nowhere that may not be called", async () => {
    const service = createService({});
    const local: Issuer = { ...ISSUER, issuer: "https://localhost", jwks_uri: null };
    expect((await service.verify(await sign({ iss: local.issuer }), NOW, [local])).type).toBe("unavailable");
    expect(service.asked).toEqual([]);
  });
});
