/** What is kept of a prompt after its end (protocol §1.5). */
import type { Check } from "../support/check.ts";
import { has, holds, keys, same } from "../support/expect.ts";
import { flat, type Graph, preview, through } from "../support/graphs.ts";
import type { Entry } from "../support/http.ts";
import type { ConformanceServer } from "../support/server.ts";

async function paging(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push(await client.run(server.quick()));
  const page = async (query: string) => (await server.call<Record<string, Entry>>("GET", `/history${query}`)).body;
  same(Object.keys(await page("?max_items=2")), ids.slice(3), "max_items=2");
  same((await server.call("GET", "/history?max_items=abc")).status, 500, "max_items=abc");
  const entry = await server.history(ids[4] ?? "");
  await entryShape(entry, ids[4] ?? "");
  if (server.exclusive) await pages(Object.keys(await page("")), async (query) => Object.keys(await page(query)));
  await server.call("POST", "/history", { delete: [ids[0]] });
  same(await server.history(ids[0] ?? ""), undefined, "a deleted entry");
  holds((await server.history(ids[1] ?? "")) !== undefined, "the others are still there");
  if (server.fake === null) return;
  same((await server.call("POST", "/history", { clear: true })).status, 200, "clear");
  same(await page(""), {}, "history after clear");
}

/** The table of §1.5, for any number of entries. */
async function pages(all: readonly string[], page: (query: string) => Promise<string[]>): Promise<void> {
  const total = all.length;
  const table: readonly (readonly [query: string, expected: readonly string[]])[] = [
    ["?offset=-1", all],
    [`?max_items=${total + 95}`, all],
    ["?max_items=2&offset=0", all.slice(0, 2)],
    ["?max_items=2&offset=1", all.slice(1, 3)],
    [`?offset=${total - 2}`, all.slice(-2)],
    ["?max_items=0", []],
    ["?max_items=-1", []],
    [`?offset=${total + 94}`, []],
    ["?max_items=0&offset=0", all.slice(0, 1)],
  ];
  for (const [query, expected] of table) same(await page(query), expected, `/history${query}`);
}

async function entryShape(entry: Entry | undefined, id: string): Promise<void> {
  keys(entry, ["prompt", "outputs", "status", "meta"], "an entry");
  same([entry?.prompt.length, entry?.prompt[1], entry?.prompt[4]], [5, id, ["3"]], "its prompt");
  same(entry?.meta, { "3": { node_id: "3", display_node: "3", parent_node: null, real_node_id: "3" } }, "its meta");
  keys(entry?.outputs["3"]?.images?.[0], ["filename", "subfolder", "type"], "an output");
  has(entry?.status, { status_str: "success", completed: true }, "its status");
  const types = entry?.status.messages.map(([type]) => type);
  same(types, ["execution_start", "execution_cached", "execution_success"], "its messages");
  for (const [type, data] of entry?.status.messages ?? []) {
    same([data.prompt_id, typeof data.timestamp], [id, "number"], `id and timestamp of ${type}`);
  }
}

async function absent(server: ConformanceServer): Promise<void> {
  const held = await server.hold();
  const { body } = await held.client.submit(server.quick());
  const unknown = crypto.randomUUID();
  for (const [id, what] of [
    [body.prompt_id, "pending"],
    [held.promptId, "running"],
    [unknown, "unknown"],
  ]) {
    const { status, text } = await server.call("GET", `/history/${id}`);
    same([status, text], [200, "{}"], `history of a prompt that is ${what}`);
  }
  await held.release();
}

/** A graph whose node 3 fails after output 2 is done: what more depends on runs later. */
async function failingGraph(server: ConformanceServer): Promise<Graph> {
  const invert = (from: string) => ({ class_type: "ImageInvert", inputs: { image: [from, 0] } });
  const late: Graph = { "3": await server.brokenLoad(), "4": invert("3"), "5": invert("4"), "6": preview("5") };
  return { "1": flat(server.colour()), "2": preview("1"), ...late };
}

async function failures(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const failed = await server.history(await client.run(await failingGraph(server)));
  has(failed?.status, { status_str: "error", completed: false }, "status of a failed run");
  keys(failed?.outputs, ["2"], "outputs of a failed run");
  const [type, error] = failed?.status.messages.at(-1) ?? [];
  same([type, error?.node_id, error?.node_type], ["execution_error", "3", "LoadImage"], "its last message");
  const held = await server.hold();
  await held.release();
  const stopped = await server.history(held.promptId);
  has(stopped?.status, { status_str: "error", completed: false }, "status of an interrupted run");
  same(stopped?.status.messages.at(-1)?.[0], "execution_interrupted", "its last message");
}

async function runtimeCycle(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const entry = await server.history(await client.run(through("ProbeCycle")));
  has(entry?.status, { status_str: "success", completed: true }, "status of a cycle found at run time");
  const [type, error] = entry?.status.messages.at(-1) ?? [];
  same(type, "execution_error", "its last message");
  const expected = { exception_message: "Dependency cycle detected", traceback: [], current_inputs: [] };
  has(error, { ...expected, exception_type: "graph.DependencyCycleError" }, "the error");
  same(client.types.includes("execution_success"), false, "whether execution_success was sent");
}

async function secrets(server: ConformanceServer): Promise<void> {
  const extra_data = { api_key_comfy_org: "not-a-key", auth_token_comfy_org: "not-a-token", other: 1 };
  const held = await server.hold({ extra_data });
  const { queue_running } = (await server.call("GET", "/queue")).body;
  const queued = queue_running[0]?.[3];
  const shown = !server.since("0.3.68");
  same(queued?.api_key_comfy_org, shown ? "not-a-key" : undefined, "the key in GET /queue");
  same(queued?.auth_token_comfy_org, shown ? "not-a-token" : undefined, "the token in GET /queue");
  same(typeof queued?.create_time, server.since("0.3.69") ? "number" : "undefined", "create_time");
  await held.release();
  const stored = (await server.history(held.promptId))?.prompt[3];
  const stamp = server.since("0.3.69") ? ["create_time"] : [];
  keys(stored, ["other", "client_id", ...stamp], "extra_data in history");
}

/** Checks 20 to 24. */
export const HISTORY_CHECKS: readonly Check[] = [
  { number: 20, title: "History pages as observed, and an entry has its shape", run: paging },
  { number: 21, title: "History is {} for pending, running and unknown prompts", run: absent },
  { number: 22, title: "A failed run keeps what was finished; an interrupted one is an error", run: failures },
  { number: 23, title: "A cycle at run time is stored as success with an error", needs: "probe", run: runtimeCycle },
  { number: 24, title: "Secrets are never in history, in the queue only before 0.3.68", run: secrets },
];
