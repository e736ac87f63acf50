/** What happens inside a run: order, cache, blocked branches, expansion, async nodes, outputs of all kinds (§2.6, §4). */
import { describe, expect, it } from "vitest";
import {
  Client,
  type EventData,
  eventOf,
  type Graph,
  historyOf,
  startFake,
  through,
  txt2img,
  wordAt,
} from "./support.ts";

const IMAGE = { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 7 } };

function order(client: Client): (string | null)[] {
  return client.dataOf("executing").map(({ node }) => node);
}

function lastStates(client: Client): EventData["nodes"] | undefined {
  return client.dataOf("progress_state").at(-1)?.nodes;
}

/** Runs one graph on a fresh fake with defaults. */
async function play(graph: Graph, options = {}, runs = 1) {
  await using fake = await startFake(options);
  const client = await Client.open(fake.url);
  let id = "";
  for (let i = 0; i < runs; i++) id = await client.run(graph);
  return { client, entry: await historyOf(fake.url, id) };
}

describe("a run", () => {
  it("[F42] out of memory has its type and its words; the message of an exception ends in a newline", async () => {
    const { client } = await play(through("ProbeOutOfMemory"));
    const error = client.dataOf("execution_error")[0];
    expect(error?.exception_type).toBe("torch.OutOfMemoryError");
    expect(error?.exception_message).toMatch(/ran out of memory on your GPU[\s\S]*\n$/);
    expect(lastStates(client)?.["2"]?.state).toBe("running");
  });

  it("[F43] a blocked branch with a message: an error without timestamp, not in history, then success", async () => {
    const { client, entry } = await play(through("ProbeBlock", { message: "nothing to do" }));
    const error = client.dataOf("execution_error")[0];
    expect(error).toMatchObject({ node_id: "3", exception_type: "ExecutionBlocked", current_inputs: [] });
    expect(error?.exception_message).toBe("Execution Blocked: nothing to do");
    expect(error?.timestamp).toBeUndefined();
    expect(client.types.slice(-3)).toEqual(["execution_success", "status", "executing"]);
    expect(lastStates(client)?.["3"]?.state).toBe("finished");
    expect(entry?.status.messages.map(([type]) => type)).not.toContain("execution_error");
    expect(entry?.outputs).toEqual({});
  });

  it("[F23] a cycle at run time is stored as success although its messages end with the error", async () => {
    const { client, entry } = await play(through("ProbeCycle"));
    expect(client.dataOf("execution_error")[0]).toMatchObject({
      exception_message: "Dependency cycle detected",
      exception_type: "graph.DependencyCycleError",
      traceback: [],
      current_inputs: [],
    });
    expect(entry?.status).toMatchObject({ status_str: "success", completed: true });
    expect(entry?.status.messages.at(-1)?.[0]).toBe("execution_error");
  });

  it("[F48] a lazy node is announced twice and its other branch never runs", async () => {
    const graph: Graph = {
      "1": IMAGE,
      "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
      "3": { class_type: "ProbeLazySwitch", inputs: { on_true: ["1", 0], on_false: ["2", 0], switch: true } },
      "4": { class_type: "PreviewImage", inputs: { images: ["3", 0] } },
    };
    const { client } = await play(graph);
    expect(order(client)).toEqual(["3", "1", "3", "4", null]);
    expect(Object.keys(lastStates(client) ?? {})).toEqual(["1", "3", "4"]);
  });

  it("[F49] expansion: inner ids with display, parent and real node; an inner error blames the visible node", async () => {
    const { client } = await play(through("ProbeExpand", { fail: false }));
    expect(order(client)).toEqual(["1", "2", "2.0.0.1", "2.0.0.2", "3", null]);
    const inner = lastStates(client)?.["2.0.0.1"];
    expect(inner).toMatchObject({ display_node_id: "2", parent_node_id: "2", real_node_id: "2", state: "finished" });
    const failing = await play(through("ProbeExpand", { fail: true }));
    expect(failing.client.dataOf("execution_error")[0]).toMatchObject({ node_id: "2", node_type: "ProbeExpand" });
  });

  it("[F71] a loop: copies show as the body node, which finishes again and again, with the loop as real node", async () => {
    const graph: Graph = {
      "1": IMAGE,
      "6": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
      "7": { class_type: "ProbeLoop", inputs: { images: ["6", 0], turns: 3, body: "6" } },
      "8": { class_type: "PreviewImage", inputs: { images: ["7", 0] } },
    };
    const { client } = await play(graph);
    const states = lastStates(client) ?? {};
    expect(states["7.0.0.1"]).toMatchObject({ display_node_id: "6", real_node_id: "7" });
    expect(states["7.0.0.Recurse.0.0.1"]).toMatchObject({ display_node_id: "6", real_node_id: "7" });
    expect(client.types).toContain("execution_success");
  });

  it("[F50] async nodes overlap: both run at once and their ticks interleave", async () => {
    const sleep = { steps: 3, step_ms: 5 };
    const graph: Graph = {
      "1": IMAGE,
      "2": { class_type: "ProbeAsyncSleep", inputs: { images: ["1", 0], ...sleep } },
      "3": { class_type: "ProbeAsyncSleep", inputs: { images: ["1", 0], steps: 4, step_ms: 5 } },
      "4": { class_type: "ImageBatch", inputs: { image1: ["2", 0], image2: ["3", 0] } },
      "5": { class_type: "PreviewImage", inputs: { images: ["4", 0] } },
    };
    const { client } = await play(graph, { version: "0.3.64" });
    const running = client.dataOf("progress_state").map(({ nodes }) => nodes);
    expect(running.some((nodes) => nodes["2"]?.state === "running" && nodes["3"]?.state === "running")).toBe(true);
    const ticks = client.dataOf("progress").map(({ node }) => node);
    expect(ticks.lastIndexOf("2")).toBeGreaterThan(ticks.indexOf("3"));
  });

  it("[F47] ticks without preview are throttled from 0.9.2: first and last for sure; before that all are sent", async () => {
    const graph = through("ProbeSleep", { steps: 8, step_ms: 1 });
    const values = (client: Client) => client.dataOf("progress").map(({ value }) => value);
    expect(values((await play(graph)).client)).toEqual([1, 8]);
    expect(values((await play(graph, { version: "0.3.64" })).client)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("[F51] latent previews can be off, by flag or by prompt, and are as large as asked for", async () => {
    await using fake = await startFake({ previewSize: 96 });
    const client = await Client.open(fake.url);
    await client.run(txt2img(1), { extra_data: { preview_method: "none" } });
    expect(client.binaries).toEqual([]);
    await client.run(txt2img(2));
    const frame = client.binaries[0] ?? new Uint8Array(8);
    const image = Buffer.from(frame.subarray(8 + wordAt(frame, 4)));
    expect(image.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
    const size = image.indexOf(Buffer.from([0xff, 0xc0])) + 5;
    expect([image.readUInt16BE(size), image.readUInt16BE(size + 2)]).toEqual([96, 96]);
    expect((await play(txt2img(1), { previewMethod: "none" })).client.binaries).toEqual([]);
  });

  it("[F40] a cached output node without UI data reports null", async () => {
    const graph: Graph = { "1": IMAGE, "2": { class_type: "ProbeSink", inputs: { images: ["1", 0] } } };
    const { client, entry } = await play(graph, {}, 2);
    expect(client.dataOf("executed")).toMatchObject([{ node: "2", output: null }]);
    expect(entry?.outputs).toEqual({});
  });

  it("[F67] a cached node with intermediate output reports right before success, without progress_state", async () => {
    const graph = through("ImageCropV2", { width: 8, height: 8 }, "image");
    const { client, entry } = await play(graph, {}, 2);
    const at = client.types.lastIndexOf("execution_success");
    expect(client.types[at - 1]).toBe("executed");
    expect(client.dataOf("executed").at(-1)?.node).toBe("2");
    expect(client.types.slice(at - 3, at)).toEqual(["executed", "progress_state", "executed"]);
    expect(Object.keys(entry?.outputs ?? {})).toEqual(["2", "3"]);
  });

  it("[F54] a direct sender: type 1 even with metadata, then executed with one placeholder per image", async () => {
    const graph: Graph = { "1": IMAGE, "2": { class_type: "ETN_SendImageWebSocket", inputs: { images: ["1", 0] } } };
    const { client } = await play(graph);
    expect(client.types).toContain("frame 1");
    expect(client.types.indexOf("frame 1")).toBeLessThan(client.types.indexOf("executed"));
    expect(wordAt(client.binaries[0] ?? new Uint8Array(8), 4)).toBe(2);
    expect(client.dataOf("executed")[0]?.output).toEqual({
      images: [{ source: "websocket", "content-type": "image/png", type: "output" }],
    });
  });

  it("[F57] NaN and Infinity stand bare in the event and in history", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const graph: Graph = { "1": IMAGE, "2": { class_type: "ProbeNaN", inputs: { images: ["1", 0] } } };
    const { body } = await client.submit(graph);
    await client.until(() => client.texts.some((text) => text.includes('"node": null')), "end").catch(() => {});
    expect(client.texts.find((text) => text.startsWith('{"type": "executed"'))).toContain('[NaN, Infinity, "NaN"]');
    const history = await fetch(`${fake.url}/history/${body.prompt_id}`);
    expect(await history.text()).toContain('"scores": [NaN, Infinity, "NaN"]');
  });

  it("[F64] files are numbered on, a slash makes a subfolder, %date:…% stays", async () => {
    const { client } = await play(txt2img(1, { prefix: "a/b/%date:yyyy%_%width%" }));
    expect(client.dataOf("executed")[0]?.output).toEqual({
      images: [{ filename: "%date:yyyy%_64_00001_.png", subfolder: "a/b", type: "output" }],
    });
  });

  it("[F66] video under images, gifs, audio, 3d and text", async () => {
    const graph: Graph = { "1": IMAGE };
    const saving = ["SaveAnimatedWEBP", "SaveWEBM", "ProbeSaveVideo", "ProbeAudio", "Probe3D", "ProbeGifs"];
    saving.forEach((class_type, i) => {
      graph[`${i + 2}`] = { class_type, inputs: { images: ["1", 0], filename_prefix: "x", fps: 8 } };
    });
    graph["9"] = { class_type: "ProbeText", inputs: { text: "größer" } };
    const { entry } = await play(graph);
    const keys = Object.values(entry?.outputs ?? {}).map((output) => Object.keys(output).join("+"));
    expect(keys).toEqual(["images+animated", "images+animated", "images+animated", "audio", "3d", "gifs", "text"]);
  });

  it("0.3.64 counts every cached output of the prompt in history, targeted or not", async () => {
    await using fake = await startFake({ version: "0.3.64" });
    const client = await Client.open(fake.url);
    const graph: Graph = {
      ...through("ImageInvert", {}, "image"),
      "4": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
    };
    await client.run(graph);
    const id = await client.run(graph, { partial_execution_targets: ["3"] });
    expect(Object.keys((await historyOf(fake.url, id))?.outputs ?? {})).toEqual(["3", "4"]);
  });

  it("every event is valid JSON with Python's separators", async () => {
    const { client } = await play(txt2img());
    for (const text of client.texts) {
      expect(eventOf(text).type).toBeTypeOf("string");
      expect(text).toMatch(/^\{"type": "[a-z_]+", "data": \{/);
    }
  });
});
