import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Share } from "../../src/contract/api.ts";
import type { Job } from "../../src/contract/job.ts";
import { decodePng } from "../../src/fake/media/png.ts";
import type { TestGraph } from "../support/graphs.ts";
import { askAsAnyone, pathOf, startHushedWorker, stateAt } from "../support/strangers.ts";
import type { TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startHushedWorker();
});
afterAll(() => worker.close());

const anyone = (...asked: [path: string, init?: Parameters<typeof askAsAnyone>[2]]) => askAsAnyone(worker, ...asked);
const stateOf = (path: string) => stateAt(worker, path);
const allOf = async (response: Response) => JSON.stringify([...response.headers]) + (await response.text());

/** Words that stand in the request and nowhere else. */
const SECRETS = [
  "hushprompt",
  "hushnegative",
  "hushmodel",
  "hushprefix",
  "hushtitle",
  "hushmeta",
  "hushlabel",
  "hushbox",
];
const SEED = "271828182845904523";
const NODE = "314159";

function secretGraph(): TestGraph {
  const from = (id: string, slot = 0) => [id, slot];
  return {
    4: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "hushmodel.safetensors" } },
    5: { class_type: "EmptyLatentImage", inputs: { width: 64, height: 64, batch_size: 1 } },
    6: { class_type: "CLIPTextEncode", inputs: { text: "hushprompt", clip: from("4", 1) } },
    7: { class_type: "CLIPTextEncode", inputs: { text: "hushnegative", clip: from("4", 1) } },
    [NODE]: {
      class_type: "KSampler",
      inputs: {
        ...{ seed: Number(SEED), steps: 40, cfg: 7, sampler_name: "euler", scheduler: "normal", denoise: 1 },
        ...{ model: from("4"), positive: from("6"), negative: from("7"), latent_image: from("5") },
      },
      _meta: { title: "hushtitle" },
    },
    8: { class_type: "VAEDecode", inputs: { samples: from(NODE), vae: from("4", 2) } },
    9: { class_type: "SaveImage", inputs: { images: from("8"), filename_prefix: "hushprefix" } },
  };
}

describe("[promise 4] nothing leaks", () => {
  it("[V9] no byte that a viewer can get says anything of prompt, seed, model, nodes, workflow, metadata or backend", async () => {
    const graph = JSON.stringify(secretGraph()).replace(/"seed":\d+/, `"seed":${SEED}`);
    const body = `{"graph":${graph},"metadata":{"hushmeta":"hushmeta"},"share":{"label":"hushlabel"}}`;
    const job = (await (await worker.post("/v1/jobs", body)).json()) as Job & { new_share: Share };
    const path = pathOf(job.new_share);
    const socket = await worker.socket(`${path}/events`, { key: null });
    const stream = await worker.stream(`${path}/events?previews=inline`, { key: null });
    await socket.until(() => socket.frames.length > 1, "previews");
    const seen = [await allOf(await anyone(path)), await allOf(await anyone(`${path}/state`))];
    seen.push(await allOf(await anyone(`${path}/preview`)));
    await Promise.all([socket.closed(), stream.closed()]);
    seen.push(socket.raw, stream.raw, await allOf(await anyone(path)), await allOf(await anyone(`${path}/state`)));
    const { url } = (await stateOf(path)).outputs[0] ?? { url: "" };
    const file = await anyone(`${url}?download`);
    const fileBytes = new Uint8Array(await file.clone().arrayBuffer());
    seen.push(JSON.stringify([...file.headers]), Buffer.from(fileBytes).toString("latin1"));

    const whole = await worker.ended(job.id);
    // The owner sees it all, so the words were there to be leaked.
    expect(JSON.stringify(whole)).toContain("hushprefix");
    const raw = Buffer.from(await worker.bytes(`/v1/outputs/${whole.outputs[0]?.id}/raw`, {})).toString("latin1");
    for (const word of ["hushprompt", "hushmodel", SEED, NODE]) expect(raw).toContain(word);
    const backendPort = new URL(worker.fake.url).port;
    const ids = [SEED, NODE, whole.backend?.prompt_id ?? "none", `127.0.0.1:${backendPort}`];
    for (const secret of [...SECRETS, ...ids, "KSampler", "CLIPTextEncode", "class_type", "ckpt_name"]) {
      for (const [at, text] of seen.entries()) expect(text.includes(secret), `${secret} in text ${at}`).toBe(false);
    }
    const zlib = { inflate: async (data: Uint8Array) => inflateSync(data), deflate: async (data: Uint8Array) => data };
    expect(await decodePng(fileBytes, zlib)).toMatchObject({ width: 64, height: 64 });
  });

  it("[V9] a failure is told to viewers in plain words only", async () => {
    worker.fake.fake.fault({ type: "nodeError", nodeId: NODE, message: "hushprompt in /home/hushbox/x.py" });
    const job = await worker.createJob({ graph: secretGraph(), share: {} });
    const path = pathOf(job.new_share as Share);
    const stream = await worker.stream(`${path}/events`, { key: null });
    await stream.closed();
    const state = await stateOf(path);
    expect(state).toMatchObject({ status: "failed", error: { code: "node_failed", user_message: expect.any(String) } });
    expect(Object.keys(state.error ?? {}).sort()).toEqual(["code", "retryable", "user_message"]);
    for (const text of [stream.raw, JSON.stringify(state), await (await anyone(path)).text()]) {
      expect(text).not.toMatch(/hush|314159|KSampler|RuntimeError/);
    }
  });

  it("no log line tells a prompt, a key, a token or a link", () => {
    const text = worker.logs.join("\n");
    expect(text).toContain("job_stage");
    expect(text).not.toMatch(/hushprompt|hushmeta|ec_sk_|\/s\/|\/m\//);
  });
});
