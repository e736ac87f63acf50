/** Calls of the client over a network that the test plays: ids, repeats, tokens, errors. */
import { describe, expect, it } from "vitest";
import { EaselError } from "../../src/client/easel-error.ts";
import { newJobId } from "../../src/client/job-id.ts";
import { JobIdSchema } from "../../src/contract/ids.ts";
import { JOB_ID, ownJob, problem, scriptedClient } from "./scripted-client.ts";

const REQUEST = { workflow: "txt2img", inputs: { prompt: "a lighthouse" } };
const accepted = (id = JOB_ID) => Response.json({ ...ownJob({ id }), new_share: null }, { status: 202 });
/** What a promise that must fail fails with. */
const failureOf = (promise: Promise<unknown>): Promise<EaselError> =>
  promise.then(
    () => Promise.reject(new Error("It succeeded.")),
    (error: unknown) => {
      expect(error).toBeInstanceOf(EaselError);
      return error as EaselError;
    },
  );

describe("a job's id", () => {
  it("[S1] made on the device is one that the service takes, and no two are alike", () => {
    const ids = Array.from({ length: 200 }, newJobId);
    for (const id of ids) expect(JobIdSchema.safeParse(id).success, id).toBe(true);
    expect(new Set(ids).size).toBe(200);
  });

  it("[S1] begins with the time, so that ids sort by it", () => {
    const digits = newJobId().slice(4, 14);
    const at = [...digits].reduce((sum, one) => sum * 32 + "0123456789abcdefghjkmnpqrstvwxyz".indexOf(one), 0);
    expect(Math.abs(Date.now() - at)).toBeLessThan(60_000);
  });
});

describe("submit", () => {
  it("[S1] repeats exactly the same request after a lost answer", async () => {
    const { client, request, requests, bodyOf, advance, answer, settle } = scriptedClient();
    const submitted = client.submit(REQUEST);
    await settle();
    request().fail();
    await advance(500);
    expect(requests.length).toBe(2);
    expect(bodyOf(1)).toEqual(bodyOf(0));
    expect(bodyOf()).toMatchObject(REQUEST);
    await answer(accepted(String(bodyOf().id)));
    expect((await submitted).id).toBe(bodyOf(0).id);
  });

  it("[S1] takes the app's id, or leaves the id to the service beside an idempotency key", async () => {
    const { client, request, bodyOf, settle } = scriptedClient();
    const settled = [client.submit(REQUEST, { id: JOB_ID }), client.submit(REQUEST, { idempotencyKey: "tap-1" })];
    await settle();
    expect([bodyOf(0).id, request(0).headers["idempotency-key"]]).toEqual([JOB_ID, undefined]);
    expect([bodyOf(1).id, request(1).headers["idempotency-key"]]).toEqual([undefined, "tap-1"]);
    for (const one of [request(0), request(1)]) one.answer(accepted());
    await Promise.all(settled);
  });

  it("waits as long as the service says before it repeats", async () => {
    const { client, requests, advance, answer, settle } = scriptedClient();
    const submitted = client.submit(REQUEST);
    await settle();
    await answer(problem(429, "rate_limited", { retryable: true, retry_after_ms: 7_000 }));
    await advance(6_999);
    expect(requests.length).toBe(1);
    await advance(500);
    await answer(accepted());
    expect((await submitted).created.id).toBe(JOB_ID);
  });

  it("gives up after five tries, and at once when it would have to wait for long", async () => {
    const { client, requests, advance, answer, settle } = scriptedClient();
    const first = failureOf(client.submit(REQUEST));
    await settle();
    for (let at = 1; at <= 5; at += 1) {
      expect(requests.length).toBe(at);
      await answer(problem(503, "unavailable", { retryable: true }));
      await advance(20_000);
    }
    expect(await first).toMatchObject({ code: "unavailable", status: 503, retryable: true });
    const second = failureOf(client.submit(REQUEST));
    await settle();
    await answer(problem(429, "quota_exceeded", { retryable: true, retry_after_ms: 3_600_000 }));
    expect(await second).toMatchObject({ code: "quota_exceeded", retryAfterMs: 3_600_000 });
    expect(requests.length).toBe(6);
  });

  it("gives up a request that is never answered, and repeats it", async () => {
    const { client, requests, advance, answer } = scriptedClient();
    const submitted = client.submit(REQUEST);
    await advance(29_999);
    expect(requests.length).toBe(1);
    await advance(1_000);
    expect(requests.length).toBe(2);
    await answer(accepted());
    await submitted;
  });

  it("stops when the app says so, between tries as well", async () => {
    const { client, request, requests, advance, settle, pendingTimers } = scriptedClient();
    const stop = new AbortController();
    const submitted = client.submit(REQUEST, { signal: stop.signal });
    submitted.catch(() => {});
    await settle();
    request().fail();
    await settle();
    stop.abort(new Error("left the screen"));
    await expect(submitted).rejects.toThrow("left the screen");
    await advance(60_000);
    expect([requests.length, pendingTimers()]).toEqual([1, 0]);
  });
});

describe("an error", () => {
  it("tells code, status, a sentence for people, the fields, and is not repeated when it would be in vain", async () => {
    const { client, requests, answer, settle } = scriptedClient();
    const failed = failureOf(client.submit(REQUEST));
    await settle();
    const errors = [{ pointer: "#/inputs/steps", code: "too_big", detail: "At most 60." }];
    await answer(problem(422, "invalid_inputs", { errors }));
    expect(await failed).toMatchObject({
      name: "EaselError",
      code: "invalid_inputs",
      status: 422,
      retryable: false,
      userMessage: "For people.",
      fields: errors,
      requestId: "req_1",
      message: "about invalid_inputs",
    });
    expect(requests.length).toBe(1);
  });

  it("of the network is one too, with its cause", async () => {
    const { client, request, advance } = scriptedClient();
    const failed = failureOf(client.me());
    for (let at = 0; at < 5; at += 1) {
      await advance(0);
      request().fail();
      await advance(20_000);
    }
    const error = await failed;
    expect(error).toMatchObject({ code: "network", status: 0, retryable: true });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("that breaks off in the middle is one of the network, and is asked for again", async () => {
    const { client, requests, advance, answer } = scriptedClient();
    const asked = client.me();
    const broken = new ReadableStream({
      pull(controller) {
        controller.error(new TypeError("cut"));
      },
    });
    await advance(0);
    await answer(new Response(broken, { status: 503 }));
    await advance(20_000);
    await answer(Response.json({ object: "me" }));
    expect([await asked, requests.length]).toEqual([{ object: "me" }, 2]);
  });

  it("comes of a page that a network puts in between, after repeats", async () => {
    const { client, requests, advance, answer } = scriptedClient();
    const failed = failureOf(client.me());
    for (let at = 0; at < 5; at += 1) {
      await advance(0);
      await answer(new Response("<html>Sign in to the hotel</html>"));
      await advance(20_000);
    }
    expect(await failed).toMatchObject({ code: "unexpected_answer", status: 200 });
    expect(requests.length).toBe(5);
  });

  it("of a link that was perhaps made is not repeated, for there would be two", async () => {
    const { client, request, requests, advance } = scriptedClient();
    const failed = failureOf(client.job(JOB_ID).share());
    await advance(0);
    request().fail();
    await advance(60_000);
    expect([(await failed).code, requests.length]).toEqual(["network", 1]);
  });
});

describe("the token", () => {
  it("is asked for before each request and once more when it has run out", async () => {
    const { client, request, requests, refused, answer, settle } = scriptedClient({ tokens: ["old", "new"] });
    const asked = client.me();
    await settle();
    expect(request().headers.authorization).toBe("Bearer old");
    await answer(problem(401, "token_expired"));
    expect(request().headers.authorization).toBe("Bearer new");
    await answer(Response.json({ object: "me" }));
    expect(await asked).toEqual({ object: "me" });
    expect([requests.length, refused]).toEqual([2, [undefined, "old"]]);
  });

  it("is asked for no third time", async () => {
    const { client, requests, refused, answer, settle } = scriptedClient();
    const failed = failureOf(client.me());
    await settle();
    await answer(problem(401, "token_expired"));
    await answer(problem(401, "token_expired"));
    expect([(await failed).code, requests.length, refused.length]).toEqual(["token_expired", 2, 2]);
  });

  it("is not asked for again when it was revoked", async () => {
    const { client, requests, answer, settle } = scriptedClient();
    const failed = failureOf(client.me());
    await settle();
    await answer(problem(401, "token_revoked"));
    expect([(await failed).code, requests.length]).toEqual(["token_revoked", 1]);
  });

  it("that cannot be had fails the call with the app's own error", async () => {
    const signedOut = new Error("signed out");
    const { client, requests } = scriptedClient({ token: () => Promise.reject(signedOut) });
    await expect(client.me()).rejects.toBe(signedOut);
    expect(requests.length).toBe(0);
  });
});

describe("addresses", () => {
  it("of lists carry their filters", async () => {
    const { client, request, answer, settle } = scriptedClient();
    const listed = client.jobs.list({ status: ["running", "queued"], "metadata[screen]": "a b&c", limit: 5 });
    await settle();
    const url = new URL(request().url);
    expect(`${url.origin}${url.pathname}`).toBe("https://api.example/v1/jobs");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      status: "running,queued",
      "metadata[screen]": "a b&c",
      limit: "5",
    });
    await answer(Response.json({ object: "list", data: [] }));
    await listed;
    const changed = client.changes("c1");
    await settle();
    expect(request().url).toBe("https://api.example/v1/changes?cursor=c1");
    await answer(Response.json({ object: "changes" }));
    await changed;
  });
});
