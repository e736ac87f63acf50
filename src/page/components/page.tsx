/** The whole live page: the picture, and beside or below it a label as next to a painting. Places what the view says. */
import type { PageView } from "../view.ts";
import type { Words } from "../words.ts";
import { Bar } from "./bar.tsx";
import { Closed } from "./closed.tsx";
import { Facts } from "./facts.tsx";
import { Files } from "./gallery.tsx";
import { Icon } from "./icons.tsx";
import { Picture } from "./picture.tsx";

/** What a person can do on the page; absent where no script runs. */
export type PageActions = {
  retry(): void;
  share(): void;
  togglePreviews(): void;
  frameFailed(rev: number): void;
};

type Props = { view: PageView; words: Words; actions?: PageActions };

function Actions({ view, words, actions }: Props) {
  const [only, second] = view.media.tiles;
  const single = only && second === undefined ? only : null;
  return (
    <div class="actions">
      {single && (
        <a class="button strong" href={single.downloadUrl} download>
          <Icon name="download" />
          {words.download}
        </a>
      )}
      {single && (
        <a class="button" href={single.url} target="_blank" rel="noopener">
          <Icon name="open" />
          {words.open}
        </a>
      )}
      <button type="button" class="button scripted" onClick={actions?.share}>
        <Icon name={view.shareLabel === words.share ? "share" : "check"} />
        {view.shareLabel}
      </button>
      {view.previewToggle && (
        <button
          type="button"
          class="button scripted"
          aria-pressed={view.previewToggle.on}
          onClick={actions?.togglePreviews}
        >
          <Icon name="eye" />
          {view.previewToggle.label}
        </button>
      )}
    </div>
  );
}

/** The page of one share link. */
export function Page({ view, words, actions }: Props) {
  if (view.closed) return <Closed {...view.closed} />;
  return (
    <>
      <main class="page" data-state={view.name} aria-busy={view.busy}>
        <div class={`notice${view.notice ? " up" : ""}`}>
          {view.notice && <span>{view.notice.text}</span>}
          {view.notice?.retry && (
            <button type="button" onClick={actions?.retry}>
              {words.retry}
            </button>
          )}
        </div>
        <Picture view={view} words={words} {...(actions && { onFrameError: actions.frameFailed })} />
        <section class="label">
          <p class={`pulse ${view.pulse.tone}`}>{view.pulse.text}</p>
          <div class="say">
            <h1>{view.headline}</h1>
            {view.bar?.percent && (
              <span class="percent" aria-hidden="true">
                {view.bar.percent}
              </span>
            )}
          </div>
          <Bar bar={view.bar} />
          <div class="slot">
            {view.detail && <p class="detail">{view.detail}</p>}
            <Facts facts={view.facts} />
          </div>
          <Actions view={view} words={words} {...(actions && { actions })} />
          <Files files={view.media.files} words={words} />
          <p class="small">
            <span class="tag">{words.aiGenerated}</span>
            <span>{words.madeWith}</span>
          </p>
        </section>
      </main>
      <p class="unseen" role="status">
        {view.announcement}
      </p>
      <p class="unseen" role="alert">
        {view.alert ? view.headline : ""}
      </p>
    </>
  );
}
