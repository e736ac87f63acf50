/** Queue, interrupt and free (protocol §1.4). */
import type { Check } from "../support/check.ts";
import type { Client } from "../support/client.ts";
import { eventually, has, holds, keys, pause, same } from "../support/expect.ts";
import type { ConformanceServer } from "../support/server.ts";

async function order(server: ConformanceServer): Promise<void> {
  const held = await server.hold();
  const { client } = held;
  const late = (await client.submit(server.quick(), { number: 2_000_001 })).body.prompt_id;
  const early = (await client.submit(server.quick(), { number: 2_000_000 })).body.prompt_id;
  const twins = ["b", "a"].map((start) => `${start}${crypto.randomUUID().slice(1)}`);
  for (const prompt_id of twins) await client.submit(server.quick(), { prompt_id, number: 2_000_002 });
  const { queue_running, queue_pending } = (await server.call("GET", "/queue")).body;
  const running = queue_running.map(([, id]) => id);
  same(running, [held.promptId], "queue_running");
  const tuple = queue_pending.find(([, id]) => id === early);
  same([tuple?.length, tuple?.[0], tuple?.[4]], [5, 2_000_000, ["3"]], "length, number and outputs of a tuple");
  has(tuple?.[3], { client_id: client.id }, "extra_data of a tuple");
  keys(tuple?.[2], ["1", "2", "3"], "prompt of a tuple");
  const remaining = (await server.call("GET", "/prompt")).body.exec_info.queue_remaining;
  same(remaining, queue_pending.length + 1, "queue_remaining");
  await held.release();
  await client.until(() => client.ended === 5, "all ends");
  const ran = client.dataOf("execution_start").map(({ prompt_id }) => prompt_id);
  same(ran, [held.promptId, early, late, ...twins.reverse()], "the order by number and id");
}

async function deletion(server: ConformanceServer): Promise<void> {
  const held = await server.hold();
  const { client } = held;
  const submitted = async () => (await client.submit(server.quick())).body.prompt_id;
  const [a, b] = [await submitted(), await submitted()];
  await client.settle();
  const change = async (body: unknown, statuses: number, what: string): Promise<void> => {
    const before = client.dataOf("status").length;
    const { status, text } = await server.call("POST", "/queue", body);
    same([status, text], [200, ""], `the answer to ${what}`);
    await client.settle();
    if (server.exclusive) same(client.dataOf("status").length - before, statuses, `status events of ${what}`);
  };
  await change({ delete: ["no-such-prompt"] }, 0, "deleting an unknown id");
  await change({ delete: [held.promptId] }, 0, "deleting the running prompt");
  await change({ delete: [a] }, 1, "deleting one of two");
  await change({ delete: [b] }, 2, "deleting the last");
  if (server.exclusive) {
    await change({ clear: true }, 1, "clearing an empty queue");
    const c = await submitted();
    await client.settle();
    await change({ clear: true, delete: [c] }, 1, "clearing");
  }
  await held.release();
  for (const id of [a, b]) same(await server.history(id), undefined, "history of a deleted prompt");
  const started = client.dataOf("execution_start").map(({ prompt_id }) => prompt_id);
  same(started, [held.promptId], "prompts that started");
}

async function interruptScope(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const outcome = async (id: string) => (await server.history(id))?.status.status_str;
  for (const json of server.exclusive ? ["", {}] : [{ prompt_id: crypto.randomUUID() }]) {
    const { status, text } = await server.call("POST", "/interrupt", json);
    same([status, text], [200, ""], "an interrupt while idle");
    same(await outcome(await client.run(server.quick())), "success", "the prompt after an idle interrupt");
  }
  for (const json of ["null", "[]"]) {
    if (server.exclusive) same((await server.call("POST", "/interrupt", json)).status, 500, `the body ${json}`);
  }
  const held = await server.hold();
  const other = await server.interrupt(crypto.randomUUID());
  same([other.status, other.text], [200, ""], "an interrupt for another id");
  const seen = held.client.frames.length;
  await held.client.until(() => held.client.frames.length > seen + 2, "going on");
  same(held.client.types.includes("execution_interrupted"), false, "interrupted by another id");
  if (server.exclusive) await server.call("POST", "/interrupt", {});
  else await server.interrupt(held.promptId);
  await held.client.seen("execution_interrupted");
}

function lastNode(client: Client, before: string): string | null | undefined {
  const texts = client.texts.slice(
    0,
    client.texts.findIndex((text) => text.includes(before)),
  );
  return texts
    .filter((text) => text.includes('"executing"'))
    .map((text) => JSON.parse(text).data.node)
    .at(-1);
}

async function interruptMoment(server: ConformanceServer): Promise<void> {
  const { client, promptId } = await server.hold();
  await server.interrupt(promptId);
  await client.until(() => client.ended === 1, "the end");
  const [notice] = client.dataOf("execution_interrupted");
  keys(notice, ["prompt_id", "node_id", "node_type", "executed", "timestamp"], "execution_interrupted");
  same(notice?.node_id, lastNode(client, '"execution_interrupted"'), "node_id and the node announced last");
  same(notice?.executed.includes(notice.node_id), false, "whether that node counts as executed");
  const after = client.types.slice(client.types.indexOf("execution_interrupted"));
  holds(!after.includes("progress"), "the tick that noticed is not reported", after);
  if (server.fake !== null) await interruptOnFake(server);
}

/** A node that never ticks is finished first; an interrupt that comes before the start is lost. */
async function interruptOnFake(server: ConformanceServer): Promise<void> {
  const patient = await server.control.with({ nodeMs: 100 });
  const client = await patient.open();
  const { body } = await client.submit(patient.quick());
  await client.seen("executing");
  await patient.interrupt(body.prompt_id);
  await client.until(() => client.ended === 1, "the end");
  has(client.dataOf("execution_interrupted")[0], { node_id: "2", executed: ["1"] }, "interrupted while 1 ran");
  server.fault({ type: "swallowInterrupt" });
  const held = await server.hold();
  await server.interrupt(held.promptId);
  const seen = held.client.frames.length;
  await held.client.until(() => held.client.frames.length > seen + 2, "going on after a lost interrupt");
  same(held.client.types.includes("execution_interrupted"), false, "interrupted by a lost interrupt");
  await held.release();
}

async function free(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const graph = server.quick();
  await client.run(graph);
  await client.run(graph);
  same(client.dataOf("execution_cached").at(-1)?.nodes, ["1", "2", "3"], "cached before");
  const { status, text } = await server.call("POST", "/free", { free_memory: true });
  same([status, text], [200, ""], "the answer");
  // The worker acts on it when it wakes: nothing tells when that was.
  await pause(server.fake === null ? 1000 : 0);
  await client.run(graph);
  same(client.dataOf("execution_cached").at(-1)?.nodes, [], "cached after");
  const held = await server.hold();
  await server.call("POST", "/free", { free_memory: true });
  await held.release();
  await eventually(async () => {
    await client.run(graph);
    return client.dataOf("execution_cached").some(({ nodes }, i) => i > 2 && Object.keys(nodes).length === 0);
  }, "a free during a run acts after it");
}

/** Checks 15 to 19. */
export const QUEUE_CHECKS: readonly Check[] = [
  { number: 15, title: "GET /queue gives 5-tuples; prompts run by number, then id", run: order },
  { number: 16, title: "Delete takes pending prompts only, and leaves no trace but status", run: deletion },
  { number: 17, title: "An idle interrupt does nothing; one for another id is ignored", run: interruptScope },
  { number: 18, title: "An interrupt takes effect at the next node start or tick", run: interruptMoment },
  { number: 19, title: "free_memory empties the cache", needs: "exclusive", run: free },
];
