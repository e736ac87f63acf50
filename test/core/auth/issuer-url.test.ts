/** Where the keys of sign-in services are. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { issuerProblem, keyPlace, readDiscovery } from "../../../src/core/auth/issuer-url.ts";

const PUBLIC = { allowLocal: false };
const ISSUER = "https://id.example.com/realms/app";

describe("the place of an issuer's keys", () => {
  it("[A9] is the address that the project gave, if it may be called", () => {
    const jwks_uri = "https://keys.example.com/jwks.json";
    expect(keyPlace({ issuer: "accounts.google.com", jwks_uri }, PUBLIC)).toEqual({
      ok: true,
      value: { type: "jwks", url: jwks_uri },
    });
    expect(keyPlace({ issuer: ISSUER, jwks_uri: "http://keys.example.com" }, PUBLIC)).toEqual({
      ok: false,
      error: { field: "jwks_uri", detail: "must begin with https://" },
    });
    expect(keyPlace({ issuer: ISSUER, jwks_uri: "https://169.254.169.254/" }, PUBLIC).ok).toBe(false);
    expect(keyPlace({ issuer: ISSUER, jwks_uri: "" }, PUBLIC).ok).toBe(false);
  });

  it.each([
    ["https://id.example.com", "https://id.example.com/.well-known/openid-configuration"],
    ["https://id.example.com/", "https://id.example.com/.well-known/openid-configuration"],
    [ISSUER, `${ISSUER}/.well-known/openid-configuration`],
    [`${ISSUER}/`, `${ISSUER}/.well-known/openid-configuration`],
  ])("[A9] of %s without an address is told by its description", (issuer, url) => {
    expect(keyPlace({ issuer, jwks_uri: null }, PUBLIC)).toEqual({ ok: true, value: { type: "discovery", url } });
  });

  it.each([
    "accounts.google.com",
    "http://id.example.com",
    "https://localhost",
    `${ISSUER}?x=1`,
    `${ISSUER}#x`,
    `${ISSUER}?`,
  ])("[A9] of %s without an address is nowhere", (issuer) => {
    expect(keyPlace({ issuer, jwks_uri: null }, PUBLIC)).toMatchObject({ ok: false, error: { field: "issuer" } });
  });

  it("[A9] is checked before an issuer is saved", () => {
    expect(issuerProblem({ issuer: ISSUER, jwks_uri: null }, PUBLIC)).toEqual([]);
    expect(issuerProblem({ issuer: "x", jwks_uri: null }, PUBLIC)).toMatchObject([{ field: "issuer" }]);
    expect(issuerProblem({ issuer: ISSUER, jwks_uri: "x" }, PUBLIC)).toMatchObject([{ field: "jwks_uri" }]);
  });

  it("[A9] is on this machine only where that is allowed", () => {
    const issuer = { issuer: "http://127.0.0.1:4000", jwks_uri: null };
    expect(keyPlace(issuer, PUBLIC).ok).toBe(false);
    expect(keyPlace(issuer, { allowLocal: true }).ok).toBe(true);
  });
});

describe("a service's description", () => {
  const told = (fields: unknown) => readDiscovery(JSON.stringify(fields), ISSUER, PUBLIC);

  it("[A9] names the keys' address, which has to be one that may be called", () => {
    const jwks_uri = "https://keys.example.com/jwks.json";
    expect(told({ issuer: ISSUER, jwks_uri, more: 1 })).toEqual({ ok: true, value: jwks_uri });
    for (const bad of ["http://keys.example.com", "https://127.0.0.1", "https://localhost/jwks", "/jwks", 5, null])
      expect(told({ issuer: ISSUER, jwks_uri: bad }).ok).toBe(false);
  });

  it("[A9] of another issuer counts for nothing", () => {
    const jwks_uri = "https://keys.example.com/jwks.json";
    for (const issuer of ["https://evil.example.com", `${ISSUER}/`, ISSUER.toUpperCase(), [ISSUER], undefined])
      expect(told({ issuer, jwks_uri }).ok).toBe(false);
  });

  it("[A9] may be any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        expect(readDiscovery(text, ISSUER, PUBLIC).ok).toBe(false);
      }),
    );
  });
});
