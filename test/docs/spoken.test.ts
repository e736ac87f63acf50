/** What people and clients are told over HTTP: errors and jobs in the caller's language, the challenge of a refused credential. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { headline } from "../../src/core/job/words.ts";
import { LANGUAGES } from "../../src/core/words/languages.ts";
import { problemMessage } from "../../src/core/words/problem-words.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const ENDED = {
  status: "succeeded",
  phase: "done",
  attempt: 1,
  ahead: null,
  reason: null,
  etaMs: null,
  error: null,
} as const;

describe("an error", () => {
  it.each(LANGUAGES)("[S6] speaks %s to people, and says so", async (lang) => {
    const headers = { "accept-language": `${lang}, en;q=0.1` };
    const answer = await worker.request("/v1/jobs/job_00000000000000000000000000", { headers });
    expect(answer.headers.get("content-language")).toBe(lang);
    expect(answer.headers.get("vary")).toMatch(/accept-language/i);
    expect((await problemOf(answer)).user_message).toBe(problemMessage("not_found", lang));
  });

  it("[S6] speaks English to who asks for nothing, or for nonsense", async () => {
    for (const headers of [{}, { "accept-language": "tlh" }, { "accept-language": "%00;;q=,,*;q=0" }] as Record<
      string,
      string
    >[]) {
      const answer = await worker.request("/v1/nothing", { headers });
      expect(answer.headers.get("content-language")).toBe("en");
      expect((await problemOf(answer)).user_message).toBe(problemMessage("not_found", "en"));
    }
  });

  it("[S3] of a refused credential carries a challenge: bare where none was sent", async () => {
    const without = await worker.request("/v1/me", { key: null });
    expect(without.status).toBe(401);
    expect(without.headers.get("www-authenticate")).toBe("Bearer");
    const wrong = await worker.request("/v1/me", {
      key: `${worker.key.slice(0, -1)}${worker.key.endsWith("A") ? "B" : "A"}`,
    });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get("www-authenticate")).toBe(
      'Bearer error="invalid_token", error_description="A valid credential is needed."',
    );
    await without.body?.cancel();
    await wrong.body?.cancel();
  });
});

describe("a job", () => {
  it("[S6] tells its headline in the caller's language, and nothing else differs", async () => {
    const { id } = await worker.run({ workflow: "demo" });
    const read = async (lang: string) => {
      const answer = await worker.request(`/v1/jobs/${id}`, { headers: { "accept-language": lang } });
      return (await answer.json()) as Job;
    };
    const english = await read("en");
    for (const lang of LANGUAGES) {
      const job = await read(lang);
      expect(job.headline).toBe(headline(ENDED, lang));
      expect({ ...job, headline: "" }).toEqual({ ...english, headline: "" });
    }
  });
});
