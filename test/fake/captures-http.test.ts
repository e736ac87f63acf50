/** The fake's HTTP answers against recorded ones: the same request gives the same status, headers and body. */
import { describe, expect, it } from "vitest";
import { type Endpoint, exchange, type Reply } from "../conformance/support/http.ts";
import { type HttpLine, loadCapture, type MultipartFile } from "../support/captures.ts";
import { startFake } from "./support.ts";

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

function exchanges(name: string): HttpLine[] {
  return loadCapture(name).lines.filter((line) => line.ch === "http");
}

function replay(at: Endpoint, { req, req_headers, method, path }: HttpLine): Promise<Reply> {
  if (typeof req === "object" && req !== null) return exchange(at, path, { method, body: formOf(req.multipart) });
  return exchange(at, path, { method, headers: req_headers, ...(req === null ? {} : { json: req }) });
}

function formOf({ fields, files }: { fields: Record<string, string>; files: MultipartFile[] }): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  for (const file of files) {
    const blob = new Blob([new Uint8Array(Buffer.from(file.b64, "base64"))], { type: file.content_type });
    data.append(file.field, blob, file.filename);
  }
  return data;
}

function textOf({ res }: HttpLine): string {
  return typeof res === "string" ? res : "";
}

/** The recorded bytes, if they were kept. */
function bytesOf(res: HttpLine["res"] | undefined): Buffer {
  if (typeof res === "string") return Buffer.from(res);
  return Buffer.from(res !== undefined && "b64" in res ? res.b64 : "", "base64");
}

describe("answers as recorded from ComfyUI 0.27.0", () => {
  for (const name of ["06-missing-input", "07-value-out-of-range", "08-unknown-class", "09-no-outputs"]) {
    it(`[F8][F9][F14] ${name}: refused prompts get the same errors`, async () => {
      await using fake = await startFake({ checkpoints: ["random-sd15.safetensors"] });
      const posts = exchanges(name).filter(({ path, req }) => path === "/prompt" && req !== null && req !== undefined);
      expect(posts.length).toBeGreaterThan(2);
      for (const line of posts) {
        const response = await replay(fake, line);
        const { text } = response;
        expect(response.status, text).toBe(line.status);
        if (response.status === 500) expect(text).toBe(line.res);
        else expect(essential(JSON.parse(text)), textOf(line)).toEqual(essential(JSON.parse(textOf(line))));
      }
    });
  }

  it("[F25][F26] uploads: names, statuses and bytes", async () => {
    await using fake = await startFake();
    for (const line of exchanges("24-upload-dedupe")) {
      const response = await replay(fake, line);
      expect(response.status, JSON.stringify(line).slice(0, 600)).toBe(line.status);
      if (line.method === "POST" && line.status === 200) expect(response.body).toEqual(JSON.parse(textOf(line)));
      const mask = line.path?.includes("mask");
      if (line.method === "GET" && line.status === 200 && !mask) {
        expect(response.bytes).toEqual(bytesOf(line.res));
      }
    }
  });

  it("[F27] views: statuses and headers of all variants", async () => {
    await using fake = await startFake();
    const lines = exchanges("25-view-variants");
    const put = (path: string, res: HttpLine["res"] | undefined) => {
      const [root, ...rest] = path.split("/");
      fake.fake.files.put(
        root === "output" ? "output" : "input",
        rest.join("/"),
        new Uint8Array(bytesOf(res)),
        1.79e12,
      );
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
      const response = await replay(fake, line);
      expect(response.status, line.path).toBe(line.status);
      const have = Object.fromEntries(kept.map((header) => [header, response.headers[header] ?? null]));
      const want = Object.fromEntries(kept.map((header) => [header, line.res_headers?.[header] ?? null]));
      expect(have, line.path).toEqual(want);
    }
  });
});
