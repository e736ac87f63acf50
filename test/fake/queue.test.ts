/** POST /prompt, queue, interrupt, history and jobs (protocol §1.2 to §1.7). */
import { describe, expect, it } from "vitest";
import { type Answer, Client, call, type Entry, historyOf, startFake, through, txt2img } from "./support.ts";

/** Runs for as long as a test needs: 400 ticks of 5 ms. */
const LONG = through("ProbeSleep", { steps: 400, step_ms: 5 });

/** A small prompt; different for each `colour`. */
function quick(colour: number) {
  const graph = through("ImageInvert", {}, "image");
  if (graph["1"] !== undefined) graph["1"].inputs.color = colour;
  return graph;
}

async function numbers(url: string, query: string): Promise<number[] | number> {
  const { status, body } = await call<Record<string, Entry>>(url, "GET", `/history${query}`);
  return status === 200 ? Object.values(body).map((entry) => entry.prompt[0]) : status;
}

describe("the queue", () => {
  it("[F7][F72] the counter also counts refusals; front negates it; an explicit number comes back as a float", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    expect((await client.submit({})).status).toBe(400);
    expect((await client.submit(quick(1))).body.number).toBe(1);
    expect((await client.submit(quick(2), { front: true })).body.number).toBe(-2);
    const answer = await call(fake.url, "POST", "/prompt", { prompt: quick(3), number: 500 });
    expect(answer.text).toContain('"number": 500.0');
    expect((await call(fake.url, "POST", "/prompt", '{"prompt":')).status).toBe(500);
    expect((await client.submit(quick(4))).body.number).toBe(3);
    expect((await client.submit(quick(5), { number: null })).status).toBe(500);
  });

  it("[F15] prompts run in order of number; running and pending are 5-tuples", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const first = await client.submit(LONG);
    await client.until(() => client.types.includes("progress"), "running");
    const late = await client.submit(quick(1), { number: 9 });
    const early = await client.submit(quick(2), { number: -1 });
    const { body } = await call(fake.url, "GET", "/queue");
    expect(body.queue_running.map(([, id]) => id)).toEqual([first.body.prompt_id]);
    expect(body.queue_pending.map(([, id]) => id)).toEqual([early.body.prompt_id, late.body.prompt_id]);
    expect(body.queue_pending[0]?.[4]).toEqual(["3"]);
    expect(body.queue_pending[0]?.[3]).toMatchObject({ client_id: client.id });
    expect((await call(fake.url, "GET", "/prompt")).body.exec_info.queue_remaining).toBe(3);
    await call(fake.url, "POST", "/interrupt", { prompt_id: first.body.prompt_id });
    await client.until(() => client.ended === 3, "all");
    const order = client.dataOf("execution_start").map(({ prompt_id }) => prompt_id);
    expect(order).toEqual([first.body.prompt_id, early.body.prompt_id, late.body.prompt_id]);
  });

  it("[F16] delete takes pending prompts only and leaves no trace but status: one, two for the last", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const running = await client.submit(LONG);
    await client.until(() => client.types.includes("progress"), "running");
    const a = await client.submit(quick(1));
    const b = await client.submit(quick(2));
    const statuses = () => client.dataOf("status").length;
    await client.until(() => statuses() === 5, "queued");
    const remove = (id: string) => call(fake.url, "POST", "/queue", { delete: [id] });
    expect((await remove("unknown")).status).toBe(200);
    expect((await remove(running.body.prompt_id)).status).toBe(200);
    await remove(a.body.prompt_id);
    await client.until(() => statuses() === 6, "one status");
    await remove(b.body.prompt_id);
    await client.until(() => statuses() === 8, "two statuses");
    await call(fake.url, "POST", "/queue", { clear: true });
    await client.until(() => statuses() === 9, "status of clear");
    expect(await historyOf(fake.url, a.body.prompt_id)).toBeUndefined();
    expect(client.dataOf("execution_start")).toHaveLength(1);
    expect((await call(fake.url, "GET", `/api/jobs/${a.body.prompt_id}`)).status).toBe(404);
  });

  it("[F17] an interrupt while idle does not touch the next prompt; without an id it hits whoever runs", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    await call(fake.url, "POST", "/interrupt");
    const id = await client.run(quick(1));
    expect((await historyOf(fake.url, id))?.status.status_str).toBe("success");
    await client.submit(LONG);
    await client.until(() => client.types.includes("progress"), "running");
    await call(fake.url, "POST", "/interrupt", {});
    await client.until(() => client.types.includes("execution_interrupted"), "interrupted");
    expect((await call(fake.url, "POST", "/interrupt", "null")).status).toBe(500);
  });

  it("[F12] values are coerced like Python does and echoed so", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const graph = through("ProbeExpand", { fail: "" });
    Object.assign(graph["1"]?.inputs ?? {}, { width: "64", height: 64.9, color: { __value__: 5 } });
    const id = await client.run(graph);
    const prompt = (await historyOf(fake.url, id))?.prompt[2];
    expect(prompt?.["1"]?.inputs).toEqual({ width: 64, height: 64, batch_size: 1, color: 5 });
    expect(prompt?.["2"]?.inputs.fail).toBe(false);
    const truthy = through("ProbeLazySwitch", { on_true: ["1", 0], on_false: ["1", 0], switch: "false" }, "on_true");
    const second = await client.run(truthy);
    expect((await historyOf(fake.url, second))?.prompt[2]["2"]?.inputs.switch).toBe(true);
  });

  it("[F13] prompt ids: canonical UUIDs from 0.25, anything before", async () => {
    await using modern = await startFake();
    const refused = await call(modern.url, "POST", "/prompt", { prompt: quick(1), prompt_id: "job-1" });
    expect(refused.body.error.type).toBe("invalid_prompt_id");
    await using old = await startFake({ version: "0.3.64" });
    const ask = async (prompt_id: unknown) =>
      (await call(old.url, "POST", "/prompt", { prompt: quick(1), prompt_id })).body.prompt_id;
    expect(await ask("job-1")).toBe("job-1");
    expect(await ask(null)).toBe("None");
    expect(await ask(12)).toBe("12");
  });

  it("[F14] 0.3.64 names a missing class and a cycle in its own way", async () => {
    await using fake = await startFake({ version: "0.3.64" });
    const missing = await call(fake.url, "POST", "/prompt", { prompt: through("NotInstalled") });
    expect(missing.body.error).toMatchObject({ type: "invalid_prompt", details: "Node ID '#2'", extra_info: {} });
    const graph = through("ImageInvert", {}, "image");
    if (graph["2"] !== undefined) graph["2"].inputs.image = ["2", 0];
    const cycle = await call(fake.url, "POST", "/prompt", { prompt: graph });
    expect(cycle.body.error).toMatchObject({ type: "prompt_outputs_failed_validation", details: "" });
    expect(cycle.body.node_errors).toEqual({});
  });

  it("[F11] targets: null is all, empty and unknown are no outputs", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const graph = { ...quick(1), "4": { class_type: "PreviewImage", inputs: { images: ["1", 0] } } };
    for (const targets of [[], ["9"], ["1"]]) {
      const { body } = await client.submit(graph, { partial_execution_targets: targets });
      expect(body.error.type).toBe("prompt_no_outputs");
    }
    await client.run(graph, { partial_execution_targets: ["4"] });
    expect(client.dataOf("executed").map(({ node }) => node)).toEqual(["4"]);
    await client.run({ ...graph }, { partial_execution_targets: null });
    expect(client.dataOf("executed").map(({ node }) => node)).toContain("3");
  });

  it("[F20] history pages as observed", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    for (let i = 0; i < 5; i++) await client.run(quick(i));
    const table: readonly (readonly [string, number[] | number])[] = [
      ["", [0, 1, 2, 3, 4]],
      ["?offset=-1", [0, 1, 2, 3, 4]],
      ["?max_items=100", [0, 1, 2, 3, 4]],
      ["?max_items=2", [3, 4]],
      ["?max_items=2&offset=0", [0, 1]],
      ["?max_items=2&offset=1", [1, 2]],
      ["?offset=3", [3, 4]],
      ["?max_items=0", []],
      ["?max_items=-1", []],
      ["?offset=99", []],
      ["?max_items=0&offset=0", [0]],
      ["?max_items=abc", 500],
    ];
    for (const [query, expected] of table) expect(await numbers(fake.url, query), query).toEqual(expected);
    const [first] = Object.keys((await call<Record<string, Entry>>(fake.url, "GET", "/history")).body);
    await call(fake.url, "POST", "/history", { delete: [first] });
    expect(await numbers(fake.url, "")).toEqual([1, 2, 3, 4]);
    await call(fake.url, "POST", "/history", { clear: true });
    expect(await numbers(fake.url, "")).toEqual([]);
  });

  it("[F21][F22] history is empty until the end; a failed run keeps what finished; meta names the nodes", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const graph = { ...through("ProbeError"), "4": { class_type: "PreviewImage", inputs: { images: ["1", 0] } } };
    const id = await client.run(graph);
    const entry = await historyOf(fake.url, id);
    expect(entry?.status).toMatchObject({ status_str: "error", completed: false });
    expect(Object.keys(entry?.outputs ?? {})).toEqual(["4"]);
    expect(entry?.meta).toEqual({ "4": { node_id: "4", display_node: "4", parent_node: null, real_node_id: "4" } });
    const { body } = await client.submit(LONG);
    await client.until(() => client.types.includes("progress"), "running");
    expect(await historyOf(fake.url, body.prompt_id)).toBeUndefined();
  });

  it("[F24] secrets never reach history, the queue only before 0.3.68; create_time from 0.3.69", async () => {
    for (const version of ["0.3.64", "0.27.0"] as const) {
      await using fake = await startFake({ version });
      const client = await Client.open(fake.url);
      await client.submit(LONG, { extra_data: { api_key_comfy_org: "k", auth_token_comfy_org: "t", other: 1 } });
      await client.until(() => client.types.includes("progress"), "running");
      const extra = (await call(fake.url, "GET", "/queue")).body.queue_running[0]?.[3];
      expect(extra?.api_key_comfy_org).toBe(version === "0.3.64" ? "k" : undefined);
      expect(typeof extra?.create_time).toBe(version === "0.3.64" ? "undefined" : "number");
      await call(fake.url, "POST", "/interrupt");
      await client.until(() => client.ended === 1, "end");
      const stored = await historyOf(fake.url, client.dataOf("execution_start")[0]?.prompt_id ?? "");
      expect(Object.keys(stored?.prompt[3] ?? {})).not.toContain("api_key_comfy_org");
      expect(stored?.prompt[3].other).toBe(1);
    }
  });

  it("[F69] a repeated prompt_id shows the old result until the new run ends; delete takes one of two", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const prompt_id = crypto.randomUUID();
    await client.run(quick(1), { prompt_id });
    const blocker = await client.submit(LONG);
    await client.submit(quick(2), { prompt_id });
    await client.submit(quick(3), { prompt_id });
    expect((await historyOf(fake.url, prompt_id))?.prompt[0]).toBe(0);
    expect((await call(fake.url, "GET", `/api/jobs/${prompt_id}`)).body.status).toBe("completed");
    await call(fake.url, "POST", "/queue", { delete: [prompt_id] });
    const pending = (await call(fake.url, "GET", "/queue")).body.queue_pending;
    expect(pending.map(([number]) => number)).toEqual([3]);
    await call(fake.url, "POST", "/interrupt", { prompt_id: blocker.body.prompt_id });
    await client.until(() => client.ended === 3, "all");
    expect((await historyOf(fake.url, prompt_id))?.prompt[0]).toBe(3);
  });

  it("[F70] equal number and id: 500 yet queued; with a third ahead, 200 and the worker dies", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const twin = { prompt_id: crypto.randomUUID(), number: 5 };
    const blocker = await client.submit(LONG);
    await client.until(() => client.types.includes("progress"), "running");
    expect((await client.submit(quick(1), twin)).status).toBe(200);
    expect((await client.submit(quick(2), twin)).status).toBe(500);
    expect((await call(fake.url, "GET", "/queue")).body.queue_pending).toHaveLength(2);
    await call(fake.url, "POST", "/queue", { clear: true });
    await client.submit(quick(3), { number: 1 });
    expect((await client.submit(quick(1), twin)).status).toBe(200);
    expect((await client.submit(quick(2), twin)).status).toBe(200);
    await call(fake.url, "POST", "/interrupt", { prompt_id: blocker.body.prompt_id });
    await client.until(() => client.ended === 1, "end of the first");
    await client.submit(quick(4));
    const { body } = await call(fake.url, "GET", "/queue");
    expect(body.queue_running).toEqual([]);
    expect(body.queue_pending).toHaveLength(3);
  });

  it("[F30][F72] jobs: one list of all states, whole errors, cancel, refusals; a null extra_pnginfo breaks it", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const done = await client.run(quick(1));
    const failed = await client.run(through("ProbeError"));
    const running = await client.submit(LONG);
    await client.until(() => client.types.includes("progress"), "running");
    const pending = await client.submit(quick(2));
    const list = async (query = "") => (await call(fake.url, "GET", `/api/jobs${query}`)).body.jobs;
    const states = new Map((await list()).map((job: Answer) => [job.id, job.status]));
    expect(states).toEqual(
      new Map([
        [pending.body.prompt_id, "pending"],
        [running.body.prompt_id, "in_progress"],
        [failed, "failed"],
        [done, "completed"],
      ]),
    );
    expect((await list("?status=failed"))[0]?.execution_error.exception_message).toBe("boom\n");
    for (const query of ["?status=done", "?limit=0", "?limit=x", "?sort_by=name", "?sort_order=up"]) {
      expect((await call(fake.url, "GET", `/api/jobs${query}`)).status, query).toBe(400);
    }
    const cancel = (id: string) => call(fake.url, "POST", `/api/jobs/${id}/cancel`);
    expect((await cancel(pending.body.prompt_id)).body.cancelled).toBe(true);
    expect((await cancel(running.body.prompt_id)).body.cancelled).toBe(true);
    expect((await cancel("not-a-uuid")).body.cancelled).toBe(false);
    await client.until(() => client.ended === 3, "end");
    expect((await list("?status=cancelled"))[0]?.id).toBe(running.body.prompt_id);
    expect((await call(fake.url, "POST", "/api/jobs/cancel", { job_ids: ["x", 5] })).status).toBe(400);
    await client.run(quick(3), { extra_data: { extra_pnginfo: null } });
    expect((await call(fake.url, "GET", "/api/jobs")).status).toBe(500);
    await using old = await startFake({ version: "0.3.64" });
    expect((await call(old.url, "GET", "/api/jobs")).status).toBe(404);
  });

  it("[F19] free_memory empties the cache", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    await client.run(txt2img());
    await call(fake.url, "POST", "/free", { free_memory: true });
    await client.run(txt2img());
    expect(client.dataOf("execution_cached").map(({ nodes }) => Object.keys(nodes).length)).toEqual([0, 0]);
  });

  it("[F65] a renumbered graph is a hit; A, B, A runs A again", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const renumbered = JSON.parse(JSON.stringify(txt2img()).replaceAll(/"(\d)"/g, '"1$1"'));
    await client.run(txt2img());
    await client.run(renumbered);
    await client.run(quick(1));
    await client.run(txt2img());
    expect(client.dataOf("execution_cached").map(({ nodes }) => Object.keys(nodes).length)).toEqual([0, 7, 0, 0]);
  });
});
