/** Client tokens. */
import { describe, expect, it } from "vitest";
import {
  type ClientClaims,
  mintClientToken,
  readClientToken,
  verifyClientToken,
} from "../../../src/core/auth/client-token.ts";
import { MAX_TOKEN_CHARS } from "../../../src/core/auth/signed-token.ts";

const NOW = 1_795_158_721_500;
const SECRET = new TextEncoder().encode("a secret of this deployment, long enough");
const OTHER = new TextEncoder().encode("another secret of it, as long as the first");

const CLAIMS: ClientClaims = {
  id: "01kag3x7p2v9m4t8r6c5n1d0ze",
  project: "prj_01kag3x7p2v9m4t8r6c5n1d0ze",
  user: "u_42",
  scopes: ["jobs:create", "jobs:read"],
  workflows: ["txt2img", "img2img@2"],
  limits: { jobs_per_day: 20, concurrent: 0 },
  madeAt: NOW,
  expiresAt: NOW + 900_000,
};

async function mint(changes: Partial<ClientClaims> = {}, secret = SECRET): Promise<string> {
  const minted = await mintClientToken(secret, { ...CLAIMS, ...changes });
  if (!minted.ok) throw new Error(minted.error);
  return minted.value;
}

describe("client tokens", () => {
  it("[A8] carry what they grant, and are checked with the secret alone", async () => {
    const token = await mint();
    expect(token).toMatch(/^ec_ct_[0-9A-Za-z_-]{20,}\.[0-9A-Za-z_-]{43}$/);
    const verdict = await verifyClientToken([SECRET], token, NOW + 1);
    expect(verdict).toEqual({ type: "valid", claims: CLAIMS });
  });

  it("[A8] carry a grant without bounds too", async () => {
    const verdict = await verifyClientToken([SECRET], await mint({ workflows: null, limits: null }), NOW);
    expect(verdict).toMatchObject({ type: "valid", claims: { workflows: null, limits: null } });
  });

  it("[A8] keep a limit of nothing apart from no limit", async () => {
    const verdict = await verifyClientToken([SECRET], await mint({ limits: { streams: 0, concurrent: null } }), NOW);
    expect(verdict).toMatchObject({ type: "valid", claims: { limits: { streams: 0 } } });
    expect(verdict).not.toHaveProperty("claims.limits.concurrent");
  });

  it("[A8] end with their time, to the millisecond", async () => {
    const token = await mint();
    expect((await verifyClientToken([SECRET], token, NOW + 899_999)).type).toBe("valid");
    expect(await verifyClientToken([SECRET], token, NOW + 900_000)).toEqual({ type: "expired" });
  });

  it("[A8] are expired only where the signature is right", async () => {
    expect(await verifyClientToken([OTHER], await mint(), NOW + 900_000)).toEqual({ type: "invalid" });
  });

  it("[A8] hold under every secret of the deployment, so that secrets can be exchanged", async () => {
    const [old, fresh] = [await mint({}, SECRET), await mint({}, OTHER)];
    for (const token of [old, fresh]) expect((await verifyClientToken([OTHER, SECRET], token, NOW)).type).toBe("valid");
    expect(await verifyClientToken([OTHER], old, NOW)).toEqual({ type: "invalid" });
    expect(await verifyClientToken([], old, NOW)).toEqual({ type: "invalid" });
  });

  it("[A5] hold in their project alone, even where somebody exchanges its name in them", async () => {
    const token = await mint();
    const [body = "", signature = ""] = token.slice("ec_ct_".length).split(".");
    const payload = Buffer.from(body, "base64url").toString().replace("prj_01", "prj_02");
    const moved = `ec_ct_${Buffer.from(payload).toString("base64url")}.${signature}`;
    expect(readClientToken(moved)).toEqual({ project: "prj_02kag3x7p2v9m4t8r6c5n1d0ze" });
    expect(await verifyClientToken([SECRET], moved, NOW)).toEqual({ type: "invalid" });
  });

  it("[A8] name their project before they are checked", async () => {
    expect(readClientToken(await mint())).toEqual({ project: CLAIMS.project });
    expect(readClientToken("ec_ct_x.y")).toBeNull();
  });

  it("[A8] never live longer than a revocation is remembered", async () => {
    await expect(mint({ expiresAt: NOW + 7_200_001 })).rejects.toThrow(/longest life/);
    await expect(mint({ expiresAt: NOW })).rejects.toThrow(/longest life/);
    expect((await verifyClientToken([SECRET], await mint({ expiresAt: NOW + 7_200_000 }), NOW)).type).toBe("valid");
  });

  it("[A8] are not made longer than headers may be", async () => {
    const workflows = Array.from({ length: 100 }, (_, i) => `a-workflow-with-a-rather-long-name-${i}`);
    expect(await mintClientToken(SECRET, { ...CLAIMS, workflows })).toEqual({ ok: false, error: "too_long" });
    const fitting = await mint({ workflows: workflows.slice(0, 60) });
    expect(fitting.length).toBeLessThanOrEqual(MAX_TOKEN_CHARS);
    expect((await verifyClientToken([SECRET], fitting, NOW)).type).toBe("valid");
  });

  it("[A8] are never signed with a secret that can be guessed", async () => {
    await expect(mint({}, new TextEncoder().encode("short"))).rejects.toThrow(/32 bytes/);
  });
});
