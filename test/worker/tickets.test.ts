/** Tickets and subprotocols: how a browser, whose sockets send no headers, opens a stream without a lasting secret in a URL. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type * as z from "zod";
import { TicketSchema } from "../../src/contract/account.ts";
import { CLOSE_CODES, LIVE_PROTOCOL } from "../../src/contract/viewer.ts";
import { mintTicket, type TicketClaims } from "../../src/core/auth/ticket.ts";
import { must } from "../../src/core/util/assert.ts";
import { ticking } from "../support/graphs.ts";
import { asUser, calling, makeKey, otherProject, refused, remove, stop } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

const SIGNING_SECRET = "tickets-0123456789abcdef-0123456789abcdef";

let worker: TestWorker;
/** Ana's, and it runs. */
let job: { id: string };
beforeAll(async () => {
  worker = await startWorker({ vars: { SIGNING_SECRET } });
  job = await worker.createJob({ graph: ticking(10_000, 20), user: "ana" });
});
afterAll(() => worker.close());

type Ticket = z.infer<typeof TicketSchema>;

async function ticketOf(client: WorkerClient, jobId = job.id): Promise<Ticket> {
  const response = await client.post("/v1/tickets", { job_id: jobId });
  const ticket = await response.json();
  expect(response.status, JSON.stringify(ticket)).toBe(201);
  expect(response.headers.get("cache-control")).toBe("no-store");
  return TicketSchema.parse(ticket);
}

/** What opens with a URL alone, as EventSource opens it. */
const open = (url: string) => worker.request(url, { key: null, headers: { accept: "text/event-stream" } });
const eventsBy = (ticket: string, jobId = job.id) => `/v1/jobs/${jobId}/events?ticket=${ticket}`;
/** Opens, sees that it is a stream, and leaves. */
async function opens(url: string): Promise<void> {
  const response = await open(url);
  expect(response.status, response.ok ? "" : await response.text()).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  await response.body?.cancel();
}

/** A ticket that the deployment might have made, with these claims. */
const minted = (claims: Partial<TicketClaims>, secret = SIGNING_SECRET) =>
  mintTicket(new TextEncoder().encode(secret), {
    id: crypto.randomUUID(),
    project: worker.project,
    jobId: job.id,
    user: "ana",
    scopes: ["jobs:read"],
    madeAt: Date.now(),
    streamUntil: null,
    expiresAt: Date.now() + 30_000,
    ...claims,
  });

/** A browser's socket: no headers, only protocols. Gives the protocol that the server chose, and its first frame. */
async function browserSocket(url: string, ...protocols: string[]) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
  const [frame] = await new Promise<[string]>((resolve, reject) => {
    socket.once("message", (data) => resolve([String(data)]));
    socket.once("error", reject);
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  // A heartbeat: to a client that never sent anything, workerd tells the end late (see watchSocket).
  socket.send("ping");
  return { protocol: socket.protocol, hello: JSON.parse(frame) as Record<string, unknown>, socket, closed };
}

describe("a ticket", () => {
  it("[A10] opens one WebSocket without any header, with nothing of a token in its URL", async () => {
    const ana = await asUser(worker, "ana");
    const { urls, ticket, expires_at: expiresAt } = await ticketOf(ana);
    expect(ticket).toMatch(/^ec_tk_/);
    expect(urls.websocket).toBe(`${worker.url.replace("http", "ws")}${eventsBy(ticket)}`);
    expect(urls.websocket).not.toContain(ana.key);
    const seconds = (Date.parse(expiresAt) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(25);
    expect(seconds).toBeLessThanOrEqual(30);
    const { hello, protocol, socket } = await browserSocket(urls.websocket, LIVE_PROTOCOL);
    expect(protocol).toBe(LIVE_PROTOCOL);
    expect(hello).toMatchObject({ type: "hello", job_id: job.id, data: { role: "owner", job: { backend: null } } });
    socket.close();
  });

  it("[A10] opens an SSE stream, whole", async () => {
    const viewer = await worker.stream((await ticketOf(worker)).urls.sse, { key: null });
    expect((await viewer.first("hello")).data.job).toMatchObject({ id: job.id, user: "ana" });
    viewer.close();
    await viewer.closed();
  });

  it("[A10] opens nothing a second time, on the other transport or after the Worker's death either", async () => {
    const { urls } = await ticketOf(worker);
    await opens(urls.sse);
    const answer = await open(urls.sse);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer error="invalid_token"/);
    expect(await refused(answer)).toEqual([401, "ticket_used"]);
    await expect(browserSocket(urls.websocket, LIVE_PROTOCOL)).rejects.toThrow(/401/);
    await worker.killAndStart();
    expect(await refused(await open(urls.sse))).toEqual([401, "ticket_used"]);
  });

  it("[A10] used ten times at once opens one stream", async () => {
    const { urls } = await ticketOf(worker);
    const answers = await Promise.all(Array.from({ length: 10 }, () => open(urls.sse)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 401)]);
    for (const { body } of answers) await body?.cancel();
  });

  it("[A10] opens the job it names and no other, and is not used up by the attempt", async () => {
    const other = await worker.createJob({ graph: ticking(1, 5), user: "ana" });
    const { ticket } = await ticketOf(worker);
    expect(await refused(await open(eventsBy(ticket, other.id)))).toEqual([404, "not_found"]);
    await opens(eventsBy(ticket));
    await remove(worker, `/v1/jobs/${other.id}`);
  });

  it("[A10] is good for 30 seconds", async () => {
    await opens(eventsBy(await minted({ expiresAt: Date.now() + 5_000 })));
    const late = await minted({ madeAt: Date.now() - 30_001, expiresAt: Date.now() - 1 });
    expect(await refused(await open(eventsBy(late)))).toEqual([401, "token_expired"]);
  });

  it("[A10] that was forged, cut or changed is nothing", async () => {
    const { ticket } = await ticketOf(worker);
    const middle = Math.floor(ticket.length / 2);
    const flipped = ticket.slice(0, middle) + (ticket[middle] === "A" ? "B" : "A") + ticket.slice(middle + 1);
    const tries = [
      flipped,
      ticket.slice(0, -1),
      `${ticket}A`,
      "",
      "ec_tk_",
      await minted({}, "another-secret-0123456789abcdef-0123456789"),
      (await asUser(worker, "ana")).key,
      worker.key,
    ];
    for (const text of tries) {
      expect(await refused(await open(eventsBy(text))), text.slice(0, 12)).toEqual([401, "unauthenticated"]);
    }
    await opens(eventsBy(ticket));
  });

  it("[A10] opens streams alone: no other route, and not as a bearer", async () => {
    const { ticket } = await ticketOf(worker);
    const paths = [
      `/v1/jobs/${job.id}`,
      "/v1/jobs",
      "/v1/me",
      `/v1/jobs/${job.id}/preview`,
      `/v1/jobs/${job.id}/shares`,
    ];
    for (const path of paths) {
      const answer = await worker.request(`${path}?ticket=${ticket}`, { key: null });
      expect(await refused(answer), path).toEqual([401, "unauthenticated"]);
      expect((await calling(worker, ticket).request(path)).status, path).toBe(401);
    }
    await opens(eventsBy(ticket));
  });

  it("[A6, A10] is made for jobs that the caller reaches", async () => {
    const ben = await asUser(worker, "ben");
    const stranger = (await otherProject(worker)).client;
    for (const client of [ben, stranger]) {
      expect(await refused(await client.post("/v1/tickets", { job_id: job.id }))).toEqual([404, "not_found"]);
    }
    const mine = await ben.createJob({ workflow: "demo" });
    const before = await ticketOf(ben, mine.id);
    await remove(ben, `/v1/jobs/${mine.id}`);
    expect(await refused(await ben.post("/v1/tickets", { job_id: mine.id }))).toEqual([410, "job_deleted"]);
    expect(await refused(await open(before.urls.sse))).toEqual([410, "job_deleted"]);
    for (const body of [{}, { job_id: "job" }, { stream: true }, { job_id: job.id, ttl: 600 }]) {
      expect(await refused(await worker.post("/v1/tickets", body))).toEqual([422, "invalid_inputs"]);
    }
    const blind = (await makeKey(worker, ["jobs:create"])).client;
    expect(await refused(await blind.post("/v1/tickets", { job_id: job.id }))).toEqual([403, "scope_missing"]);
  });

  it("[A7, A10] watches and does nothing else: its socket cannot cancel", async () => {
    const waiting = await worker.createJob({ workflow: "demo" });
    const { urls } = await ticketOf(worker, waiting.id);
    const { socket, closed } = await browserSocket(urls.websocket, LIVE_PROTOCOL);
    socket.send(JSON.stringify({ type: "cancel" }));
    // What is no message ends the conversation: by then the one before it was heard.
    socket.send("nonsense");
    expect(await closed).toBe(CLOSE_CODES.badMessage);
    expect((await worker.getJob(waiting.id)).cancel).toBeNull();
    await stop(worker, waiting);
  });

  it("[A8, A10] is void with the token that made it, and so is the stream that it opened", async () => {
    const ana = await asUser(worker, "ana");
    const [used, unused] = [await ticketOf(ana), await ticketOf(ana)];
    const { closed } = await browserSocket(used.urls.websocket, LIVE_PROTOCOL);
    await remove(worker, "/v1/users/ana/tokens");
    expect(await closed).toBe(CLOSE_CODES.unauthenticated);
    expect(await refused(await open(unused.urls.sse))).toEqual([401, "token_revoked"]);
    await opens((await ticketOf(await asUser(worker, "ana"))).urls.sse);
  });
});

describe("a client token as a subprotocol", () => {
  const events = () => `${worker.url}/v1/jobs/${job.id}/events`;
  const tokenProtocol = (client: WorkerClient) => `easel.token.${client.key}`;

  it("[A4, A8] opens the socket, in any place among the protocols, and is not echoed", async () => {
    const ana = await asUser(worker, "ana");
    for (const protocols of [
      [LIVE_PROTOCOL, tokenProtocol(ana)],
      [tokenProtocol(ana), LIVE_PROTOCOL],
    ]) {
      const { protocol, hello, socket } = await browserSocket(events(), ...protocols);
      expect(protocol).toBe(LIVE_PROTOCOL);
      expect(hello).toMatchObject({ type: "hello", data: { job: { id: job.id } } });
      expect(JSON.stringify(hello)).not.toContain(ana.key);
      socket.close();
    }
  });

  it("[A6, A8] is held to what it is: another user's, an old one, a damaged one open nothing", async () => {
    const [ana, ben] = await Promise.all([asUser(worker, "ana"), asUser(worker, "ben")]);
    const damaged = calling(worker, `${ana.key.slice(0, -4)}AAAA`);
    const tries: [WorkerClient, RegExp][] = [
      [ben, /404/],
      [damaged, /401/],
      [calling(worker, "ec_ct_"), /401/],
    ];
    for (const [client, status] of tries) {
      await expect(browserSocket(events(), LIVE_PROTOCOL, tokenProtocol(client))).rejects.toThrow(status);
    }
    await remove(worker, "/v1/users/ana/tokens");
    await expect(browserSocket(events(), LIVE_PROTOCOL, tokenProtocol(ana))).rejects.toThrow(/401/);
  });

  it("[A4] is no way in for a browser's secret key, nor for any other route", async () => {
    const headers = { "sec-websocket-protocol": `${LIVE_PROTOCOL}, ${tokenProtocol(worker)}` };
    const fromBrowser = { ...headers, origin: "https://app.example", accept: "text/event-stream" };
    const answer = await worker.request(events(), { key: null, headers: fromBrowser });
    expect(await refused(answer)).toEqual([403, "secret_key_in_browser"]);
    expect(await refused(await worker.request("/v1/jobs", { key: null, headers }))).toEqual([401, "unauthenticated"]);
  });
});

it("[A10] the end of the job is told to whoever came by a ticket", async () => {
  const viewer = await worker.socket(new URL((await ticketOf(worker)).urls.websocket).href, { key: null });
  await viewer.first("hello");
  await stop(worker, job);
  expect(must((await viewer.first("end")).data, "the end").status).toBe("canceled");
  expect(await viewer.closed()).toBe(1000);
});
