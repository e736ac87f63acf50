import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePng } from "../../src/fake/media/png.ts";
import { captured } from "../support/artifact-pictures.ts";
import { small, through, ticking, twoSaves } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

const pixels = (bytes: Uint8Array) =>
  decodePng(bytes, { inflate: async (data) => inflateSync(data), deflate: async (data) => data });

/** A picture as the fake itself would have saved it. */
async function picture(colour: number): Promise<Uint8Array<ArrayBuffer>> {
  const job = await worker.run({ graph: through("ImageInvert", { image: ["1", 0] }, colour) });
  return new Uint8Array(await worker.bytes(job.outputs[0]?.url ?? null));
}

describe("what a request becomes", () => {
  it("txt2img becomes a picture of the size asked for, in storage, with the seed that was drawn", async () => {
    const job = await worker.run({ workflow: "txt2img", inputs: small("a lighthouse", { width: 96, height: 64 }) });
    expect(job).toMatchObject({
      status: "succeeded",
      terminal: true,
      phase: "done",
      error: null,
      attempt: 1,
      queue: null,
    });
    expect(job.progress).toMatchObject({ value: 1, nodes_done: 7, nodes_total: 7 });
    expect(job.seed).toMatch(/^\d{1,20}$/);
    expect(job.outputs).toHaveLength(1);
    const [output] = job.outputs;
    expect(output).toMatchObject({
      type: "image",
      content_type: "image/png",
      width: 96,
      height: 64,
      node_id: "9",
      index: 0,
    });
    expect(await pixels(await worker.bytes(output?.url ?? null))).toMatchObject({ width: 96, height: 64 });
    expect(await worker.outputKeys()).toContain(`o/${output?.id}`);
    expect(job.metrics.total_ms).toBeGreaterThan(0);
  });

  it("the same seed gives the same picture, another seed another one", async () => {
    const [first, second, third] = await Promise.all(
      ["7", "7", "8"].map((seed) => worker.run({ workflow: "txt2img", inputs: small("a bridge", { seed }) })),
    );
    const [a, b, c] = await Promise.all(
      [first, second, third].map(async (job) => pixels(await worker.bytes(job?.outputs[0]?.url ?? null))),
    );
    expect(a?.rgb).toEqual(b?.rgb);
    expect(a?.rgb).not.toEqual(c?.rgb);
    expect(first?.seed).toBe("7");
  });

  it("a seed of 64 bits arrives at ComfyUI digit by digit", async () => {
    const seed = "18446744073709551557";
    const job = await worker.run({ workflow: "txt2img", inputs: small("exact", { seed }) });
    const raw = await worker.bytes(`/v1/outputs/${job.outputs[0]?.id}/raw`, {});
    expect(Buffer.from(raw).toString("latin1")).toContain(`"seed": ${seed}`);
  });

  it("img2img hands the upload to ComfyUI, and another upload makes another picture", async () => {
    const run = async (colour: number) => {
      const upload = await worker.upload(await picture(colour));
      expect(upload).toMatchObject({ content_type: "image/png", width: 32, height: 24 });
      const inputs = { prompt: "dusk", image: upload.id, steps: 3, seed: "5", denoise: 0.5 };
      return { upload, job: await worker.run({ workflow: "img2img", inputs }) };
    };
    const [red, blue] = [await run(0xff0000), await run(0x0000ff)];
    expect(red.job.status).toBe("succeeded");
    expect(worker.fake.fake.files.topLevel("input").join()).toContain(red.upload.id);
    const [a, b] = await Promise.all(
      [red, blue].map(async ({ job }) => pixels(await worker.bytes(job.outputs[0]?.url ?? null))),
    );
    expect(a?.rgb).not.toEqual(b?.rgb);
  });

  it("stream stores its pictures from the socket, and ComfyUI's disk stays empty", async () => {
    const files = worker.fake.fake.files.topLevel("output");
    const job = await worker.run({ workflow: "stream", inputs: small("straight from the socket", { batch_size: 2 }) });
    expect(job.status).toBe("succeeded");
    expect(job.outputs.map(({ index, width, type }) => ({ index, width, type }))).toEqual([
      { index: 0, width: 64, type: "image" },
      { index: 1, width: 64, type: "image" },
    ]);
    expect(worker.fake.fake.files.topLevel("output")).toEqual(files);
    const [a, b] = await Promise.all(job.outputs.map(async (output) => pixels(await worker.bytes(output.url))));
    expect(a?.rgb).not.toEqual(b?.rgb);
  });

  it("demo needs no model", async () => {
    const job = await worker.run({ workflow: "demo", inputs: { width: 64, height: 64, softness: 2 } });
    expect(job.status).toBe("succeeded");
    expect(job.outputs[0]).toMatchObject({ width: 64, height: 64 });
  });

  it("a batch gives several outputs, each in its place", async () => {
    const job = await worker.run({ workflow: "txt2img", inputs: small("four of them", { batch_size: 4 }) });
    expect(job.outputs.map((output) => output.index)).toEqual([0, 1, 2, 3]);
    expect(new Set(job.outputs.map((output) => output.hash)).size).toBe(4);
  });

  it("an output is announced, and can be fetched, while later nodes still run", async () => {
    const { id } = await worker.createJob({ graph: twoSaves(100, 20) });
    const running = await worker.until(id, (job) => job.outputs.length > 0);
    expect(running).toMatchObject({ terminal: false, outputs: [{ node_id: "8", index: 0 }] });
    expect(await pixels(await worker.bytes(running.outputs[0]?.url ?? null))).toMatchObject({ width: 32, height: 24 });
    expect((await worker.getJob(id)).terminal).toBe(false);
    const job = await worker.ended(id);
    expect(job.outputs.map((output) => output.node_id).sort()).toEqual(["8", "9"]);
  });

  it.each([
    ["ProbeSaveVideo", "images", "video", "video/mp4"],
    ["SaveWEBM", "images", "video", "video/webm"],
    ["SaveAnimatedWEBP", "images", "image", "image/webp"],
    // Files whose bytes are words, whatever their names say: the bytes are believed.
    ["ProbeGifs", "gifs", "text", "text/plain; charset=utf-8"],
    ["ProbeAudio", "audio", "text", "text/plain; charset=utf-8"],
    ["Probe3D", "3d", "text", "text/plain; charset=utf-8"],
  ])("a file that %s announces under %s is kept, as %s by its bytes", async (classType, _key, type, contentType) => {
    const graph = { 1: { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 1 } } };
    const inputs = { images: ["1", 0], filename_prefix: classType, fps: 6 };
    const job = await worker.run({ graph: { ...graph, 2: { class_type: classType, inputs } } });
    expect(job.outputs).toMatchObject([{ type, content_type: contentType }]);
    const [output] = job.outputs;
    const raw = await worker.bytes(`/v1/outputs/${output?.id}/raw`, {});
    // A link is given where it leads somewhere: to a copy of which it is known what is in it.
    expect(output?.url !== null).toBe(output?.metadata_stripped);
    expect((output?.url ? await worker.bytes(output.url) : raw).length).toBe(output?.size_bytes);
  });

  it("text is an output too, in the document itself", async () => {
    const job = await worker.run({ graph: { 1: { class_type: "ProbeText", inputs: { text: "42 cats" } } } });
    expect(job.outputs).toMatchObject([{ type: "text", text: "42 cats", url: null }]);
  });

  it("the pictures of preview nodes are kept only where the caller asks for them", async () => {
    const graph = {
      ...through("ImageInvert", { image: ["1", 0] }, 0x123456),
      7: { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
    };
    const without = await worker.run({ graph });
    expect(without.outputs.map((output) => output.node_id)).toEqual(["9"]);
    const kept = await worker.run({ graph, keep_temporary: true });
    expect(kept.outputs.map(({ node_id, temporary }) => [node_id, temporary]).sort()).toEqual([
      ["7", true],
      ["9", false],
    ]);
  });

  it("a run of which everything is cached gives its outputs all the same", async () => {
    const graph = ticking(3, 10, 0x515253);
    const first = await worker.run({ graph });
    const second = await worker.run({ graph });
    expect(second).toMatchObject({ status: "succeeded", attempt: 1 });
    expect(second.outputs).toHaveLength(1);
    expect(second.outputs[0]?.id).not.toBe(first.outputs[0]?.id);
    expect(second.outputs[0]?.hash).toBe(first.outputs[0]?.hash);
  });

  it("randomize_seeds draws the seeds of a raw graph anew", async () => {
    const graph = JSON.parse(JSON.stringify(await sampledGraph()));
    const first = await worker.run({ graph, randomize_seeds: true });
    const second = await worker.run({ graph, randomize_seeds: true });
    expect(first.seed).not.toBe(second.seed);
    expect(first.outputs[0]?.hash).not.toBe(second.outputs[0]?.hash);
  });

  it("an upload that was seen before is known again, by its bytes, in either form of sending", async () => {
    const bytes = new Uint8Array(captured("05-img2img-upload", ".png"));
    const first = await worker.upload(bytes);
    const again = await worker.request("/v1/uploads", {
      method: "POST",
      body: bytes,
      headers: { "content-type": "application/octet-stream" },
    });
    expect(again.status).toBe(200);
    const form = new FormData();
    form.set("file", new Blob([bytes], { type: "image/png" }), "cat.png");
    const sent = await worker.request("/v1/uploads", { method: "POST", body: form });
    expect(sent.status).toBe(200);
    expect((await sent.json()) as object).toMatchObject({ id: first.id, hash: first.hash });
    expect(await (await worker.request(`/v1/uploads/${first.id}`)).json()).toMatchObject({
      id: first.id,
      width: first.width,
    });
  });
});

/** The graph of `txt2img` as a caller would have exported it. */
async function sampledGraph(): Promise<unknown> {
  const { default: graph } = await import("../../workflows/txt2img/graph.json", { with: { type: "json" } });
  return { ...graph, 3: { ...graph[3], inputs: { ...graph[3].inputs, steps: 2 } } };
}
