/**
 * Which colours and which landscape a prompt asks for: words pick a mood, the hash of prompt and seed picks the rest, so
 * that another prompt or seed gives a visibly different picture.
 */
import { randomSource } from "../random.ts";

/** Linear RGB, 0 to 255 each. */
export type Colour = readonly [number, number, number];

/** What the painter needs to know about a picture. */
export interface Scene {
  /** Sky colours from the top to the horizon. */
  readonly sky: readonly [Colour, Colour, Colour];
  /** Colour of the nearest ridge; farther ones fade into the sky. */
  readonly ground: Colour;
  readonly light: Colour;
  /** Position of the light and of the horizon, 0 to 1. */
  readonly sunX: number;
  readonly sunY: number;
  readonly sunRadius: number;
  readonly horizon: number;
  readonly ridges: number;
  readonly roughness: number;
  readonly water: boolean;
  readonly stars: boolean;
  /** Seeds the noise. */
  readonly seed: string;
}

interface Mood {
  readonly words: RegExp;
  /** Hue of the zenith, of the horizon and of the ground in degrees, and brightness 0 to 1. */
  readonly hues: readonly [number, number, number];
  readonly brightness: number;
}

const MOODS: readonly Mood[] = [
  { words: /night|moon|star|space|galaxy|dark/, hues: [235, 265, 240], brightness: 0.34 },
  { words: /sunset|dusk|dawn|sunrise|fire|autumn|warm/, hues: [265, 22, 340], brightness: 0.78 },
  { words: /forest|jungle|garden|grass|spring|tree/, hues: [165, 80, 130], brightness: 0.74 },
  { words: /sea|ocean|lake|harbou?r|beach|lighthouse|water/, hues: [212, 185, 208], brightness: 0.82 },
  { words: /desert|sand|dune|canyon|mars/, hues: [200, 38, 20], brightness: 0.86 },
  { words: /snow|ice|winter|mountain|fog|mist/, hues: [215, 205, 220], brightness: 0.9 },
  { words: /neon|cyber|city|synth|punk/, hues: [285, 320, 250], brightness: 0.55 },
];

const WATER = /sea|ocean|lake|harbou?r|beach|lighthouse|water|river|island/;
const STARS = /night|star|space|galaxy/;

/** A colour from hue in degrees, saturation and lightness from 0 to 1. */
export function fromHsl(hue: number, saturation: number, lightness: number): Colour {
  const spread = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const k = (((offset + hue / 30) % 12) + 12) % 12;
    return 255 * (lightness - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

/** The hue half-way between two, the shorter way round. */
function between(a: number, b: number): number {
  const difference = ((((b - a) % 360) + 540) % 360) - 180;
  return a + difference / 2;
}

/** The scene for a prompt and a seed; `variant` tells the pictures of a batch apart. */
export function composeScene(prompt: string, seed: string, variant: number): Scene {
  const text = prompt.toLowerCase();
  const byPrompt = randomSource(`mood ${text}`);
  const bySeed = randomSource(`scene ${text}|${seed}|${variant}`);
  const anyHue = byPrompt() * 360;
  const mood = MOODS.find(({ words }) => words.test(text));
  const hues = mood?.hues ?? [anyHue, anyHue + 40 + byPrompt() * 120, anyHue + 200];
  const brightness = mood?.brightness ?? 0.5 + byPrompt() * 0.35;
  const turn = (bySeed() - 0.5) * 36;
  const saturation = 0.45 + byPrompt() * 0.25;
  return {
    sky: [
      fromHsl(hues[0] + turn, saturation, brightness * 0.42),
      fromHsl(between(hues[0], hues[1]) + turn, saturation * 0.9, brightness * 0.68),
      fromHsl(hues[1] + turn, saturation * 1.1, Math.min(0.9, brightness * 0.9)),
    ],
    ground: fromHsl(hues[2] + turn, saturation * 0.8, 0.07 + brightness * 0.09),
    light: fromHsl(hues[1] + turn / 2, 0.85, Math.min(0.93, 0.62 + brightness * 0.3)),
    sunX: 0.14 + bySeed() * 0.72,
    sunY: 0.14 + bySeed() * 0.34,
    sunRadius: 0.035 + bySeed() * 0.075,
    horizon: 0.48 + bySeed() * 0.16,
    ridges: 3 + Math.floor(bySeed() * 3),
    roughness: 0.5 + bySeed() * 0.9,
    water: WATER.test(text) || (mood === undefined && bySeed() < 0.3),
    stars: STARS.test(text),
    seed: `${text}|${seed}|${variant}`,
  };
}
