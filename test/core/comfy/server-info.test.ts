import { describe, expect, it } from "vitest";
import { parseFeatures, parseObjectInfo, parseSystemStats } from "../../../src/core/comfy/server-info.ts";
import { exchangesOf, loadCapture } from "../../support/captures.ts";

const replyTo = (path: RegExp) => {
  const [line] = exchangesOf(loadCapture("26-http-catalogue"), "GET", path);
  return [line?.status ?? 0, String(line?.res)] as const;
};

describe("what a server says about itself", () => {
  it("reads version and memory, and drops its command line", () => {
    const stats = parseSystemStats(...replyTo(/^\/system_stats$/));
    expect(stats).toMatchObject({ value: { version: [0, 27, 0], versionText: "0.27.0", os: "linux" } });
    expect(stats.ok && stats.value.devices).toMatchObject([{ type: "cpu" }]);
    expect(stats.ok && stats.value.devices[0]?.vramTotalBytes).toBe(stats.ok && stats.value.ramTotalBytes);
    expect(JSON.stringify(stats)).not.toContain("argv");
  });

  it("[C2] reads a server that says little", () => {
    expect(parseSystemStats(200, '{"system": {"ram_total": NaN}}')).toEqual({
      ok: true,
      value: { version: null, versionText: null, os: null, ramTotalBytes: null, ramFreeBytes: null, devices: [] },
    });
    expect(parseSystemStats(200, "{}")).toEqual({ ok: false, error: "malformed" });
  });

  it("reads flags, whose size may be a float", () => {
    expect(parseFeatures(...replyTo(/^\/features$/))).toEqual({
      ok: true,
      value: { supportsPreviewMetadata: true, maxUploadBytes: 104857600 },
    });
    expect(parseFeatures(200, '{"supports_preview_metadata": "true", "max_upload_size": 1048576.5}')).toEqual({
      ok: true,
      value: { supportsPreviewMetadata: false, maxUploadBytes: 1048576 },
    });
  });

  it("reads node classes with their inputs and roles", () => {
    const saveImage = parseObjectInfo(...replyTo(/\/SaveImage$/));
    expect(saveImage.ok && saveImage.value.get("SaveImage")).toMatchObject({
      outputNode: true,
      hasIntermediateOutput: false,
      requiredInputs: ["images", "filename_prefix"],
    });
    const sampler = parseObjectInfo(...replyTo(/\/KSampler$/));
    expect(sampler.ok && sampler.value.get("KSampler")).toMatchObject({ outputNode: false });
    expect(sampler.ok && sampler.value.get("KSampler")?.requiredInputs).toContain("seed");
  });

  it("knows nothing of an unknown class, and passes over a broken one", () => {
    const unknown = parseObjectInfo(...replyTo(/\/NoSuchNode$/));
    expect(unknown.ok && unknown.value.size).toBe(0);
    const broken = parseObjectInfo(
      200,
      '{"A": null, "B": {"output_node": 1, "input": null}, "__proto__": {"output_node": true}}',
    );
    expect(broken.ok && [...broken.value.keys()]).toEqual(["B", "__proto__"]);
    expect(broken.ok && broken.value.get("B")).toEqual({
      outputNode: false,
      hasIntermediateOutput: false,
      requiredInputs: [],
      optionalInputs: [],
    });
  });
});
