/** Following a job over a network that the test plays: transports, resumption, heartbeat, credit, endings. */
import { describe, expect, it } from "vitest";
import { sampleEvent, sampleJob } from "../../scripts/page-samples.ts";
import { done, follow, frame, hello, warning } from "./scripted-follow.ts";

describe("joining", () => {
  it("asks for what came after the job at hand, with binary previews", () => {
    const { socket } = follow({ after: 40 });
    expect(socket().url).toBe("wss://live.example/s/token/events?previews=binary&after=40");
  });

  it("asks for the whole job when it has none", () => {
    expect(follow({ after: null }).socket().url).toBe("wss://live.example/s/token/events?previews=binary");
  });

  it("resumes after the newest event it has heard, and hears a durable event once", async () => {
    const { say, socket, advance, events } = follow();
    say(hello(null));
    say(warning(45));
    socket().onClose(1006);
    await advance(1_000);
    expect(socket().url).toContain("after=45");
    say(hello(null, 45));
    say(warning(45));
    say(warning(46));
    expect(events()).toEqual(["hello", "warning", "hello", "warning"]);
  });

  it("takes the seq of a whole job, even when it is smaller than its own", async () => {
    const { say, socket, advance } = follow({ after: 90 });
    say(hello(sampleJob({ seq: 12 }), 12));
    socket().onClose(1012);
    await advance(1_000);
    expect(socket().url).toContain("after=12");
  });
});

describe("ending", () => {
  it("stops after `end` and leaves nothing behind", async () => {
    const { say, socket, stops, sockets, advance, pendingTimers } = follow();
    say(hello(null));
    say(sampleEvent("end", 77, { status: "succeeded", job: done }));
    expect(stops()).toEqual(["done"]);
    expect(socket().closed).toBe(true);
    socket().onClose(1000);
    await advance(120_000);
    expect([sockets.length, pendingTimers(), stops().length]).toEqual([1, 0, 1]);
  });

  it("stops at once when the first thing it hears is a finished job", () => {
    const { say, stops } = follow({ after: null });
    say(hello(done, 77));
    expect(stops()).toEqual(["done"]);
  });

  it.each([
    [4400, "protocol"],
    [4403, "forbidden"],
    [4404, "unknown"],
    [4410, "gone"],
  ])("stops on close code %i: %s", async (code, reason) => {
    const { socket, stops, sockets, advance } = follow();
    socket().onClose(code);
    await advance(60_000);
    expect([stops(), sockets.length]).toEqual([[reason], 1]);
  });

  it("tries once more when told that its credentials ran out", async () => {
    const { socket, stops, sockets, advance } = follow();
    socket().onClose(4401);
    await advance(5_000);
    expect([stops(), sockets.length]).toEqual([[], 2]);
    socket().onClose(4401);
    expect(stops()).toEqual(["unauthenticated"]);
  });

  it("hears nothing more after stop()", async () => {
    const { follower, say, updates, advance, pendingTimers } = follow();
    follower.stop();
    const before = updates.length;
    say(hello(null));
    await advance(60_000);
    expect([updates.length, pendingTimers()]).toEqual([before, 0]);
  });
});

describe("the ladder", () => {
  it("goes from socket to event stream to long poll to poll, each after two quick failures", async () => {
    const { socket, sockets, request, requests, advance } = follow();
    socket().onClose(1006);
    await advance(20_000);
    socket().onClose(1006);
    await advance(20_000);
    expect([sockets.length, requests.length]).toEqual([2, 1]);
    expect(request().url).toBe("https://live.example/s/token/events?previews=url&after=40");
    request().fail();
    await advance(20_000);
    request().answer(new Response("busy", { status: 503 }));
    await advance(20_000);
    expect([sockets.length, requests.length]).toEqual([2, 3]);
    expect(request().url).toBe("https://live.example/s/token/state");
    expect(request().headers).toEqual({ "if-none-match": 'W/"40"', prefer: "wait=20" });
    request().fail();
    await advance(20_000);
    request().fail();
    await advance(20_000);
    expect(requests.length).toBe(5);
    expect(request().url).toBe("https://live.example/s/token/state");
    expect(request().headers).toEqual({ "if-none-match": 'W/"40"' });
  });

  it("asks again soon where answers are held, and by the job's wish where they are not", async () => {
    const { request, requests, advance } = follow({ transports: ["long_poll"] });
    await advance(0);
    expect(request().headers.prefer).toBe("wait=20");
    request().answer(Response.json(sampleJob({ seq: 41, poll_after_ms: 5_000 }), { headers: { etag: 'W/"41"' } }));
    await advance(1_000);
    expect(requests.length).toBe(2);
    request().answer(new Response(null, { status: 304, headers: { "preference-applied": "wait=20" } }));
    await advance(1_000);
    expect(requests.length).toBe(3);
    request().answer(new Response(null, { status: 304 }));
    await advance(4_000);
    expect(requests.length).toBe(3);
    await advance(1_000);
    expect(requests.length).toBe(4);
  });

  it("gives a poll up that is never answered, and takes the next", async () => {
    const { requests, advance, follower } = follow({ transports: ["poll"] });
    await advance(19_999);
    expect(requests.length).toBe(1);
    await advance(2_000);
    expect(requests.length).toBe(2);
    follower.stop();
    await advance(60_000);
    expect(requests.length).toBe(2);
  });

  it("starts anew with a socket after ten healthy seconds", async () => {
    const { socket, sockets, say, advance } = follow();
    for (let life = 1; life <= 4; life += 1) {
      say(hello(null));
      await advance(9_000);
      say(sampleEvent("ping", null, { seq: 40 }));
      await advance(3_000);
      socket().onClose(1006);
      await advance(500);
      expect(sockets.length).toBe(life + 1);
    }
  });

  it("reads an event stream and stops at its end", async () => {
    const { socket, request, advance, settle, events, stops } = follow();
    socket().onClose(1006);
    await advance(20_000);
    socket().onClose(1006);
    await advance(20_000);
    const lines = [hello(null), sampleEvent("end", 77, { status: "succeeded", job: done })];
    request().answer(new Response(lines.map((event) => `id: 1\ndata: ${JSON.stringify(event)}\n\n`).join(": hb\n\n")));
    await settle();
    expect([events(), stops()]).toEqual([["hello", "end"], ["done"]]);
  });

  it("polls when there are too many viewers, passes news on, and stops with the job", async () => {
    const { socket, request, requests, advance, settle, updates, stops } = follow();
    socket().onClose(4429);
    await advance(20_000);
    expect(request().url).toBe("https://live.example/s/token/state");
    request().answer(new Response(null, { status: 304 }));
    await advance(6_000);
    request().answer(Response.json(sampleJob({ seq: 50, poll_after_ms: 2_000 }), { headers: { etag: 'W/"50"' } }));
    await advance(2_000);
    expect(requests.length).toBe(3);
    expect(request().headers["if-none-match"]).toBe('W/"50"');
    request().answer(Response.json(done));
    await settle();
    const seqs = updates.flatMap((update) => (update.type === "job" ? [update.job.seq] : []));
    expect([seqs, stops()]).toEqual([[50, 77], ["done"]]);
  });

  it("looks for a stream again after polling for a while", async () => {
    const { socket, sockets, requests, advance } = follow();
    socket().onClose(4429);
    for (let at = 0; at < 40 && sockets.length === 1; at += 1) {
      await advance(5_000);
      requests.at(-1)?.answer(new Response(null, { status: 304 }));
    }
    await advance(5_000);
    expect(sockets.length).toBe(2);
  });

  it("survives an answer that is no job", async () => {
    const { socket, requests, advance, stops } = follow();
    socket().onClose(4429);
    await advance(20_000);
    requests.at(-1)?.answer(new Response("<html>", { status: 200 }));
    await advance(30_000);
    expect([requests.length, stops()]).toEqual([2, []]);
  });

  it("tries a socket at once when asked to", async () => {
    const { socket, sockets, follower } = follow();
    socket().onClose(1006);
    follower.retryNow();
    expect(sockets.length).toBe(2);
    follower.retryNow();
    expect(sockets.length).toBe(2);
  });
});

describe("the heartbeat", () => {
  it("pings each ten seconds and lives on any sign of life", async () => {
    const { say, socket, sockets, advance } = follow();
    say(hello(null));
    for (let at = 0; at < 6; at += 1) {
      await advance(10_000);
      socket().onMessage("pong");
    }
    expect(socket().sent.filter((text) => text === "ping").length).toBe(6);
    expect(sockets.length).toBe(1);
  });

  it("drops a socket that is silent for twenty seconds, also one that never opens", async () => {
    const { socket, sockets, advance } = follow();
    await advance(20_000);
    expect(socket(0).closed).toBe(true);
    await advance(1_000);
    expect(sockets.length).toBe(2);
  });

  it("neither pings nor judges while nobody looks, and pings at once when somebody does", async () => {
    const { say, socket, sockets, advance, follower } = follow();
    say(hello(null));
    follower.setVisible(false);
    await advance(300_000);
    expect([sockets.length, socket().sent.includes("ping")]).toEqual([1, false]);
    follower.setVisible(true);
    expect(socket().sent.at(-1)).toBe("ping");
  });
});

describe("previews", () => {
  it("are passed on, and credit goes back for the revision that was shown", () => {
    const { socket, updates, follower } = follow();
    socket().onMessage(frame(9));
    expect(updates.at(-1)).toMatchObject({ type: "frame", frame: { header: { rev: 9 } } });
    follower.shown(9);
    expect(JSON.parse(socket().sent.at(-1) ?? "")).toEqual({ type: "ready", rev: 9 });
  });

  it("stop while nobody looks and come back after", () => {
    const { socket, follower } = follow();
    socket().onOpen();
    follower.setVisible(false);
    follower.setVisible(true);
    expect(
      socket()
        .sent.filter((text) => text !== "ping")
        .map((text) => JSON.parse(text)),
    ).toEqual([
      { type: "visible", value: true },
      { type: "visible", value: false },
      { type: "configure", previews: "none" },
      { type: "visible", value: true },
      { type: "configure", previews: "binary" },
    ]);
  });

  it("are not asked for by a tab that opens in the background", () => {
    expect(follow({ visible: false }).socket().url).toContain("previews=none");
  });
});
