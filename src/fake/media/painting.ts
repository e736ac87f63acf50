/**
 * Paints a scene: a sky with a light in it, hazy ridges one behind the other, sometimes water. Coordinates are relative,
 * so a small preview shows the same picture as the full size. No model is involved: it only has to look like a painting,
 * follow prompt and seed, and be quick.
 */
import { type Noise, smoothNoise } from "./noise.ts";
import { type Colour, composeScene, type Scene } from "./palette.ts";
import { type Picture, resize } from "./picture.ts";

/** What a sampler knows about the picture it makes. */
export interface PaintingRequest {
  readonly prompt: string;
  readonly seed: string;
  /** Index in the batch. */
  readonly index: number;
  /** How much of the start picture is painted over, 0 to 1; 1 without a start picture. */
  readonly denoise: number;
  readonly base: Picture | null;
}

function mixed(a: Colour, b: Colour, share: number): Colour {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** Sky colour at height `v` (0 top, 1 horizon). */
function skyAt(scene: Scene, v: number): Colour {
  return v < 0.5 ? mixed(scene.sky[0], scene.sky[1], v * 2) : mixed(scene.sky[1], scene.sky[2], Math.min(1, v * 2 - 1));
}

/** Height of each ridge over the columns, nearest last, as a share of the picture. */
function ridgeLines(scene: Scene, width: number): Float32Array[] {
  return Array.from({ length: scene.ridges }, (_, layer) => {
    const noise = smoothNoise(`${scene.seed} ridge ${layer}`);
    const depth = (layer + 1) / scene.ridges;
    const base = scene.horizon + depth * (0.93 - scene.horizon) * 0.8;
    const height = (0.2 - 0.1 * depth) * scene.roughness;
    return Float32Array.from({ length: width }, (_, x) => {
      const u = (x / width) * (3 + 2 * layer);
      const wave = noise(u, 0.5) * 0.62 + noise(u * 2.7, 3.5) * 0.27 + noise(u * 8, 7.5) * 0.11;
      return base - wave * height * 1.6;
    });
  });
}

function paintScene(scene: Scene, width: number, height: number): Picture {
  const rgb = new Uint8Array(width * height * 3);
  const noise = smoothNoise(scene.seed);
  const lines = ridgeLines(scene, width);
  const colours = lines.map((_, layer) => mixed(scene.ground, scene.sky[2], 0.72 * (1 - (layer + 1) / lines.length)));
  const ratio = width / height;
  const waterLine = scene.water ? scene.horizon + 0.1 : 2;
  let at = 0;
  for (let y = 0; y < height; y++) {
    const v = y / height;
    const mirrored = v > waterLine;
    const skyV = mirrored ? Math.max(0, 2 * waterLine - v) : v;
    const sky = skyAt(scene, skyV / scene.horizon);
    for (let x = 0; x < width; x++) {
      const u = x / width;
      const stroke = noise(u * 9 * ratio + noise(u * 3, v * 4) * 2, v * (mirrored ? 60 : 22)) - 0.5;
      const dx = (u - scene.sunX) * ratio;
      const dy = skyV - scene.sunY;
      const distance = Math.sqrt(dx * dx + dy * dy);
      const disc = mirrored ? 0 : Math.max(0, Math.min(1, (scene.sunRadius - distance) * 160 + 0.5));
      const glow = Math.min(1, disc + Math.exp(-distance * (mirrored ? 6 : 4.2)) * 0.62);
      let [r, g, b] = sky;
      r += (scene.light[0] - r) * glow;
      g += (scene.light[1] - g) * glow;
      b += (scene.light[2] - b) * glow;
      if (scene.stars && !mirrored && stroke > 0.1 && noise(u * 63, v * 63) > 0.93) r = g = b = 235;
      let grain = stroke * 26;
      for (let layer = mirrored ? lines.length - 1 : 0; layer < lines.length; layer++) {
        const line = (lines[layer]?.[x] ?? 2) + stroke * 0.012;
        const colour = colours[layer];
        if (v < line || colour === undefined) continue;
        const haze = Math.max(0, 1 - (v - line) * 7) * 0.3;
        r = colour[0] + (r - colour[0]) * haze;
        g = colour[1] + (g - colour[1]) * haze;
        b = colour[2] + (b - colour[2]) * haze;
        grain = stroke * 34;
      }
      const shade = 1 - 0.36 * ((u - 0.5) * (u - 0.5) + (v - 0.5) * (v - 0.5));
      rgb[at++] = clamped(r * shade + grain);
      rgb[at++] = clamped(g * shade + grain);
      rgb[at++] = clamped(b * shade + grain);
    }
  }
  return { width, height, rgb };
}

function clamped(value: number): number {
  return Math.min(255, Math.max(0, value));
}

/** Paints over a start picture: its light and shapes stay, colours move to the scene by `denoise`. */
function paintOver(base: Picture, scene: Scene, painted: Picture, denoise: number): Picture {
  const from = resize(base, painted.width, painted.height).rgb;
  const rgb = new Uint8Array(from.length);
  for (let i = 0; i < from.length; i += 3) {
    const luma = ((from[i] ?? 0) * 0.3 + (from[i + 1] ?? 0) * 0.59 + (from[i + 2] ?? 0) * 0.11) / 255;
    const tint =
      luma < 0.5 ? mixed(scene.ground, scene.sky[1], luma * 2) : mixed(scene.sky[1], scene.light, luma * 2 - 1);
    for (let c = 0; c < 3; c++) {
      const over = (tint[c as 0 | 1 | 2] ?? 0) * 0.65 + (painted.rgb[i + c] ?? 0) * 0.35;
      rgb[i + c] = clamped((from[i + c] ?? 0) * (1 - denoise) + over * denoise);
    }
  }
  return { width: painted.width, height: painted.height, rgb };
}

/** The finished picture at a size. */
export function paint(request: PaintingRequest, width: number, height: number): Picture {
  const scene = composeScene(request.prompt, request.seed, request.index);
  const painted = paintScene(scene, width, height);
  return request.base === null ? painted : paintOver(request.base, scene, painted, request.denoise);
}

/**
 * The picture after a share `done` (0 to 1) of the steps: coarse and noisy at first, finished at 1. The noise is laid in
 * blocks like that of a decoded latent.
 */
export function paintUnfinished(request: PaintingRequest, width: number, height: number, done: number): Picture {
  if (done >= 1) return paint(request, width, height);
  const sharp = Math.max(0.06, done * done);
  const coarse = paint(request, Math.max(4, Math.round(width * sharp)), Math.max(4, Math.round(height * sharp)));
  const picture = resize(coarse, width, height);
  addNoise(picture, smoothNoise(`${request.seed}|${request.index}|latent`), (1 - done) ** 1.5 * 150);
  return picture;
}

function addNoise(picture: Picture, noise: Noise, strength: number): void {
  const block = Math.max(1, Math.round(Math.max(picture.width, picture.height) / 64));
  for (let y = 0, at = 0; y < picture.height; y++) {
    const row = Math.floor(y / block) * 1.37;
    for (let x = 0; x < picture.width; x++) {
      const column = Math.floor(x / block) * 1.61;
      for (let c = 0; c < 3; c++, at++) {
        picture.rgb[at] = clamped((picture.rgb[at] ?? 0) + (noise(column + c * 21, row + c * 13) - 0.5) * strength);
      }
    }
  }
}
