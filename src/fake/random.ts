/**
 * Deterministic stand-ins for randomness and content hashes: the same prompt and seed must give the same bytes. Nothing
 * here is for security.
 */

/** Four 32-bit words that depend on every byte of `data`. */
function mix(data: string | Uint8Array): [number, number, number, number] {
  let a = 1779033703;
  let b = 3144134277;
  let c = 1013904242;
  let d = 2773480762;
  for (let i = 0; i < data.length; i++) {
    const k = typeof data === "string" ? data.charCodeAt(i) : (data[i] ?? 0);
    a = b ^ Math.imul(a ^ k, 597399067);
    b = c ^ Math.imul(b ^ k, 2869860233);
    c = d ^ Math.imul(c ^ k, 951274213);
    d = a ^ Math.imul(d ^ k, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  return [(a ^ b ^ c ^ d) >>> 0, (b ^ a) >>> 0, (c ^ a) >>> 0, (d ^ a) >>> 0];
}

/** 32 hex digits that tell contents apart. */
export function fingerprint(data: string | Uint8Array): string {
  return mix(data)
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("");
}

/** A generator of numbers in [0, 1) that depends on `seed` alone. */
export function randomSource(seed: string): () => number {
  let state = mix(seed)[0];
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
