/** Paints a sample picture (a lake at dusk) as PNG bytes, so that the page can be looked at without a GPU or a file. */
import { crc32, deflateSync } from "node:zlib";

type Color = readonly [red: number, green: number, blue: number];

/** What to paint: `done` is 0..1, below 1 the picture is still noisy; `mood` shifts colours and hills. */
export type Painting = { width: number; height: number; done: number; mood: number };

const SKIES: readonly (readonly [Color, Color, Color])[] = [
  [
    [38, 52, 92],
    [214, 120, 104],
    [255, 206, 140],
  ],
  [
    [24, 66, 82],
    [150, 170, 150],
    [246, 226, 170],
  ],
  [
    [58, 36, 84],
    [196, 92, 120],
    [255, 176, 132],
  ],
  [
    [30, 44, 70],
    [120, 140, 176],
    [236, 208, 196],
  ],
];

const mix = (a: Color, b: Color, t: number): Color => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

/** Repeatable noise in 0..1 for a lattice point. */
function noise(x: number, y: number, salt: number): number {
  let h = Math.imul(x | 0, 374761393) ^ Math.imul(y | 0, 668265263) ^ Math.imul(salt, 2246822519);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967295;
}

function smooth(x: number, y: number, salt: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const ease = (t: number) => t * t * (3 - 2 * t);
  const [tx, ty] = [ease(x - left), ease(y - top)];
  const row = (at: number) => noise(left, at, salt) * (1 - tx) + noise(left + 1, at, salt) * tx;
  return row(top) * (1 - ty) + row(top + 1) * ty;
}

function scene(x: number, y: number, ratio: number, mood: number): Color {
  const [high, middle, low] = SKIES[mood % SKIES.length] ?? [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  const horizon = 0.64;
  const mirrored = y > horizon;
  const ripple = mirrored ? (smooth(x * 6, y * 90, 7) - 0.5) * 0.05 * (y - horizon + 0.1) * 6 : 0;
  const sx = x + ripple;
  const sy = mirrored ? horizon - (y - horizon) * 1.15 : y;
  const sky = sy < 0.42 ? mix(high, middle, Math.max(0, sy) / 0.42) : mix(middle, low, (sy - 0.42) / 0.22);
  const brush = (smooth(sx * 5 * ratio + sy * 3, sy * 26, 3) - 0.5) * 34 + (smooth(sx * 40, sy * 60, 5) - 0.5) * 14;
  let color: Color = [sky[0] + brush, sky[1] + brush * 0.8, sky[2] + brush * 0.7];
  const away = Math.hypot((sx - 0.62) * ratio, sy - 0.47);
  color = mix(color, [255, 238, 198], away < 0.07 ? 0.95 : Math.max(0, 0.55 - away * 1.6));
  for (let ridge = 0; ridge < 4; ridge += 1) {
    const wave = smooth(sx * (2.2 + ridge * 1.3) + mood * 3.7 + ridge * 11, ridge, 11) * (0.2 - ridge * 0.032);
    const crest = 0.44 + ridge * 0.055 + 0.06 - wave;
    if (sy > crest) color = mix(mix(middle, high, 0.3 + ridge * 0.2), [16, 24, 34], 0.12 + ridge * 0.17);
  }
  if (!mirrored) return color;
  const depth = Math.min(1, (y - horizon) * 2.2);
  const glint = smooth(x * 8, y * 140, 13) > 0.74 && Math.abs(x - 0.62) < 0.06 + depth * 0.22 ? 46 : 0;
  const water = mix(color, high, 0.22 + depth * 0.35);
  return [water[0] + glint, water[1] + glint * 0.8, water[2] + glint * 0.55];
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const head = Buffer.alloc(4);
  const tail = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}

/** The painting as a PNG file. */
export function samplePainting({ width, height, done, mood }: Painting): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  const rest = 1 - done;
  let at = 0;
  for (let py = 0; py < height; py += 1) {
    at += 1; // filter type 0: none
    for (let px = 0; px < width; px += 1) {
      const fuzz = rest * 0.05;
      const x = px / width + (smooth(px / 9, py / 9, 21) - 0.5) * fuzz;
      const y = py / height + (smooth(px / 9, py / 9, 22) - 0.5) * fuzz;
      const color = scene(x, y, width / height, mood);
      for (let channel = 0; channel < 3; channel += 1) {
        const grain = (noise(px, py, 31 + channel) - 0.5) * 150 * rest;
        const value = (color[channel] ?? 0) * (1 - rest * 0.4) + 118 * rest * 0.4 + grain;
        rows[at] = Math.max(0, Math.min(255, Math.round(value)));
        at += 1;
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", new Uint8Array()),
  ]);
}
