/** The results: a fixed grid over the picture area, and a list of what is not a picture. */
import type { FileEntry, Media, Tile } from "../media.ts";
import type { Words } from "../words.ts";
import { Icon } from "./icons.tsx";

/** Makes a fresh result visible once the browser can show it whole. */
const reveal = (event: { currentTarget: Element }) => event.currentTarget.classList.add("in");

type PlayerProps = { kind: "video" | "audio"; src: string; name: string; class?: string };

/** The browser's own player. Only the length and the first frame are fetched before somebody presses play. */
const Player = ({ kind: Element, src, name, class: look }: PlayerProps) => (
  <Element
    class={look}
    src={src}
    controls
    playsInline
    preload="metadata"
    aria-label={name}
    onLoadedData={reveal}
    onError={reveal}
  />
);

function TileView({ tile, alone, words }: { tile: Tile; alone: boolean; words: Words }) {
  const look = tile.fresh ? "work fresh" : "work";
  return (
    <li class="tile">
      {tile.kind === "video" ? (
        <Player kind="video" class={look} src={tile.url} name={tile.alt} />
      ) : (
        <a href={tile.url} target="_blank" rel="noopener">
          <img class={look} src={tile.url} alt={tile.alt} onLoad={reveal} onError={reveal} />
        </a>
      )}
      {!alone && (
        <a class="corner" href={tile.downloadUrl} download aria-label={`${words.download}: ${tile.alt}`}>
          <Icon name="download" />
        </a>
      )}
    </li>
  );
}

/** Tiles in their places; a place still to be filled is an empty frame. */
export function Gallery({ media, words }: { media: Media; words: Words }) {
  if (media.tiles.length === 0) return null;
  return (
    <ul class="grid" aria-label={words.results}>
      {media.tiles.map((tile, at) =>
        tile ? (
          <TileView key={tile.id} tile={tile} alone={media.tiles.length === 1} words={words} />
        ) : (
          <li key={`place ${at}`} class="tile empty" aria-hidden="true" />
        ),
      )}
    </ul>
  );
}

function File({ file, words }: { file: FileEntry; words: Words }) {
  return (
    <li class={`file ${file.kind}`}>
      <div class="file-head">
        <span class="file-name">
          <bdi>{file.name}</bdi>
        </span>
        {file.note && <span class="file-note">{file.note}</span>}
        {file.downloadUrl && (
          <a class="button quiet" href={file.downloadUrl} download aria-label={`${words.download}: ${file.name}`}>
            <Icon name="download" />
          </a>
        )}
      </div>
      {file.kind === "audio" && file.url && <Player kind="audio" src={file.url} name={file.name} />}
      {file.text !== null && (
        <p class="file-text" dir="auto">
          {file.text}
        </p>
      )}
    </li>
  );
}

/** Sounds, texts and files, one below the other. */
export function Files({ files, words }: { files: FileEntry[]; words: Words }) {
  if (files.length === 0) return null;
  return (
    <ul class="files" aria-label={words.results}>
      {files.map((file) => (
        <File key={file.id} file={file} words={words} />
      ))}
    </ul>
  );
}
