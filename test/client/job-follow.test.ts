/** Following a job as an app does, over a network that the test plays: tickets, cursors, the store, leaving. */
import { describe, expect, it } from "vitest";
import { sampleEvent, sampleOutput, sampleProgress } from "../../scripts/page-samples.ts";
import { applyEvent } from "../../src/client/apply-event.ts";
import { readEvent } from "../../src/client/decode.ts";
import type { JobFollow, JobUpdate } from "../../src/client/job-follow.ts";
import type { Job } from "../../src/contract/job.ts";
import type { ViewerEvent } from "../../src/contract/viewer.ts";
import { JOB_ID, memoryStore, ownJob, problem, scriptedClient } from "./scripted-client.ts";

const event = sampleEvent as unknown as (type: string, seq: number | null, data: unknown) => ViewerEvent<Job>;
const hello = (job: Job | null, seq = 40) =>
  event("hello", seq, { protocol: "easel.live.v1", role: "owner", resumed: job === null, replayed: 0, job });
const progress = (seq: number, value: number) =>
  event("progress", seq, { ...sampleProgress({ value }), phase: "sampling", headline: "Painting" });
const DONE = ownJob({ status: "succeeded", phase: "done", terminal: true, seq: 77 });
const end = event("end", 77, { status: "succeeded", job: DONE });
const TICKET = { object: "ticket", ticket: "ec_tk_abc.def" };

/** The job's socket is open, by a ticket. */
async function following(options: Parameters<typeof scriptedClient>[0] = {}) {
  const script = scriptedClient(options);
  const follow = script.client.job(JOB_ID).follow();
  const first = follow.next();
  await script.settle();
  await script.answer(Response.json(TICKET, { status: 201 }));
  script.socket().play("open");
  return { ...script, follow, first };
}
const jobOf = async (next: ReturnType<JobFollow["next"]>): Promise<Job> => ((await next).value as JobUpdate).job;

describe("following", () => {
  it("opens the socket with a ticket, and with nothing of the token in its address", async () => {
    const { request, bodyOf, socket, follow } = await following();
    expect(request().url).toBe("https://api.example/v1/tickets");
    expect(bodyOf()).toEqual({ job_id: JOB_ID });
    expect(socket().url).toBe(`wss://api.example/v1/jobs/${JOB_ID}/events?previews=url&ticket=ec_tk_abc.def`);
    expect([socket().protocols, socket().options]).toEqual([["easel.live.v1"], undefined]);
    socket().say(hello(ownJob()));
    await follow.return();
  });

  it("sends the token as a header where sockets have some, and takes a ticket when that was refused", async () => {
    const { client, socket, request, requests, settle, advance, answer } = scriptedClient({ webSocketHeaders: true });
    const follow = client.job(JOB_ID).follow();
    const first = follow.next();
    await settle();
    expect(socket().options).toEqual({ headers: { authorization: "Bearer t1" } });
    expect(requests.length).toBe(0);
    socket().play("close", { code: 1006 });
    await advance(1_000);
    expect(request().url).toBe("https://api.example/v1/tickets");
    await answer(Response.json(TICKET));
    socket().say(hello(DONE, 77));
    expect((await jobOf(first)).status).toBe("succeeded");
  });

  it("[V2] gives the whole job after each event, and ends with the job", async () => {
    const { socket, follow, first } = await following();
    socket().say(hello(ownJob()));
    expect(await jobOf(first)).toEqual(ownJob());
    const updates: JobUpdate[] = [];
    const reading = (async () => {
      for await (const update of follow) updates.push(update);
    })();
    socket().say(event("status", 41, { status: "running", previous: "queued", phase: "sampling", terminal: false }));
    socket().say(event("output", 42, { output: sampleOutput(0), index: 0, expected: 2 }));
    socket().say(end);
    await reading;
    expect(updates.map((update) => update.event?.type)).toEqual(["status", "output", "end"]);
    expect(updates.map(({ job }) => [job.seq, job.status, job.outputs.length, job.terminal])).toEqual([
      [41, "running", 0, false],
      [42, "running", 1, false],
      [77, "succeeded", 0, true],
    ]);
    expect(socket().readyState).toBe(3);
  });

  it("[V6] keeps only the newest of what a slow reader has not read, and every durable event", async () => {
    const { socket, follow, first } = await following();
    socket().say(hello(ownJob()));
    await first;
    for (let step = 1; step <= 50; step += 1) {
      socket().say(progress(40 + 2 * step, step / 100));
      if (step % 25 === 0) socket().say(event("warning", 41 + 2 * step, { code: "attempt_retried", message: "" }));
    }
    socket().say(event("end", 200, { status: "succeeded", job: DONE }));
    const seen: (string | undefined)[] = [];
    for await (const { event: heard, job } of follow) {
      seen.push(heard?.type);
      if (heard?.type === "progress") expect(job.progress.value).toBe(0.5);
    }
    expect(seen).toEqual(["warning", "progress", "warning", "end"]);
  });

  it("[V3] comes back with its cursor after a cut, with a new ticket", async () => {
    const { socket, request, requests, follow, first, advance, answer } = await following();
    socket().say(hello(ownJob()));
    await first;
    socket().say(event("warning", 45, { code: "attempt_retried", message: "" }));
    socket().play("close", { code: 1006 });
    await advance(1_000);
    expect([requests.length, request().url]).toEqual([2, "https://api.example/v1/tickets"]);
    await answer(Response.json(TICKET));
    expect(socket().url).toContain("after=45");
    await follow.return();
  });

  it("asks for a new token when the service says in mid-job that it is over", async () => {
    const tokens = ["old", "old", "new"];
    const { socket, request, refused, follow, first, advance, answer } = await following({ tokens });
    socket().say(hello(ownJob()));
    await first;
    socket().play("close", { code: 4401 });
    await advance(1_000);
    await answer(problem(401, "token_expired"));
    expect([refused, request().headers.authorization]).toEqual([[undefined, undefined, "old"], "Bearer new"]);
    await answer(Response.json(TICKET));
    socket().say(end);
    expect(await jobOf(follow.next())).toEqual(DONE);
  });

  it("fails with the service's own word when the job is not to be followed", async () => {
    const store = memoryStore();
    const { client, request, settle, answer } = scriptedClient({ store });
    const failed = expect(client.job(JOB_ID).follow().next()).rejects.toMatchObject({ code: "not_found", status: 404 });
    await settle();
    await answer(problem(404, "not_found"));
    expect(request().url).toBe(`https://api.example/v1/jobs/${JOB_ID}`);
    await answer(problem(404, "not_found"));
    await failed;
    await settle();
    expect(store.entries.size).toBe(0);
  });

  it("takes the next transport where there is no WebSocket, and polls where there is no stream either", async () => {
    const { client, request, settle, answer } = scriptedClient();
    const first = client
      .job(JOB_ID)
      .follow({ transports: ["sse", "poll"] })
      .next();
    await settle();
    expect(request().headers).toMatchObject({ accept: "text/event-stream", authorization: "Bearer t1" });
    await answer(new Response(`id: 40\nevent: hello\ndata: ${JSON.stringify(hello(DONE, 77))}\n\n`));
    expect(await jobOf(first)).toEqual(DONE);
    const second = client
      .job(JOB_ID)
      .follow({ transports: ["poll"] })
      .next();
    await settle();
    expect(request().url).toBe(`https://api.example/v1/jobs/${JOB_ID}`);
    await answer(Response.json(DONE));
    expect(await jobOf(second)).toEqual(DONE);
  });

  it("closes everything when the app leaves the loop or gives the signal", async () => {
    const { client, socket, first, follow, settle, answer, pendingTimers } = await following();
    socket().say(hello(ownJob()));
    await first;
    await follow.return();
    expect([socket().readyState, pendingTimers()]).toEqual([3, 0]);

    const stop = new AbortController();
    const done = client.job(JOB_ID).done({ signal: stop.signal });
    done.catch(() => {});
    await settle();
    await answer(Response.json(TICKET));
    stop.abort(new Error("in the background"));
    await expect(done).rejects.toThrow("in the background");
    expect([socket().readyState, pendingTimers()]).toEqual([3, 0]);
  });
});

describe("the store", () => {
  it("[V3] lets a new start of the app show the job at once and go on where it was", async () => {
    const store = memoryStore();
    const before = await following({ store });
    before.socket().say(hello(ownJob()));
    before.socket().say(event("warning", 45, { code: "attempt_retried", message: "" }));
    await before.settle();
    // The app dies here: nothing is said to anybody.
    const { client, socket, settle, answer } = scriptedClient({ store });
    const [resumed] = await client.resume();
    expect(resumed?.id).toBe(JOB_ID);
    expect(resumed?.last?.warnings.length).toBe(1);
    const follow = resumed?.follow();
    expect(await follow?.next()).toMatchObject({ value: { event: null, job: { seq: 45 } } });
    const next = follow?.next();
    await settle();
    await answer(Response.json(TICKET));
    expect(socket().url).toContain("after=45");
    socket().say(end);
    expect(await next).toMatchObject({ value: { job: DONE } });
    expect((await client.resume()).length).toBe(1);
    expect(await follow?.next()).toMatchObject({ done: true });
    await settle();
    expect(await client.resume()).toEqual([]);
  });

  it("is written at a pace, and at once for what is durable", async () => {
    const store = memoryStore();
    let writes = 0;
    const set = store.set;
    store.set = async (key, value) => {
      writes += 1;
      await set(key, value);
    };
    const { socket, settle, advance, first, follow } = await following({ store });
    socket().say(hello(ownJob()));
    await first;
    await settle();
    const afterHello = writes;
    for (let step = 1; step <= 40; step += 1) socket().say(progress(40 + step, step / 100));
    await settle();
    expect(writes).toBe(afterHello);
    await advance(5_001);
    socket().say(progress(81, 0.5));
    socket().say(event("warning", 82, { code: "attempt_retried", message: "" }));
    await settle();
    expect(writes).toBe(afterHello + 2);
    expect([...store.entries.values()].join()).toContain('"seq":82');
    await follow.return();
  });

  it.each([
    ["nonsense", "{["],
    ["another shape", '{"a":1}'],
    ["a broken job", JSON.stringify([{ id: JOB_ID, job: { seq: "x" } }, null, 7, { job: null }])],
  ])("may hold %s", async (_what, text) => {
    const store = memoryStore();
    store.entries.set("easelcast.jobs", text);
    const { client } = scriptedClient({ store });
    expect((await client.resume()).every((job) => job.id === JOB_ID && job.last === null)).toBe(true);
  });

  it("may fail without a harm to the following", async () => {
    const broken = () => Promise.reject(new Error("full"));
    const { socket, first } = await following({ store: { get: broken, set: broken, delete: broken } });
    socket().say(hello(DONE, 77));
    expect((await jobOf(first)).status).toBe("succeeded");
  });
});

describe("a job and an event of it", () => {
  it("[V5] never go back in their counter, and keep results in their order", () => {
    const two = applyEvent(
      ownJob({ seq: 50 }),
      event("output", 49, { output: sampleOutput(1), index: 1, expected: 2 }),
    );
    const both = applyEvent(two, event("output", 51, { output: sampleOutput(0), index: 0, expected: 2 }));
    expect([two?.seq, both?.seq, both?.outputs.map(({ index }) => index)]).toEqual([50, 51, [0, 1]]);
    const again = applyEvent(both, event("output", 52, { output: sampleOutput(0), index: 0, expected: null }));
    expect([again?.outputs.length, again?.outputs_expected]).toEqual([2, 2]);
  });

  it("are a job without what belongs to the event alone", () => {
    const next = applyEvent(ownJob(), progress(41, 0.25));
    expect(Object.keys(next ?? {}).sort()).toEqual(Object.keys(ownJob()).sort());
    expect(next).toMatchObject({ phase: "sampling", headline: "Painting", progress: { value: 0.25 } });
    expect(next?.progress).not.toHaveProperty("headline");
  });

  it("are the same job where the event is not known here", () => {
    expect(applyEvent(ownJob(), event("confetti", 41, { loud: true }))).toEqual(ownJob({ seq: 41 }));
  });
});

describe("an event of the service", () => {
  it.each([
    ["that is no JSON", "<html>"],
    ["that is a list", "[]"],
    ["without data", '{"type":"status","seq":1}'],
    ["with half a job", JSON.stringify(event("end", 77, { status: "succeeded", job: { seq: 77 } }))],
  ])("%s is dropped", (_what, text) => {
    expect(readEvent(text)).toBe(null);
  });

  it("is passed on as it is, also one that is not known here", () => {
    for (const one of [end, hello(null), progress(41, 0.5), event("confetti", 42, { loud: true })]) {
      expect(readEvent(JSON.stringify(one))).toEqual(one);
    }
  });
});
