/** What callers may ask of webhooks. */
import { describe, expect, it } from "vitest";
import {
  DEFAULT_JOB_EVENTS,
  EVENT_TYPES,
  JOB_EVENT_TYPES,
  JobWebhookSchema,
  WebhookCreateSchema,
  WebhookPatchSchema,
  WebhookReplaySchema,
  WebhookRotateSchema,
  WebhookTestSchema,
} from "../../../src/contract/webhook.ts";
import { progressIsDue, wants } from "../../../src/core/webhook/filters.ts";
import { readSecret } from "../../../src/core/webhook/secrets.ts";

const url = "https://app.example.com/hook";
const messages = (result: { error?: { issues: { path: PropertyKey[]; message: string }[] } | undefined }) =>
  result.error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];

describe("filters", () => {
  it("[W6] are the four ends of a job unless others are asked for", () => {
    expect(WebhookCreateSchema.parse({ url })).toEqual({
      url,
      events: ["job.succeeded", "job.failed", "job.canceled", "job.expired"],
      description: null,
      signing: "v1",
      metadata: {},
    });
    expect(JobWebhookSchema.parse({ url })).toEqual({ url, events: [...DEFAULT_JOB_EVENTS] });
  });

  it("[W6] that are not known are refused with the names of those that are", () => {
    for (const [name, schema] of [
      ["endpoint", WebhookCreateSchema],
      ["job", JobWebhookSchema],
    ] as const) {
      for (const bad of ["job.done", "JOB.SUCCEEDED", "*", "job", "webhook.*", "", 5]) {
        const [message] = messages(schema.safeParse({ url, events: ["job.failed", bad] }));
        expect(message, `${name} ${bad}`).toMatch(/^events\.1 is not a known event; known are job\.\*, job\.started, /);
      }
      expect(schema.safeParse({ url, events: [] }).success).toBe(false);
      expect(schema.safeParse({ url, events: "job.*" }).success).toBe(false);
    }
    expect(messages(WebhookPatchSchema.safeParse({ events: ["x"] }))[0]).toContain("job.succeeded");
    expect(JobWebhookSchema.safeParse({ url, events: ["webhook.disabled"] }).success).toBe(false);
    expect(WebhookCreateSchema.safeParse({ url, events: ["webhook.disabled"] }).success).toBe(true);
  });

  it("[W6] name single events or all of a job's", () => {
    for (const type of JOB_EVENT_TYPES) {
      expect(wants(["job.*"], type)).toBe(true);
      expect(wants([type], type)).toBe(true);
      expect(JOB_EVENT_TYPES.filter((other) => wants([type], other))).toEqual([type]);
    }
    expect(JOB_EVENT_TYPES.filter((type) => wants(DEFAULT_JOB_EVENTS, type))).toEqual([...DEFAULT_JOB_EVENTS]);
  });

  it("[W6] do not keep away what is said about the webhooks themselves", () => {
    const always = EVENT_TYPES.filter((type) => type.startsWith("webhook."));
    expect(always).toEqual(["webhook.disabled", "webhook.test"]);
    for (const type of always) expect(wants(["job.failed"], type)).toBe(true);
  });

  it("[W6] let progress pass once in ten seconds", () => {
    expect([null, 0, 5_001, 5_000].map((lastAt) => progressIsDue(lastAt, 15_000))).toEqual([true, true, false, true]);
  });
});

describe("a secret of the caller's own", () => {
  it("[W1] has the form that signing needs, and no other", () => {
    for (let length = 0; length <= 100; length++) {
      const secret = `whsec_${Buffer.alloc(length, 7).toString("base64")}`;
      expect(WebhookCreateSchema.safeParse({ url, secret }).success, String(length)).toBe(readSecret(secret).ok);
      expect(WebhookRotateSchema.safeParse({ secret }).success).toBe(length >= 24 && length <= 64);
    }
    for (const secret of ["", "whsec_", "secret", `whsec_${"-".repeat(32)}`, `whsec_${"A".repeat(31)}`]) {
      expect(messages(WebhookCreateSchema.safeParse({ url, secret }))).toEqual([
        "secret must be whsec_ and the base64 of 24 to 64 random bytes",
      ]);
    }
  });
});

describe("other requests", () => {
  it("[W9] keep the old secret for a day unless told otherwise, for a week at most", () => {
    expect(WebhookRotateSchema.parse({})).toEqual({ overlap_seconds: 86_400 });
    expect(
      [0, 604_800, 604_801, -1, 1.5].map(
        (overlap_seconds) => WebhookRotateSchema.safeParse({ overlap_seconds }).success,
      ),
    ).toEqual([true, true, false, false, false]);
  });

  it("[W6] test with any event that there is", () => {
    expect(WebhookTestSchema.parse({})).toEqual({ type: "webhook.test" });
    expect(WebhookTestSchema.safeParse({ type: "job.succeeded" }).success).toBe(true);
    expect(WebhookTestSchema.safeParse({ type: "job.*" }).success).toBe(false);
  });

  it("[W6] replay a range that does not end before it begins", () => {
    const since = "2026-11-20T00:00:00Z";
    expect(WebhookReplaySchema.parse({ since })).toEqual({ since, until: null, status: "failed", types: null });
    expect(messages(WebhookReplaySchema.safeParse({ since, until: "2026-11-19T00:00:00Z" }))).toEqual([
      "until must not be earlier than since",
    ]);
    expect(messages(WebhookReplaySchema.safeParse({ since, types: ["job.done"] }))[0]).toContain(
      "known are job.started",
    );
    for (const bad of ["yesterday", "2026-11-20", 5, null]) {
      expect(WebhookReplaySchema.safeParse({ since: bad }).success).toBe(false);
    }
  });
});
