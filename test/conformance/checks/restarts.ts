/** What a death of the process takes along, and prompts that share an id (protocol §1.2, P1, P7). */
import type { Check } from "../support/check.ts";
import { has, refused, same } from "../support/expect.ts";
import { flat, type Graph, txt2img } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

async function lostOnRestart(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const id = await client.run(server.quick());
  const file = (await server.history(id))?.outputs["3"]?.images?.[0];
  same(file?.type, "temp", "the type of a previewed file");
  const temp = `/view?type=temp&filename=${file?.filename}`;
  same((await server.call("GET", temp)).status, 200, "the file before");
  const held = await server.hold();
  await server.submit(server.quick());
  await server.control.kill();
  await server.control.revive();
  same((await server.call("GET", temp)).status, 404, "the file after a restart");
  same((await server.call("GET", "/history")).text, "{}", "history after a restart");
  same((await server.call("GET", "/queue")).body, { queue_running: [], queue_pending: [] }, "the queue after it");
  await held.client.closed();
}

async function publisherCrash(server: ConformanceServer): Promise<void> {
  const send = { class_type: "SendImageOnWebSocket", inputs: { images: ["1", 0], event: "" } };
  const graph: Graph = { "1": flat(1), "2": send };
  const [victim, bystander] = [await server.open(), await server.open()];
  await victim.submit(graph);
  same([await victim.closed(), await bystander.closed()], [1006, 1006], "close codes when the publisher dies");
  same(victim.binaries.length, 0, "frames of the node");
  await refused(server.call("GET", "/prompt"), "a call afterwards");
  const patched = await server.control.with({ patchedTensorOps: true });
  const client = await patched.open();
  await client.run(graph);
  same(client.types.includes("frame 1"), true, "whether a patched pack sends type 1");
  await client.submit(patched.quick(), { client_id: ["x"] });
  same(await client.closed(), 1006, "the close code after a list as client_id");
}

async function killed(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  await client.run(txt2img(server.colour()));
  const held = await server.hold();
  const { promptId } = held;
  await server.control.kill();
  same([await client.closed(), await held.client.closed()], [1006, 1006], "close codes of a killed server");
  await refused(server.call("GET", "/prompt"), "a call to a killed server");
  await server.control.revive();
  same((await server.call("GET", "/queue")).body, { queue_running: [], queue_pending: [] }, "the queue");
  same((await server.call("GET", "/history")).text, "{}", "history");
  if (server.since("0.6.0")) same((await server.call("GET", "/api/jobs")).body.jobs, [], "jobs");
  same((await server.call("GET", "/view?filename=cc_00001_.png")).status, 200, "an output file");
  const again = await server.open();
  const { status, body } = await again.submit(server.quick(), { prompt_id: promptId });
  same([status, body.number, body.prompt_id], [200, 0, promptId], "the old prompt_id, and the counter");
  await again.until(() => again.ended === 1, "the end");
}

async function duplicateIds(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const prompt_id = crypto.randomUUID();
  const submit = async () => (await client.submit(server.quick(), { prompt_id })).body.number;
  const first = await submit();
  await client.until(() => client.ended === 1, "the first end");
  const held = await server.hold();
  const [second, third] = [await submit(), await submit()];
  same((await server.history(prompt_id))?.prompt[0], first, "history while a second run waits");
  const job = async () => (await server.call("GET", `/api/jobs/${prompt_id}`)).body;
  if (server.since("0.6.0")) has(await job(), { status: "completed", priority: first }, "the job meanwhile");
  await server.call("POST", "/queue", { delete: [prompt_id] });
  const numbers = (await server.call("GET", "/queue")).body.queue_pending.map(([number]) => number);
  same(numbers, [third], `numbers that wait after a delete; ${second} is gone`);
  await held.release();
  await client.until(() => client.ended === 2, "the second end");
  same((await server.history(prompt_id))?.prompt[0], third, "history after the second run");
}

/** Checks 28, 58, 69 and 74. */
export const RESTART_CHECKS: readonly Check[] = [
  { number: 28, title: "A restart loses temp files, queue and history", needs: "fault", run: lostOnRestart },
  {
    number: 58,
    title: "A crashed publisher ends all sockets and closes the port",
    needs: "fault",
    run: publisherCrash,
  },
  { number: 69, title: "A repeated prompt_id shows the old result until the new run ends", run: duplicateIds },
  { number: 74, title: "A killed server comes back empty but for its files", needs: "fault", run: killed },
];
