/** Who gets the events of a prompt (protocol §2.5). */
import type { Check } from "../support/check.ts";
import { eventually, keys, same } from "../support/expect.ts";
import { type Graph, streaming, through } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

async function withoutClient(server: ConformanceServer): Promise<void> {
  const watcher = await server.open();
  const types = () => new Set(watcher.types.filter((type) => type !== "status"));
  watcher.forget();
  const submit = async (graph: Graph, extra = {}) => {
    const id = (await server.submit(graph, extra)).body.prompt_id;
    await eventually(async () => (await server.history(id)) !== undefined, "history of the prompt", server.patienceMs);
    await watcher.settle();
    return id;
  };
  await submit(streaming(server.colour(), 2));
  same(types(), new Set(["progress_state", "progress", "frame 1"]), "what everybody got of a prompt without client_id");
  watcher.forget();
  await submit(server.quick(), { client_id: null });
  same(types(), new Set(["progress_state"]), "what everybody got with client_id null");
  watcher.forget();
  const long = (await server.submit(server.long())).body.prompt_id;
  await watcher.until(
    () => watcher.dataOf("progress_state").some(({ nodes }) => nodes["1"]?.state === "finished"),
    "node 1",
  );
  await server.interrupt(long);
  await watcher.seen("execution_interrupted");
  const graph = server.quick();
  await submit(graph);
  const again = await server.history(await submit(graph));
  const missing = server.since("0.3.68") && !server.since("0.28.0");
  keys(again?.outputs, missing ? [] : ["3"], "outputs in history of a cached run without client_id");
  if (server.fake === null) return;
  watcher.forget();
  await submit(through("ProbeError"));
  same(watcher.types.includes("execution_error"), false, "whether an error went to everybody");
  await submit(through("ProbeBlock", { message: "no" }));
  same(watcher.types.includes("execution_error"), true, "whether a blocked branch was told to everybody");
}

async function audience(server: ConformanceServer): Promise<void> {
  const owner = await server.open();
  const other = await server.open();
  await owner.run(streaming(server.colour(), 2));
  await owner.run(server.quick());
  await other.settle();
  const types = [...new Set(other.types)].sort();
  same(types, ["feature_flags", "status"], "types that another client got");
  same(other.dataOf("status").length >= 7, true, "whether it got the status events of two prompts");
  const stranger = await server.open();
  const { body } = await stranger.submit(server.quick(), { client_id: 12 });
  await stranger.until(() => stranger.dataOf("status").length >= 4, "status events");
  await stranger.settle();
  same(new Set(stranger.types), new Set(["status", "feature_flags"]), "types with a client_id that is no string");
  same((await server.history(body.prompt_id))?.status.completed, true, "whether it ran");
}

/** Checks 44 and 45. */
export const AUDIENCE_CHECKS: readonly Check[] = [
  { number: 44, title: "Without client_id progress goes to everybody, the rest to nobody", run: withoutClient },
  { number: 45, title: "Others see the status of a prompt and nothing else of it", run: audience },
];
