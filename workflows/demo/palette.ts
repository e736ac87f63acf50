/**
 * What a seed means in the demo, which has no model to give it a meaning: colours that go together and places for
 * them. Pure arithmetic; the same seed is the same picture everywhere.
 */

/** A number in [0, 1) that depends on the seed and on `salt`, and looks unrelated for neighbouring seeds. */
export function noise(seed: bigint, salt: number): number {
  let z = BigInt.asUintN(64, seed + BigInt(salt + 1) * 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
}

/** A whole number from 0 to `max`, both included. */
export const place =
  (salt: number, max: number) =>
  (seed: bigint): number =>
    Math.floor(noise(seed, salt) * (max + 1));

/** Hue (as a distance from the seed's own hue), saturation and lightness, each 0 to 1. */
type Tone = { hue: number; saturation: number; lightness: number };

/** A colour as ComfyUI's EmptyImage takes it, `0xRRGGBB`. */
export const colour =
  ({ hue, saturation, lightness }: Tone) =>
  (seed: bigint): number => {
    const drift = (noise(seed, 1) - 0.5) * 0.08;
    return rgb((noise(seed, 0) + hue + drift + 1) % 1, saturation, lightness);
  };

/** HSL → `0xRRGGBB`. */
function rgb(hue: number, saturation: number, lightness: number): number {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const position = (offset + hue * 12) % 12;
    const value = lightness - chroma * Math.max(-1, Math.min(position - 3, 9 - position, 1));
    return Math.round(value * 255);
  };
  return channel(0) * 0x10000 + channel(8) * 0x100 + channel(4);
}
