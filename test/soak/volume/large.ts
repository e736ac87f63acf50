/** Runs that are large: many outputs, big pictures on the socket, a graph of hundreds of nodes. */
import { type Figure, limited } from "../../bench/support/figure.ts";
import type { TestGraph } from "../../support/graphs.ts";
import { readObjects } from "../object-files.ts";
import { Watcher } from "../watcher.ts";
import { Scene } from "./scene.ts";

const picture = (colour: number, batch = 1, size = 32) => ({
  class_type: "EmptyImage",
  inputs: { width: size, height: size, batch_size: batch, color: colour },
});

/** 64 results of 1.5 MB from one node. */
export const manyOutputs = (): Promise<Figure[]> =>
  Scene.play({ outputPadBytes: 1_500_000 }, async (scene) => {
    const graph = (colour: number, batch: number): TestGraph => ({
      1: picture(colour, batch),
      9: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "many" } },
    });
    // At rest means that as much has passed before.
    await scene.run({ graph: graph(1, 64) });
    const startedAt = Date.now();
    const { result: job, peakMb } = await scene.peakMb(() => scene.run({ graph: graph(2, 64) }));
    const hashes = new Set(job.outputs.map((output) => output.id)).size;
    return [
      limited("64 outputs of 1.5 MB: not stored", 64 - hashes, 0, "files"),
      limited("64 outputs of 1.5 MB: time", (Date.now() - startedAt) / 1000, 30, "s"),
      limited("64 outputs of 1.5 MB: memory above rest", peakMb, 64, "MB"),
    ];
  });

/** Three pictures of 20 MB each that come as frames on ComfyUI's socket. */
export const bigFrames = (): Promise<Figure[]> =>
  Scene.play({ outputPadBytes: 20_000_000 }, async (scene) => {
    const graph = (colour: number, batch: number): TestGraph => ({
      1: picture(colour, batch),
      9: { class_type: "SaveImageWebsocket", inputs: { images: ["1", 0] } },
    });
    await scene.run({ graph: graph(1, 1) });
    const { result: job, peakMb } = await scene.peakMb(() => scene.run({ graph: graph(2, 3) }));
    // The job tells the size of the clean copy, which the padding is not part of.
    const files = await Promise.all(job.outputs.map(({ id }) => scene.calls.bytes(`/v1/outputs/${id}/raw`)));
    const whole = files.filter((bytes) => bytes.byteLength >= 20_000_000).length;
    return [
      limited("3 socket pictures of 20 MB: not stored", 3 - whole, 0, "files"),
      limited("3 socket pictures of 20 MB: memory above one", peakMb, 256, "MB"),
    ];
  });

const NODES = 300;
const TICKING = 10;

/** 300 nodes in a chain; ten of them tick 30 times, and each tick repeats the state of all nodes that have begun. */
function chain(): TestGraph {
  const graph: TestGraph = { 1: picture(3) };
  for (let node = 2; node < NODES; node++) {
    const ticks = node % Math.floor(NODES / TICKING) === 0;
    graph[node] = ticks
      ? { class_type: "ProbeSleep", inputs: { images: [String(node - 1), 0], steps: 30, step_ms: 5 } }
      : { class_type: "ImageInvert", inputs: { image: [String(node - 1), 0] } };
  }
  graph[NODES] = { class_type: "SaveImage", inputs: { images: [String(NODES - 1), 0], filename_prefix: "chain" } };
  return graph;
}

/** The storm of `progress_state` of a large graph, with a viewer. */
export const largeGraph = (): Promise<Figure[]> =>
  Scene.play({ nodeMs: 1 }, async (scene) => {
    const { calls, stack } = scene;
    const startedAt = Date.now();
    const { result, peakMb } = await scene.peakMb(async () => {
      const { id } = await calls.create({ graph: chain() });
      const place = { url: `${stack.url}/v1/jobs/${id}/events`, headers: calls.auth };
      const watcher = new Watcher(place, {
        transport: "socket",
        role: "owner",
        previews: "none",
        joinsAfterMs: 0,
        leaves: [],
      });
      await watcher.watch();
      return { id, ledger: watcher.ledger, took: Date.now() - startedAt };
    });
    const { ledger, took, id } = result;
    if (ledger.end?.status !== "succeeded") throw new Error(`The job ended as ${ledger.end?.status}.`);
    await stack.stop();
    const events = readObjects(stack.folder).find((object) => object.jobId === id)?.events ?? [];
    const missed = events.filter(({ seq }) => seq > (ledger.since ?? 0) && !ledger.durable.has(seq)).length;
    return [
      limited("300 nodes, 300 ticks: time", took / 1000, 30, "s"),
      limited("300 nodes, 300 ticks: durable events missed", missed + ledger.violations.length, 0, "events"),
      limited("300 nodes, 300 ticks: events stored", events.length, 20, "rows"),
      limited("300 nodes, 300 ticks: memory above rest", peakMb, 96, "MB"),
    ];
  });
