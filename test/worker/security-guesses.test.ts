/** Guessing on and on, and sending the service where it must not go: the Worker as it is deployed, without local addresses. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mintSecretKey } from "../../src/core/auth/secret-key.ts";
import { codeOf } from "../support/attacks.ts";
import { startSignIn } from "../support/sign-in.ts";
import { setProject } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker({ vars: { ALLOW_LOCAL_URLS: "" } });
});
afterAll(() => worker.close());

describe("whoever guesses", () => {
  it("[A3, A4] a thousand times in a minute from one address is stopped at every door, and nobody else is", async () => {
    const address = { "cf-connecting-ip": "192.0.2.7" };
    const key = mintSecretKey("live", worker.project, new Uint8Array(32).fill(1));
    const link = `/s/${"a".repeat(44)}`;
    const doors: Record<string, [path: string, key: string | null]> = {
      key: ["/v1/me", key],
      token: ["/v1/me", "ec_ct_guessed.x"],
      health: ["/v1/health", key],
      page: [link, null],
      state: [`${link}/state`, null],
      preview: [`${link}/preview`, null],
    };
    const ask = ([path, shown]: [string, string | null]) => worker.request(path, { key: shown, headers: address });
    const closed = new Map<string, Response>();
    // The count begins anew with each minute, and a minute may end in between: then it takes twice as many.
    for (let round = 0; closed.size < 6 && round < 40; round++) {
      const asked = Object.entries(doors).flatMap(([name, door]) =>
        Array.from({ length: 9 }, async () => {
          const response = await ask(door);
          if (response.status === 429) return void closed.set(name, response);
          expect([200, 401, 404], name).toContain(response.status);
          return response.body?.cancel();
        }),
      );
      await Promise.all(asked);
    }
    expect([...closed.keys()].sort()).toEqual(Object.keys(doors).sort());
    for (const refused of closed.values()) {
      expect(await problemOf(refused)).toMatchObject({ code: "rate_limited", retry_after_ms: 60_000 });
    }
    // The address that guessed may be that of a whole office: who has a credential comes through.
    expect((await worker.request("/v1/me", { headers: address })).status).toBe(200);
    const elsewhere = { "cf-connecting-ip": "192.0.2.8" };
    expect((await worker.request("/v1/me", { key: "ec_ct_x.y", headers: elsewhere })).status).toBe(401);
  });
});

describe("an address that a project names", () => {
  const patch = (issuers: unknown[]) =>
    worker.request("/v1/project", {
      method: "PATCH",
      body: JSON.stringify({ issuers }),
      headers: { "content-type": "application/json" },
    });

  it.each([
    "http://id.example.com/keys",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/latest",
    "https://[::ffff:169.254.169.254]/",
    "https://[::1]/",
    "https://0/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://169.254.43518/",
    "https://１６９.254.169.254/",
    "https://127.0.0.1:8443/",
    "https://localhost/keys",
    "https://localhost./keys",
    "https://metadata.google.internal/",
    "https://kubernetes.default.svc.cluster.local/",
    "https://printer.lan/",
    "https://id.example.com:22/",
    "https://id.example.com:6379/",
    "https://root:toor@id.example.com/",
    "https://id.example.com\\@169.254.169.254/",
    "https://id.example.com\t/keys",
    "file:///etc/passwd",
    "data:application/json,{}",
    "gopher://id.example.com/",
    "//169.254.169.254/",
    "",
  ])("[A9] is refused where it leads into a network of somebody's: %s", async (uri) => {
    const response = await patch([{ issuer: "https://id.example.com", jwks_uri: uri, audience: "a" }]);
    const problem = await problemOf(response);
    expect([problem.code, problem.errors[0]?.pointer]).toEqual(["unsafe_url", "#/issuers/0/jwks_uri"]);
    expect(problem.detail).not.toContain("root:toor");
    if (uri.startsWith("data:") || uri === "") return;
    const discovered = await patch([{ issuer: uri, audience: "a" }]);
    expect(await codeOf(discovered)).toBe("unsafe_url");
  });

  it("[A9] that was let in once is asked about again before it is called", async () => {
    const signIn = await startSignIn();
    await worker.restart({ ALLOW_LOCAL_URLS: "on" });
    await setProject(worker, { issuers: [{ issuer: signIn.issuer, jwks_uri: signIn.jwksUri, audience: "my-app" }] });
    await worker.restart({ ALLOW_LOCAL_URLS: "" });
    const response = await worker.request("/v1/me", { key: await signIn.token({ sub: "ana" }) });
    expect(await codeOf(response)).toBe("unavailable");
    expect(signIn.asked).toBe(0);
    await signIn.close();
  });
});
