/** Forged, changed, exchanged, replayed and outlived credentials of our own kinds, against the running Worker. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mintClientToken } from "../../src/core/auth/client-token.ts";
import { hashSecretKey, mintSecretKey } from "../../src/core/auth/secret-key.ts";
import { mintTicket } from "../../src/core/auth/ticket.ts";
import { codeOf, leaked } from "../support/attacks.ts";
import { ticking } from "../support/graphs.ts";
import { asUser, makeKey, otherProject } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf, type WorkerClient } from "../support/worker-client.ts";

const SECRET = "the-secret-that-signs-tokens-and-links-0";
const NEXT_SECRET = "the-secret-that-comes-after-that-one-000";
const bytes = (text: string) => new TextEncoder().encode(text);
const TOKEN_ID = "01kag3x7p2v9m4t8r6c5n1d0ze";

let worker: TestWorker;
let ana: WorkerClient;
let jobId: string;
let credentials: Record<"key" | "token" | "ticket" | "share" | "media", string>;
let mediaUrl: URL;
let other: WorkerClient;

beforeAll(async () => {
  worker = await startWorker({ vars: { SIGNING_SECRET: SECRET } });
  ana = await asUser(worker, "ana");
  const job = await ana.run({ workflow: "demo", metadata: { who: "only-for-ana" } });
  jobId = job.id;
  mediaUrl = new URL(job.outputs[0]?.url ?? "");
  other = (await otherProject(worker)).client;
  credentials = {
    key: (await makeKey(worker, ["jobs:read"])).client.key,
    token: ana.key,
    ticket: await ticketOf(ana, jobId),
    share: (await ana.share(jobId)).url.split("/s/")[1] ?? "",
    media: mediaUrl.pathname.split("/")[2] ?? "",
  };
});
afterAll(() => worker.close());

async function ticketOf(client: WorkerClient, id: string): Promise<string> {
  return ((await (await client.post("/v1/tickets", { job_id: id })).json()) as { ticket: string }).ticket;
}

const events = (id: string, ticket: string) => `/v1/jobs/${id}/events?ticket=${encodeURIComponent(ticket)}`;
const asStream = { key: null, headers: { accept: "text/event-stream" } };

/** How each kind is shown at its own door. */
const DOORS: Record<keyof typeof credentials, (credential: string) => Promise<Response>> = {
  key: (key) => worker.request("/v1/me", { key }),
  token: (key) => worker.request("/v1/me", { key }),
  ticket: (ticket) => worker.request(events(jobId, ticket), asStream),
  share: (token) => worker.request(`/s/${encodeURIComponent(token)}/state`, { key: null }),
  media: (sig) => worker.request(mediaUrl.pathname.replace(credentials.media, encodeURIComponent(sig)), { key: null }),
};
const KINDS = ["key", "token", "ticket", "share", "media"] as const;
/** A slash ends a link's segment; what is asked for then is another address. */
const CHARACTERS = [..."ABab019-_.+=~"];

describe("a credential that was changed", () => {
  it.each(KINDS)("[A1, A3, A8, A10, M5] by a character, a cut or an addition: a %s opens nothing", async (kind) => {
    const whole = credentials[kind];
    const changes = fc
      .tuple(fc.nat(whole.length - 1), fc.constantFrom(...CHARACTERS))
      .chain(([at, character]) =>
        fc.constantFrom(
          whole.slice(0, at) + character + whole.slice(at + 1),
          whole.slice(0, at) + whole.slice(at + 1),
          whole.slice(0, at) + character + whole.slice(at),
          whole.slice(0, Math.max(1, at)),
          whole + character,
        ),
      );
    const tried = fc.sample(
      changes.filter((changed) => changed !== whole),
      25,
    );
    for (const changed of tried) {
      const response = await DOORS[kind](changed);
      const text = await response.text();
      expect([401, 403, 404], `${kind} ${changed}: ${response.status}`).toContain(response.status);
      expect(text).not.toContain("only-for-ana");
    }
  });

  it("[A1, A3, A8, A10] in its case, or with its parts exchanged with those of another of its kind, opens nothing", async () => {
    const eve = await asUser(worker, "eve");
    const mixed = (a: string, b: string, at: number) => [a.slice(0, at) + b.slice(at), b.slice(0, at) + a.slice(at)];
    const byDot = (a: string, b: string) => {
      const [[headA = "", tailA = ""], [headB = "", tailB = ""]] = [a.split("."), b.split(".")];
      return [`${headA}.${tailB}`, `${headB}.${tailA}`];
    };
    const secondJob = await ana.run({ workflow: "demo" });
    const secondShare = (await ana.share(secondJob.id)).url.split("/s/")[1] ?? "";
    const forged: [keyof typeof credentials, string[]][] = [
      ["key", mixed(worker.key, other.key, "ec_sk_test_".length + 22)],
      ["key", [worker.key.replace("_test_", "_live_")]],
      ["token", byDot(ana.key, eve.key)],
      ["ticket", byDot(credentials.ticket, await ticketOf(ana, secondJob.id))],
      ["share", mixed(credentials.share, secondShare, 22)],
    ];
    for (const [kind, texts] of forged) {
      for (const text of texts) {
        const response = await DOORS[kind](text);
        expect(response.status, `${kind} ${text}`).toBe(kind === "share" ? 404 : 401);
      }
    }
    const swapped = credentials.share.replace(/[a-z]/gi, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    expect((await DOORS.share(swapped)).status).toBe(404);
    // After all that the true ones still open their doors.
    const truths = { ...credentials, ticket: await ticketOf(ana, jobId) };
    for (const kind of KINDS) expect((await DOORS[kind](truths[kind])).status, kind).toBe(200);
  });
});

describe("a credential of one kind in another's place", () => {
  it("[A3, A4, A8, A10, M5] opens nothing: key, client token, ticket, link and media signature at each other's doors", async () => {
    const ticket = await ticketOf(ana, jobId);
    const shown = { ...credentials, ticket };
    for (const door of KINDS) {
      for (const kind of KINDS) {
        // A client token stands where a key does: both come in the header.
        if (kind === door || (["key", "token"].includes(door) && ["key", "token"].includes(kind))) continue;
        const response = await DOORS[door](shown[kind]);
        expect([401, 403, 404], `${kind} at the door of ${door}: ${response.status}`).toContain(response.status);
      }
    }
    // The ticket was shown at every door but its own, and is still good.
    expect((await DOORS.ticket(ticket)).status).toBe(200);
  });

  it("[A4, A8] a key or token in the URL, in a cookie, or in other forms of the header opens nothing", async () => {
    const basic = `Basic ${btoa(`${worker.key}:`)}`;
    const tries: [string, Record<string, string>][] = [
      [`/v1/me?key=${worker.key}&token=${ana.key}&access_token=${ana.key}`, {}],
      [`/v1/me?authorization=Bearer%20${ana.key}`, {}],
      [`/v1/jobs/${jobId}?ticket=${await ticketOf(ana, jobId)}`, {}],
      ["/v1/me", { cookie: `authorization=${ana.key}; token=${ana.key}` }],
      ["/v1/me", { "x-api-key": worker.key, "proxy-authorization": `Bearer ${worker.key}` }],
      ["/v1/me", { "sec-websocket-protocol": `easel.live.v1, easel.token.${ana.key}` }],
      ["/v1/me", { authorization: basic }],
      ["/v1/me", { authorization: worker.key }],
      ["/v1/me", { authorization: `Token ${worker.key}` }],
      ["/v1/me", { authorization: `Bearer ${worker.key}, Bearer ${worker.key}` }],
      ["/v1/me", { authorization: `Bearer ${worker.key} ${worker.key}` }],
    ];
    for (const [path, headers] of tries) {
      const response = await worker.request(path, { key: null, headers });
      expect(await codeOf(response), JSON.stringify(headers)).toBe("unauthenticated");
    }
  });
});

describe("a token that somebody signed", () => {
  const claims = (project: string, changes: Record<string, unknown> = {}) => ({
    id: TOKEN_ID,
    project,
    user: "ana",
    scopes: ["jobs:read" as const],
    workflows: null,
    limits: null,
    madeAt: Date.now(),
    expiresAt: Date.now() + 60_000,
    ...changes,
  });
  const minted = async (secret: string, project: string, changes = {}) => {
    const token = await mintClientToken(bytes(secret), claims(project, changes));
    return token.ok ? token.value : "";
  };

  it("[A8, A10] with another secret is refused; with ours, once its time is over, as over", async () => {
    const { project } = worker;
    const stranger = "a-secret-that-this-deployment-never-had-0";
    expect(await codeOf(await DOORS.token(await minted(stranger, project)))).toBe("unauthenticated");
    const old = await minted(SECRET, project, { madeAt: Date.now() - 60_000, expiresAt: Date.now() - 1 });
    expect(await codeOf(await DOORS.token(old))).toBe("token_expired");
    expect((await DOORS.token(await minted(SECRET, project))).status).toBe(200);
    const ticket = {
      id: TOKEN_ID,
      project,
      jobId,
      user: "ana",
      scopes: ["jobs:read" as const],
      madeAt: Date.now(),
      streamUntil: null,
    };
    const late = await mintTicket(bytes(SECRET), { ...ticket, expiresAt: Date.now() - 1 });
    expect(await codeOf(await DOORS.ticket(late))).toBe("token_expired");
    const foreign = await mintTicket(bytes(stranger), { ...ticket, expiresAt: Date.now() + 30_000 });
    expect(await codeOf(await DOORS.ticket(foreign))).toBe("unauthenticated");
  });

  it("[A5, A11] a key with a right checksum that nobody was given opens nothing, in any project, existing or not", async () => {
    const random = new Uint8Array(32).fill(9);
    for (const project of [worker.project, "prj_01kag3x7p2v9m4t8r6c5n1d0ze", `prj_${"0".repeat(26)}`]) {
      const response = await DOORS.key(mintSecretKey("live", project, random));
      expect((await problemOf(response)).detail).toBe("This key is not valid here.");
    }
    // What is configured or stored of a key does not stand for it.
    expect((await DOORS.key(await hashSecretKey(worker.key))).status).toBe(401);
  });
});

describe("a ticket", () => {
  it("[A10] used by twenty at once lets one in", async () => {
    const job = await worker.createJob({ graph: ticking(2_000, 20) });
    const ticket = await ticketOf(worker, job.id);
    const abort = new AbortController();
    const tries = Array.from({ length: 20 }, () =>
      worker.request(events(job.id, ticket), { ...asStream, signal: abort.signal }),
    );
    const answers = await Promise.all(tries);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 200);
    for (const response of refused) expect(await codeOf(response)).toBe("ticket_used");
    abort.abort();
    await worker.post(`/v1/jobs/${job.id}/cancel`, {});
  });

  it("[A10] opens no other job and no other project's, and is not used up by being refused there", async () => {
    const ticket = await ticketOf(ana, jobId);
    const another = await ana.run({ workflow: "demo" });
    expect(await codeOf(await worker.request(events(another.id, ticket), asStream))).toBe("not_found");
    const theirs = await other.run({ workflow: "demo" });
    expect(await codeOf(await worker.request(events(theirs.id, ticket), asStream))).toBe("not_found");
    expect(await codeOf(await ana.post("/v1/tickets", { job_id: theirs.id }))).toBe("not_found");
    expect((await DOORS.ticket(ticket)).status).toBe(200);
    expect(await codeOf(await DOORS.ticket(ticket))).toBe("ticket_used");
  });

  it("[A8, A10] of a user whose tokens were revoked opens nothing", async () => {
    const bob = await asUser(worker, "bob");
    const job = await bob.run({ workflow: "demo" });
    const ticket = await ticketOf(bob, job.id);
    await worker.request("/v1/users/bob/tokens", { method: "DELETE" });
    expect(await codeOf(await worker.request(events(job.id, ticket), asStream))).toBe("token_revoked");
  });
});

it("[A3, A8, M5] an exchanged signing secret: what the old one signed counts beside the new one, and no longer than that", async () => {
  const state = () => DOORS.share(credentials.share);
  await worker.restart({ SIGNING_SECRET: `${NEXT_SECRET},${SECRET}` });
  for (const kind of ["token", "media"] as const) expect((await DOORS[kind](credentials[kind])).status).toBe(200);
  const fresh = await asUser(worker, "ana");
  await worker.restart({ SIGNING_SECRET: NEXT_SECRET });
  expect(await codeOf(await DOORS.token(credentials.token))).toBe("unauthenticated");
  expect(await codeOf(await DOORS.media(credentials.media))).toBe("bad_signature");
  expect((await fresh.request("/v1/me")).status).toBe(200);
  // Keys and share links hang on no secret of the deployment.
  expect((await DOORS.key(credentials.key)).status).toBe(200);
  expect((await state()).status).toBe(200);
});

it("[A2, A3, A11] none of these credentials stands in a log line", () => {
  const secrets = [...Object.values(credentials), worker.key, other.key, ana.key, SECRET, NEXT_SECRET];
  const halves = [credentials.share.slice(22), ana.key.split(".")[1] ?? "", credentials.ticket.split(".")[1] ?? ""];
  expect(worker.logs.length).toBeGreaterThan(5);
  expect(leaked(worker.logs, [...secrets, ...halves, "only-for-ana"])).toEqual([]);
});
