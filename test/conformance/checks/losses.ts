/** What gets lost, doubled or late between server and client (protocol §2.6, P3, P7). */
import type { Check } from "../support/check.ts";
import { eventually, holds, pause, refused, same } from "../support/expect.ts";
import type { ConformanceServer } from "../support/server.ts";

async function lossAndDelay(server: ConformanceServer): Promise<void> {
  await restartInBetween(await server.control.with({}));
  await halfOpen(await server.control.with({}));
  const client = await server.open();
  server.fault({ type: "drop", event: "execution_start" });
  server.fault({ type: "duplicate", event: "execution_success" });
  server.fault({ type: "reorder", event: "executed" });
  client.forget();
  await client.run(server.quick());
  const counts = ["execution_start", "execution_success"].map((type) => client.dataOf(type).length);
  same(counts, [0, 2], "events dropped and doubled");
  const at = client.types.indexOf("executed");
  same(client.types.slice(at - 1, at + 1), ["progress_state", "executed"], "an event overtaken by the next");
  same(client.types.slice(at + 1).includes("progress_state"), false, "whether it came once");
  server.fault({ type: "historyLate", ms: 150 });
  const late = await client.run(server.quick());
  same(await server.history(late), undefined, "history right after executing null");
  same((await server.call("GET", "/queue")).body.queue_running, [], "what runs then");
  const from = performance.now();
  await eventually(async () => (await server.history(late)) !== undefined, "history comes later");
  const waited = performance.now() - from;
  holds(waited > 50, "history is late", waited);
  server.fault({ type: "loseHistory", promptId: late });
  same(await server.history(late), undefined, "history that was lost");
}

async function restartInBetween(server: ConformanceServer): Promise<void> {
  const held = await server.hold();
  const waiting = (await held.client.submit(server.quick())).body.prompt_id;
  server.fault({ type: "restart", downMs: 20 });
  same(await held.client.closed(), 1006, "the close code at a restart");
  await refused(server.call("GET", "/prompt"), "a call while it is down");
  await eventually(async () => (await server.pending().catch(() => null)) !== null, "it is back");
  same(await server.pending(), [], "the queue after a restart");
  for (const id of [held.promptId, waiting]) same(await server.history(id), undefined, "history after a restart");
}

async function halfOpen(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  server.fault({ type: "halfOpen" });
  let answered = false;
  client.socket.on("pong", () => {
    answered = true;
  });
  client.socket.ping();
  client.forget();
  const { body } = await client.submit(server.quick());
  await eventually(async () => (await server.history(body.prompt_id)) !== undefined, "the run goes on");
  client.close();
  await pause(30);
  same(
    [client.frames.length, client.closeCode, answered],
    [0, null, false],
    "frames, close and pong of a half-open socket",
  );
  const fresh = await server.open();
  await fresh.run(server.quick());
}

async function eventsFirst(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  server.fault({ type: "postDelay", ms: 100 });
  const answered = client.submit(server.quick()).then(() => performance.now());
  const started = client.seen("execution_start").then(() => performance.now());
  const [answeredAt, startedAt] = await Promise.all([answered, started]);
  holds(startedAt < answeredAt, "the prompt starts before POST /prompt is answered", [startedAt, answeredAt]);
}

async function lateHistory(server: ConformanceServer): Promise<void> {
  const gap = await server.control.with({ historyGapMs: 120 });
  const client = await gap.open();
  const { body } = await client.submit(gap.quick());
  await client.seen("execution_success");
  same(await gap.history(body.prompt_id), undefined, "history at execution_success");
  await client.until(() => client.ended === 1, "executing null");
  same((await gap.history(body.prompt_id)) !== undefined, true, "whether it is there at executing null");
  const tidy = await server.open();
  server.fault({ type: "freeze", ms: 80, when: { type: "atEnd" } });
  await tidy.submit(server.quick());
  await tidy.until(() => tidy.ended === 1, "the end");
  const success = tidy.types.indexOf("execution_success");
  const wait = (tidy.times[success] ?? 0) - (tidy.times[success - 1] ?? 0);
  holds(wait >= 70, "the last events come late", wait);
}

/** Checks 62, 63 and 68. */
export const LOSS_CHECKS: readonly Check[] = [
  {
    number: 62,
    title: "Restarts, half-open sockets, lost, doubled and late messages",
    needs: "fault",
    run: lossAndDelay,
  },
  { number: 63, title: "Events can come before the answer to POST /prompt", needs: "fault", run: eventsFirst },
  { number: 68, title: "History can be {} at success, and the last events late", needs: "fault", run: lateHistory },
];
