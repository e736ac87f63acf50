/** The fake ComfyUI that a bench runs against, and the graph that it runs. */
import type { FakeOptions } from "../../../src/fake/options.ts";
import graph from "../../../workflows/txt2img/graph.json" with { type: "json" };
import { startChild } from "./child.ts";
import type { FakeAsk, Mark } from "./fake-process.ts";

export type BenchFake = {
  url: string;
  /** What has left the fake since the last call, in order. */
  marks(): Promise<Mark[]>;
  stop(): void;
};

/** Starts a fake in its own process. Previews are off unless asked for. */
export async function startFake(options: Partial<FakeOptions>): Promise<BenchFake> {
  const child = startChild("./fake-process.ts");
  const url = await child.ask<string>({ type: "start", options } satisfies FakeAsk);
  return { url, marks: () => child.ask({ type: "marks" } satisfies FakeAsk), stop: child.stop };
}

let lastSeed = 0;

/** A text-to-image graph that was never run before, with a small picture: painting is not what is measured. */
export function newGraph(steps: number): Record<string, unknown> {
  lastSeed += 1;
  return {
    ...graph,
    3: { ...graph[3], inputs: { ...graph[3].inputs, seed: lastSeed, steps } },
    5: { ...graph[5], inputs: { ...graph[5].inputs, width: 64, height: 64 } },
  };
}
