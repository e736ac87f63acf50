/** Injected faults: each strikes where and when it says, and ComfyUI's own ways to die (P1 to P7). */
import { describe, expect, it } from "vitest";
import { Client, call, historyOf, startFake, through, txt2img } from "./support.ts";

const SLOW = { stepMs: 10 };
const STEPS = { steps: 6 };

/** Resolves when `done` holds, looking every few ms at something that sends no frame. */
async function eventually(done: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("never happened");
}

describe("faults", () => {
  it("cut at a step: 1006 at once, and the run goes on without its client", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "cut", when: { type: "atStep", step: 2 } });
    const { body } = await client.submit(txt2img(1, STEPS));
    await client.until(() => client.closeCode !== null, "close");
    expect(client.closeCode).toBe(1006);
    expect(client.dataOf("progress").length).toBeLessThanOrEqual(2);
    await eventually(async () => (await historyOf(fake.url, body.prompt_id)) !== undefined);
  });

  it("[F62] silent: the socket stays open and gets nothing; a new one does", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "silent", when: { type: "atNode", nodeId: "3" } });
    await client.submit(txt2img(1, STEPS));
    await client.until(() => client.dataOf("executing").some(({ node }) => node === "3"), "sampler");
    const watcher = await Client.open(fake.url);
    await watcher.run(txt2img(2));
    expect(client.closeCode).toBeNull();
    expect(client.types).not.toContain("progress");
  });

  it("[F28][F62][F74] restart: 1006, refused meanwhile; then queue, history, temp and counter are gone, output stays", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    await client.run(txt2img());
    await client.run(through("ImageInvert", {}, "image"));
    const preview = client.dataOf("executed").at(-1)?.output as { images: { filename: string }[] };
    const temp = `/view?type=temp&filename=${preview.images[0]?.filename}`;
    expect((await call(fake.url, "GET", temp)).status).toBe(200);
    fake.fake.fault({ type: "restart", downMs: 40 });
    await client.until(() => client.closeCode !== null, "close");
    expect(client.closeCode).toBe(1006);
    await expect(fetch(`${fake.url}/prompt`)).rejects.toThrow();
    await eventually(async () => (await fetch(`${fake.url}/prompt`).catch(() => null))?.status === 200);
    expect((await call(fake.url, "GET", "/history")).text).toBe("{}");
    expect((await call(fake.url, "GET", temp)).status).toBe(404);
    expect((await call(fake.url, "GET", "/view?filename=cc_00001_.png")).status).toBe(200);
    const again = await Client.open(fake.url);
    expect((await again.submit(txt2img())).body.number).toBe(0);
  });

  it("[F74] killed and revived on the same port, the old prompt_id is accepted again", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake.url);
    const prompt_id = crypto.randomUUID();
    await client.submit(txt2img(1, STEPS), { prompt_id });
    await client.until(() => client.types.includes("progress"), "running");
    await fake.kill();
    await client.until(() => client.closeCode !== null, "close");
    await expect(fetch(`${fake.url}/prompt`)).rejects.toThrow();
    await fake.revive();
    expect((await call(fake.url, "GET", "/queue")).body).toEqual({ queue_running: [], queue_pending: [] });
    const again = await Client.open(fake.url);
    expect(await again.run(txt2img(1), { prompt_id })).toBe(prompt_id);
  });

  it("[F58] the stock TensorOps sender and a list as client_id kill the server; a patched pack sends type 1", async () => {
    const graph = { ...through("ImageInvert", {}, "image") };
    graph["4"] = { class_type: "SendImageOnWebSocket", inputs: { images: ["1", 0], event: "" } };
    await using stock = await startFake();
    const victim = await Client.open(stock.url);
    await victim.submit(graph);
    await victim.until(() => victim.closeCode !== null, "close");
    expect(victim.closeCode).toBe(1006);
    await expect(fetch(`${stock.url}/prompt`)).rejects.toThrow();
    await using patched = await startFake({ patchedTensorOps: true });
    const client = await Client.open(patched.url);
    await client.run(graph);
    expect(client.types).toContain("frame 1");
    expect(client.dataOf("executed").map(({ node }) => node)).toEqual(["3"]);
    await client.submit(graph, { client_id: ["x"] });
    await client.until(() => client.closeCode !== null, "close");
  });

  it("[F59] a dead worker: prompts are accepted, what runs stays, HTTP lives", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "workerDeath", when: { type: "atStep", step: 2 } });
    const { body } = await client.submit(txt2img(1, STEPS));
    await client.until(() => client.dataOf("progress").length === 2, "two ticks");
    expect((await client.submit(txt2img(2))).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 40));
    const queue = (await call(fake.url, "GET", "/queue")).body;
    expect(queue.queue_running[0]?.[1]).toBe(body.prompt_id);
    expect(queue.queue_pending).toHaveLength(1);
    expect(client.dataOf("progress")).toHaveLength(2);
  });

  it("an unconnected node without inputs kills the worker", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const graph = JSON.parse(JSON.stringify(txt2img()).replace("{", '{"99":{"class_type":"ImageInvert"},'));
    await client.submit(graph);
    await client.until(() => client.types.includes("execution_start"), "start");
    await client.submit(txt2img(2));
    expect((await call(fake.url, "GET", "/queue")).body.queue_pending).toHaveLength(1);
  });

  it("[F60] a stalled reader holds back all events while HTTP goes on", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "stall", ms: 80 });
    const { body } = await client.submit(txt2img());
    await eventually(async () => (await historyOf(fake.url, body.prompt_id)) !== undefined);
    expect(client.types).toEqual(["status", "feature_flags"]);
    await client.until(() => client.ended === 1, "burst");
  });

  it("[F61] a frozen loop answers nothing for a while, then everything", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "freeze", ms: 60 });
    const asked = Date.now();
    await client.run(txt2img());
    expect(Date.now() - asked).toBeGreaterThanOrEqual(55);
  });

  it("[F63] a delayed answer to POST /prompt comes after the prompt's events", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "postDelay", ms: 80 });
    let answered = false;
    const answer = client.submit(txt2img()).then(() => {
      answered = true;
    });
    await client.until(() => client.types.includes("execution_start"), "start");
    expect(answered).toBe(false);
    await answer;
  });

  it("post500 and postDrop queue the prompt all the same", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "post500" });
    expect((await client.submit(txt2img(1))).status).toBe(500);
    await client.until(() => client.ended === 1, "run");
    fake.fake.fault({ type: "postDrop" });
    await expect(client.submit(txt2img(2))).rejects.toThrow();
    await client.until(() => client.ended === 2, "run");
    expect((await client.submit(txt2img(3))).status).toBe(200);
  });

  it("refuse: every call and upgrade is answered by something in front", async () => {
    await using fake = await startFake();
    fake.fake.fault({ type: "refuse", status: 502, count: 2 });
    expect((await call(fake.url, "GET", "/system_stats")).status).toBe(502);
    expect((await call(fake.url, "GET", "/queue")).status).toBe(502);
    expect((await call(fake.url, "GET", "/queue")).status).toBe(200);
  });

  it("[F62][F68] history late: gone from the queue and not yet in history; with a gap it is {} at success", async () => {
    await using fake = await startFake({ historyGapMs: 30 });
    const client = await Client.open(fake.url);
    const { body } = await client.submit(txt2img());
    await client.until(() => client.types.includes("execution_success"), "success");
    expect(await historyOf(fake.url, body.prompt_id)).toBeUndefined();
    await client.until(() => client.ended === 1, "end");
    expect(await historyOf(fake.url, body.prompt_id)).toBeDefined();
    fake.fake.fault({ type: "historyLate", ms: 40 });
    const late = await client.run(txt2img(2));
    expect(await historyOf(fake.url, late)).toBeUndefined();
    expect((await call(fake.url, "GET", "/queue")).body.queue_running).toEqual([]);
    await eventually(async () => (await historyOf(fake.url, late)) !== undefined);
  });

  it("[F62] events can be missing or come twice", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "drop", event: "execution_start" });
    fake.fake.fault({ type: "duplicate", event: "execution_success" });
    await client.run(txt2img());
    expect(client.dataOf("execution_start")).toEqual([]);
    expect(client.dataOf("execution_success")).toHaveLength(2);
  });

  it("[F18] an interrupt that lands too early is lost", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "swallowInterrupt" });
    const { body } = await client.submit(txt2img(1, STEPS));
    await client.until(() => client.types.includes("progress"), "running");
    await call(fake.url, "POST", "/interrupt", { prompt_id: body.prompt_id });
    await client.until(() => client.dataOf("progress").length === 4, "still running");
    await call(fake.url, "POST", "/interrupt", { prompt_id: body.prompt_id });
    await client.until(() => client.types.includes("execution_interrupted"), "interrupted");
  });

  it("somebody interrupts, somebody deletes, a node raises on demand", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake.url);
    fake.fake.fault({ type: "interrupt", when: { type: "atStep", step: 1 } });
    await client.run(txt2img(1, STEPS));
    expect(client.types).toContain("execution_interrupted");
    fake.fake.fault({ type: "nodeError", nodeId: "8", message: "no disk" });
    await client.run(txt2img(2));
    expect(client.dataOf("execution_error")[0]).toMatchObject({ node_id: "8", exception_message: "no disk\n" });
    await client.submit(txt2img(3, STEPS));
    const second = await client.submit(txt2img(4));
    fake.fake.fault({ type: "deleteJob", promptId: second.body.prompt_id });
    await client.until(() => client.ended === 3, "end");
    expect((await call(fake.url, "GET", `/api/jobs/${second.body.prompt_id}`)).status).toBe(404);
  });

  it("[F56] garbage, odd and huge frames arrive as sent", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    for (const type of ["garbage", "oddFrames"] as const) fake.fake.fault({ type });
    fake.fake.fault({ type: "bigFrame", bytes: 33 * 1024 * 1024 });
    await client.until(() => client.binaries.some(({ length }) => length > 33_000_000), "big frame");
    const odd = client.binaries.slice(3, 7);
    expect(Buffer.from(odd[0] ?? []).toString("latin1", 8, 12)).toBe("RIFF");
    expect(odd[1]?.subarray(28, 31)).toEqual(Uint8Array.of(0xff, 0xd8, 0xff));
    expect(Buffer.from(odd[2] ?? []).toString("latin1", 32, 36)).toBe("RIFF");
    expect(odd[3]?.[3]).toBe(99);
  });

  it("views can be absent, cut short or slow", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    await client.run(txt2img());
    const view = () => fetch(`${fake.url}/view?filename=cc_00001_.png`);
    fake.fake.fault({ type: "view404" });
    expect((await view()).status).toBe(404);
    fake.fake.fault({ type: "viewTruncated", afterBytes: 100 });
    await expect(view().then((response) => response.arrayBuffer())).rejects.toThrow();
    fake.fake.fault({ type: "viewSlow", chunkBytes: 2000, everyMs: 1 });
    const slow = await (await view()).arrayBuffer();
    expect(slow).toEqual(await (await view()).arrayBuffer());
  });

  it("faults can be set over HTTP, with a word on what is wrong", async () => {
    await using fake = await startFake();
    const set = (fault: unknown) => call(fake.url, "POST", "/fake/faults", fault);
    expect((await set({ type: "nonsense" })).text).toContain("type must be one of cut, silent");
    expect((await set({ type: "restart" })).text).toContain("downMs must be a number");
    expect((await set({ type: "cut", when: { type: "atStep" } })).text).toContain("when: step must be a number");
    expect((await set({ type: "view404", count: 1 })).status).toBe(200);
    expect((await call(fake.url, "GET", "/fake/state")).text).toContain('"faults": ["view404"]');
  });
});
