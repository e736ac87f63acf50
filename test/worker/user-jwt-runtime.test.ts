/** Sign-in tokens in the runtime that is deployed: its cryptography, its fetch, and requests that meet in one isolate. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Issuer, IssuerSchema } from "../../src/contract/account.ts";
import { ALGORITHMS } from "../../src/core/auth/key-set.ts";
import type { UserJwtVerdict } from "../../src/worker/auth/user-jwt.ts";

const WORKER = `
import { verifyUserJwt } from "./src/worker/auth/user-jwt.ts";
export default {
  async fetch(request) {
    const { issuer, token } = await request.json();
    return Response.json(await verifyUserJwt([issuer], token, { now: Date.now(), allowLocal: true }));
  },
};`;

let miniflare: Miniflare;
let origin = "";
const asked: string[] = [];
const published: JWK[] = [];
/** What the next questions wait for. */
let gate: Promise<void> = Promise.resolve();

const server = createServer(async (request, response) => {
  const path = request.url ?? "";
  asked.push(path);
  await gate;
  response.setHeader("content-type", "application/json");
  if (path.startsWith("/jwks")) response.end(JSON.stringify({ keys: published }));
  else if (path === "/moved") response.writeHead(302, { location: "/jwks" }).end();
  else if (path === "/.well-known/openid-configuration")
    response.end(JSON.stringify({ issuer: origin, jwks_uri: `${origin}/jwks?discovered` }));
  else if (path === "/endless") {
    const pour = () => {
      while (!response.destroyed && response.write(" ".repeat(65_536)));
    };
    response.on("drain", pour);
    pour();
  } else response.writeHead(404).end();
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bundle = await build({
    stdin: { contents: WORKER, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  const options = {
    modules: [{ type: "ESModule", path: "worker.js", contents: bundle.outputFiles[0]?.text ?? "" }],
    compatibilityDate: "2026-11-17",
    compatibilityFlags: ["global_fetch_strictly_public"],
    cf: false,
    telemetry: { enabled: false },
  };
  miniflare = new Miniflare(convertV4MiniflareOptions(options as Parameters<typeof convertV4MiniflareOptions>[0]));
  await miniflare.ready;
});
afterAll(async () => {
  await miniflare.dispose();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
  published.length = 0;
});

async function makeKey(alg: string, kid: string) {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  published.push({ ...(await exportJWK(publicKey)), kid, alg, use: "sig" });
  return (issuer: Issuer) =>
    new SignJWT({ sub: "u_42" })
      .setProtectedHeader({ alg, kid })
      .setIssuer(issuer.issuer)
      .setAudience(issuer.audience)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(privateKey);
}

/** Each its own, so that no test finds the keys of another. */
const issuerAt = (path: string): Issuer =>
  IssuerSchema.parse({
    issuer: `https://${path.replace(/\W/g, "")}.example.com`,
    jwks_uri: origin + path,
    audience: "a",
  });

async function verify(issuer: Issuer, token: string): Promise<UserJwtVerdict> {
  const response = await miniflare.dispatchFetch("http://worker/", {
    method: "POST",
    body: JSON.stringify({ issuer, token }),
  });
  return (await response.json()) as UserJwtVerdict;
}

describe("in the runtime, a sign-in token", () => {
  it.each(ALGORITHMS)("[A9] may be signed by %s", async (alg) => {
    const sign = await makeKey(alg, "k1");
    const issuer = issuerAt(`/jwks?${alg}`);
    const token = await sign(issuer);
    expect(await verify(issuer, token)).toMatchObject({ type: "valid", user: "u_42" });
    const [header = "", claims = "", signature = ""] = token.split(".");
    const other = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    expect((await verify(issuer, `${header}.${claims}.${other}`)).type).toBe("invalid");
    expect(asked).toHaveLength(1);
  });

  it("[A9] is checked with the keys that the service's description names", async () => {
    const sign = await makeKey("ES256", "k1");
    const issuer: Issuer = { ...issuerAt("/jwks?d"), issuer: origin, jwks_uri: null };
    for (let i = 0; i < 3; i++) expect((await verify(issuer, await sign(issuer))).type).toBe("valid");
    expect(asked).toEqual(["/.well-known/openid-configuration", "/jwks?discovered"]);
  });

  it("[A9] waits for no other request: many that meet before there are keys all come through", async () => {
    const sign = await makeKey("ES256", "k1");
    const issuer = issuerAt("/jwks?many");
    const token = await sign(issuer);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const verdicts = Array.from({ length: 20 }, () => verify(issuer, token));
    await expect.poll(() => asked.length).toBe(20);
    resolve();
    for (const verdict of await Promise.all(verdicts)) expect(verdict.type).toBe("valid");
    expect((await verify(issuer, token)).type).toBe("valid");
    expect(asked).toHaveLength(20);
  });

  it("[A9] comes through after a request that was given up while it asked for the keys", async () => {
    const sign = await makeKey("ES256", "k1");
    const issuer = issuerAt("/jwks?gone");
    const token = await sign(issuer);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const abort = new AbortController();
    const body = JSON.stringify({ issuer, token });
    const given = fetch(await miniflare.ready, { method: "POST", body, signal: abort.signal }).catch(() => "given up");
    await expect.poll(() => asked.length).toBe(1);
    abort.abort();
    expect(await given).toBe("given up");
    const second = verify(issuer, token);
    await expect.poll(() => asked.length).toBe(2);
    resolve();
    expect((await second).type).toBe("valid");
  });

  it.each([
    ["/moved", "302"],
    ["/missing", "404"],
    ["/endless", "larger than 256 kB"],
  ])("[A9] is not judged by what stands at %s", async (path, reason) => {
    const sign = await makeKey("ES256", "k1");
    const issuer = issuerAt(path);
    const verdict = await verify(issuer, await sign(issuer));
    expect(verdict).toEqual({ type: "unavailable", detail: expect.stringContaining(reason) });
    expect(asked).toEqual([path]);
  });
});
