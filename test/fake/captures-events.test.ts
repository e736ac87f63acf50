/** The fake's events against recorded conversations: the same workflow gives the same frames in the same order. */
import { describe, expect, it } from "vitest";
import { Client } from "../conformance/support/client.ts";
import { eventOf, type Frame } from "../conformance/support/events.ts";
import type { Graph } from "../conformance/support/graphs.ts";
import { call, historyOf } from "../conformance/support/http.ts";
import { exchangesOf, framesIn, loadCapture } from "../support/captures.ts";
import { normal, workflowOf } from "./captures.ts";
import { startFake } from "./support.ts";

const CHECKPOINT = { checkpoints: ["random-sd15.safetensors"] };

/** The recorded workflow with the test node of the recording's server replaced by ours. */
function playable(graph: Graph): Graph {
  const text = JSON.stringify(graph).replace('"TestSyncError","inputs":{"value"', '"ProbeError","inputs":{"images"');
  return JSON.parse(text);
}

/** The recorded frames, without those before the first prompt. */
function recorded(name: string, conn = "a"): string[] {
  const all = framesIn(loadCapture(name), conn).map(normal);
  return all.filter((frame) => !frame.includes('"sid"') && !frame.includes("feature_flags"));
}

function received(client: Client): string[] {
  return client.frames.map(normal).filter((frame) => !frame.includes('"sid"') && !frame.includes("feature_flags"));
}

describe("events as recorded from ComfyUI 0.27.0", () => {
  it("[F37][F38][F46][F52] text to image with preview metadata: every frame, in order, to the letter", async () => {
    await using fake = await startFake(CHECKPOINT);
    const client = await Client.open(fake);
    await client.run(workflowOf("01-txt2img-metadata"));
    expect(received(client)).toEqual(recorded("01-txt2img-metadata"));
    expect(client.frames.slice(0, 2).map(normal)).toEqual(
      framesIn(loadCapture("01-txt2img-metadata"), "a").slice(0, 2).map(normal),
    );
  });

  it("[F51][F39] without flags previews are type 1 after their progress; the second run is fully cached", async () => {
    await using fake = await startFake(CHECKPOINT);
    const client = await Client.open(fake, { flags: false });
    const first = workflowOf("01-txt2img-metadata");
    await client.run(first);
    client.forget();
    const graph = workflowOf("02-txt2img-no-flags");
    await client.run(graph);
    expect(received(client)).toEqual(recorded("02-txt2img-no-flags"));
    client.forget();
    await client.run(graph);
    expect(received(client)).toEqual(recorded("03-fully-cached"));
  });

  it("[F67] a cached node with intermediate output: run, run again, run with another prefix", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    const name = "03b-cached-intermediate-output";
    for (const { req } of exchangesOf(loadCapture(name), "POST", /^\/prompt$/)) {
      await client.run(JSON.parse(String(req)).prompt);
    }
    expect(received(client)).toEqual(recorded(name));
  });

  it("[F41][F42] a node that raises: the branch before it ends, the node never does; again from cache", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    const graph = playable(workflowOf("11-node-error"));
    await client.run(graph);
    await client.run(graph);
    expect(received(client)).toEqual(recorded("11-node-error"));
  });

  it("[F53] SaveImageWebsocket sends PNG frames with progress from 0, reports nothing, is never cached", async () => {
    await using fake = await startFake(CHECKPOINT);
    const client = await Client.open(fake);
    const graph: Graph = workflowOf("15-save-image-websocket");
    const warm = structuredClone(graph);
    if (warm["5"]) warm["5"].inputs.width = 128;
    await client.run(warm);
    client.forget();
    await client.run(graph);
    await client.run(graph);
    expect(received(client)).toEqual(recorded("15-save-image-websocket"));
  });

  it("[F17][F18] an interrupt: foreign id ignored, own id ends the run at the next tick", async () => {
    await using fake = await startFake({ ...CHECKPOINT, stepMs: 15 });
    const client = await Client.open(fake);
    const graph: Graph = workflowOf("12-interrupt");
    const warm = structuredClone(graph);
    if (warm["5"]) warm["5"].inputs.width = 64;
    await call(fake, "POST", "/interrupt");
    await client.run(warm);
    client.forget();
    const { body } = await client.submit(graph);
    await client.until(() => client.dataOf("progress").length === 1, "first tick");
    expect((await call(fake, "POST", "/interrupt", { prompt_id: crypto.randomUUID() })).status).toBe(200);
    await client.until(() => client.dataOf("progress").length === 2, "second tick");
    await call(fake, "POST", "/interrupt", { prompt_id: body.prompt_id });
    await client.until(() => client.ended === 1, "end");
    expect(received(client)).toEqual(recorded("12-interrupt"));
  });

  it("[F10] one of two outputs invalid: only the other runs", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    const { status, body } = await client.submit(workflowOf("10-partially-valid"));
    const [answer] = exchangesOf(loadCapture("10-partially-valid"), "POST", /^\/prompt$/);
    expect([status, body.node_errors]).toEqual([200, JSON.parse(String(answer?.res)).node_errors]);
    await client.until(() => client.ended === 1, "end");
    expect(received(client)).toEqual(recorded("10-partially-valid"));
  });

  it("[F44] without client_id progress goes to everybody and the rest to nobody; cached outputs leave no trace", async () => {
    await using fake = await startFake({ ...CHECKPOINT, stepMs: 110 / 4 });
    const a = await Client.open(fake);
    const b = await Client.open(fake, { flags: false });
    const graph: Graph = workflowOf("16b-prompt-without-client-id");
    const warm = structuredClone(graph);
    if (warm["3"]) warm["3"].inputs.seed = 7;
    const statusCount = (client: Client) => client.types.filter((type) => type === "status").length;
    await a.run(warm);
    await b.until(() => statusCount(b) === 4, "end of the first run");
    a.forget();
    b.forget();
    const post = () => call(fake, "POST", "/prompt", { prompt: graph });
    await post();
    await b.until(() => statusCount(b) === 3, "first run");
    const second = await post();
    await b.until(() => statusCount(b) === 6, "second run");
    await a.until(() => statusCount(a) === 6, "second run");
    expect(received(a)).toEqual(recorded("16b-prompt-without-client-id", "a"));
    expect(received(b)).toEqual(recorded("16b-prompt-without-client-id", "b"));
    expect((await historyOf(fake, second.body.prompt_id))?.outputs).toEqual({});
  });

  it("[F15][F72] front, number and counter: the heap as GET /queue shows it, and the order of the runs", async () => {
    await using fake = await startFake({ ...CHECKPOINT, stepMs: 10 });
    const client = await Client.open(fake);
    for (let i = 0; i < 63; i++) await client.submit({});
    const recording = loadCapture("29-priorities");
    const posts = exchangesOf(recording, "POST", /^\/prompt$/);
    for (const [i, { req, res, status }] of posts.entries()) {
      const answer = await call(fake, "POST", "/prompt", retargeted(req, client.id));
      expect(answer.status).toBe(status);
      if (status === 200) expect(/"number": [^,]*/.exec(answer.text)).toEqual(/"number": [^,]*/.exec(String(res)));
      if (i === 0) await client.until(() => client.types.includes("progress"), "first tick");
    }
    const recordedQueue = exchangesOf(recording, "GET", /^\/queue$/)[0]?.res;
    const numbersIn = (text: string) => JSON.parse(text).queue_pending.map(([number]: [number]) => number);
    expect(numbersIn((await call(fake, "GET", "/queue")).text)).toEqual(numbersIn(String(recordedQueue)));
    await client.until(() => client.ended === 8, "all");
    const ids = client.dataOf("execution_start").map(({ prompt_id }) => prompt_id);
    const wanted = framesIn(recording, "a")
      .map(normalStart)
      .filter((id) => id !== null);
    expect(ids).toEqual(wanted);
  });
});

/** A recorded request body with the client of the test. */
function retargeted(req: unknown, client_id: string): unknown {
  return { ...JSON.parse(String(req)), client_id };
}

function normalStart(frame: Frame): string | null {
  if (typeof frame !== "string" || !frame.startsWith('{"type": "execution_start"')) return null;
  return eventOf(frame).data.prompt_id;
}
