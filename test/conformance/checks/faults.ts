/** What can go wrong inside a process that lives: a dead worker, a stalled reader, a frozen loop, ties (protocol §5). */
import type { Check } from "../support/check.ts";
import { eventually, holds, pause, same } from "../support/expect.ts";
import type { ConformanceServer } from "../support/server.ts";

async function workerDeath(server: ConformanceServer): Promise<void> {
  const held = await server.hold();
  server.fault({ type: "workerDeath" });
  same((await held.client.submit(server.quick())).status, 200, "a prompt for a dead worker");
  await server.interrupt(held.promptId);
  await held.client.settle();
  const seen = held.client.frames.length;
  await pause(30);
  same(held.client.frames.length, seen, "frames of the running prompt");
  const { queue_running, queue_pending } = (await server.call("GET", "/queue")).body;
  same([queue_running[0]?.[1], queue_pending.length], [held.promptId, 1], "what runs for ever, and how many wait");
  const bare = await server.control.with({});
  const client = await bare.open();
  const graph = { ...bare.quick(), "99": { class_type: "ImageInvert" } };
  await bare.submit(graph as never, { client_id: client.id });
  await client.seen("execution_start");
  await client.submit(bare.quick());
  same((await bare.pending()).length, 1, "prompts behind an unconnected node without inputs");
  same((await bare.call("GET", "/prompt")).status, 200, "GET /prompt all the same");
}

async function stalledReader(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  client.forget();
  server.fault({ type: "stall", ms: 200 });
  const { body } = await client.submit(server.quick());
  await eventually(async () => (await server.history(body.prompt_id)) !== undefined, "the run goes on");
  same(client.types, [], "events meanwhile");
  await client.until(() => client.ended === 1, "all events");
  same(client.types.slice(0, 3), ["status", "status", "execution_start"], "the first of them");
}

async function frozenLoop(server: ConformanceServer): Promise<void> {
  const { client, promptId, release } = await server.hold();
  const from = performance.now();
  server.fault({ type: "freeze", ms: 80 });
  client.forget();
  const answered = server.history(promptId).then(() => performance.now() - from);
  const [waited] = await Promise.all([answered, client.until(() => client.frames.length > 1, "events afterwards")]);
  holds(waited >= 75, "no answer comes meanwhile", waited);
  const times = [from, ...client.times];
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  holds(Math.max(...gaps) >= 70, "no event comes meanwhile", gaps);
  await release();
}

async function ties(server: ConformanceServer): Promise<void> {
  const held = await server.hold();
  const { client } = held;
  const twin = { prompt_id: crypto.randomUUID(), number: 5 };
  const submit = async (extra: Record<string, unknown>) => (await client.submit(server.quick(), extra)).status;
  same([await submit(twin), await submit(twin)], [200, 500], "two prompts of one number and id");
  same((await server.pending()).length, 2, "prompts queued");
  await server.call("POST", "/queue", { clear: true });
  const statuses = [await submit({ number: 1 }), await submit(twin), await submit(twin)];
  same(statuses, [200, 200, 200], "the same behind a third");
  await held.release();
  await submit({});
  await pause(20);
  const { queue_running, queue_pending } = (await server.call("GET", "/queue")).body;
  same([queue_running.length, queue_pending.length], [0, 3], "prompts running and waiting for a dead worker");
  same(client.dataOf("execution_start").length, 1, "prompts that ran");
}

/** Checks 59 to 61 and 70. */
export const FAULT_CHECKS: readonly Check[] = [
  { number: 59, title: "A dead worker: prompts are accepted and never run", needs: "fault", run: workerDeath },
  { number: 60, title: "One stalled reader delays all events while HTTP goes on", needs: "fault", run: stalledReader },
  { number: 61, title: "A frozen loop answers nothing, then everything", needs: "fault", run: frozenLoop },
  { number: 70, title: "Equal number and id: 500 yet queued, or a dead worker", needs: "fault", run: ties },
];
