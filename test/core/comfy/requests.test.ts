import { describe, expect, it } from "vitest";
import * as requests from "../../../src/core/comfy/requests.ts";
import { exchangesOf, loadCapture, loadCaptures } from "../../support/captures.ts";

const promptId = "0e3ff059-79f9-4cb2-ad11-000000000000";

describe("request builders", () => {
  it("[C23] submit with own id, client and an object of extra data, and never with a number", () => {
    const request = requests.submitPrompt({
      prompt: { "1": { class_type: "A", inputs: {} } },
      promptId,
      clientId: "c",
    });
    expect(request).toMatchObject({ method: "POST", path: "/prompt", headers: { "content-type": "application/json" } });
    expect(JSON.parse(request.body ?? "")).toEqual({
      prompt: { "1": { class_type: "A", inputs: {} } },
      prompt_id: promptId,
      client_id: "c",
      extra_data: {},
    });
  });

  it("[C23] leave nulls out of extra data, where they break the jobs API for everyone", () => {
    const extraData = { preview_method: "auto", gone: null, extra_pnginfo: { workflow: null, kept: { a: null } } };
    const body = JSON.parse(requests.submitPrompt({ prompt: {}, promptId, clientId: "c", extraData }).body ?? "");
    expect(body.extra_data).toEqual({ preview_method: "auto", extra_pnginfo: { kept: { a: null } } });
    const without = requests.submitPrompt({ prompt: {}, promptId, clientId: "c", extraData: { extra_pnginfo: null } });
    expect(JSON.parse(without.body ?? "").extra_data).toEqual({});
    expect(() => requests.submitPrompt({ prompt: {}, promptId, clientId: "" })).toThrow("assertion");
  });

  it("build the very requests that were recorded", () => {
    const recorded = new Set(
      loadCaptures()
        .flatMap((capture) => capture.lines)
        .flatMap((line) => (line.ch === "http" && line.status === 200 ? [`${line.method} ${line.path}`] : [])),
    );
    const [interrupt] = exchangesOf(loadCapture("12-interrupt"), "POST", /^\/interrupt$/);
    const interruptedId = JSON.parse(String(interrupt?.req)).prompt_id as string;
    expect(JSON.parse(requests.interruptPrompt(interruptedId).body ?? "")).toEqual(JSON.parse(String(interrupt?.req)));
    const [deletion] = exchangesOf(loadCapture("14-delete-while-queued"), "POST", /^\/queue$/);
    const { delete: ids } = JSON.parse(String(deletion?.req)) as { delete: string[] };
    expect(JSON.parse(requests.deleteQueued(ids).body ?? "")).toEqual({ delete: ids });
    const [history] = exchangesOf(loadCapture("12-interrupt"), "GET", /^\/history/);
    const id = history?.path.slice(-36) ?? "";
    const [cancel] = exchangesOf(loadCapture("13-jobs-cancel"), "POST", /cancel$/);
    const cancelledId = cancel?.path.split("/")[3] ?? "";
    for (const { method, path } of [
      requests.getQueue(),
      requests.getHistory(id),
      requests.getJob(id),
      requests.cancelJob(cancelledId),
      requests.deleteQueued([]),
      requests.interruptPrompt(id),
      requests.viewFile({ filename: "cc_00001_.png", subfolder: "", folderType: "output" }),
      requests.uploadFile({ filename: "a.png" }),
      requests.getSystemStats(),
      requests.getFeatures(),
      requests.getObjectInfo(),
      requests.getObjectInfo("KSampler"),
    ]) {
      expect(recorded, `${method} ${path}`).toContain(`${method} ${path}`);
    }
  });

  it("[C27] ask for a file by its names as they came, whatever they hold", () => {
    const file = { filename: "a & b+ü (1).png", subfolder: "x\\y/z", folderType: "temp" } as const;
    const url = new URL(requests.viewFile(file).path, "http://comfy");
    expect(url.pathname).toBe("/view");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      filename: file.filename,
      subfolder: file.subfolder,
      type: "temp",
    });
  });

  it("upload under a bare name, overwriting only when told to", () => {
    expect(requests.uploadFile({ filename: "a.png", subfolder: "easelcast", overwrite: true })).toEqual({
      method: "POST",
      path: "/upload/image",
      fields: { type: "input", subfolder: "easelcast", overwrite: "true" },
      file: { field: "image", filename: "a.png" },
    });
    expect(requests.uploadFile({ filename: "a.png" }).fields).toEqual({ type: "input" });
    for (const filename of ["", "a/b.png", "a\\b.png"])
      expect(() => requests.uploadFile({ filename })).toThrow("assertion");
  });

  it("speak the recorded words on the socket", () => {
    const capture = loadCapture("01-txt2img-metadata");
    const said = capture.lines.find((line) => line.ch === "ws" && line.dir === "out");
    const opened = capture.lines.find((line) => line.ch === "ws" && line.dir === "open");
    expect(JSON.parse(requests.FEATURE_FLAGS_MESSAGE)).toEqual(
      said?.ch === "ws" && said.dir === "out" && JSON.parse(said.text ?? ""),
    );
    const path = opened?.ch === "ws" && opened.dir === "open" ? (opened.path ?? "") : "";
    expect(requests.socketPath(path.split("=")[1] ?? "")).toBe(path);
    expect(requests.socketPath("a&b")).toBe("/ws?clientId=a%26b");
  });
});
