import { describe, expect, it } from "vitest";
import { type Capabilities, capabilitiesOf, compareVersions, parseVersion } from "../../../src/core/comfy/version.ts";

describe("parseVersion", () => {
  it("reads the forms in which versions are written, and nothing else", () => {
    expect(parseVersion("0.27.0")).toEqual([0, 27, 0]);
    expect(parseVersion("v0.3.64")).toEqual([0, 3, 64]);
    expect(parseVersion("0.3.64-12-gabc123")).toEqual([0, 3, 64]);
    expect(parseVersion("1.2")).toEqual([1, 2, 0]);
    for (const text of ["", "unknown", "27", "0.x.1", "99999999.1.1"]) expect(parseVersion(text), text).toBeNull();
  });
});

describe("compareVersions", () => {
  it("compares number by number", () => {
    expect(compareVersions([0, 9, 2], [0, 27, 0])).toBeLessThan(0);
    expect(compareVersions([0, 3, 64], [0, 3, 57])).toBeGreaterThan(0);
    expect(compareVersions([1, 0, 0], [0, 99, 99])).toBeGreaterThan(0);
    expect(compareVersions([0, 6, 0], [0, 6, 0])).toBe(0);
  });
});

describe("capabilitiesOf", () => {
  it("[C26] turns each ability on at its release", () => {
    const able = (text: string) => {
      const capabilities = capabilitiesOf(parseVersion(text));
      return (Object.keys(capabilities) as (keyof Capabilities)[]).filter((name) => capabilities[name]).sort();
    };
    expect(able("0.3.56")).toEqual([]);
    expect(able("0.3.57")).toEqual(["interruptByPromptId"]);
    expect(able("0.5.0")).toEqual(["interruptByPromptId", "previewMethodPerPrompt"]);
    expect(able("0.6.0")).toEqual(["interruptByPromptId", "jobsApi", "previewMethodPerPrompt"]);
    expect(able("0.9.0")).toContain("cancelledStatus");
    expect(able("0.24.9")).not.toContain("promptIdMustBeUuid");
    expect(able("0.25.0")).toContain("promptIdMustBeUuid");
    expect(able("0.25.9")).not.toContain("jobsCancel");
    expect(able("0.26.0").length).toBe(6);
  });

  it("[C26] expects nothing of an unknown version but that it insists on UUIDs", () => {
    expect(Object.entries(capabilitiesOf(null)).filter(([, able]) => able)).toEqual([["promptIdMustBeUuid", true]]);
  });
});
