/**
 * The results as the page lays them out: pictures and videos as tiles of one fixed grid inside the picture area,
 * everything else as a list below. The grid is as wide as it is high, so every tile has the picture's own shape.
 */
import type { ShownOutput } from "./shown-job.ts";
import type { PageState } from "./state.ts";
import type { Words } from "./words.ts";

/** A picture or video in the grid. */
export type Tile = {
  id: string;
  kind: "image" | "video";
  url: string;
  downloadUrl: string;
  alt: string;
  size: string | null;
  fresh: boolean;
};
/** A result that is heard, read or only downloaded. */
export type FileEntry = {
  id: string;
  kind: "audio" | "text" | "file";
  name: string;
  note: string | null;
  text: string | null;
  url: string | null;
  downloadUrl: string | null;
};
/** `tiles` has a null for each place whose result is still to come. */
export type Media = { columns: number; tiles: (Tile | null)[]; files: FileEntry[] };

const MAX_TILES = 36;

const isVisual = (output: ShownOutput) => ["image", "animated", "video"].includes(output.type) && output.url !== null;

/** The URL that downloads instead of showing. */
export const downloadUrl = (url: string): string => `${url}${url.includes("?") ? "&" : "?"}download`;

/** The layout of what is there and of what is to come. */
export function mediaOf({ job, expected, fresh }: PageState, words: Words): Media {
  const visual = job.outputs.filter(isVisual).slice(0, MAX_TILES);
  const others = job.outputs.filter(
    (output) => !visual.includes(output) && (output.url !== null || output.text !== null),
  );
  const toCome = job.terminal || visual.length === 0 ? 0 : Math.max(0, (expected ?? 0) - job.outputs.length);
  const places = Math.min(MAX_TILES, visual.length + toCome);
  const tiles = Array.from({ length: places }, (_, at) => {
    const output = visual[at];
    return output?.url
      ? tileOf(output, output.url, words, words.picture(at + 1, places), fresh.includes(output.id))
      : null;
  });
  return { columns: Math.ceil(Math.sqrt(places)), tiles, files: others.map((output) => fileOf(output, words)) };
}

function tileOf(output: ShownOutput, url: string, words: Words, alt: string, fresh: boolean): Tile {
  const size = output.width && output.height ? words.dimensions(output.width, output.height) : null;
  const kind = output.type === "video" ? "video" : "image";
  return { id: output.id, kind, url, downloadUrl: downloadUrl(url), alt, size, fresh };
}

function fileOf(output: ShownOutput, words: Words): FileEntry {
  const kind = output.type === "audio" && output.url ? "audio" : output.text !== null ? "text" : "file";
  return {
    id: output.id,
    kind,
    // A text comes from no file: what it was stored as is nothing to a reader.
    name: output.label || (kind === "text" ? words.text : output.name),
    note: kind === "text" ? null : words.fileSize(output.size_bytes),
    text: kind === "text" ? output.text : null,
    url: output.url,
    downloadUrl: output.url && downloadUrl(output.url),
  };
}
