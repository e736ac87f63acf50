/** The fake's HTTP answers against recorded ones: the same request gives the same status, headers and body. */
import { describe, expect, it } from "vitest";
import { type CaptureLine, capture, type RecordedForm, startFake } from "./support.ts";

/** Without tooltips, tracebacks and settings that concern only the browser. */
function essential(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essential);
  if (typeof value !== "object" || value === null) return value;
  const hidden = ["tooltip", "traceback", "control_after_generate", "number", "prompt_id"];
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !hidden.includes(key))
      .map(([key, inner]) => [key, essential(inner)]),
  );
}

function exchanges(name: string): CaptureLine[] {
  return capture(name).filter((line) => line.ch === "http");
}

async function replay(url: string, line: CaptureLine): Promise<Response> {
  const { req = null, req_headers = {}, method = "GET" } = line;
  if (typeof req === "object" && req !== null) {
    return fetch(url + line.path, { method, body: multipart(req.multipart) });
  }
  return fetch(url + line.path, { method, headers: req_headers, body: req });
}

function formOf(line: CaptureLine): RecordedForm | null {
  return typeof line.req === "object" && line.req !== null ? line.req.multipart : null;
}

function textOf(line: CaptureLine): string {
  return typeof line.res === "string" ? line.res : "";
}

function multipart(form: RecordedForm): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(form.fields)) data.append(name, value);
  for (const file of form.files) {
    const blob = new Blob([new Uint8Array(Buffer.from(file.b64, "base64"))], { type: file.content_type });
    data.append(file.field, blob, file.filename);
  }
  return data;
}

describe("answers as recorded from ComfyUI 0.27.0", () => {
  for (const name of ["06-missing-input", "07-value-out-of-range", "08-unknown-class", "09-no-outputs"]) {
    it(`[F8][F9][F14] ${name}: refused prompts get the same errors`, async () => {
      await using fake = await startFake({ checkpoints: ["random-sd15.safetensors"] });
      const posts = exchanges(name).filter(({ path, req }) => path === "/prompt" && req !== null && req !== undefined);
      expect(posts.length).toBeGreaterThan(2);
      for (const line of posts) {
        const response = await replay(fake.url, line);
        const text = await response.text();
        expect(response.status, text).toBe(line.status);
        if (response.status === 500) expect(text).toBe(line.res);
        else expect(essential(JSON.parse(text)), textOf(line)).toEqual(essential(JSON.parse(textOf(line))));
      }
    });
  }

  it("[F25][F26] uploads: names, statuses and bytes", async () => {
    await using fake = await startFake();
    for (const line of exchanges("24-upload-dedupe")) {
      if (formOf(line)?.files[0]?.filename === "") continue;
      const response = await replay(fake.url, line);
      expect(response.status, JSON.stringify(line).slice(0, 600)).toBe(line.status);
      if (line.method === "POST" && line.status === 200)
        expect(await response.json()).toEqual(JSON.parse(textOf(line)));
      const mask = line.path?.includes("mask");
      if (line.method === "GET" && line.status === 200 && !mask) {
        expect({ b64: Buffer.from(await response.arrayBuffer()).toString("base64") }).toEqual(line.res);
      }
    }
  });

  it("[F27] views: statuses and headers of all variants", async () => {
    await using fake = await startFake();
    const lines = exchanges("25-view-variants");
    const put = (path: string, res: CaptureLine["res"]) => {
      const bytes = typeof res === "object" ? Buffer.from(res.b64, "base64") : Buffer.from(res ?? "");
      const [root, ...rest] = path.split("/");
      fake.fake.files.put(root === "output" ? "output" : "input", rest.join("/"), new Uint8Array(bytes), 1.79e12);
    };
    const body = (path: string) => lines.find((line) => line.path === path)?.res;
    put("input/alpha.png", body("/view?filename=alpha.png&type=input"));
    put("output/deep/er/alpha.png", body("/view?filename=alpha.png&type=input"));
    for (const file of ["plain.jpg", "notes.txt", "page.html", "draw.svg", "blob.qqq"]) {
      put(`input/${file}`, body(`/view?filename=${file}&type=input`));
    }
    const kept = ["content-type", "content-disposition", "content-range", "accept-ranges", "allow"];
    for (const line of lines) {
      if (line.path?.includes("plain.jpg") && line.path.includes("channel")) continue;
      if (line.req_headers?.["sec-fetch-site"] !== undefined || line.req_headers?.["if-none-match"] !== undefined)
        continue;
      const response = await replay(fake.url, line);
      expect(response.status, line.path).toBe(line.status);
      const have = Object.fromEntries(kept.map((header) => [header, response.headers.get(header)]));
      const want = Object.fromEntries(kept.map((header) => [header, line.res_headers?.[header] ?? null]));
      expect(have, line.path).toEqual(want);
    }
  });
});
