/** Sign-in tokens as attackers make them, and sign-in services that mean harm, against the running Worker. */
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Issuer } from "../../src/contract/account.ts";
import { composeJwt, leaked, startKeyServer } from "../support/attacks.ts";
import { otherProject, setProject } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const published = { ...rsa.publicKey.export({ format: "jwk" }), kid: "k1", use: "sig" };
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
const OCT = Buffer.from("a secret that the service published by mistake");

const rs256 =
  (key = rsa.privateKey) =>
  (input: string) =>
    createSign("sha256").update(input).sign(key, "base64url");
const hs = (secret: string | Buffer, bits = 256) => {
  return (input: string) => createHmac(`sha${bits}`, secret).update(input).digest("base64url");
};

/** Answers that wait. */
const held: ServerResponse[] = [];
/** What the service answers, by path. */
const ANSWERS: Record<string, (response: ServerResponse) => void> = {
  "/keys": (response) => void response.end(JSON.stringify({ keys: [published] })),
  "/garbage": (response) => void response.end("<html>{]"),
  "/huge": (response) => void response.end(`{"keys":[${"1,".repeat(200_000)}1]}`),
  "/deep": (response) => void response.end(`${"[".repeat(100_000)}${"]".repeat(100_000)}`),
  "/flood": (response) => void response.end(JSON.stringify({ keys: Array(2_000).fill({ kty: "RSA" }) })),
  "/elsewhere": (response) => void response.writeHead(302, { location: "/keys" }).end(),
  "/metadata": (response) =>
    void response.writeHead(307, { location: "http://169.254.169.254/latest/meta-data/" }).end(),
  "/broken": (response) => void response.writeHead(200, { "content-length": "5000" }).write("{", () => server.cut()),
  "/hanging": (response) => void held.push(response),
  "/symmetric": (response) =>
    void response.end(
      JSON.stringify({ keys: [{ kty: "oct", k: OCT.toString("base64url"), kid: "k1", alg: "HS256" }] }),
    ),
  "/private": (response) => {
    const jwk = rsa.privateKey.export({ format: "jwk" });
    response.end(JSON.stringify({ keys: [{ ...jwk, kid: "k1" }] }));
  },
  "/nothing": (response) => void response.end('{"keys":[]}'),
};

let worker: TestWorker;
let server: Awaited<ReturnType<typeof startKeyServer>>;
let issuer: string;
const sent: string[] = [];

beforeAll(async () => {
  worker = await startWorker();
  server = await startKeyServer((request, response) => {
    response.setHeader("content-type", "application/json");
    (ANSWERS[request.url ?? ""] ?? ((unknown) => void unknown.writeHead(404).end()))(response);
  });
  issuer = server.url;
  await setProject(worker, { issuers: [{ issuer, jwks_uri: `${issuer}/keys`, audience: "app" } as Partial<Issuer>] });
});
afterAll(async () => {
  await worker?.close();
  await server?.close();
});

const claims = (changes: Record<string, unknown> = {}) => {
  const now = Math.floor(Date.now() / 1000);
  return { iss: issuer, aud: "app", sub: "ana", iat: now, exp: now + 300, ...changes };
};
const RS = { alg: "RS256", kid: "k1", typ: "JWT" };

/** Shows a token; gives the code of the refusal, or "valid". */
async function shown(token: string, headers: Record<string, string> = {}): Promise<string> {
  sent.push(token);
  const response = await worker.request("/v1/me", { key: token, headers });
  return response.status === 200 ? "valid" : ((await response.json()) as { code: string }).code;
}

describe("the algorithm", () => {
  it("[A9] none, in any spelling, with or without a signature, is refused", async () => {
    expect(await shown(composeJwt(RS, claims(), rs256()))).toBe("valid");
    const real = composeJwt(RS, claims(), rs256()).split(".")[2] ?? "";
    for (const alg of ["none", "None", "NONE", "", null, ["RS256"], { alg: "RS256" }, "rs256", "HS256none"]) {
      for (const signature of [real, "AA"]) {
        expect([alg, await shown(composeJwt({ ...RS, alg }, claims(), () => signature))]).toEqual([
          alg,
          "unauthenticated",
        ]);
      }
    }
  });

  it("[A9] HMAC with the public key as its secret, or under the name of the true algorithm, is refused", async () => {
    for (const secret of [
      pem,
      pem.trim(),
      JSON.stringify(published),
      Buffer.from(published.n ?? "", "base64url"),
      "",
    ]) {
      for (const bits of [256, 384, 512]) {
        expect(await shown(composeJwt({ ...RS, alg: `HS${bits}` }, claims(), hs(secret, bits)))).toBe(
          "unauthenticated",
        );
      }
      expect(await shown(composeJwt(RS, claims(), hs(secret)))).toBe("unauthenticated");
    }
  });

  it("[A9] of another family than the key, or encryption instead of a signature, is refused", async () => {
    for (const alg of ["RS384", "PS256", "ES256", "EdDSA", "RSA-OAEP", "dir", "A256GCM", "PBES2-HS256+A128KW"])
      expect(await shown(composeJwt({ ...RS, alg }, claims(), rs256()))).toBe("unauthenticated");
    const [head, body, tail] = composeJwt(RS, claims(), rs256()).split(".");
    for (const token of [`${head}.${body}.${tail}.${tail}.${tail}`, `${head}..${tail}`, `${head}.${body}.`])
      expect(await shown(token)).toBe("unauthenticated");
  });
});

describe("the header", () => {
  it("[A9] that brings a key, or says where to fetch one, convinces nobody and makes us call nobody", async () => {
    const jwk = stranger.publicKey.export({ format: "jwk" });
    const x5c = [stranger.publicKey.export({ type: "spki", format: "der" }).toString("base64")];
    const there = `${server.url}/evil`;
    for (const own of [{ jwk }, { jku: there }, { x5u: there }, { x5c }, { jwk, jku: there, x5u: there, x5c }]) {
      for (const kid of ["k1", "k2", there])
        expect(await shown(composeJwt({ ...RS, ...own, kid }, claims(), rs256(stranger.privateKey)))).toBe(
          "unauthenticated",
        );
    }
    expect(server.asked).not.toContain("/evil");
  });

  it("[A9] with a path, a URL, a list or a name of Object's for the key's name is refused", async () => {
    for (const kid of ["../../dev/null", "/keys", "file:///etc/passwd", "k1\u0000", "__proto__", ["k1"], { k1: 1 }, 1])
      expect(await shown(composeJwt({ ...RS, kid }, claims(), rs256(stranger.privateKey)))).toBe("unauthenticated");
  });

  it("[A9] that demands extensions, is of another type, is no object, or is very long is refused", async () => {
    const signed = (header: unknown) => shown(composeJwt(header, claims(), rs256()));
    for (const more of [{ crit: ["exp"] }, { crit: [] }, { crit: ["b64"], b64: false }, { typ: "logout+jwt" }])
      expect(await signed({ ...RS, ...more })).toBe("unauthenticated");
    for (const header of ["", "null", "[]", '"RS256"', "{", '{"alg":"RS256"}{}'])
      expect(await signed(header)).toBe("unauthenticated");
    expect(await signed({ ...RS, pad: "x".repeat(3_000) })).toBe("valid");
    expect(await signed({ ...RS, pad: "x".repeat(20_000) })).toBe("invalid_header");
  });
});

describe("the claims", () => {
  it("[A9] with times that are no times are refused, even well signed", async () => {
    const now = Math.floor(Date.now() / 1000);
    const odd: [Record<string, unknown>, string][] = [
      [{ exp: String(now + 300) }, "unauthenticated"],
      [{ exp: [now + 300] }, "unauthenticated"],
      [{ exp: null }, "unauthenticated"],
      [{ exp: true }, "unauthenticated"],
      [{ exp: undefined }, "unauthenticated"],
      [{ exp: -1 }, "token_expired"],
      [{ exp: 0 }, "token_expired"],
      [{ iat: undefined }, "unauthenticated"],
      [{ iat: String(now) }, "unauthenticated"],
      [{ iat: now + 3_600 }, "unauthenticated"],
      [{ iat: -1e300 }, "token_expired"],
      [{ nbf: String(now) }, "unauthenticated"],
      [{ nbf: now + 3_600 }, "unauthenticated"],
      // True times, oddly written: what they grant is bounded to a day all the same.
      [{ exp: now + 300.5 }, "valid"],
      [{ exp: 1e300 }, "valid"],
    ];
    for (const [change, code] of odd)
      expect([change, await shown(composeJwt(RS, claims(change), rs256()))]).toEqual([change, code]);
    const me = await worker.request("/v1/me", { key: composeJwt(RS, claims({ exp: 1e300 }), rs256()) });
    const { credential } = (await me.json()) as { credential: { expires_at: string } };
    expect(Date.parse(credential.expires_at)).toBeLessThanOrEqual((now + 86_400) * 1000);
  });

  it("[A9] of an issuer or audience that looks like ours are refused", async () => {
    const { host } = new URL(issuer);
    const likes = [
      `${issuer}/`,
      ` ${issuer}`,
      `${issuer}\u0000`,
      `${issuer}#`,
      `https://${host}`,
      issuer.replace("http", "HTTP"),
      issuer.replace("127.0.0.1", "localhost"),
      `http://evil@${host}`,
      issuer.replace("127", "１２７"),
      [issuer],
      { toString: issuer },
    ];
    for (const iss of likes)
      expect([iss, await shown(composeJwt(RS, claims({ iss }), rs256()))]).toEqual([iss, "unauthenticated"]);
    for (const aud of ["App", "app ", "app,app", "", [], [["app"]], { 0: "app" }, "ap", "apps", null])
      expect([aud, await shown(composeJwt(RS, claims({ aud }), rs256()))]).toEqual([aud, "unauthenticated"]);
    expect(await shown(composeJwt(RS, claims({ aud: ["other", "app"] }), rs256()))).toBe("valid");
  });

  it("[A9] named twice count once, and what was signed for another user or nested in the claims is not read", async () => {
    const twice = (first: string, second: string) => {
      const body = JSON.stringify(claims({ sub: undefined }));
      return composeJwt(RS, `${body.slice(0, -1)},"sub":"${first}","sub":"${second}"}`, rs256());
    };
    const token = twice("ana", "eve");
    expect(((await (await worker.request("/v1/me", { key: token })).json()) as { user: string }).user).toBe("eve");
    const inner = composeJwt(RS, claims(), rs256());
    for (const body of [inner, { jwt: inner }, { ...claims({ sub: undefined }), claims: { sub: "ana" } }, "null", "[]"])
      expect(await shown(composeJwt({ ...RS, cty: "JWT" }, body, rs256()))).toBe("unauthenticated");
    for (const sub of ["", "a b", "a\nb", { toString: "ana" }, ["ana"], 42, "u".repeat(129), "ана"])
      expect(await shown(composeJwt(RS, claims({ sub }), rs256()))).toBe("unauthenticated");
  });

  it("[A5, A9] hold in the project that trusts the service, whichever the request names", async () => {
    const { project } = await otherProject(worker);
    const token = composeJwt(RS, claims(), rs256());
    expect(await shown(token, { "easel-project": worker.project })).toBe("valid");
    expect(await shown(token, { "easel-project": project.id })).toBe("unauthenticated");
    for (const odd of ["prj_", "../x", "prj_01kag3x7p2v9m4t8r6c5n1d0z'", "x".repeat(20_000)])
      expect(await shown(token, { "easel-project": odd })).toBe("invalid_header");
  });
});

describe("a sign-in service that means harm", () => {
  /** A project that trusts what stands at this path. */
  async function trusting(path: string) {
    const { client, project } = await otherProject(worker);
    await setProject(client, { issuers: [{ issuer, jwks_uri: issuer + path, audience: "app" }] });
    return (token: string) => shown(token, { "easel-project": project.id });
  }

  it.each([
    ["/garbage", "unavailable"],
    ["/huge", "unavailable"],
    ["/deep", "unavailable"],
    ["/flood", "unavailable"],
    ["/elsewhere", "unavailable"],
    ["/metadata", "unavailable"],
    ["/broken", "unavailable"],
    ["/missing", "unavailable"],
    ["/nothing", "unauthenticated"],
    ["/private", "unauthenticated"],
  ])("[A9] by what it publishes at %s lets nobody in (%s), and is asked once", async (path, code) => {
    const ask = await trusting(path);
    server.asked.length = 0;
    for (let i = 0; i < 3; i++) expect(await ask(composeJwt(RS, claims(), rs256()))).toBe(code);
    expect(server.asked).toEqual([path]);
  });

  it("[A9] by a symmetric key gives its readers no power to sign", async () => {
    const ask = await trusting("/symmetric");
    for (const alg of ["HS256", "RS256"])
      expect(await ask(composeJwt({ ...RS, alg }, claims(), hs(OCT)))).toBe("unauthenticated");
  });

  it("[A9] by never answering holds up its own tokens alone", async () => {
    const ask = await trusting("/hanging");
    const waiting = ask(composeJwt(RS, claims(), rs256()));
    await expect.poll(() => held.length).toBe(1);
    expect(await shown(composeJwt(RS, claims(), rs256()))).toBe("valid");
    expect((await worker.request("/v1/me")).status).toBe(200);
    held[0]?.writeHead(503).end();
    expect(await waiting).toBe("unavailable");
  });
});

it("[A9] no sign-in token stands in a log line", () => {
  const signatures = sent.map((token) => token.split(".")[2] ?? "").filter((signature) => signature.length > 20);
  expect(signatures.length).toBeGreaterThan(50);
  expect(leaked([worker.logs.join("\n")], [...new Set(signatures)])).toEqual([]);
});
