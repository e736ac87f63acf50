/** The one error body, for every code there is: complete, with the headers that its status asks for, in the caller's language. */
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, ERRORS, type ErrorCode, ProblemSchema } from "../../src/contract/errors.ts";
import { problemMessage } from "../../src/core/words/problem-words.ts";
import { ApiError, problemResponse } from "../../src/worker/api/problem.ts";

const app = new Hono();
app.get("/:code", (c) => {
  throw new ApiError(c.req.param("code") as ErrorCode, "What is wrong, and what to do.");
});
app.onError((error, c) => problemResponse(c as unknown as Parameters<typeof problemResponse>[0], error));

const CREDENTIAL = { authorization: "Bearer something" };
const answerOf = async (code: ErrorCode, headers: Record<string, string> = {}) => {
  const answer = await app.request(`http://api.example/${code}`, { headers });
  return { answer, problem: ProblemSchema.parse(await answer.json()) };
};

describe("an error answer", () => {
  it.each(ERROR_CODES)("[S3] is complete for %s", async (code) => {
    const { answer, problem } = await answerOf(code, { "accept-language": "fr" });
    const { status, title, retryable } = ERRORS[code];
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(problem).toMatchObject({ code, status, title, retryable, type: `http://api.example/errors/${code}` });
    expect(answer.headers.get("should-retry")).toBe(String(retryable));
    expect(answer.headers.has("retry-after")).toBe(retryable);
    expect(problem.retry_after_ms === null).toBe(!retryable);
  });

  it.each(ERROR_CODES)("[S6] speaks to people in their language for %s", async (code) => {
    const { answer, problem } = await answerOf(code, { "accept-language": "fr-CA, en;q=0.5" });
    expect(problem.user_message).toBe(problemMessage(code, "fr"));
    expect(answer.headers.get("content-language")).toBe("fr");
    expect(answer.headers.get("vary")).toBe("Accept-Language");
  });

  it.each(ERROR_CODES)(
    "[S3] challenges the caller where the credential is at fault, and only there: %s",
    async (code) => {
      const challenge = (await answerOf(code, CREDENTIAL)).answer.headers.get("www-authenticate");
      if (ERRORS[code].status !== 401) return expect(challenge).toBeNull();
      expect(challenge).toMatch(/^Bearer error="invalid_token", error_description="[\x20-\x21\x23-\x5b\x5d-\x7e]+"$/);
    },
  );

  it("[S3] says nothing of a credential that was not sent", async () => {
    expect((await answerOf("unauthenticated")).answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  it("[S3] keeps the wait that the caller was given", async () => {
    const waiting = new Hono();
    waiting.get("/", () => {
      throw new ApiError("quota_exceeded", "Come back tomorrow.", { retryAfterMs: 3_600_001 });
    });
    waiting.onError((error, c) => problemResponse(c as unknown as Parameters<typeof problemResponse>[0], error));
    const answer = await waiting.request("/");
    expect(answer.headers.get("retry-after")).toBe("3601");
    expect(((await answer.json()) as { retry_after_ms: number }).retry_after_ms).toBe(3_600_001);
  });
});
