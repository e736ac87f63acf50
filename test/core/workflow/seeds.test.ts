import { describe, expect, it } from "vitest";
import { stringifyExact } from "../../../src/core/util/exact-json.ts";
import type { ApiGraph } from "../../../src/core/workflow/graph.ts";
import { drawSeed, findSeeds, MAX_SEED, randomiseSeeds } from "../../../src/core/workflow/seeds.ts";

const at = (graph: ApiGraph) => findSeeds(graph).map(({ slot }) => slot.join("."));
const node = (classType: string, inputs: Record<string, unknown>) => ({ class_type: classType, inputs });

/** Draws the given numbers, one a call. */
function drawing(...values: bigint[]): () => bigint {
  return () => {
    const value = values.shift();
    if (value === undefined) throw new Error("drew more often than expected");
    return value;
  };
}

describe("finding seeds", () => {
  it("finds integer literals of seed and noise_seed, long ones too", () => {
    const graph = {
      "3": node("KSampler", { seed: 5, steps: 20 }),
      "4": node("RandomNoise", { noise_seed: MAX_SEED }),
      "5": node("Other", { seed: "five" }),
      "6": node("Other", { seed: 0.5 }),
      "7": node("Other", { seed: null }),
    };
    expect(findSeeds(graph)).toEqual([
      { slot: ["3", "seed"], value: 5n },
      { slot: ["4", "noise_seed"], value: MAX_SEED },
    ]);
  });

  it("passes by a sampler that adds no noise", () => {
    expect(at({ "3": node("KSamplerAdvanced", { noise_seed: 5, add_noise: "enable" }) })).toEqual(["3.noise_seed"]);
    expect(at({ "3": node("KSamplerAdvanced", { noise_seed: 5, add_noise: "disable" }) })).toEqual([]);
    expect(at({ "3": node("SamplerCustom", { noise_seed: 5, add_noise: false }) })).toEqual([]);
  });

  it("follows a link to the number node it comes from, once", () => {
    const graph = {
      "1": node("PrimitiveInt", { value: 9 }),
      "3": node("KSampler", { seed: ["1", 0] }),
      "4": node("KSampler", { seed: ["1", 0] }),
    };
    expect(at(graph)).toEqual(["1.value"]);
  });

  it("does not guess where the source has links or several numbers", () => {
    expect(at({ "1": node("Math", { a: 1, b: 2 }), "3": node("KSampler", { seed: ["1", 0] }) })).toEqual([]);
    expect(at({ "1": node("Math", { a: 1, b: ["1", 0] }), "3": node("KSampler", { seed: ["1", 0] }) })).toEqual([]);
  });
});

describe("drawing seeds", () => {
  it("stays below 2^53, which every JSON reader keeps exact", () => {
    expect(drawSeed(() => MAX_SEED)).toBe(2n ** 53n - 1n);
    expect(drawSeed(() => 5n)).toBe(5n);
  });

  it("stays below 2^32 for nodes of packs, which often take no more", () => {
    const { seeds } = randomiseSeeds({ "1": node("SUPIR_sample", { seed: 1 }) }, drawing(MAX_SEED));
    expect(seeds).toEqual([{ slot: ["1", "seed"], value: "4294967295" }]);
  });

  it("puts the drawn seed into the graph and leaves the given graph as it was", () => {
    const graph = { "3": node("KSampler", { seed: 1, steps: 20 }) };
    const randomised = randomiseSeeds(graph, drawing(2n ** 40n));
    expect(randomised).toEqual({
      graph: { "3": node("KSampler", { seed: 2 ** 40, steps: 20 }) },
      seeds: [{ slot: ["3", "seed"], value: "1099511627776" }],
    });
    expect(graph["3"].inputs.seed).toBe(1);
  });

  it("keeps equal seeds equal and different ones apart", () => {
    const graph = {
      "1": node("KSampler", { seed: 7 }),
      "2": node("KSampler", { seed: 7 }),
      "3": node("KSampler", { seed: 8 }),
    };
    const { seeds } = randomiseSeeds(graph, drawing(100n, 200n));
    expect(seeds.map(({ value }) => value)).toEqual(["100", "100", "200"]);
  });

  it("draws for the narrowest of those that share a seed", () => {
    const graph = { "1": node("KSampler", { seed: 7 }), "2": node("PackSampler", { seed: 7 }) };
    const { seeds } = randomiseSeeds(graph, drawing(MAX_SEED));
    expect(seeds.map(({ value }) => value)).toEqual(["4294967295", "4294967295"]);
  });

  it("writes a long seed as bare digits", () => {
    expect(stringifyExact({ "3": node("KSampler", { seed: MAX_SEED }) })).toContain('"seed":18446744073709551615}');
  });
});
