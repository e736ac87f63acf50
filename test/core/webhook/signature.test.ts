/** What is signed, with what, and that the official package reads it. */
import { createPrivateKey, createPublicKey, sign as nodeSign, verify as nodeVerify } from "node:crypto";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { WEBHOOK_HEADERS } from "../../../src/contract/webhook.ts";
import { jwkOf, keyPairOf, mintKeyPair, mintSecret, readSecret } from "../../../src/core/webhook/secrets.ts";
import { type Attempt, deliveryHeaders, signatures } from "../../../src/core/webhook/signature.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const base64 = (value: Uint8Array) => Buffer.from(value).toString("base64");
const messages = fc.record({
  id: fc.stringMatching(/^evt_[0-9a-z]{26}$/),
  timestampSeconds: fc.integer({ min: 0, max: 4_000_000_000 }),
  body: fc.string({ unit: "binary", maxLength: 300 }),
});

const ATTEMPT: Attempt = {
  event: { id: "evt_01", type: "job.succeeded", jobId: "job_01", body: '{"a":"ä"}' },
  deliveryId: "dlv_01",
  attempt: 3,
  at: 1_795_158_721_987,
  origin: "https://api.example.com",
};

describe("signatures", () => {
  it("[W1] gives the signature of the specification's own example", async () => {
    const message = {
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      timestampSeconds: 1_614_265_330,
      body: '{"test": 2432232314}',
    };
    expect(await signatures(message, { secrets: [SECRET], keys: [] })).toBe(
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
  });

  it("[W1] signs as the official package does, whatever the body and the secret", async () => {
    await fc.assert(
      fc.asyncProperty(messages, fc.uint8Array({ minLength: 24, maxLength: 64 }), async (message, key) => {
        const secret = `whsec_${base64(key)}`;
        const theirs = new Webhook(secret).sign(message.id, new Date(message.timestampSeconds * 1_000), message.body);
        expect(await signatures(message, { secrets: [secret], keys: [] })).toBe(theirs);
      }),
    );
  });

  it("[W1] adds an Ed25519 signature that others verify with the public key", async () => {
    await fc.assert(
      fc.asyncProperty(messages, bytes(32), async (message, seed) => {
        const pair = await mintKeyPair(seed);
        const [v1, v1a, ...more] = (await signatures(message, { secrets: [SECRET], keys: [pair.secretKey] })).split(
          " ",
        );
        expect(more).toEqual([]);
        expect(v1).toMatch(/^v1,/);
        const key = createPublicKey({ key: jwkOf(pair.publicKey), format: "jwk" });
        const signed = Buffer.from(`${message.id}.${message.timestampSeconds}.${message.body}`);
        expect(nodeVerify(null, signed, key, Buffer.from(v1a?.slice("v1a,".length) ?? "", "base64"))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("[W9] signs with every key that counts, in their order", async () => {
    const message = { id: "evt_01", timestampSeconds: 1, body: "{}" };
    const [a, b] = [mintSecret(new Uint8Array(32).fill(1)), mintSecret(new Uint8Array(32).fill(2))] as const;
    const [k, l] = await Promise.all([
      mintKeyPair(new Uint8Array(32).fill(3)),
      mintKeyPair(new Uint8Array(32).fill(4)),
    ]);
    const all = (await signatures(message, { secrets: [a, b], keys: [k.secretKey, l.secretKey] })).split(" ");
    const alone = await Promise.all([a, b].map((secret) => signatures(message, { secrets: [secret], keys: [] })));
    expect(all.slice(0, 2)).toEqual(alone);
    expect(all.slice(2).every((text) => text.startsWith("v1a,"))).toBe(true);
    expect(new Set(all).size).toBe(4);
  });

  it("[W1] is never made without a secret, with a short one or for an id with a dot", async () => {
    const message = { id: "evt_01", timestampSeconds: 1, body: "{}" };
    await expect(signatures(message, { secrets: [], keys: [] })).rejects.toThrow("no secret, no send");
    for (const secret of ["", "whsec_", `whsec_${base64(new Uint8Array(23))}`]) {
      await expect(signatures(message, { secrets: [secret], keys: [] })).rejects.toThrow();
    }
    await expect(signatures({ ...message, id: "a.1" }, { secrets: [SECRET], keys: [] })).rejects.toThrow("no dot");
  });
});

describe("the headers of a delivery", () => {
  it("[W1] are those of the specification and our own, and nothing else", async () => {
    const headers = await deliveryHeaders(ATTEMPT, { secrets: [SECRET], keys: [] });
    expect(Object.keys(headers).sort()).toEqual(["content-type", "user-agent", ...WEBHOOK_HEADERS].sort());
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "easelcast-webhooks/1 (+https://api.example.com/docs/webhooks)",
      "webhook-id": "evt_01",
      "webhook-timestamp": "1795158721",
      "easel-event-type": "job.succeeded",
      "easel-job-id": "job_01",
      "easel-delivery-id": "dlv_01",
      "easel-attempt": "3",
    });
    expect(Object.values(headers).join()).not.toContain(SECRET.slice("whsec_".length));
  });

  it("[W3] keep the id over attempts, while time and signature are of each attempt", async () => {
    const keys = { secrets: [SECRET], keys: [] };
    const first = await deliveryHeaders(ATTEMPT, keys);
    const second = await deliveryHeaders({ ...ATTEMPT, attempt: 4, at: ATTEMPT.at + 5_000 }, keys);
    expect(second["webhook-id"]).toBe(first["webhook-id"]);
    expect(Number(second["webhook-timestamp"])).toBe(Number(first["webhook-timestamp"]) + 5);
    expect(second["webhook-signature"]).not.toBe(first["webhook-signature"]);
    expect(second["easel-attempt"]).toBe("4");
  });

  it("[W1] name no job where the event is of none", async () => {
    const headers = await deliveryHeaders(
      { ...ATTEMPT, event: { ...ATTEMPT.event, type: "webhook.test", jobId: null } },
      { secrets: [SECRET], keys: [] },
    );
    expect(headers).not.toHaveProperty("easel-job-id");
  });
});

describe("secrets", () => {
  it("[W1] are drawn from 32 random bytes and read back", () => {
    fc.assert(
      fc.property(bytes(32), (random) => {
        expect(readSecret(mintSecret(random))).toEqual({ ok: true, value: random });
      }),
    );
    expect(() => mintSecret(new Uint8Array(31))).toThrow();
  });

  it("[W1] hold 24 to 64 bytes of base64 in its one spelling", () => {
    const given = (length: number) => readSecret(`whsec_${base64(new Uint8Array(length))}`).ok;
    expect([0, 16, 23, 24, 25, 32, 64, 65, 200].map(given)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    const good = base64(new Uint8Array(25));
    for (const text of [
      good,
      `whpk_${good}`,
      `WHSEC_${good}`,
      `whsec_${good.replace(/=+$/, "")}`,
      `whsec_${good.replace("A=", "B=")}`,
      `whsec_ ${good}`,
      `whsec_${good}\n`,
      `whsec_${"_".repeat(32)}`,
    ]) {
      expect(readSecret(text).ok, text).toBe(false);
    }
    const short = readSecret(`whsec_${base64(new Uint8Array(8).fill(7))}`);
    expect(short).toEqual({ ok: false, error: "must hold 24 to 64 bytes, not 8" });
  });

  it("[W1] of Ed25519 are the key of their seed, in the key set too", async () => {
    const seed = Uint8Array.from(
      Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex"),
    );
    const publicKey = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
    const pair = await mintKeyPair(seed);
    expect(pair).toEqual({
      secretKey: `whsk_${base64(new Uint8Array([...seed, ...publicKey]))}`,
      publicKey: `whpk_${base64(publicKey)}`,
    });
    expect(await keyPairOf(pair.secretKey)).toEqual(pair);
    expect(jwkOf(pair.publicKey)).toMatchObject({ kty: "OKP", crv: "Ed25519", x: publicKey.toString("base64url") });
    // The same bytes as another implementation signs.
    const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
    const signature = nodeSign(null, Buffer.from("evt_01.1.{}"), key).toString("base64");
    const ours = await signatures(
      { id: "evt_01", timestampSeconds: 1, body: "{}" },
      { secrets: [SECRET], keys: [pair.secretKey] },
    );
    expect(ours.split(" ")[1]).toBe(`v1a,${signature}`);
  });
});
