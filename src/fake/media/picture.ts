/** Pictures in memory and the plain operations that the image nodes and previews share. */

/** 8-bit RGB, three bytes a pixel, row by row; `alpha` one byte a pixel if the picture has transparency. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  readonly alpha?: Uint8Array;
}

/** A picture of one colour (0xRRGGBB). */
export function flatPicture(width: number, height: number, colour: number): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i += 3) {
    rgb[i] = (colour >> 16) & 255;
    rgb[i + 1] = (colour >> 8) & 255;
    rgb[i + 2] = colour & 255;
  }
  return { width, height, rgb };
}

/** The picture with each colour value changed; transparency is dropped. */
export function mapColours(picture: Picture, change: (value: number, index: number) => number): Picture {
  const rgb = new Uint8Array(picture.rgb.length);
  for (let i = 0; i < rgb.length; i++) rgb[i] = Math.max(0, Math.min(255, change(picture.rgb[i] ?? 0, i)));
  return { width: picture.width, height: picture.height, rgb };
}

/** The picture at another size, bilinear. Transparency is dropped. */
export function resize(picture: Picture, width: number, height: number): Picture {
  const source = picture.rgb;
  const rgb = new Uint8Array(width * height * 3);
  const left = new Int32Array(width);
  const right = new Int32Array(width);
  const share = new Float32Array(width);
  for (let x = 0; x < width; x++) {
    const at = Math.max(0, Math.min(picture.width - 1, ((x + 0.5) * picture.width) / width - 0.5));
    left[x] = Math.floor(at) * 3;
    right[x] = Math.min(picture.width - 1, Math.floor(at) + 1) * 3;
    share[x] = at - Math.floor(at);
  }
  let out = 0;
  for (let y = 0; y < height; y++) {
    const at = Math.max(0, Math.min(picture.height - 1, ((y + 0.5) * picture.height) / height - 0.5));
    const top = Math.floor(at) * picture.width * 3;
    const bottom = Math.min(picture.height - 1, Math.floor(at) + 1) * picture.width * 3;
    const down = at - Math.floor(at);
    for (let x = 0; x < width; x++) {
      const l = left[x] ?? 0;
      const r = right[x] ?? 0;
      const across = share[x] ?? 0;
      for (let c = 0; c < 3; c++) {
        const upper = (source[top + l + c] ?? 0) * (1 - across) + (source[top + r + c] ?? 0) * across;
        const lower = (source[bottom + l + c] ?? 0) * (1 - across) + (source[bottom + r + c] ?? 0) * across;
        rgb[out++] = upper * (1 - down) + lower * down;
      }
    }
  }
  return { width, height, rgb };
}

/** The size with the same proportions whose longer side is `longer`, at least 1 each. */
export function fitSize(width: number, height: number, longer: number): { width: number; height: number } {
  const scale = longer / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
