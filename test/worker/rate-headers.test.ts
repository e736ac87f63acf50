/** The RateLimit headers, the limit of requests a minute, what a 304 costs, and the language of answers. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ticking } from "../support/graphs.ts";
import { operations } from "../support/openapi.ts";
import {
  asUser,
  limited,
  makeKey,
  projectWith,
  type Rate,
  ratesOf,
  refused,
  setProject,
  stop,
  WITH_GRAPHS,
} from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const demo = { workflow: "demo", inputs: { width: 64, height: 64 } };
const readRate = (response: Response): Rate => {
  const { read } = ratesOf(response);
  if (!read) throw new Error("The answer tells no rate of reads.");
  return read;
};

/** Counts of one minute: measured again if the minute turned meanwhile. */
async function inOneMinute<T>(measure: () => Promise<{ rates: Rate[]; result: T }>): Promise<T> {
  for (;;) {
    const { rates, result } = await measure();
    const resets = rates.map(({ resetSeconds }) => resetSeconds ?? 0);
    if (resets.every((seconds, at) => at === 0 || seconds <= (resets[at - 1] ?? 60))) return result;
  }
}

describe("every answer to a credential", () => {
  it("[S9] tells how many requests are left, and of which policy", async () => {
    const rate = readRate(await worker.request("/v1/me"));
    expect(rate).toMatchObject({ windowSeconds: 60, limit: expect.any(Number) });
    expect(rate.remaining).toBeLessThan(rate.limit);
    expect(rate.resetSeconds).toBeGreaterThan(0);
    expect(rate.resetSeconds).toBeLessThanOrEqual(60);
  });

  const lists = operations().filter(
    ({ isPublic, method, path }) => !isPublic && method === "GET" && !path.includes("{"),
  );

  it.each(lists.map(({ path }) => path))("[S9] GET %s tells it", async (path) => {
    const response = await worker.request(path);
    expect(response.status).toBe(200);
    expect(readRate(response).remaining).toBeGreaterThan(0);
  });

  it("[S9] tells it with errors too: not found, wrong input, missing scope", async () => {
    const bare = (await makeKey(worker, ["usage:read"])).client;
    const answers: [Response, number][] = [
      [await worker.request("/v1/jobs/job_01kag3x7p2v9m4t8r6c5n1d0ze"), 404],
      [await worker.request("/v1/jobs?limit=0"), 400],
      [await worker.post("/v1/jobs", {}), 422],
      [await bare.request("/v1/jobs"), 403],
    ];
    for (const [response, status] of answers) {
      expect(response.status).toBe(status);
      expect(readRate(response).remaining, String(status)).toBeGreaterThan(0);
    }
  });

  it("[S9] that is a stream tells it in its head", async () => {
    const { id } = await worker.run(demo);
    const response = await worker.request(`/v1/jobs/${id}/events`, { headers: { accept: "text/event-stream" } });
    expect(readRate(response).remaining).toBeGreaterThan(0);
    await response.text();
  });

  it("[S9] to a create tells what is left of the limits of creating, refused or not", async () => {
    const project = await projectWith(worker, {
      limits: { jobs_per_day: 50 },
      user_limits: { jobs_per_day: 2, concurrent: 3, queue_places: 10, creates_per_minute: 9 },
    });
    const ana = await asUser(project, "ana");
    const rates = ratesOf(await ana.post("/v1/jobs", demo));
    expect(rates.day).toMatchObject({ limit: 2, remaining: 1, windowSeconds: 86_400 });
    expect(rates.day?.resetSeconds).toBeLessThanOrEqual(86_400);
    expect(rates.create).toMatchObject({ limit: 9, windowSeconds: 60 });
    expect(rates.concurrent).toMatchObject({ limit: 3, windowSeconds: null, resetSeconds: null });
    expect(rates.places).toMatchObject({ limit: 10, windowSeconds: null });
    await ana.createJob(demo);
    const refusal = await ana.post("/v1/jobs", demo);
    expect(ratesOf(refusal).day).toMatchObject({ limit: 2, remaining: 0 });
    expect(refusal.headers.get("ratelimit-policy")).toContain('"concurrent";q=3;qu="concurrent-requests"');
    expect((await limited(refusal)).problem.code).toBe("quota_exceeded");
  });
});

describe("requests a minute", () => {
  it("[S9] go down by one with each request, and not with a 304", async () => {
    const ana = await asUser(worker, "ana");
    const job = await ana.run(demo);
    const path = `/v1/jobs/${job.id}`;
    const unchanged = { "if-none-match": `W/"${job.seq}"` };
    const left = await inOneMinute(async () => {
      const answers = [
        await ana.request(path),
        await ana.request(path),
        await ana.request(path, { headers: unchanged }),
        await ana.request(path, { headers: { ...unchanged, prefer: "wait=5" } }),
        await ana.request(path, { headers: unchanged }),
        await ana.request(path),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 304, 304, 304, 200]);
      const rates = answers.map(readRate);
      return { rates, result: rates.map(({ remaining }) => remaining - (rates[0]?.remaining ?? 0)) };
    });
    expect(left).toEqual([0, -1, -1, -1, -1, -2]);
  });

  it("[S9] a long poll in which nothing happened costs nothing", async () => {
    const ana = await asUser(worker, "ana", WITH_GRAPHS);
    await worker.fake.kill();
    const job = await ana.createJob({ graph: ticking(1, 5) });
    const { seq } = await ana.until(job.id, ({ queue }) => queue?.reason === "backend_offline");
    const cost = await inOneMinute(async () => {
      const before = readRate(await ana.request(`/v1/jobs/${job.id}`));
      const headers = { "if-none-match": `W/"${seq}"`, prefer: "wait=1" };
      const poll = await ana.request(`/v1/jobs/${job.id}`, { headers });
      expect(poll.status).toBe(304);
      const after = readRate(await ana.request(`/v1/jobs/${job.id}`));
      return { rates: [before, readRate(poll), after], result: before.remaining - after.remaining };
    });
    await worker.fake.revive();
    await stop(ana, job);
    expect(cost).toBe(1);
  });

  it("[S9] are counted for a user over all tokens, and for each key by itself", async () => {
    const [first, second, ben] = await Promise.all(["cleo", "cleo", "ben"].map((user) => asUser(worker, user)));
    const [one, two] = [(await makeKey(worker, ["jobs:read"])).client, (await makeKey(worker, ["jobs:read"])).client];
    const left = async (client: WorkerClient | undefined) =>
      readRate((await client?.request("/v1/me")) ?? Response.error());
    const spent = await inOneMinute(async () => {
      const before = await Promise.all([left(first), left(ben), left(one)]);
      const after = [await left(second), await left(ben), await left(two), await left(one)];
      return {
        rates: [...before, ...after],
        result: [
          (before[0]?.remaining ?? 0) - (after[0]?.remaining ?? 0),
          (before[1]?.remaining ?? 0) - (after[1]?.remaining ?? 0),
          (before[2]?.remaining ?? 0) - (after[3]?.remaining ?? 0),
        ],
      };
    });
    expect(spent).toEqual([1, 1, 1]);
  });

  it("[S9, T3] used up, are refused with the time of the next minute and the headers that say so; others go on", async () => {
    const project = await projectWith(worker, { user_limits: { reads_per_minute: 5 } });
    const [ana, ben] = await Promise.all([asUser(project, "ana"), asUser(project, "ben")]);
    const answers: Response[] = [];
    for (let n = 0; n < 12; n++) answers.push(await ana.request("/v1/me"));
    const made = answers.filter(({ status }) => status === 200);
    // Five; or ten, where the minute turned among them.
    expect([5, 6, 7, 8, 9, 10]).toContain(made.length);
    expect(made.map((response) => readRate(response).limit)).toEqual(made.map(() => 5));
    const refusal = answers.find(({ status }) => status === 429) ?? Response.error();
    const headers = refusal.clone();
    const { problem, retryAfterSeconds } = await limited(refusal);
    expect(problem.code).toBe("rate_limited");
    expect(retryAfterSeconds).toBeLessThanOrEqual(60);
    expect(headers.headers.get("should-retry")).toBe("true");
    expect((await ben.request("/v1/me")).status).toBe(200);
    expect((await project.request("/v1/me")).status).toBe(200);
    expect(readRate(headers)).toMatchObject({ limit: 5, remaining: 0 });
  });

  it("[S9, T3] of a token, of its user and of the project: the strictest holds", async () => {
    const project = await projectWith(worker, {
      limits: { reads_per_minute: 90 },
      user_limits: { reads_per_minute: 50 },
    });
    const limitFor = async (client: WorkerClient) => readRate(await client.request("/v1/me")).limit;
    expect(await limitFor(await asUser(project, "ana"))).toBe(50);
    expect(await limitFor(await asUser(project, "ana", { limits: { reads_per_minute: 20 } }))).toBe(20);
    expect(await limitFor(await asUser(project, "ana", { limits: { reads_per_minute: 200 } }))).toBe(50);
    expect(await limitFor(project)).toBe(90);
    await setProject(project, { limits: { reads_per_minute: 30 } });
    expect(await limitFor(await asUser(project, "ana"))).toBe(30);
  });
});

describe("the caller's language", () => {
  it("[S6] is that of errors, of jobs, and named in Content-Language", async () => {
    const german = { "accept-language": "fr;q=0.4, de-AT" };
    const path = "/v1/jobs/job_01kag3x7p2v9m4t8r6c5n1d0ze";
    const missing = await worker.request(path, { headers: german });
    expect(missing.headers.get("content-language")).toBe("de");
    expect(missing.headers.get("vary")).toContain("Accept-Language");
    const { user_message: message } = (await missing.clone().json()) as { user_message: string };
    expect(message).toMatch(/nicht/);
    expect(await refused(missing)).toEqual([404, "not_found"]);

    const job = await worker.run(demo);
    expect(job.headline).toBe("Done");
    const answer = await worker.request(`/v1/jobs/${job.id}`, { headers: german });
    expect(answer.headers.get("content-language")).toBe("de");
    expect(await answer.json()).toEqual({ ...job, headline: "Fertig" });
    const created = await worker.post("/v1/jobs", demo, { ...german, prefer: "wait=20" });
    expect(created.headers.get("content-language")).toBe("de");
    expect(await created.json()).toMatchObject({ headline: "Fertig", status: "succeeded" });
  });

  it("[S6] is English where none fits, and whatever the header holds", async () => {
    for (const header of ["tlh", "", "*;q=0", "de;q=0", ";;;,,,", "x".repeat(4_000)]) {
      const missing = await worker.request("/v1/nothing", { headers: { "accept-language": header } });
      expect(missing.headers.get("content-language"), header).toBe("en");
    }
  });
});
