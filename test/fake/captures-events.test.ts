/** The fake's events against recorded conversations: the same workflow gives the same frames in the same order. */
import { describe, expect, it } from "vitest";
import { Client, call, capture, captured, type Graph, historyOf, normal, startFake, workflowOf } from "./support.ts";

const CHECKPOINT = { checkpoints: ["random-sd15.safetensors"] };

/** The recorded workflow with the test node of the recording's server replaced by ours. */
function playable(graph: Graph): Graph {
  const text = JSON.stringify(graph).replace('"TestSyncError","inputs":{"value"', '"ProbeError","inputs":{"images"');
  return JSON.parse(text);
}

/** The recorded frames, without those before the first prompt. */
function recorded(name: string, conn = "a"): string[] {
  const all = captured(capture(name), conn).map(normal);
  return all.filter((frame) => !frame.includes('"sid"') && !frame.includes("feature_flags"));
}

function received(client: Client): string[] {
  return client.frames.map(normal).filter((frame) => !frame.includes('"sid"') && !frame.includes("feature_flags"));
}

describe("events as recorded from ComfyUI 0.27.0", () => {
  it("[F37][F38][F46][F52] text to image with preview metadata: every frame, in order, to the letter", async () => {
    await using fake = await startFake(CHECKPOINT);
    const client = await Client.open(fake.url);
    const lines = capture("01-txt2img-metadata");
    await client.run(workflowOf("01-txt2img-metadata"));
    expect(received(client)).toEqual(recorded("01-txt2img-metadata"));
    expect(client.frames.slice(0, 2).map(normal)).toEqual(captured(lines).slice(0, 2).map(normal));
  });

  it("[F51][F39] without flags previews are type 1 after their progress; the second run is fully cached", async () => {
    await using fake = await startFake(CHECKPOINT);
    const client = await Client.open(fake.url, undefined, false);
    const first = workflowOf("01-txt2img-metadata");
    await client.run(first);
    client.frames.length = 0;
    const graph = workflowOf("02-txt2img-no-flags");
    await client.run(graph);
    expect(received(client)).toEqual(recorded("02-txt2img-no-flags"));
    client.frames.length = 0;
    await client.run(graph);
    expect(received(client)).toEqual(recorded("03-fully-cached"));
  });

  it("[F41][F42] a node that raises: the branch before it ends, the node never does; again from cache", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const graph = playable(workflowOf("11-node-error"));
    await client.run(graph);
    await client.run(graph);
    expect(received(client)).toEqual(recorded("11-node-error"));
  });

  it("[F53] SaveImageWebsocket sends PNG frames with progress from 0, reports nothing, is never cached", async () => {
    await using fake = await startFake(CHECKPOINT);
    const client = await Client.open(fake.url);
    const graph: Graph = workflowOf("15-save-image-websocket");
    const warm = structuredClone(graph);
    if (warm["5"]) warm["5"].inputs.width = 128;
    await client.run(warm);
    client.frames.length = 0;
    await client.run(graph);
    await client.run(graph);
    expect(received(client)).toEqual(recorded("15-save-image-websocket"));
  });

  it("[F17][F18] an interrupt: foreign id ignored, own id ends the run at the next tick", async () => {
    await using fake = await startFake({ ...CHECKPOINT, stepMs: 15 });
    const client = await Client.open(fake.url);
    const graph: Graph = workflowOf("12-interrupt");
    const warm = structuredClone(graph);
    if (warm["5"]) warm["5"].inputs.width = 64;
    await call(fake.url, "POST", "/interrupt");
    await client.run(warm);
    client.frames.length = 0;
    const { body } = await client.submit(graph);
    await client.until(() => client.dataOf("progress").length === 1, "first tick");
    expect((await call(fake.url, "POST", "/interrupt", { prompt_id: crypto.randomUUID() })).status).toBe(200);
    await client.until(() => client.dataOf("progress").length === 2, "second tick");
    await call(fake.url, "POST", "/interrupt", { prompt_id: body.prompt_id });
    await client.until(() => client.ended === 1, "end");
    expect(received(client)).toEqual(recorded("12-interrupt"));
  });

  it("[F10] one of two outputs invalid: only the other runs", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    await client.run(workflowOf("10-partially-valid"));
    expect(received(client)).toEqual(recorded("10-partially-valid"));
  });

  it("[F44] without client_id progress goes to everybody and the rest to nobody; cached outputs leave no trace", async () => {
    await using fake = await startFake({ ...CHECKPOINT, stepMs: 110 / 4 });
    const a = await Client.open(fake.url);
    const b = await Client.open(fake.url, undefined, false);
    const graph: Graph = workflowOf("16b-prompt-without-client-id");
    const warm = structuredClone(graph);
    if (warm["3"]) warm["3"].inputs.seed = 7;
    const statusCount = (client: Client) => client.types.filter((type) => type === "status").length;
    await a.run(warm);
    await b.until(() => statusCount(b) === 4, "end of the first run");
    a.frames.length = 0;
    b.frames.length = 0;
    const post = () => call(fake.url, "POST", "/prompt", { prompt: graph });
    await post();
    await b.until(() => statusCount(b) === 3, "first run");
    const second = await post();
    await b.until(() => statusCount(b) === 6, "second run");
    await a.until(() => statusCount(a) === 6, "second run");
    expect(received(a)).toEqual(recorded("16b-prompt-without-client-id", "a"));
    expect(received(b)).toEqual(recorded("16b-prompt-without-client-id", "b"));
    expect((await historyOf(fake.url, second.body.prompt_id))?.outputs).toEqual({});
  });
});
