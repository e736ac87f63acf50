/** Routes and rules that hold for every call (protocol §1.0, §1.1, §1.10), and pictures. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Client, call, startFake, through, txt2img } from "./support.ts";

async function saved(url: string, name = "cc_00001_.png"): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(`${url}/view?filename=${name}`)).arrayBuffer());
}

/** The text chunks of a PNG. */
function texts(png: Uint8Array): Record<string, string> {
  const found: Record<string, string> = {};
  const bytes = Buffer.from(png);
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) !== "tEXt") continue;
    const [key = "", value = ""] = bytes.toString("latin1", at + 8, at + 8 + bytes.readUInt32BE(at)).split("\0");
    found[key] = value;
  }
  return found;
}

describe("routes", () => {
  it("[F1][F29] every route answers under /x and /api/x, jobs only under /api", async () => {
    await using fake = await startFake();
    for (const path of ["/prompt", "/queue", "/history", "/system_stats", "/features", "/object_info", "/models"]) {
      const plain = await call(fake.url, "GET", path);
      expect(plain.status, path).toBe(200);
      expect((await call(fake.url, "GET", `/api${path}`)).text, path).toBe(plain.text);
    }
    expect((await call(fake.url, "GET", "/jobs")).status).toBe(404);
    expect((await call(fake.url, "GET", "/api/jobs")).status).toBe(200);
    expect((await call(fake.url, "GET", "/object_info/NoSuchNode")).text).toBe("{}");
    expect((await call(fake.url, "GET", "/models/checkpoints")).text).toBe('["easel-demo.safetensors"]');
    expect((await call(fake.url, "GET", "/models/nosuch")).status).toBe(404);
    expect((await call(fake.url, "GET", "/embeddings")).text).toBe("[]");
  });

  it("[F2] unknown GET 404, unknown POST 405 with Allow, OPTIONS 200, HEAD like GET without body", async () => {
    await using fake = await startFake();
    expect(await call(fake.url, "GET", "/nosuch")).toMatchObject({ status: 404, text: "" });
    expect((await call(fake.url, "GET", "/interrupt")).status).toBe(404);
    expect((await call(fake.url, "GET", "/queue/")).status).toBe(404);
    const post = await fetch(`${fake.url}/nosuch`, { method: "POST", body: "{}" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET,HEAD"]);
    expect((await call(fake.url, "OPTIONS", "/prompt")).status).toBe(200);
    const head = await fetch(`${fake.url}/system_stats`, { method: "HEAD" });
    expect(head.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(await head.text()).toBe("");
  });

  it("[F3] malformed JSON is a 500 with the fixed text; the content type is ignored; gzip is understood", async () => {
    await using fake = await startFake();
    for (const path of ["/prompt", "/queue", "/history", "/free"]) {
      const { status, text } = await call(fake.url, "POST", path, "{");
      expect([status, text]).toEqual([500, "500 Internal Server Error\n\nServer got itself in trouble"]);
    }
    const body = gzipSync(JSON.stringify({ prompt: txt2img() }));
    const headers = { "content-encoding": "gzip", "content-type": "text/plain" };
    expect((await fetch(`${fake.url}/prompt`, { method: "POST", headers, body })).status).toBe(200);
  });

  it("[F4] a body above the limit is a 413 on any route", async () => {
    await using fake = await startFake({ maxUploadBytes: 1000 });
    const { status, text } = await call(fake.url, "POST", "/prompt", " ".repeat(1001));
    expect(status).toBe(413);
    expect(text).toContain("Maximum request body size 1000 exceeded");
  });

  it("[F5] cross-site requests are refused from 0.19", async () => {
    const request = { method: "GET", url: "/prompt", headers: { "sec-fetch-site": "cross-site" }, body: null };
    await using modern = await startFake();
    expect((await modern.fake.handle(request))?.status).toBe(403);
    await using old = await startFake({ version: "0.3.64" });
    expect((await old.fake.handle(request))?.status).toBe(200);
  });

  it("[F6] with CORS on: headers, no 403, none on a 405", async () => {
    await using fake = await startFake({ corsOrigin: "*" });
    const get = await fetch(`${fake.url}/prompt`, { headers: { origin: "http://evil.example" } });
    expect([get.status, get.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
    const post = await fetch(`${fake.url}/nosuch`, { method: "POST" });
    expect([post.status, post.headers.get("access-control-allow-origin")]).toEqual([405, null]);
  });

  it("[F29] features and system_stats follow the version", async () => {
    await using old = await startFake({ version: "0.3.64" });
    expect((await call(old.url, "GET", "/features")).text).not.toContain("assets");
    expect((await call(old.url, "GET", "/system_stats")).text).toContain('"os": "posix"');
    await using modern = await startFake({ version: "0.38.1" });
    expect((await call(modern.url, "GET", "/features")).text).toContain('"assets": false');
    expect((await call(modern.url, "GET", "/system_stats")).text).toContain('"comfyui_version": "0.38.1"');
  });

  it("[F27] an SVG is inline in 0.27 and an attachment in 0.38", async () => {
    for (const version of ["0.27.0", "0.38.1"] as const) {
      await using fake = await startFake({ version });
      fake.fake.files.put("output", "a.svg", new Uint8Array(4), 0);
      const { headers } = await fetch(`${fake.url}/view?filename=a.svg`);
      expect(headers.get("content-disposition")?.startsWith("attachment")).toBe(version === "0.38.1");
    }
  });
});

describe("pictures", () => {
  it("the same prompt and seed give the same bytes, another seed or text another picture", async () => {
    await using one = await startFake();
    await using two = await startFake();
    const files: Uint8Array[] = [];
    for (const fake of [one, two]) {
      const client = await Client.open(fake.url);
      await client.run(txt2img(1));
      files.push(await saved(fake.url));
    }
    expect(files[0]).toEqual(files[1]);
    const client = await Client.open(one.url);
    await client.run(txt2img(2));
    await client.run(txt2img(1, { text: "a cat" }));
    expect(await saved(one.url, "cc_00002_.png")).not.toEqual(files[0]);
    expect(await saved(one.url, "cc_00003_.png")).not.toEqual(files[0]);
  });

  it("a saved PNG carries the prompt and each key of extra_pnginfo, and can be padded to a size", async () => {
    await using fake = await startFake({ outputPadBytes: 100_000 });
    const client = await Client.open(fake.url);
    const extra_pnginfo = { workflow: { id: "w", name: "größer" } };
    await client.run(txt2img(), { extra_data: { extra_pnginfo } });
    const png = await saved(fake.url);
    expect(png.length).toBe(100_000);
    expect(JSON.parse(texts(png).prompt ?? "")).toEqual(txt2img());
    expect(JSON.parse(texts(png).workflow ?? "")).toEqual(extra_pnginfo.workflow);
  });

  it("an uploaded picture shows in the result the more the less it is denoised; garbage fails in LoadImage", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    await client.run(txt2img(9));
    const upload = async (name: string, bytes: Uint8Array<ArrayBuffer> | string) => {
      const form = new FormData();
      form.append("image", new Blob([bytes]), name);
      await fetch(`${fake.url}/upload/image`, { method: "POST", body: form });
    };
    await upload("in.png", new Uint8Array(await saved(fake.url)));
    await upload("bad.png", "no picture");
    const graph = (denoise: number, image = "in.png") => {
      const prompt = txt2img(1, { prefix: `d${denoise * 10}` });
      prompt["10"] = { class_type: "LoadImage", inputs: { image } };
      prompt["5"] = { class_type: "VAEEncode", inputs: { pixels: ["10", 0], vae: ["4", 2] } };
      Object.assign(prompt["3"]?.inputs ?? {}, { denoise });
      return prompt;
    };
    for (const denoise of [0, 0.5]) await client.run(graph(denoise));
    const pixels = async (name: string) => {
      const view = await fetch(`${fake.url}/view?filename=${name}&preview=webp`);
      return Buffer.from(await view.arrayBuffer());
    };
    expect(await pixels("d0_00001_.png")).toEqual(await pixels("cc_00001_.png"));
    expect(await pixels("d5_00001_.png")).not.toEqual(await pixels("cc_00001_.png"));
    await client.run(graph(0.5, "bad.png"));
    expect(client.dataOf("execution_error")[0]).toMatchObject({
      node_type: "LoadImage",
      exception_type: "PIL.UnidentifiedImageError",
      exception_message: "cannot identify image file '/comfy/input/bad.png'\n",
    });
    expect((await client.submit(through("ImageInvert", { image: ["77", 0] }, "image"))).status).toBe(400);
  });
});
