/** A sign-in service on this machine: publishes its keys, signs tokens, changes its keys. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export type SignIn = {
  readonly issuer: string;
  readonly jwksUri: string;
  /** How often its keys were asked for. */
  readonly asked: number;
  /** A token of this user, signed with the newest key. */
  token(claims: Record<string, unknown>, options?: { audience?: string; seconds?: number }): Promise<string>;
  /** Takes a new key, and publishes no other from now on. */
  rotate(): Promise<void>;
  close(): Promise<void>;
};

export const AUDIENCE = "my-app";

/** Starts it. The caller closes it. */
export async function startSignIn(): Promise<SignIn> {
  let generation = 0;
  let asked = 0;
  let pair = await generateKeyPair("ES256");
  const jwks = async () => ({
    keys: [{ ...(await exportJWK(pair.publicKey)), kid: `key-${generation}`, alg: "ES256", use: "sig" }],
  });
  const server = createServer((_request, response) => {
    asked += 1;
    void jwks().then((keys) => response.setHeader("content-type", "application/json").end(JSON.stringify(keys)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    jwksUri: `${issuer}/keys.json`,
    get asked() {
      return asked;
    },
    token: (claims, { audience = AUDIENCE, seconds = 300 } = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid: `key-${generation}` })
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(now)
        .setExpirationTime(now + seconds)
        .sign(pair.privateKey);
    },
    rotate: async () => {
      generation += 1;
      pair = await generateKeyPair("ES256");
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
