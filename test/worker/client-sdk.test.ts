/** The client of `easelcast/client` against the running Worker, on networks that break. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Client, type ClientOptions, createClient } from "../../src/client/create-client.ts";
import { EaselError } from "../../src/client/easel-error.ts";
import type { JobUpdate } from "../../src/client/job-follow.ts";
import type { WebSocketClass } from "../../src/client/job-sockets.ts";
import { TRANSPORTS, type Transport } from "../../src/client/ladder.ts";
import { mintClientToken } from "../../src/core/auth/client-token.ts";
import { must } from "../../src/core/util/assert.ts";
import { type CuttingProxy, startCuttingProxy } from "../client/cutting-proxy.ts";
import { memoryStore } from "../client/scripted-client.ts";
import { png, pngChunk } from "../support/artifact-pictures.ts";
import { small, ticking, twoSaves } from "../support/graphs.ts";
import { asUser, WITH_GRAPHS } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

const SIGNING_SECRET = "client-sdk-0123456789abcdef-0123456789abcdef";

let worker: TestWorker;
let proxy: CuttingProxy;
let token: string;
beforeAll(async () => {
  worker = await startWorker({ vars: { SIGNING_SECRET } });
  proxy = await startCuttingProxy(worker.url);
  token = (await asUser(worker, "ana", WITH_GRAPHS)).key;
});
afterAll(async () => {
  await proxy.close();
  await worker.close();
});

/** An app of Ana's. Its pauses are as short as chance allows, but for the polls. */
const app = (options: Partial<ClientOptions> = {}): Client =>
  createClient({ baseUrl: worker.url, token: () => token, clock: { random: () => 0.05 }, ...options });
/** `ws` sends headers, as the WebSocket of React Native does. */
const WITH_HEADERS = { webSocket: WebSocket as unknown as WebSocketClass, webSocketHeaders: true };
/** A colour that no job of this file had: ComfyUI does not run again what it has run. */
let colour = 0x100000;
const freshColour = () => ++colour;
const lastOf = async (updates: AsyncIterable<JobUpdate>): Promise<JobUpdate> => {
  let last: JobUpdate | null = null;
  for await (const update of updates) last = update;
  return must(last, "an update");
};

describe("submit", () => {
  it("[S1] over a line that is cut before the answer comes makes one job, and knows it", async () => {
    const metadata = { tunnel: crypto.randomUUID() };
    const dropped = proxy.dropNextAnswer();
    const client = app({ baseUrl: proxy.url });
    const run = await client.submit({ workflow: "txt2img", inputs: small("in a tunnel"), metadata });
    await dropped;
    expect(proxy.opened).toBeGreaterThan(1);
    await expect
      .poll(async () => (await client.jobs.list(byTunnel(metadata))).data.map(({ id }) => id))
      .toEqual([run.id]);
    const done = await run.done();
    expect(done).toMatchObject({ id: run.id, status: "succeeded", outputs: [{ type: "image" }] });
    expect(run.last).toEqual(done);
  });

  it("[S1] with an idempotency key, or an id of the app's, gives the same job twice", async () => {
    const request = { workflow: "txt2img", inputs: small("twice") };
    const keyed = await Promise.all([1, 2].map(() => app().submit(request, { idempotencyKey: "tap-twice" })));
    const first = await app().submit(request);
    const again = await app().submit(request, { id: first.id });
    expect(keyed[0]?.id).toBe(keyed[1]?.id);
    expect(again.id).toBe(first.id);
    expect(first.id).not.toBe(keyed[0]?.id);
    await expect(app().submit({ ...request, metadata: { a: "b" } }, { id: first.id })).rejects.toMatchObject({
      code: "id_conflict",
      status: 409,
    });
  });

  it("fails with what is wrong, field by field, in the language of the person", async () => {
    const failed = app({ headers: { "accept-language": "de" } }).submit({
      workflow: "txt2img",
      inputs: { steps: 9_999 },
    });
    const error = await failed.then(
      () => null,
      (one: unknown) => one,
    );
    expect(error).toBeInstanceOf(EaselError);
    expect(error).toMatchObject({ code: "invalid_inputs", status: 422, retryable: false });
    expect((error as EaselError).fields.map(({ pointer }) => pointer)).toContain("#/inputs/steps");
    expect((error as EaselError).userMessage).toMatch(/[äöüß]|Bitte|nicht/);
  });
});

const byTunnel = ({ tunnel }: { tunnel: string }) => ({ "metadata[tunnel]": tunnel }) as const;

describe("following", () => {
  it("[V7] ends alike over every transport, with a ticket and with a header", async () => {
    const run = await app().submit({ graph: twoSaves(60, 20, freshColour()) });
    const used: (Transport | null)[] = [];
    const over = async (options: Partial<ClientOptions>, transport: Transport) => {
      const live = new Set<Transport>();
      const follow = app(options)
        .job(run.id)
        .follow({
          transports: [transport],
          onLink: (link) => {
            if (link.type === "live") live.add(link.transport);
          },
        });
      const { job } = await lastOf(follow);
      used.push(...live);
      return job;
    };
    const ends = await Promise.all([
      ...TRANSPORTS.map((transport) => over({}, transport)),
      over(WITH_HEADERS, "websocket"),
    ]);
    expect(used.sort()).toEqual([...TRANSPORTS, "websocket"].sort());
    const truth = await app().job(run.id).get();
    expect(truth.outputs.length).toBe(2);
    for (const end of ends) expect(end).toEqual(truth);
  });

  it.each(["websocket", "sse", "long_poll"] as const)(
    "[V3, V7] by %s first, and cut from the network in mid-job, ends as the job did",
    async (transport) => {
      const run = await app().submit({ graph: ticking(100, 20, freshColour()) });
      const rest = TRANSPORTS.slice(TRANSPORTS.indexOf(transport));
      let cut = false;
      const seqs: number[] = [];
      const follow = app({ baseUrl: proxy.url })
        .job(run.id)
        .follow({
          transports: rest,
          onLink: (link) => {
            // Back as soon as the loss was noticed.
            if (cut && link.type === "waiting") proxy.up();
          },
        });
      let last: JobUpdate | null = null;
      for await (const update of follow) {
        last = update;
        seqs.push(update.job.seq);
        if (cut || (update.job.progress.step ?? 0) < 10) continue;
        cut = true;
        proxy.down();
      }
      expect(cut).toBe(true);
      expect(last?.job).toEqual(await app().job(run.id).get());
      expect(last?.job.status).toBe("succeeded");
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    },
  );

  it.each([
    ["sse", {}],
    ["websocket", {}],
    ["websocket", WITH_HEADERS],
    ["poll", {}],
  ] as const)("over %s gets a new token when the old one is over in mid-job (%#)", async (transport, options) => {
    const run = await app().submit({ graph: ticking(150, 20, freshColour()) });
    const now = Date.now();
    const brief = await mintClientToken(new TextEncoder().encode(SIGNING_SECRET), {
      id: crypto.randomUUID(),
      project: worker.project,
      user: "ana",
      scopes: ["jobs:read"],
      workflows: null,
      limits: null,
      madeAt: now,
      expiresAt: now + 1_000,
    });
    const old = must(brief.ok ? brief.value : null, "a token");
    const refused: string[] = [];
    let held = old;
    const client = app({
      ...options,
      baseUrl: proxy.url,
      token: (over) => {
        if (over !== undefined) {
          refused.push(over);
          held = token;
        }
        return held;
      },
    });
    let cut = false;
    let last: JobUpdate | null = null;
    for await (const update of client.job(run.id).follow({ transports: [transport, "poll"] })) {
      last = update;
      // A ticket outlives its token: what was opened by one has to be opened anew.
      if (cut || Date.now() <= now + 1_000) continue;
      cut = true;
      proxy.down();
      proxy.up();
    }
    expect(last?.job).toEqual(await app().job(run.id).get());
    expect(refused).toEqual([old]);
  });

  it("[V3] goes on after a restart of the app from what its store has, and misses nothing", async () => {
    const store = memoryStore();
    const before = app({ store });
    const run = await before.submit({ graph: twoSaves(100, 20, freshColour()) });
    const follow = run.follow();
    for await (const { job } of follow) {
      if (job.outputs.length === 1 && (job.progress.step ?? 0) > 5) break;
    }
    // What was under way to the store has arrived; then the app dies.
    await before.resume();
    const after = app({ store });
    const [resumed] = await after.resume();
    expect(resumed?.id).toBe(run.id);
    const known = must(resumed?.last, "a known job");
    expect(known.outputs.length).toBe(1);
    const updates: JobUpdate[] = [];
    for await (const update of must(resumed, "a job").follow()) updates.push(update);
    expect(updates[0]).toEqual({ job: known, event: null });
    expect(updates[1]?.event).toMatchObject({ type: "hello", data: { resumed: true, job: null } });
    expect(updates.at(-1)?.job).toEqual(await after.job(run.id).get());
    expect(updates.at(-1)?.job.outputs.length).toBe(2);
    await expect.poll(() => after.resume()).toEqual([]);
  });

  it("fails when the job is deleted meanwhile, and for a job that never was", async () => {
    const client = app();
    const run = await client.submit({ graph: ticking(5_000, 20, freshColour()) });
    const failed = expect(run.done()).rejects.toMatchObject({ code: "job_deleted", status: 410 });
    await run.delete();
    await failed;
    await run.delete();
    const never = client.job("job_01kag3x7p2v9m4t8r6c5n1d0ze");
    await expect(never.done()).rejects.toMatchObject({ code: "not_found", status: 404 });
  });
});

describe("a job", () => {
  it("is canceled, run again, shared, listed, and found among the changes", async () => {
    const client = app();
    const run = await client.submit({ graph: ticking(5_000, 20, freshColour()) });
    const { next_cursor: cursor } = await client.changes();
    expect((await run.cancel("changed_mind")).cancel).toMatchObject({ reason: "changed_mind" });
    expect((await run.done()).status).toBe("canceled");
    const again = await run.rerun();
    expect(again.created.rerun_of).toBe(run.id);
    const share = await again.share({ label: "for Ben" });
    expect(share.url).toContain("/s/");
    await again.cancel();
    await again.done();
    const listed = await client.jobs.list({ status: ["canceled"], limit: 2 });
    expect(listed.data.map(({ id }) => id)).toContain(again.id);
    await expect
      .poll(async () => (await client.changes(cursor)).jobs.map(({ id }) => id))
      .toEqual(expect.arrayContaining([run.id, again.id]));
    expect(await client.me()).toMatchObject({ object: "me", user: "ana" });
  });
});

describe("upload", () => {
  const large = new Uint8Array(png(64, 64, pngChunk("teST", new Uint8Array(400_000))));

  it("tells how far it is, and sends bytes that the service has but once", async () => {
    const calls: string[] = [];
    const client = app({
      fetch: (url, init) => {
        calls.push(`${init.method} ${new URL(url).pathname.replace(/[0-9a-f]{64}/, "…")}`);
        return fetch(url, init);
      },
    });
    const shares: number[] = [];
    const first = await client.upload(large, { contentType: "image/png", onProgress: (share) => shares.push(share) });
    expect(first).toMatchObject({ content_type: "image/png", size_bytes: large.byteLength, width: 64 });
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect([shares[0], shares.at(-1)]).toEqual([0, 1]);
    const again = await client.upload(new Blob([large], { type: "image/png" }));
    expect(again.id).toBe(first.id);
    expect(calls).toEqual(["GET /v1/uploads/by-hash/…", "POST /v1/uploads", "GET /v1/uploads/by-hash/…"]);
  });

  it("survives a cut line, and what is small is sent without a question", async () => {
    const dropped = proxy.dropNextAnswer();
    const shares: number[] = [];
    const stored = await app({ baseUrl: proxy.url }).upload(new Uint8Array(png(8, 8)), {
      contentType: "image/png",
      onProgress: (share) => shares.push(share),
    });
    await dropped;
    expect(stored).toMatchObject({ width: 8, height: 8 });
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it("of what is no picture fails with the service's word", async () => {
    const bytes = new TextEncoder().encode("not a picture");
    await expect(app().upload(bytes, { contentType: "image/png" })).rejects.toMatchObject({ code: "unreadable_image" });
  });
});
