/** A project's settings. */
import { describe, expect, it } from "vitest";
import { NO_LIMITS, ProjectSchema } from "../../../src/contract/account.ts";
import { defaultSettings, patched, projectOf } from "../../../src/core/tenant/settings.ts";
import { ulid } from "../../../src/core/util/ids.ts";

const NOW = Date.UTC(2026, 10, 20, 7, 11, 43, 500);
const settings = { ...defaultSettings("prj_x"), createdAt: 1, limits: { ...NO_LIMITS, concurrent: 3, streams: 9 } };

describe("a patch", () => {
  it("changes what it names and leaves the rest", () => {
    expect(patched(settings, { name: "Postcards" }, NOW)).toEqual({ ...settings, name: "Postcards" });
    expect(patched(settings, { limits: { concurrent: 5 } }, NOW).limits).toEqual({ ...settings.limits, concurrent: 5 });
    expect(patched(settings, { limits: { concurrent: null } }, NOW).limits.concurrent).toBeNull();
    expect(patched(settings, { user_limits: { jobs_per_day: 2 } }, NOW)).toMatchObject({
      limits: settings.limits,
      userLimits: { jobs_per_day: 2, concurrent: null },
    });
  });

  it("makes a project of one that was never set up", () => {
    expect(patched(defaultSettings("prj_x"), {}, NOW).createdAt).toBe(NOW);
  });
});

describe("the project's document", () => {
  it("is the contract's", () => {
    const id = `prj_${ulid(NOW, new Uint8Array(10))}`;
    expect(ProjectSchema.parse(projectOf(id, settings))).toMatchObject({ id, created_at: "1970-01-01T00:00:00Z" });
  });

  it("tells of one that was never set up the time in its id", () => {
    const id = `prj_${ulid(NOW, new Uint8Array(10))}`;
    expect(projectOf(id, defaultSettings(id)).created_at).toBe("2026-11-20T07:11:43Z");
    expect(projectOf("prj_zzzzzzzzzzzzzzzzzzzzzzzzzz", defaultSettings("")).created_at).toBe("1970-01-01T00:00:00Z");
    expect(projectOf("default", defaultSettings("")).created_at).toBe("1970-01-01T00:00:00Z");
  });
});
