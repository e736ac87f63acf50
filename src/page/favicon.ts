/**
 * The tab's icon: a ring that fills with the progress, drawn as SVG in a data URL (the page's policy allows images
 * from `data:`, and nothing has to be fetched).
 */

const RADIUS = 12;
const AROUND = 2 * Math.PI * RADIUS;
const COLORS = { busy: "#d9622f", done: "#2f8f5b", stopped: "#8a8378" };

/** The icon for a share done (0..1; null: a quarter of a ring, which promises nothing). */
export function faviconUrl(value: number | null, tone: keyof typeof COLORS): string {
  const done = ((value ?? 0.25) * AROUND).toFixed(1);
  const ring = (color: string, dashes: string) =>
    `<circle cx="16" cy="16" r="${RADIUS}" fill="none" stroke="${color}" stroke-width="7" ${dashes}/>`;
  const arc = ring(COLORS[tone], `stroke-dasharray="${done} 100" transform="rotate(-90 16 16)"`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${ring("#8a837855", "")}${arc}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
