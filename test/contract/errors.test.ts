/** The table of errors. */
import { describe, expect, it } from "vitest";
import { ERROR_CODES, ERRORS } from "../../src/contract/errors.ts";
import { JOB_ERROR_CODES } from "../../src/contract/job.ts";
import { userMessage } from "../../src/core/job/words.ts";

describe("the table of errors", () => {
  it.each(ERROR_CODES)("has a fitting status and a sentence for %s", (code) => {
    const { status, title } = ERRORS[code];
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(title).toMatch(/^[A-Z].*\.$/);
  });

  it.each(JOB_ERROR_CODES)("has a plain sentence for people for %s", (code) => {
    expect(userMessage(code)).toMatch(/^[A-Z][^{}<>]*\.$/);
    expect(userMessage(code)).not.toMatch(/node|backend|ComfyUI|worker/i);
  });
});
