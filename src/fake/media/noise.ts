/** Smooth value noise from a small table, cheap enough for every pixel. */
import { randomSource } from "../random.ts";

const SIZE = 64;

/** A function of the plane with values in [0, 1], smooth, repeating every 64 units. */
export type Noise = (x: number, y: number) => number;

/** Noise that depends on `seed` alone. */
export function smoothNoise(seed: string): Noise {
  const random = randomSource(`noise ${seed}`);
  const table = Float32Array.from({ length: SIZE * SIZE }, random);
  return (x, y) => {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const u = x - left;
    const v = y - top;
    const across = u * u * (3 - 2 * u);
    const down = v * v * (3 - 2 * v);
    const column = left & (SIZE - 1);
    const next = (left + 1) & (SIZE - 1);
    const row = (top & (SIZE - 1)) * SIZE;
    const below = ((top + 1) & (SIZE - 1)) * SIZE;
    const upper = (table[row + column] ?? 0) * (1 - across) + (table[row + next] ?? 0) * across;
    const lower = (table[below + column] ?? 0) * (1 - across) + (table[below + next] ?? 0) * across;
    return upper * (1 - down) + lower * down;
  };
}
