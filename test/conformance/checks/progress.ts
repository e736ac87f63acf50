/** Progress: its registry, its throttle, several nodes at once (protocol §2.4, §4). */
import type { Check } from "../support/check.ts";
import type { Client } from "../support/client.ts";
import { has, holds, keys, same } from "../support/expect.ts";
import { flat, type Graph, preview, streaming, through, txt2img } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

const STATE = ["value", "max", "state", "node_id", "prompt_id", "display_node_id", "parent_node_id", "real_node_id"];

async function states(server: ConformanceServer): Promise<void> {
  const graph = streaming(server.colour(), 3);
  const client = await server.play(graph);
  const all = client.dataOf("progress_state").map(({ nodes }) => nodes);
  keys(all[0], ["1"], "nodes of the first progress_state: pending ones are left out");
  keys(all.at(-1), ["1", "2"], "nodes of the last: finished ones stay");
  const activity = "activity" in (all[0]?.["1"] ?? {}) ? ["activity"] : [];
  keys(all[0]?.["1"], [...STATE, ...activity], "a node");
  has(all[0]?.["1"], { parent_node_id: null, display_node_id: "1", real_node_id: "1" }, "a visible node");
  const texts = client.texts.filter((text) => text.startsWith('{"type": "progress_state"'));
  const shows = (text: string | undefined, part: string, what: string) => holds(!!text?.includes(part), what, text);
  shows(texts[0], '"value": 0.0, "max": 1.0, "state": "running"', "a started node has floats");
  shows(texts[1], '"value": 1.0, "max": 1.0, "state": "finished"', "so it has when finished");
  shows(texts.at(-2), '"value": 2, "max": 3, "state": "running"', "a ticking node has ints");
  await client.run({ ...server.quick() });
  client.forget();
  const again = server.quick();
  await client.run(again);
  client.forget();
  await client.run(again);
  const cached = client.texts.find((text) => text.startsWith('{"type": "progress_state"'));
  shows(cached, '"value": 1, "max": 1, "state": "finished"', "a node that never started has ints");
}

/** Values and arrival times of the ticks of one node. */
function ticks(client: Client): { values: number[]; gaps: number[] } {
  const at = client.types.flatMap((type, i) => (type === "progress" ? [client.times[i] ?? 0] : []));
  const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
  return { values: client.dataOf("progress").map(({ value }) => value), gaps };
}

async function throttle(server: ConformanceServer): Promise<void> {
  const steps = 16;
  const graph = () => txt2img(server.colour(), { steps, checkpoint: server.checkpoint, prefix: "conformance/sample" });
  const client = await server.open();
  const all = Array.from({ length: steps }, (_, i) => i + 1);
  if (server.since("0.5.0")) {
    await client.run(graph(), { extra_data: { preview_method: "latent2rgb" } });
    same(ticks(client).values, all, "ticks with previews");
  }
  client.forget();
  await client.run(graph(), { extra_data: { preview_method: "none" } });
  const { values, gaps } = ticks(client);
  if (!server.since("0.9.2")) return same(values, all, "ticks before 0.9.2");
  same([values[0], values.at(-1)], [1, steps], "first and last tick");
  holds(
    gaps.slice(0, -1).every((gap) => gap > 80),
    "ticks without previews are 100 ms apart",
    gaps,
  );
  if (server.fake === null) return;
  holds(values.length > 2 && values.length < steps, "some ticks are left out", values);
  const fine = await server.open();
  const { body } = await fine.submit(through("ProbeSleep", { steps: 10_000, step_ms: 4 }));
  await fine.until(() => fine.dataOf("progress").length === 2, "a second tick");
  await server.interrupt(body.prompt_id);
  holds((ticks(fine).values[1] ?? 0) >= 51, "they are also half a percent apart", ticks(fine).values);
}

async function parallel(server: ConformanceServer): Promise<void> {
  const sleep = (steps: number) => {
    return { class_type: "ProbeAsyncSleep", inputs: { images: ["1", 0], steps, step_ms: 5 } };
  };
  const graph: Graph = {
    "1": flat(1),
    "2": sleep(3),
    "3": sleep(4),
    "4": { class_type: "ImageBatch", inputs: { image1: ["2", 0], image2: ["3", 0] } },
    "5": preview("4"),
  };
  const client = await server.play(graph);
  const all = client.dataOf("progress_state").map(({ nodes }) => nodes);
  const both = all.some((nodes) => nodes["2"]?.state === "running" && nodes["3"]?.state === "running");
  holds(both, "both nodes run at once");
  const nodes = client.dataOf("progress").map(({ node }) => node);
  holds(nodes.lastIndexOf("2") > nodes.indexOf("3"), "their ticks interleave", nodes);
}

/** Checks 46, 47 and 50. */
export const PROGRESS_CHECKS: readonly Check[] = [
  { number: 46, title: "progress_state is cumulative, with floats, ints and nulls as they come", run: states },
  {
    number: 47,
    title: "From 0.9.2 ticks without preview are 100 ms and 0.5 % apart, but first and last",
    needs: "previews",
    options: { stepMs: 16, previewMethod: "none" },
    run: throttle,
  },
  { number: 50, title: "Async nodes run at once and their ticks interleave", needs: "probe", run: parallel },
];
