/**
 * The picture area: it has its final shape from the first moment. Placeholder, previews and results lie on top of each
 * other in it, so that each appears over the one before and nothing moves. The spacer is an SVG because its shape must
 * come from attributes: the page's policy forbids style in HTML.
 */
import type { PageView } from "../view.ts";
import type { Words } from "../words.ts";
import { Gallery } from "./gallery.tsx";

/** Natural size of the spacer: larger than any screen, so that only the limits of the style sheet decide. */
const SPACER_EDGE = 4000;

type Props = { view: PageView; words: Words; onFrameError?: (rev: number) => void };

export function Picture({ view, words, onFrameError }: Props) {
  const { picture, media } = view;
  const scale = SPACER_EDGE / Math.max(picture.width, picture.height);
  const width = Math.round(picture.width * scale);
  const height = Math.round(picture.height * scale);
  const firstTile = media.tiles.find((tile) => tile?.kind === "image");
  const glow = picture.greyed ? undefined : (firstTile?.url ?? picture.frames.at(-1)?.src);
  return (
    <div class="hall">
      {glow && <img class="glow" src={glow} alt="" aria-hidden="true" />}
      <figure class={`stage${picture.greyed ? " greyed" : ""}`} data-columns={media.columns}>
        <svg class="spacer" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true" />
        <div class="wash" aria-hidden="true" />
        {picture.shimmer && <div class="sheen" aria-hidden="true" />}
        {picture.frames.map((frame, at) => {
          const shown = at === picture.frames.length - 1;
          return (
            <img
              key={frame.rev}
              class="frame"
              src={frame.src}
              alt={shown ? picture.alt : ""}
              aria-hidden={shown ? undefined : "true"}
              onError={() => onFrameError?.(frame.rev)}
            />
          );
        })}
        <Gallery media={media} words={words} />
      </figure>
    </div>
  );
}
