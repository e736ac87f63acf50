/**
 * Seeds: where a graph has them, drawing new ones, and reading one from a caller. ComfyUI's own seeds are 64-bit
 * integers; a graph holds one as a number where that is exact and as a `bigint` beyond 2^53-1 (see exact-json.ts). To
 * callers a seed is a decimal string. Randomness is an argument.
 */
import { type ApiGraph, type ApiNode, isLink, nodeOf, type Slot, withInputs } from "./graph.ts";

/** The largest seed a sampler of ComfyUI's core accepts: 2^64-1. */
export const MAX_SEED = 2n ** 64n - 1n;

/** A source of randomness: each call a fresh, uniformly drawn unsigned 64-bit integer. */
export type DrawSeed = () => bigint;

/**
 * Drawn seeds stay below 2^53 although ComfyUI takes 64 bits: they are then exact in every JSON reader on the way,
 * the metadata of the picture and ComfyUI's own editor (JavaScript) included, and can be typed in again.
 */
const DRAWN_BITS = 53;
/** For nodes of packs: many of them seed NumPy, which takes no more than 32 bits. */
const DRAWN_BITS_FOR_PACKS = 32;

const CORE_SEEDED = new Set(["KSampler", "KSamplerAdvanced", "SamplerCustom", "RandomNoise"]);
const SEED_INPUTS = ["seed", "noise_seed"];

/** A seed found in a graph: its slot and the value it holds. */
export type SeedSlot = { slot: Slot; value: bigint };

/** A seed that is exact in a workflow's parameter: below 2^53. */
export function drawSeed(draw: DrawSeed): bigint {
  return BigInt.asUintN(DRAWN_BITS, draw());
}

/** How a graph holds this integer. */
export function seedLiteral(seed: bigint): number | bigint {
  return seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : seed;
}

/**
 * All seeds of a graph, in graph order: integer literals of `seed` and `noise_seed`, and, where such an input is
 * linked, the one integer literal of the node it comes from (number nodes such as PrimitiveInt). The noise seed of a
 * sampler that adds no noise has no effect and is not one.
 */
export function findSeeds(graph: ApiGraph): SeedSlot[] {
  const found = new Map<string, SeedSlot>();
  for (const [nodeId, node] of Object.entries(graph)) {
    if (node.inputs.add_noise === "disable" || node.inputs.add_noise === false) continue;
    for (const input of SEED_INPUTS) {
      if (!Object.hasOwn(node.inputs, input)) continue;
      const seed = seedAt(graph, [nodeId, input]);
      if (seed !== null) found.set(JSON.stringify(seed.slot), seed);
    }
  }
  return [...found.values()];
}

function seedAt(graph: ApiGraph, slot: Slot): SeedSlot | null {
  const literal = nodeOf(graph, slot[0])?.inputs[slot[1]];
  const value = integer(literal);
  if (value !== null) return { slot, value };
  const source = isLink(literal) ? nodeOf(graph, literal[0]) : undefined;
  if (!isLink(literal) || source === undefined) return null;
  return soleInteger(literal[0], source);
}

function soleInteger(nodeId: string, node: ApiNode): SeedSlot | null {
  const values = Object.entries(node.inputs);
  if (values.some(([, value]) => isLink(value))) return null;
  const integers = values.flatMap(([input, literal]): SeedSlot[] => {
    const value = integer(literal);
    return value === null ? [] : [{ slot: [nodeId, input], value }];
  });
  return integers.length === 1 ? (integers[0] ?? null) : null;
}

function integer(value: unknown): bigint | null {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : null;
}

/**
 * The same graph with new seeds, and what was drawn (as decimal strings). Seeds that were equal stay equal: the author
 * of the graph meant them as one.
 */
export function randomiseSeeds(
  graph: ApiGraph,
  draw: DrawSeed,
): { graph: ApiGraph; seeds: { slot: Slot; value: string }[] } {
  const slots = findSeeds(graph);
  const isCore = ({ slot }: SeedSlot) => CORE_SEEDED.has(nodeOf(graph, slot[0])?.class_type ?? "");
  const drawn = new Map<bigint, bigint>();
  for (const { value } of slots) {
    if (drawn.has(value)) continue;
    const sharers = slots.filter((seed) => seed.value === value);
    drawn.set(value, BigInt.asUintN(sharers.every(isCore) ? DRAWN_BITS : DRAWN_BITS_FOR_PACKS, draw()));
  }
  const seeds = slots.map(({ slot, value }) => ({ slot, seed: drawn.get(value) ?? value }));
  return {
    graph: withInputs(
      graph,
      seeds.map(({ slot, seed }) => [slot, seedLiteral(seed)] as const),
    ),
    seeds: seeds.map(({ slot, seed }) => ({ slot, value: seed.toString() })),
  };
}
