/** Injected faults that no conformance check plays: each strikes where and when it says, at once or at its trigger. */
import { describe, expect, it } from "vitest";
import type { FakeFault } from "../../src/fake/faults.ts";
import { Client, upgradeStatus } from "../conformance/support/client.ts";
import { eventually } from "../conformance/support/expect.ts";
import { ticking, txt2img } from "../conformance/support/graphs.ts";
import { call, exchange, historyOf } from "../conformance/support/http.ts";
import { startFake } from "./support.ts";

const SLOW = { stepMs: 10 };
const STEPS = { steps: 6 };

describe("faults of sockets and runs", () => {
  it("cut at a step: 1006 at once, and the run goes on without its client", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake);
    fake.fake.fault({ type: "cut", when: { type: "atStep", step: 2 } });
    const { body } = await client.submit(txt2img(1, STEPS));
    expect(await client.closed()).toBe(1006);
    expect(client.dataOf("progress").length).toBeLessThanOrEqual(2);
    await eventually(async () => (await historyOf(fake, body.prompt_id)) !== undefined, "the end");
  });

  it("cut at the end of a run: its result is in history, and no event says so", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    fake.fake.fault({ type: "cut", when: { type: "atEnd" } });
    const { body } = await client.submit(txt2img());
    expect(await client.closed()).toBe(1006);
    expect(client.types).toContain("executed");
    expect(client.types).not.toContain("execution_success");
    await eventually(async () => (await historyOf(fake, body.prompt_id)) !== undefined, "history");
  });

  it("silent: the socket stays open, gets nothing and answers pings; a new one is served", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake);
    fake.fake.fault({ type: "silent", when: { type: "atNode", nodeId: "3" } });
    await client.submit(txt2img(1, STEPS));
    await client.until(() => client.dataOf("executing").some(({ node }) => node === "3"), "sampler");
    const watcher = await Client.open(fake);
    await watcher.run(txt2img(2));
    await client.settle();
    expect(client.closeCode).toBeNull();
    expect(client.types).not.toContain("progress");
  });

  it("a half-open socket ends when the server is gone for good", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    fake.fake.fault({ type: "halfOpen" });
    await fake.kill();
    expect(await client.closed()).toBe(1006);
  });

  it("somebody interrupts, somebody deletes, a node raises on demand", async () => {
    await using fake = await startFake(SLOW);
    const client = await Client.open(fake);
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
    expect((await call(fake, "GET", `/api/jobs/${second.body.prompt_id}`)).status).toBe(404);
  });

  it("garbage and huge frames arrive as sent", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    fake.fake.fault({ type: "garbage" });
    fake.fake.fault({ type: "bigFrame", bytes: 33 * 1024 * 1024 });
    await client.until(() => client.binaries.some(({ length }) => length > 33_000_000), "big frame");
    expect(client.binaries.map(({ length }) => length)).toEqual([0, 2, 8, 33 * 1024 * 1024]);
    expect(client.texts).toContain("{bad json");
  });
});

describe("faults of calls", () => {
  it("post500 and postDrop queue the prompt all the same, postTwice queues it twice", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    fake.fake.fault({ type: "post500" });
    expect((await client.submit(txt2img(1))).status).toBe(500);
    await client.until(() => client.ended === 1, "run");
    fake.fake.fault({ type: "postDrop" });
    await expect(client.submit(txt2img(2))).rejects.toThrow();
    await client.until(() => client.ended === 2, "run");
    fake.fake.fault({ type: "postTwice" });
    const { body } = await client.submit(ticking());
    await client.until(() => client.types.includes("progress"), "running");
    const { queue_running, queue_pending } = (await call(fake, "GET", "/queue")).body;
    expect([...queue_running, ...queue_pending].map(([, id]) => id)).toEqual([body.prompt_id, body.prompt_id]);
  });

  it("refuse: every call and upgrade is answered by something in front, for as often as it says", async () => {
    await using fake = await startFake();
    fake.fake.fault({ type: "refuse", status: 502, count: 2 });
    expect((await call(fake, "GET", "/system_stats")).status).toBe(502);
    expect(await upgradeStatus(`${fake.url}/ws`, {})).toBe(502);
    expect((await call(fake, "GET", "/queue")).status).toBe(200);
    expect(await upgradeStatus(`${fake.url}/elsewhere`, {})).toBe(404);
  });

  it("refuse can mean upgrades alone, or one path and method", async () => {
    await using fake = await startFake();
    fake.fake.fault({ type: "refuse", status: 401, on: "upgrade" });
    expect((await call(fake, "GET", "/queue")).status).toBe(200);
    expect(await upgradeStatus(`${fake.url}/ws`, {})).toBe(401);
    fake.fake.fault({ type: "refuse", status: 403, on: "call", path: "/history" });
    expect(await upgradeStatus(`${fake.url}/ws`, {})).toBe(101);
    expect((await call(fake, "GET", "/historyx")).status).toBe(404);
    expect((await call(fake, "GET", "/api/history/some-id")).status).toBe(403);
    fake.fake.fault({ type: "refuse", status: 530, path: "/prompt", method: "POST" });
    expect((await call(fake, "GET", "/prompt")).status).toBe(200);
    expect((await call(fake, "POST", "/prompt", {})).status).toBe(530);
  });

  it("views can be absent, cut short or slow", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    await client.run(txt2img());
    const view = () => exchange(fake, "/view?filename=cc_00001_.png");
    fake.fake.fault({ type: "view404" });
    expect((await view()).status).toBe(404);
    fake.fake.fault({ type: "viewTruncated", afterBytes: 100 });
    await expect(view()).rejects.toThrow();
    fake.fake.fault({ type: "viewSlow", chunkBytes: 2000, everyMs: 1 });
    expect((await view()).bytes).toEqual((await view()).bytes);
  });
});

describe("faults over HTTP", () => {
  it("are set by POST /fake/faults, with a word on what is wrong", async () => {
    await using fake = await startFake();
    const set = (fault: unknown) => call(fake, "POST", "/fake/faults", fault);
    expect((await set({ type: "nonsense" })).text).toContain("type must be one of cut, silent");
    expect((await set({ type: "restart" })).text).toContain("downMs must be a number");
    expect((await set({ type: "cut", when: { type: "atStep" } })).text).toContain("when: step must be a number");
    expect((await set({ type: "refuse", status: 401, on: "both" })).text).toContain("on must be call or upgrade");
  });

  it("are all known there, with all their fields", async () => {
    await using fake = await startFake();
    const when = { type: "atEnd" } as const;
    const faults: readonly FakeFault[] = [
      { type: "halfOpen", when },
      { type: "loseHistory", promptId: "x", when },
      { type: "postTwice", count: 2 },
      { type: "refuse", status: 401, on: "upgrade", path: "/ws", method: "GET", count: 1 },
      { type: "reorder", event: "executed", count: 1 },
      { type: "view404", when: { type: "onCall", path: "/prompt", method: "POST" } },
    ];
    for (const fault of faults) expect((await call(fake, "POST", "/fake/faults", fault)).status).toBe(200);
    const { text } = await call(fake, "GET", "/fake/state");
    expect(text).toContain('"faults": ["halfOpen", "loseHistory", "view404", "postTwice", "refuse", "reorder"]');
    await call(fake, "DELETE", "/fake/faults");
    expect((await call(fake, "GET", "/fake/state")).text).toContain('"faults": []');
  });
});
